"""The example scenarios that come with gridpark, and the files each of them needs."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NOTICES = ("data/README.md", "data/LICENSE.simbench.md")
STARTER = ("office_v2b.toml", "office_elrp.toml", "template.toml", "office_script.py")


def starter_folder() -> Path:
    """Where the examples lie: inside the installed package, else `scenarios` of the checkout."""
    package = Path(__file__).parent
    shipped = package / "starter"
    return shipped if shipped.is_dir() else package.parent / "scenarios"


def example_names() -> list[str]:
    """Names of the example scenarios, in alphabetical order."""
    return sorted(path.stem for path in starter_folder().glob("*.toml"))


def starter_files(scenarios: list[str]) -> dict[str, Path]:
    """Files of a starter folder.

    Parameters
    ----------
    scenarios : list of str
        Example scenarios by name; empty: the two office scenarios, a template and a script.

    Returns
    -------
    dict of str to Path
        Place in the new folder, with `/`, and the file that is copied there.
    """
    folder = starter_folder()
    first = [f"{name}.toml" for name in scenarios] or list(STARTER)
    named = {text for file in first if file.endswith(".toml") for text in _files_of(folder, file)}
    inside = {text: folder / text for text in [*first, *sorted(named), *NOTICES]}
    notice = folder / "NOTICE"
    return inside | {"NOTICE": notice if notice.is_file() else folder.parent / "NOTICE"}


def _files_of(folder: Path, scenario: str) -> Iterator[str]:
    """Files a scenario names, below its own folder."""
    text = (folder / scenario).read_text("utf-8")
    yield from (value for value in _texts(tomllib.loads(text)) if (folder / value).is_file())


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
