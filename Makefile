# Everything runs in .venv, which the first target that needs it makes; PYTHON chooses the interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test lint types contracts coverage bench faults docs reference picture clean

run: $(VENV)/.run
	$(BIN)/cosim run scenarios/office_v2b.toml --overwrite

# one worker more than there are cores: tests of processes and browsers mostly wait
test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/pyright

contracts: $(VENV)/.dev
	$(BIN)/lint-imports

# the whole suite again, half as slow again for being counted; what numba compiles is not counted
coverage: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered

bench: $(VENV)/.dev
	$(BIN)/python -m tests.benchmarks

# what a run or a study survives: kills, torn files, full disks, changed bytes (docs/reliability.md)
faults: $(VENV)/.dev
	$(BIN)/python -m tests.faults

# the pages as a site in site/; a broken link or an unlisted page ends it (with --quiet nothing would)
docs: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# the pages of docs/reference, from the models and the command line
reference: $(VENV)/.dev
	$(BIN)/python docs/make_reference.py

# the table and the picture of the README
picture: $(VENV)/.dev
	$(BIN)/python scenarios/office_script.py
	$(BIN)/python docs/make_picture.py

$(VENV)/.run: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	touch $(VENV)/.run $@

clean:
	rm -rf $(VENV) results site .pytest_cache .ruff_cache .hypothesis build dist *.egg-info
