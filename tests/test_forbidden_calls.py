"""Row 77: nothing in the packages can run what a data file holds."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
CALLS = {"eval", "exec", "compile", "__import__"}
METHODS = {"read_pickle", "to_pickle", "from_pickle", "full_load", "unsafe_load"}
SOURCES = sorted(path for name in ("cosim", "sims", "networks") for path in (ROOT / name).rglob("*.py"))


def forbidden(text: str) -> list[str]:
    """What a source must not do, by line."""
    return [f"{node.lineno}: {what}" for node in ast.walk(ast.parse(text)) if (what := _what(node))]


def _what(node: ast.AST) -> str | None:
    if isinstance(node, ast.Import | ast.ImportFrom):
        named = {alias.name for alias in node.names}
        modules = {name.split(".")[0] for name in named} if isinstance(node, ast.Import) else {
            (node.module or "").split(".")[0]
        }  # fmt: skip
        return ", ".join(sorted((modules & MODULES) | (named & METHODS))) or None
    if isinstance(node, ast.Attribute) and node.attr in METHODS:
        return node.attr
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Name) and node.func.id in CALLS:
        return node.func.id
    if isinstance(node.func, ast.Attribute) and ast.unparse(node.func) in {"yaml.load", "builtins.eval"}:
        return ast.unparse(node.func)
    unpickles = [word for word in node.keywords if word.arg == "allow_pickle"]
    return "allow_pickle" if any(ast.unparse(word.value) != "False" for word in unpickles) else None


def test_no_source_runs_data():
    assert len(SOURCES) > 100
    found = {str(path.relative_to(ROOT)): forbidden(path.read_text("utf-8")) for path in SOURCES}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "import os, joblib.hashing as x",
        "from pickle import loads as quick",
        "from shelve import open",
        "import yaml\nyaml.load(text)",
        "x = eval(text)",
        "exec(text)",
        "pd.read_pickle(path)",
        "from pandas import read_pickle as r",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=wanted)",
    ],
)
def test_it_would_be_seen(text):
    assert forbidden(text)


def test_what_is_said_of_it_does_no_harm():
    assert not forbidden(
        '"""Never eval or pickle."""\n# exec\nre.compile("x")\nnp.load(p, allow_pickle=False)'
    )
