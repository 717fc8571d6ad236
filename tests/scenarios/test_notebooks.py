"""The notebooks run from the first cell to the last, and are stored without outputs."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from scenario_runs import SCENARIOS

NOTEBOOKS = sorted((SCENARIOS / "notebooks").glob("*.ipynb"))
LOOP = "import asyncio; print(asyncio.get_running_loop().is_running())"


def executed(path: Path, *more: str) -> dict[str, Any]:
    """Outputs of a notebook's cells by their source, as text; `more` cells follow its own."""
    book = nbformat.read(path, as_version=4)
    book.cells += [nbformat.v4.new_code_cell(source) for source in more]
    client = NotebookClient(book, timeout=600, resources={"metadata": {"path": str(path.parent)}})
    client.execute()
    return {cell.source: "".join(map(_text, cell.outputs)) for cell in book.cells if cell.cell_type == "code"}


def _text(output: Any) -> str:
    return output.get("text") or output.get("data", {}).get("text/plain", "")


@pytest.fixture(autouse=True)
def _as_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The kernel imports this checkout, and writes its runs below the folder of the test."""
    monkeypatch.setenv("PYTHONPATH", str(SCENARIOS.parent))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_run_is_read_inside_the_loop_of_a_notebook():
    shown = executed(
        SCENARIOS / "notebooks" / "read_a_run.ipynb", LOOP, "print(len(charged_kwh), len(lines))"
    )
    assert shown[LOOP] == "True\n"
    assert shown["print(len(charged_kwh), len(lines))"] == "15 3\n"
    assert "office pays" in shown["run.explain()"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_policies_are_compared():
    highest = "print(table['max_loading_percent'].idxmax(), *table.index)"
    shown = executed(SCENARIOS / "notebooks" / "compare_policies.ipynb", highest)
    assert shown[highest].split() == ["uncontrolled", "uncontrolled", "required", "edf", "llf"]
    gained = next(text for source, text in shown.items() if "explain(against=" in source)
    assert "Against the baseline (llf instead of uncontrolled)" in gained


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_sweep_is_swept():
    counted = "print(len(study), len(table), study.failures.empty)"
    shown = executed(SCENARIOS / "notebooks" / "a_sweep.ipynb", counted)
    assert shown[counted] == "12 12 True\n"
    assert "carries up to" in next(text for source, text in shown.items() if "explain(" in source)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs_and_machines(path):
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    assert [cell for cell in book.cells if cell.get("outputs") or cell.get("execution_count")] == []
    assert not re.search(r"(/home|/Users|/work|/tmp|[A-Z]:\\\\)", path.read_text("utf-8"))
    assert path.stat().st_size < 10_000


def test_there_are_three():
    assert [path.stem for path in NOTEBOOKS] == ["a_sweep", "compare_policies", "read_a_run"]
