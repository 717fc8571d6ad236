"""The generated pages are up to date, and say what the models say."""

import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    sys.path.insert(0, str(DOCS))
    try:
        from make_reference import pages
    finally:
        sys.path.remove(str(DOCS))
    return pages()


@pytest.mark.parametrize("name", ["scenario.md", "tariff.md", "programme.md", "cli.md"])
def test_a_page_is_up_to_date(pages, name):
    assert (DOCS / "reference" / name).read_text("utf-8") == pages[name], "run `make reference`"


def test_every_generated_page_is_looked_at(pages):
    assert {path.name for path in (DOCS / "reference").glob("*.md")} == set(pages)


@pytest.mark.parametrize(
    "row",
    [
        "| `days` | whole number | d | **required** | 1 .. 3,660 | local calendar days |",
        "| `power_factor` | number |  | `0.95` | > 0, ≤ 1 | cos phi, lagging |",
        "| `allow_export` | true or false |  | `false` |  | may charging ports feed back into the grid |",
        "## `[[sites.chargers]]`",
        "## `[sites.emissions.average.generator]`",
    ],
)
def test_a_key_stands_there_with_unit_default_and_bounds(pages, row):
    assert row in pages["scenario.md"].splitlines()


def test_every_command_and_its_options_stand_there(pages):
    from cosim.cli import app

    for command in app.registered_commands:
        assert f"## `cosim {command.name or command.callback.__name__.rstrip('_')}`" in pages["cli.md"]
    assert "`--scale ports\\|kw`" in pages["cli.md"]
