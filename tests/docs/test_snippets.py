"""What the README and the pages tell a reader to type is typed here, on short days."""

import copy
import re
import shlex
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from snippets import ROOT, Snippet, commands_of, page_files, snippets_of
from typer.main import get_command
from typer.testing import CliRunner

import cosim
from cosim.cli import app
from cosim.scenario.inputs import read_inputs
from sims.signals.tariffs.tariff import Tariff

PAGES = page_files()
TOML = [snippet for page in PAGES for snippet in snippets_of(page) if snippet.language == "toml"]
FRESH = ("README.md", "docs/index.md", "docs/quickstart.md")
LANGUAGES = {"python", "sh", "toml", "text"}
DAYS = re.compile(r"^(start|days) = .*$", re.MULTILINE)
ELRP = ("2019-06-13T00:00:00", 15)  # ten workdays before its event
MONDAY = ("2019-06-03T00:00:00", 1)


def shorten(folder: Path) -> None:
    """One day instead of a month in every scenario of a folder."""
    for path in folder.glob("*.toml"):
        start, days = ELRP if path.stem == "office_elrp" else MONDAY
        short = {"start": f"start = {start}", "days": f"days = {days}"}
        path.write_text(DAYS.sub(lambda found, short=short: short[found[1]], path.read_text()))


@pytest.fixture(scope="module")
def park(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A starter folder in which the office has been run."""
    folder = tmp_path_factory.mktemp("prepared") / "park"
    assert CliRunner().invoke(app, ["init", str(folder)]).exit_code == 0
    shorten(folder)
    (folder / "results").mkdir()
    cosim.run(cosim.load_scenario(folder / "office_v2b.toml"), folder / "results" / "office_v2b.h5")
    return folder


@pytest.fixture
def start_at(park: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Go where the reader of a page is: a clone, an empty folder, or a folder that `cosim init` made."""

    def go(page: str) -> None:
        folder = tmp_path / "work"
        if page not in FRESH:
            shutil.copytree(park, folder)
        else:
            folder.mkdir()
        if page == "README.md":
            shutil.copytree(ROOT / "scenarios", folder / "scenarios")
            shorten(folder / "scenarios")
        monkeypatch.chdir(folder)
        monkeypatch.syspath_prepend(folder)

    return go


def type_in(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a command line as a shell would; what is not ours (pip, make) is left to the reader."""
    program, *words = shlex.split(line)
    if program == "cd":
        monkeypatch.chdir(words[0])
    if program != "cosim":
        return
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, f"{line}\n{done.output}"
    if words[0] == "init":
        shorten(Path(words[1]))


def read_only(line: str) -> None:
    """Let the command line read the words without running anything."""
    command: Any = get_command(app)
    program, *words = shlex.split(line)
    while program and hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    command.make_context("cosim", words)


def run_snippet(snippet: Snippet, names: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    kept = snippet.remark.startswith("not run")
    if snippet.language == "sh":
        for line in commands_of(snippet):
            if not kept:
                type_in(line, monkeypatch)
            elif line.startswith("cosim "):
                read_only(line)
    if snippet.remark.startswith("file: "):
        Path(snippet.remark.removeprefix("file: ")).write_text(snippet.text)
    if snippet.language == "python":
        code = compile(snippet.text, snippet.place, "exec")
        if not kept:
            exec(code, names)  # noqa: S102 - our own pages


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_tells_to_type_runs(page, start_at, monkeypatch):
    snippets = snippets_of(page)
    assert {snippet.language for snippet in snippets} <= LANGUAGES
    names: dict[str, Any] = {}
    if any(snippet.language in ("sh", "python") for snippet in snippets):
        start_at(page.relative_to(ROOT).as_posix())
    for snippet in snippets:
        run_snippet(snippet, names, monkeypatch)


@pytest.mark.parametrize("snippet", TOML, ids=lambda snippet: snippet.place)
def test_a_piece_of_toml_is_right_where_it_belongs(snippet, tmp_path):
    part = tomllib.loads(snippet.text)
    if snippet.remark.startswith(("not run", "file: ")):
        return
    if snippet.remark == "a whole tariff":
        Tariff.model_validate(part)
        return
    office = tomllib.loads((ROOT / "scenarios" / "office_v2b.toml").read_text())
    scenario = cosim.Scenario.in_folder(ROOT / "scenarios", merged(office, part))
    names_our_lack = re.search(r'= "[^"]+\.(csv|json)"', snippet.text)
    if not names_our_lack and "network" not in part.get("feeder", {}):
        assert read_inputs(scenario).sites


def merged(whole: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """A scenario with a part written into it: the part's tables go into the first site."""
    result = copy.deepcopy(whole)
    for key, value in part.items():
        there = result.get(key)
        if isinstance(there, list) and isinstance(value, dict):
            there[0] = merged(there[0], value)
        elif key == "sites" and isinstance(there, list):
            result[key] = [merged(site, more) for site, more in zip(there, value, strict=True)]
        elif isinstance(there, list) and key in ("chargers", "events"):
            there.extend(value)
        elif isinstance(there, dict) and isinstance(value, dict):
            result[key] = merged(there, value)
        else:
            result[key] = value
    if "generator" in part:  # instead of a file
        result.pop("sessions", None)
    return result


def test_a_wrong_snippet_is_found():
    """The checks above can fail: a misspelt key, option and command."""
    office = tomllib.loads((ROOT / "scenarios" / "office_v2b.toml").read_text())
    with pytest.raises(cosim.scenario.load.ScenarioError, match="peak_kv"):
        cosim.Scenario.in_folder(ROOT, merged(office, {"sites": {"building": {"peak_kv": 1}}}))
    for line in ("cosim run x.toml --ovrwrite", "cosim rum x.toml"):
        with pytest.raises(Exception, match=r"ovrwrite|rum"):
            read_only(line)
