"""The report is one page that fetches nothing, says the numbers and shows names as text."""

from html.parser import HTMLParser
from pathlib import Path

import pytest
import synthetic

from cosim.results import open_run
from cosim.results.pages import report, report_sessions, style
from cosim.results.pages.gallery import Gallery
from cosim.results.run import Run


class Page(HTMLParser):
    """Tags with their attributes, and the text outside scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        (self.scripts if self.cdata_elem else self.words).append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def page(run_path, tmp_path_factory) -> Page:
    path = open_run(run_path).report(tmp_path_factory.mktemp("report") / "report.html")
    return Page(path.read_text("utf-8"))


def test_nothing_is_fetched(page):
    assert not [attrs for _, attrs in page.tags if {"src", "href", "action", "srcset"} & set(attrs)]
    assert not [tag for tag, _ in page.tags if tag in {"link", "iframe", "object", "embed", "base"}]
    policy = next(attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv"))
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    assert "@import" not in style.CSS
    assert "url(" not in style.CSS


def test_plotly_is_inlined_once_and_offers_no_upload(page):
    assert sum("plotly.js v" in script for script in page.scripts) == 1
    assert sum("showSendToCloud: false" in script for script in page.scripts) == 1


@pytest.mark.parametrize("words", ["synthetic", "562.40", "3 June 2019 to 4 June 2019", "48.0 kW", "120.0 %"])
def test_numbers_are_told(page, words):
    assert words in page.text


def test_bill_lines_are_told(page):
    assert "2019-06 night 276.0 kWh 0.1 27.60 2019-06 day 274.0 kWh 0.2 54.80" in page.text
    assert "2019-06 day peak 48.0 kW 10 480.00 total 562.40" in page.text


def test_short_sessions_come_first(page):
    assert "Sessions (6 of 6, short ones first)" in page.text
    assert "Sessions (0 of 0, short ones first)" in page.text
    listed = page.text[page.text.index("Sessions (6 of 6") :]
    missing = [listed.index(car) for car in ("car e", "car c", "car d", "car f", "car a")]
    assert missing == sorted(missing)


@pytest.mark.parametrize(
    "words",
    [
        "a car a p0 03 Jun 07:59 03 Jun 12:00 40 % 70 % 80 % 40.0 0.0",
        "b car b p1 03 Jun 09:00 03 Jun 10:00 90 % 80 % 82 % -4.0 0.0",
        "c<script> car c p0 04 Jun 14:00 04 Jun 15:00 50 % 70 % 58 % 4.0 6.0",
    ],
)
def test_a_session_is_told_in_full(page, words):
    assert words in page.text[page.text.index("Sessions (6 of 6") :]


def test_what_a_run_could_not_do_stands_on_top(run, monkeypatch):
    monkeypatch.setattr(Run, "degraded", ["3 of 192 steps have no power-flow solution"])
    monkeypatch.setattr(Run, "alarms", ["the hot spot of T 1/2 rose to 150 degC"])
    top = report.report_html(run, Gallery()).partition("<section")[0]
    assert "<b>3 of 192 steps have no power-flow solution</b>" in top
    assert "<b>the hot spot of T 1/2 rose to 150 degC</b>" in top


def test_names_are_text_not_markup(page):
    assert "c<script>" in page.text
    assert "garage <b>" in page.text
    assert "<script>" not in "".join(script for script in page.scripts if "plotly.js v" not in script)


def test_of_very_many_sessions_only_the_short_ones_are_listed(run, monkeypatch):
    monkeypatch.setattr(report_sessions, "MOST_SESSIONS", 3)
    html = report_sessions.session_table(run, "office")
    assert "Sessions (3 of 6, short ones first)" in html
    assert "car e" in html
    assert "car a" not in html


def test_report_lies_beside_the_result_and_has_the_same_bytes_again(tmp_path):
    path = synthetic.write(tmp_path / "run.h5", 192)
    first = open_run(path).report()
    assert first == Path(tmp_path / "run.html")
    content = first.read_bytes()
    assert open_run(path).report().read_bytes() == content


def test_a_run_without_sites_has_a_report(tmp_path):
    synthetic.write_feeder_only(tmp_path / "run.h5", 1500)
    assert "Highest loading" in open_run(tmp_path / "run.h5").report().read_text("utf-8")
