"""The pieces of code in the README and the pages, with what the page says about each of them.

A comment in the line before a piece tells what it is, where it is no part of a scenario and not to be run:

    <!-- not run: why -->       only read: commands and their options must exist, Python and TOML must parse
    <!-- a whole tariff -->     a file of its own
    <!-- file: NAME -->         to be saved under that name, and no part of a scenario
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?<=\n\n)((?: {4}.*\n)+)")
REMARK = re.compile(r"<!-- (.*?) -->\n$")


@dataclass(frozen=True)
class Snippet:
    """A piece of code of a page."""

    page: str
    line: int
    language: str
    text: str
    remark: str

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


def page_files() -> list[Path]:
    """The README and every page that is written by hand."""
    pages = sorted((ROOT / "docs").rglob("*.md"))
    return [ROOT / "README.md", *(page for page in pages if page.parent.name != "reference")]


def snippets_of(path: Path) -> list[Snippet]:
    """Pieces of a page in their order: fenced ones by their language, indented ones by their first word."""
    text = path.read_text("utf-8")
    page = path.relative_to(ROOT).as_posix()
    found = []
    for match in FENCE.finditer(text):
        remark = REMARK.search(text[: match.start()])
        said = remark[1] if remark else ""
        found.append(Snippet(page, _line(text, match), match[1], match[2], said))
    for match in INDENTED.finditer(FENCE.sub(lambda fenced: "\n" * fenced[0].count("\n"), text)):
        plain = "".join(line[4:] for line in match[1].splitlines(keepends=True))
        found.append(Snippet(page, _line(text, match), _language(plain), plain, ""))
    return sorted(found, key=lambda snippet: snippet.line)


def commands_of(snippet: Snippet) -> list[str]:
    """Command lines of a shell snippet, without their comments."""
    lines = (re.split(r"\s#\s", line)[0].strip() for line in snippet.text.replace("\\\n", " ").splitlines())
    return [line for line in lines if line]


def _line(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.start()) + 1


def _language(text: str) -> str:
    first = text.split(maxsplit=1)[0]
    return {"import": "python", "from": "python", "cosim": "sh", "make": "sh", "pip": "sh"}.get(first, "toml")
