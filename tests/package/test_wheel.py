"""The wheel alone, in a clean environment outside the checkout: code, data, and the way of a new user."""

import json
import os
import subprocess
import tarfile
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = ("*.toml", "*.csv", "*.json", "*.md")


def outside(installed: Path, cwd: Path, program: str, *words: str) -> str:
    """What a program of the new environment prints, away from the checkout."""
    unset = ("PYTHONPATH", "PYTHONHOME", "COVERAGE_PROCESS_START")
    environment = {key: value for key, value in os.environ.items() if key not in unset}
    command = [str(installed / program), *words]
    done = subprocess.run(command, cwd=cwd, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as packed:
        (name,) = (name for name in packed.namelist() if name.endswith("/METADATA"))
        return message_from_bytes(packed.read(name))


def checkout_files(folder: str, *patterns: str) -> set[str]:
    found = (path.relative_to(ROOT) for pattern in patterns for path in (ROOT / folder).rglob(pattern))
    return {path.as_posix() for path in found if not {"__pycache__", ".ipynb_checkpoints"} & {*path.parts}}


@pytest.mark.parametrize("package", ["cosim", "sims", "networks"])
def test_every_module_and_data_file_of_a_package_is_in_the_wheel(names, package):
    wanted = checkout_files(package, "*.py", "py.typed", *DATA)
    assert wanted
    assert wanted <= names


def test_every_scenario_with_its_data_is_in_the_wheel(names):
    wanted = checkout_files("scenarios", "*.toml", "*.csv", "*.py", "*.md", "*.ipynb")
    assert {name.replace("scenarios/", "cosim/starter/", 1) for name in wanted} <= names
    assert "cosim/starter/NOTICE" in names


def test_nothing_else_is_in_the_wheel(names):
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"cosim", "sims", "networks"}
    assert not [name for name in names if "__pycache__" in name or name.endswith((".h5", ".nbi", ".nbc"))]


def test_the_licence_and_whom_to_cite_are_in_the_wheel(names, metadata):
    assert metadata["License-Expression"] == "MIT"
    for licence in ("LICENSE", "NOTICE"):
        assert any(name.endswith(f".dist-info/licenses/{licence}") for name in names)


def test_what_the_package_index_is_told(metadata):
    extras = {"analysis", "cluster", "dev", "docs", "images", "parquet", "simbench"}
    assert extras <= set(metadata.get_all("Provides-Extra"))
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"


def test_the_source_archive_has_what_a_build_a_test_and_the_pages_need(built):
    (archive,) = built.glob("gridpark-*.tar.gz")
    with tarfile.open(archive) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    assert {"setup.py", "mkdocs.yml", "Makefile", "constraints.txt", "NOTICE", ".ci/run"} <= names
    for folder in ("scenarios", "docs", "tests"):
        assert checkout_files(folder, "*.py", *DATA) <= names


def test_the_environment_runs_the_code_and_data_of_the_wheel(installed, tmp_path):
    asked = (
        "import json, sys, cosim.cli, networks, sims.signals.tariffs.files, cosim.starter;"
        "tops = ('cosim', 'sims', 'networks');"
        "ours = [m for name, m in sys.modules.items() if name.partition('.')[0] in tops];"
        "files = [m.__file__ for m in ours if m.__file__];"
        "print(json.dumps([*files, str(cosim.starter.starter_folder())]))"
    )
    for place in json.loads(outside(installed, tmp_path, "python", "-P", "-c", asked)):
        assert Path(place).is_relative_to(installed.parent)


def test_a_new_user_starts_checks_and_runs(installed, tmp_path):
    said = outside(installed, tmp_path, "cosim", "init", "park")
    assert "cosim run office_v2b.toml" in said
    park = tmp_path / "park"
    assert "2880 steps" in outside(installed, park, "cosim", "check", "office_v2b.toml")
    monday = ("--set", "days=1", "--set", "start=2019-06-03T00:00:00")
    outside(installed, park, "cosim", "run", "office_v2b.toml", *monday)
    figures = json.loads(outside(installed, park, "cosim", "kpis", "results/office_v2b.h5", "--json"))
    assert figures["kpis"]["sites"]["office"]["ev_charged_kwh"] > 100.0
    outside(installed, park, "cosim", "report", "results/office_v2b.h5")
    assert (park / "results" / "office_v2b.html").stat().st_size > 1_000_000
