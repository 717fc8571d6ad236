"""The report in a real browser: every figure is drawn, nothing complains, nothing is asked of any machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import synthetic
from browser import Browser

from cosim.results import open_run
from cosim.results.pages.page import Html, page

DRAWN = """Array.from(document.querySelectorAll("figure")).map(box => ({
    name: box.id,
    svg: box.querySelectorAll(".main-svg").length,
    marks: box.querySelectorAll(".trace, .hm, .annotation").length,
    title: box.querySelector(".gtitle")?.textContent ?? "",
    wide: box.getBoundingClientRect().width,
}))"""
FIGURES = {
    *(f"{what}-office" for what in ("power", "energy", "duration", "bill", "prices")),
    *(f"{what}-office" for what in ("availability", "ports", "rates", "soc")),
    *(f"{what}-yard" for what in ("power", "energy", "duration", "bill", "prices")),
    *("transformers", "loading-duration", "voltages"),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    one = Browser()
    yield one
    one.close()


@pytest.fixture(scope="module")
def report_path(run_path, tmp_path_factory) -> Path:
    return open_run(run_path).report(tmp_path_factory.mktemp("page") / "report.html")


def test_a_report_is_drawn_whole_in_silence(browser, report_path):
    path = report_path
    browser.open(path)
    figures = browser.run(DRAWN)
    assert {figure["name"] for figure in figures} == FIGURES
    for figure in figures:
        assert figure["svg"] > 0, figure
        assert figure["marks"] > 0, figure
        assert figure["title"], figure
        assert 600.0 < figure["wide"] < 1250.0, figure
    assert browser.complaints() == []
    assert browser.requests() == [path.as_uri()]
    assert browser.run("document.body.scrollWidth <= window.innerWidth")


def test_names_stay_text_in_the_browser(browser, tmp_path):
    bad = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"
    path = synthetic.write_named(tmp_path / "run.h5", bad)
    page_path = open_run(path).report()
    browser.open(page_path)
    assert browser.run("document.querySelectorAll('main img').length") == 0
    assert browser.complaints() == []
    assert not [event for event in browser.events if event.get("method") == "Page.javascriptDialogOpening"]
    assert bad in browser.run("document.querySelector('h1').textContent")
    titles = browser.run("Array.from(document.querySelectorAll('.gtitle')).map(one => one.textContent)")
    assert any("<img src=x" in title for title in titles)


NARROW = """Array.from(document.querySelectorAll("figure")).map(box => {
    const title = box.querySelector(".g-gtitle"), legend = box.querySelector(".legend");
    const head = title.getBoundingClientRect(), list = legend?.getBoundingClientRect();
    return {
        name: box.id,
        cut: head.right > window.innerWidth,
        covered: Boolean(list) && list.top < head.bottom && list.bottom > head.top,
    };
})"""


def test_a_phone_shows_titles_whole_and_clear_of_their_legends(browser, report_path):
    browser.send(
        "Emulation.setDeviceMetricsOverride", width=400, height=800, deviceScaleFactor=1, mobile=False
    )
    browser.load(report_path)
    browser.run("new Promise(done => setTimeout(done, 500))")
    figures = browser.run(NARROW)
    browser.send("Emulation.clearDeviceMetricsOverride")
    assert figures
    assert not [figure["name"] for figure in figures if figure["cut"] or figure["covered"]]
    assert browser.complaints() == []


LEAKS = (
    "<img src='http://127.0.0.1:9/a.png'>",
    "<script>fetch('http://127.0.0.1:9/b').catch(() => 0)</script>",
    "<link rel=stylesheet href='http://127.0.0.1:9/c.css'>",
    "<video src='http://127.0.0.1:9/d'></video>",
    "<form action='http://127.0.0.1:9/e' id=f></form>",
)


def test_the_page_itself_refuses_to_fetch(browser, tmp_path):
    path = tmp_path / "leak.html"
    path.write_text(page("leak", [], map(Html, LEAKS)), "utf-8")
    browser.open(path)
    browser.run("document.getElementById('f').submit()")
    browser.run("new Promise(done => setTimeout(done, 300))")
    refused = " ".join(told for told in browser.complaints() if "Content Security Policy" in told)
    assert all(f"http://127.0.0.1:9/{end}" in refused for end in "abcde")
    assert browser.run("location.href") == path.as_uri()


def test_paper_shows_what_is_folded(browser, report_path):
    browser.load(report_path)
    assert browser.run("document.querySelectorAll('details:not([open])').length") > 0
    browser.send("Page.printToPDF")
    assert browser.run("document.querySelectorAll('details:not([open])').length") == 0
