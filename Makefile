# Everything runs in .venv, which the first target that needs it makes; PYTHON chooses the interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test lint types contracts coverage bench picture clean

run: $(VENV)/.run
	$(BIN)/cosim run scenarios/office_v2b.toml --overwrite

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/pyright

contracts: $(VENV)/.dev
	$(BIN)/lint-imports

# what numba compiles is not counted; counting slows every line down, so the whole months are left out
COVERING := tests/sims tests/results tests/scenario tests/networks tests/cosim/test_wiring.py tests/cosim/test_largest.py \
    tests/cosim/test_hosting.py tests/cosim/test_networks_run.py tests/cosim/test_export_network.py tests/cosim/test_heat.py
coverage: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --cov --cov-report=term:skip-covered $(COVERING)

bench: $(VENV)/.dev
	$(BIN)/python -m tests.benchmarks

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
	rm -rf $(VENV) results .pytest_cache .ruff_cache .hypothesis build dist *.egg-info
