"""Images of a report are drawn by a browser that is there; without one the page is written and it is said."""

import asyncio
import re
import shutil

import pytest
import synthetic
from typer.testing import CliRunner

from cosim.cli import app
from cosim.results import open_run
from cosim.results.figures.base import plain_figure
from cosim.results.pages import images
from cosim.results.pages.gallery import Gallery
from cosim.results.pages.images import ImagesError, write_images


def figure(title="a title"):
    drawn = plain_figure(title, "Time (h)", "Power (kW)")
    drawn.add_scatter(x=[0, 1], y=[1, 2], name="line")
    return drawn


@pytest.fixture(scope="module")
def feeder_path(tmp_path_factory):
    """A run whose page has few figures: what is asked here does not depend on how many there are."""
    path = tmp_path_factory.mktemp("feeder") / "run.h5"
    synthetic.write_feeder_only(path, 1500)
    return path


def test_the_command_writes_an_image_of_every_figure(feeder_path, tmp_path):
    out = tmp_path / "page.html"
    result = CliRunner().invoke(app, ["report", str(feeder_path), "--out", str(out), "--images", "svg"])
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    names = {path.name for path in (tmp_path / "page_images").iterdir()}
    assert names == {"transformers.svg", "loading-duration.svg"}
    assert names == {f"{name}.svg" for name in re.findall('<figure id="(.+?)"', out.read_text("utf-8"))}
    assert "Transformer loading" in (tmp_path / "page_images" / "transformers.svg").read_text("utf-8")


def test_an_image_is_png_of_the_right_size_even_inside_a_running_loop(tmp_path):
    async def notebook():
        return write_images({"one": figure()}, tmp_path / "new" / "folder", "png")

    (path,) = asyncio.run(notebook())
    content = path.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(content[16:20]) == 2200
    assert int.from_bytes(content[20:24]) == 840


@pytest.mark.parametrize("lack", ["browser", "extra", "broken"])
def test_without_what_draws_the_page_is_written_and_it_is_said(feeder_path, tmp_path, monkeypatch, lack):
    said = {"browser": "no Chrome or Chromium", "extra": "gridpark[images]", "broken": "does not draw"}[lack]
    if lack == "browser":
        monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "nowhere"))
    elif lack == "extra":
        monkeypatch.setitem(__import__("sys").modules, "kaleido", None)
    else:
        monkeypatch.setenv("BROWSER_PATH", shutil.which("false"))
    monkeypatch.setattr(images, "SECONDS_PER_FIGURE", 5)
    out = tmp_path / "page.html"
    result = CliRunner().invoke(app, ["report", str(feeder_path), "--out", str(out), "--images", "png"])
    assert result.exit_code == 0, result.output
    assert said in result.stderr
    assert "Transformer loading" in out.read_text("utf-8")
    assert not list(tmp_path.glob("**/*.png"))
    with pytest.raises(ImagesError, match="images: "):
        open_run(feeder_path).report(out, images="png")


def test_names_of_figures_can_name_files_and_are_there_once():
    gallery = Gallery()
    for words in (("power", "North/../office"), ("power", "north office"), ("power", "nörth"), ("..",)):
        gallery.show(figure(), *words)
    gallery.show(figure(), "power", "North/../office")
    assert list(gallery.figures) == [
        "power-North-..-office", "power-north-office", "power-n-rth", "figure", "power-North-..-office-2"
    ]  # fmt: skip
