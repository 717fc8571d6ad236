"""Paths with awkward names, times and functions."""

from datetime import datetime

import numpy as np
import pytest
import synthetic

from cosim import open_run
from cosim.explain.facts import Facts
from cosim.explain.paths import Paths
from cosim.results import RunHeader, RunWriter, SiteHeader
from sims.clock import Clock

STRANGE = "a.b[1], (c)"


@pytest.fixture
def strange(tmp_path):
    """A day with the change to winter time in Rome; site and port have every sign a path uses."""
    clock = Clock.from_local(datetime(2023, 10, 29), 1, 3600, "Europe/Rome")
    n = clock.n_steps
    site = SiteHeader(STRANGE, ("p[0]",), ("unidirectional",), "two", "USD")
    hourly = synthetic.TARIFF.model_copy(update={"demand_window_minutes": 60})
    signals = {"two": hourly.model_dump_json()}
    header = RunHeader("strange", "", 1, clock, (site,), signals, transformers=("t.1", "t.1"))
    site_path = f"sites/{STRANGE}"
    series = {
        "signals/two/price_per_kwh": np.full(n, 0.1),
        f"{site_path}/building_kw": np.arange(float(n)),
        f"{site_path}/evse_kw": np.arange(float(n))[:, None],
        f"{site_path}/setpoint_kw": np.zeros((n, 1)),
        f"{site_path}/soc": np.zeros((n, 1)),
        f"{site_path}/session": np.full((n, 1), -1),
        f"{site_path}/site_kw": 2.0 * np.arange(float(n)),
        "feeder/vm_pu": np.zeros((n, 0)),
        "feeder/transformer_loading_percent": np.column_stack([np.arange(float(n)), 2.0 * np.arange(n)]),
        "feeder/line_loading_percent": np.zeros((n, 0)),
        "feeder/import_kw": np.ones(n),
        "feeder/losses_kw": np.zeros(n),
        "feeder/converged": np.ones(n),
    }
    with RunWriter(tmp_path / "strange.h5", header) as writer:
        writer.write_segment(0, series)
        ports = {"soc_end": np.array([np.nan]), "clamped_requests": np.array([0])}
        return open_run(writer.finish({STRANGE: synthetic.sessions(0)}, {STRANGE: ports}))


def test_names_may_hold_every_sign_of_a_path(strange):
    at = Paths(strange)
    assert at(f"sites.{STRANGE}.site_kw[2023-10-29T01:00]") == 2.0
    assert at(f"sites.{STRANGE}.evse_kw[2023-10-29T01:00][p[0]]") == 1.0
    assert at(f"difference(sites.{STRANGE}.peak_kw, sites.{STRANGE}.site_kw[2023-10-29T01:00])") == 46.0
    assert at(f"bill.{STRANGE}.lines[0].kind") == "energy"
    assert at("feeder.transformer_loading_percent[2023-10-29T01:00][t.1 [1]]") == 2.0
    strange.explain()


def test_the_hour_the_clock_shows_twice(strange):
    """Steps 2 and 3 both start at 02:00 local."""
    at, facts = Paths(strange), Facts(strange)
    path = f"sites.{STRANGE}.building_kw[{{}}]"
    assert [facts.instant(f"2023-10-29T02:00+0{offset}:00") for offset in (2, 1)] == [
        "2023-10-29T02:00",
        "2023-10-29T02:00+01:00",
    ]
    assert at(path.format("2023-10-29T02:00")) == 2.0
    assert at(path.format("2023-10-29T02:00+01:00")) == 3.0
    assert at(path.format("2023-10-29T02:00/2023-10-29T03:00")) == 2.5


def test_functions(run):
    at = Paths(run, base=run)
    series = "sites.office.evse_kw"
    assert at(f"sum({series}[2019-06-03T09:00])") == 16.0
    assert at(f"positive({series}[2019-06-03T09:00])") == 1
    assert at(f"positive(minus({series}[2019-06-03T09:00]))") == 1
    assert at("share(sites.office.bill_demand, base.sites.office.bill_demand)") == 100.0
    assert at("quotient(sites.office.missing_kwh, sites.office.sessions_short)") == 6.0
    assert at("grams_per_kwh(sites.office.ev_co2_kg, sites.office.ev_charged_kwh)") == pytest.approx(
        272.7, abs=0.1
    )
    assert at("difference(sites.office.pv_kwh, sites.office.bill_total)") is None


def test_what_does_not_apply_is_none_and_what_is_no_path_is_an_error(run):
    at = Paths(run)
    assert at("sites.office.pv_kwh") is None
    assert at("header.sites[1].peak_threshold_kw") is None
    for wrong in ("nothing", "bills.office.total", "sessions.office[x].missing_kwh", "limits2.x"):
        with pytest.raises(KeyError):
            at(wrong)
    with pytest.raises(KeyError):
        at("sites.office.site_kw[2019-06-09T00:00]")


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(45.0, "45 min"), (60.0, "1 h"), (75.0, "1 h 15 min"), (0.0, "0 min"), (120_000.0, "2,000 h")],
)
def test_durations(run, minutes, text, monkeypatch):
    facts = Facts(run)
    monkeypatch.setattr(facts, "value", lambda _: minutes)
    assert facts.duration("x").text == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.04, "0.0 %"), (-0.04, "0.0 %"), (9.94, "9.9 %"), (9.95, "10 %"), (6076.2, "6,076 %")],
)
def test_shares(run, value, text, monkeypatch):
    facts = Facts(run)
    monkeypatch.setattr(facts, "value", lambda _: value)
    assert facts.percent("x").text == text
