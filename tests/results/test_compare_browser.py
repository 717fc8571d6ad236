"""The pages of a comparison and of a study in a real browser: drawn whole, in silence, from one file."""

from collections.abc import Iterator

import pytest
import test_compare
from browser import Browser
from made_up_study import FULL, study

import cosim

DRAWN = """Array.from(document.querySelectorAll("figure")).map(box => ({
    name: box.id,
    marks: box.querySelectorAll(".trace, .hm, .annotation, .point").length,
    title: box.querySelector(".gtitle")?.textContent ?? "",
    wide: box.getBoundingClientRect().width,
}))"""
CASES = """Array.from(document.querySelectorAll("table.sortable tbody tr")).map(
    row => row.cells[%d].textContent)"""
CLICK = """document.querySelectorAll("table.sortable th")[%d].click()"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    one = Browser()
    yield one
    one.close()


def drawn_whole(browser: Browser, path) -> set[str]:
    """Names of the figures of a page that asked for nothing and complained of nothing."""
    browser.events.clear()
    browser.open(path)
    figures = browser.run(DRAWN)
    for figure in figures:
        assert figure["marks"] > 0, figure
        assert figure["title"], figure
        assert 600.0 < figure["wide"] < 1250.0, figure
    assert browser.complaints() == []
    assert browser.requests() == [path.as_uri()]
    assert browser.run("document.body.scrollWidth <= window.innerWidth")
    return {figure["name"] for figure in figures}


def test_a_comparison_is_drawn_whole_in_silence(browser, tmp_path):
    bad = "<img src=x onerror=alert(1)></script>"
    runs = {
        bad: test_compare.write(tmp_path / "base.h5"),
        "gentle": test_compare.write(tmp_path / "gentle.h5", gentle=True),
    }
    names = drawn_whole(browser, cosim.compare(runs).report(tmp_path / "page.html"))
    kinds = ("power", "power-duration", "cost", "bills", "departures", "missing")
    both = {f"{kind}-{site}" for kind in kinds for site in ("office", "yard")}
    assert names == both - {"departures-yard", "missing-yard"} | {
        "loading",
        "loading-duration",
    }  # no cars there
    assert browser.run("document.querySelectorAll('main img').length") == 0
    assert bad in browser.run("document.querySelector('h1').textContent")


def test_a_study_is_drawn_whole_and_its_cases_can_be_sorted(browser, tmp_path):
    names = drawn_whole(browser, study(tmp_path, FULL, [1, 2], failed=[3]).report())
    assert {"pareto", "sensitivity", "hosting"} <= names
    bill = 6  # case, three axes, seed, status, bill
    browser.run(CLICK % bill)
    sold = browser.run(CASES % bill)
    known = [float(text.replace(",", "")) for text in sold if text]
    assert len(sold) == 36
    assert sold[-1] == ""
    assert known == sorted(known)
    browser.run(CLICK % bill)
    sold = browser.run(CASES % bill)
    assert sold[-1] == ""
    assert [float(text.replace(",", "")) for text in sold if text] == known[::-1]
