"""Figures as PNG or SVG files, drawn by a Chrome or Chromium of this machine."""

import asyncio
import logging
import os
import shutil
import threading
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from cosim.results.disk import write_whole
from cosim.results.figures.base import height_px
from sims.faults import GridparkError

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

ImageFormat = Literal["png", "svg"]
FORMATS: tuple[ImageFormat, ...] = get_args(ImageFormat)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
WIDTH_PX = 1100
PNG_SCALE = 2.0
SECONDS_PER_FIGURE = 60


class ImagesError(GridparkError):
    """Images that cannot be drawn here; what else was asked for is there."""


def find_browser() -> Path | None:
    """The browser that draws: what BROWSER_PATH names, else a Chrome or Chromium on the search path."""
    named = os.environ.get("BROWSER_PATH")
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, BROWSERS)), None)
    return Path(found) if found else None


def write_images(figures: Mapping[str, "Figure"], folder: Path, kind: ImageFormat) -> list[Path]:
    """Write every figure as `<folder>/<name>.<kind>`.

    Parameters
    ----------
    figures : mapping of str to Figure
        Figures by file name.
    folder : Path
        Made when it is not there; files of the same names are replaced.
    kind : str
        "png" (two pixels for each of the page's) or "svg".

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    ImagesError
        Without the extra `images`, without a browser, or when it does not draw.
    """
    browser = find_browser()
    if browser is None:
        raise ImagesError(
            "images: no Chrome or Chromium found (BROWSER_PATH can name one); only the page is written"
        )
    try:
        import kaleido
    except ImportError:
        raise ImagesError("images: pip install 'gridpark[images]'; only the page is written") from None
    logging.getLogger("kaleido").setLevel(logging.ERROR)
    logging.getLogger("choreographer").setLevel(logging.ERROR)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        drawn = _wait_for(_draw(kaleido, browser, figures, kind))
    except (OSError, RuntimeError, ValueError, TimeoutError) as error:
        raise ImagesError(
            f"images: {browser.name} does not draw ({error}); only the page is written"
        ) from None
    paths = [folder / f"{name}.{kind}" for name in drawn]
    for path, content in zip(paths, drawn.values(), strict=True):
        write_whole(path, content)
    return paths


async def _draw(
    kaleido: Any, browser: Path, figures: Mapping[str, "Figure"], kind: ImageFormat
) -> dict[str, bytes]:
    """Every figure as it stands in the file; nothing is fetched: plotly comes from its package."""
    options = {"path": str(browser), "timeout": SECONDS_PER_FIGURE, "mathjax": False}
    async with kaleido.Kaleido(n=1, **options) as drawing:
        return {
            name: await drawing.calc_fig(figure, opts=_size(figure, kind)) for name, figure in figures.items()
        }


def _size(figure: "Figure", kind: ImageFormat) -> dict[str, Any]:
    scale = PNG_SCALE if kind == "png" else 1.0
    return {"format": kind, "width": WIDTH_PX, "height": height_px(figure), "scale": scale}


def _wait_for(work: Coroutine[Any, Any, dict[str, bytes]]) -> dict[str, bytes]:
    """Result of a coroutine, in a thread of its own: a notebook's loop is already running in this one."""
    results: list[dict[str, bytes]] = []
    errors: list[BaseException] = []

    def work_it() -> None:
        try:
            results.append(asyncio.run(work))
        except BaseException as error:  # handed to the caller, whatever it is
            errors.append(error)

    thread = threading.Thread(target=work_it, name="images")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
