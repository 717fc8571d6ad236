"""Parts of an HTML page that opens anywhere: no server, no network, plotly inside once.

Text that goes in is escaped here and nowhere else: what is `Html` came out of these functions, and a plain
`str` is always text.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple, NewType

import numpy as np

from cosim.results.figures.base import height_px
from cosim.results.pages.style import CSS, DRAW, POLICY

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Html = NewType("Html", str)
NOTHING = Html("")


class Card(NamedTuple):
    """One of the few numbers a reader looks for first, between what it is of and what it says."""

    of: str
    value: str
    unit: str
    label: str


def page(title: str, lead: Sequence[str], parts: Iterable[Html], footer: str = "") -> Html:
    """A whole page.

    Parameters
    ----------
    title : str
        Its title, in the window and on top.
    lead : sequence of str
        Paragraphs below the title; those after the first are printed bold.
    parts : iterable of Html
        Sections, from top to bottom.
    footer : str
        What wrote it.

    Returns
    -------
    Html
        A document that fetches nothing: the browser itself is told to refuse.
    """
    from plotly.offline import get_plotlyjs

    name, said = escape(title), [escape(paragraph) for paragraph in lead]
    leads = "".join(f"<p>{line}</p>" if i == 0 else f"<p><b>{line}</b></p>" for i, line in enumerate(said))
    return Html(f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}: gridpark</title><style>{CSS}</style>
<script>{get_plotlyjs()}</script></head><body><main>
<header><h1>{name}</h1>{leads}</header>
{"".join(parts)}
<footer>{escape(footer)}</footer>
</main><script>{DRAW}</script></body></html>
""")


def section(heading: str, *parts: Html) -> Html:
    """A box with a heading."""
    return Html(f"<section><h2>{escape(heading)}</h2>\n{joined(*parts)}</section>\n")


def titled(heading: str, *parts: Html) -> Html:
    """Parts below a smaller heading; nothing when they are empty."""
    inside = joined(*parts)
    return Html(f"<h3>{escape(heading)}</h3>{inside}") if inside else NOTHING


def folded(heading: str, *parts: Html, look: str = "") -> Html:
    """Parts behind a heading to click on; their figures are drawn when it is opened, or on printing."""
    kind = f' class="{escape(look)}"' if look else ""
    return Html(f"<details{kind}><summary>{escape(heading)}</summary>{joined(*parts)}</details>\n")


def columns(*parts: Html) -> Html:
    """Parts side by side where there is room."""
    return Html(f"<div class=columns>{''.join(f'<div>{part}</div>' for part in parts if part)}</div>")


def joined(*parts: Html) -> Html:
    """Parts one below the other."""
    return Html("".join(parts))


def cards(entries: Iterable[Card]) -> Html:
    """The few numbers a reader looks for first."""
    boxes = "".join(
        f"<div class=card><span>{escape(card.of)}</span>"
        f"<b>{escape(card.value)} <i>{escape(card.unit)}</i></b><span>{escape(card.label)}</span></div>"
        for card in entries
    )
    return Html(f"<section class=cards>{boxes}</section>\n")


def note(words: str) -> Html:
    """A small remark."""
    return Html(f"<p class=note>{escape(words)}</p>")


def source(words: str) -> Html:
    """Text as it was written, line by line."""
    return Html(f"<pre>{escape(words)}</pre>")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: int, look: str = "") -> Html:
    """A table of text.

    Parameters
    ----------
    heads : sequence of str
        Headings of the columns; empty for a table without.
    rows : iterable of sequence of str
        Cells.
    numbers : int
        So many of the last columns are aligned as numbers.
    look : str
        Class in `style.CSS`.
    """

    def line(cells: Sequence[str], tag: str) -> str:
        first_number = len(cells) - numbers
        return "".join(
            f"<{tag}{' class=n' if i >= first_number else ''}>{escape(cell)}</{tag}>"
            for i, cell in enumerate(cells)
        )

    head = f"<thead><tr>{line(heads, 'th')}</tr></thead>" if heads else ""
    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return Html(f'<table class="{escape(look)}">{head}<tbody>{body}</tbody></table>')


def figure(drawing: "Figure", name: str) -> Html:
    """A figure; `name` is unique on its page.

    The page draws the figures one after the other once it is read, so that text is there at once.
    """
    from plotly.io.json import to_json_plotly

    told = str(to_json_plotly(_slim(drawing.to_dict()))).replace("<", "\\u003c")  # no name ends the script
    return Html(
        f'<figure id="{escape(name)}" style="min-height:{height_px(drawing):g}px">'
        f'<script type="application/json">{told}</script></figure>\n'
    )


def _slim(told: Any) -> Any:
    """A figure as plotly writes it with its numbers cut to seven digits: half the bytes."""
    if isinstance(told, list | tuple):
        return [_slim(one) for one in told]
    if not isinstance(told, dict):
        return told
    if told.get("dtype") == "f8":
        values = np.frombuffer(b64decode(told["bdata"]), dtype="<f8").astype("<f4")
        return {**told, "dtype": "f4", "bdata": b64encode(values.tobytes()).decode()}
    return {name: _slim(one) for name, one in told.items()}
