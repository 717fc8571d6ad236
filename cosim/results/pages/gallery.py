"""The figures of a page, by name: shown on it once, and there for whoever wants them as images."""

import re
from typing import TYPE_CHECKING

from cosim.results.pages.page import Html, figure

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


class Gallery:
    """Collects the figures of a page while it is made.

    `figures` are by name, in the order of the page; a name is letters, digits, `-`, `_` and `.`, so that it
    can name a file, and each is there once.
    """

    def __init__(self) -> None:
        self.figures: dict[str, Figure] = {}

    def show(self, drawing: "Figure", *words: str) -> Html:
        """The figure as part of the page, named by the words: "power", "my office" make power-my-office."""
        plain = re.sub(r"[^\w.]+", "-", "-".join(words), flags=re.ASCII).strip("-.") or "figure"
        name, n = plain, 2
        while name.lower() in {taken.lower() for taken in self.figures}:
            name, n = f"{plain}-{n}", n + 1
        self.figures[name] = drawing
        return figure(drawing, name)
