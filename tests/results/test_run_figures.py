"""Figures of a run say what its arrays hold: demand charge, costs, waterfall, durations, voltages, cars."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
import synthetic
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cosim.results import RunWriter, open_run
from cosim.results.demand_so_far import demand_so_far
from cosim.results.figures.duration import duration
from cosim.results.session_costs import session_costs
from sims.clock import Clock
from sims.signals.tariffs.tariff import DemandPeriod, DemandTier, EnergyPeriod, Ratchet, Tariff

HOURLY = Clock.from_local(
    datetime(2019, 5, 20), 30, 3600, "America/Los_Angeles"
)  # 12 days of May, 18 of June
HARD = Tariff(
    name="hard",
    currency="USD",
    source="made up",
    demand_window_minutes=60,
    energy=(EnergyPeriod(name="all", price_per_kwh=0.1),),
    demand=(
        DemandPeriod(
            name="any",
            tiers=(DemandTier(price_per_kw=2.0, up_to_kw=20.0), DemandTier(price_per_kw=5.0)),
            minimum_kw=4.0,
            ratchet=Ratchet(rule="percent", percent=50.0, lookback_months=11),
        ),
        DemandPeriod(name="day", hours=((8, 20),), price_per_kw=3.0),
    ),
)  # fmt: skip


def traces(figure):
    return {trace.name: trace for trace in figure.data}


def write_load(path, load_kw, tariff=HARD, clock=HOURLY):
    """One site without ports that draws a load, on no feeder at all."""
    site = synthetic.SiteHeader("yard", (), (), tariff.name, "USD")
    signals = {tariff.name: tariff.model_dump_json()}
    header = replace(synthetic.HEADER, clock=clock, sites=(site,), signals=signals,
                     buses=(), lines=(), transformers=())  # fmt: skip
    n, none = clock.n_steps, np.zeros((clock.n_steps, 0))
    names = ("evse_kw", "setpoint_kw", "soc")
    nothing = ("vm_pu", "transformer_loading_percent", "line_loading_percent")
    with RunWriter(path, header) as writer:
        writer.write_segment(0, {
            f"signals/{tariff.name}/price_per_kwh": tariff.price_per_kwh(clock.calendar()),
            **{f"sites/yard/{name}": none for name in names},
            "sites/yard/session": none.astype(int),
            "sites/yard/building_kw": load_kw,
            "sites/yard/site_kw": load_kw,
            **{f"feeder/{name}": none for name in nothing},
            "feeder/import_kw": load_kw,
            "feeder/losses_kw": np.zeros(n),
            "feeder/converged": np.ones(n),
        })  # fmt: skip
        writer.finish({"yard": synthetic.sessions(0)}, {"yard": synthetic.ports(0)})
    return open_run(path)


def test_the_demand_charge_grows_with_the_peak_of_its_hours(run):
    # 10 kW from Monday noon at 10 USD/kW, 48 kW in the window of Tuesday 14:00 (which ends 14:15)
    steps, charge = demand_so_far(run, "office")
    assert steps.tolist() == [0, 49, 96 + 57]
    assert charge == pytest.approx([0.0, 100.0, 480.0])
    drawn = traces(run.plot_site("office"))["demand charge so far"]
    assert drawn.y[-1] == pytest.approx(run.bill("office").demand)
    assert str(drawn.x[2]) == "2019-06-04T14:15"


def test_a_hard_demand_charge_by_hand(tmp_path):
    # May: at least 4 kW -> 8 USD; 30 kW at 21:00 of the 21st -> 20 x 2 + 10 x 5 = 90 USD;
    # June begins with half of May's 30 kW, 15 x 2 = 30 USD, and 10 kW by day add 30 USD
    load = np.zeros(HOURLY.n_steps)
    load[24 + 21], load[12 * 24 + 24 + 9] = 30.0, 10.0
    steps, charge = demand_so_far(write_load(tmp_path / "run.h5", load), "yard")
    assert steps.tolist() == [0, 24 + 22, 12 * 24, 12 * 24 + 24 + 10]
    assert charge == pytest.approx([8.0, 90.0, 120.0, 150.0])


@settings(max_examples=15, deadline=None)
@given(load=arrays(np.float64, HOURLY.n_steps, elements=st.floats(-20.0, 60.0, width=16)))
def test_the_demand_charge_never_falls_and_ends_as_billed(tmp_path_factory, load):
    run = write_load(tmp_path_factory.mktemp("load") / "run.h5", load)
    steps, charge = demand_so_far(run, "yard")
    assert (np.diff(steps) > 0).all()
    assert (np.diff(charge) >= -1e-9).all()
    assert charge[-1] == pytest.approx(run.bill("yard").demand)


def test_energy_by_use_adds_up(run):
    drawn = traces(run.plot_energy("office"))
    figures = run.kpis["sites"]["office"]
    assert drawn["building"].customdata[:-1].sum() == pytest.approx(figures["building_kwh"])
    assert drawn["charging"].customdata[:-1].sum() == pytest.approx(figures["ev_charged_kwh"])
    assert -drawn["discharging"].customdata[:-1].sum() == pytest.approx(figures["ev_discharged_kwh"])
    assert "per 15 min" in run.plot_energy("office").layout.yaxis.title.text
    assert set(traces(run.plot_energy("yard"))) == {"building", "charging"}


def test_cars_pay_the_price_of_their_steps(run):
    # car a takes 40 kWh and car b gives 4 kWh at night's 0.10, car c takes 4 kWh at day's 0.20
    assert session_costs(run, "office") == pytest.approx([4.0, -0.4, 0.8, 0.0, 0.0, 0.0])
    assert session_costs(run, "office").sum() == pytest.approx(run.kpis["sites"]["office"]["ev_energy_cost"])
    costs = run.car_costs("office")
    assert costs.index.tolist() == ["car a", "car c", "car e", "car b"]  # d and f were never connected
    assert costs.loc["car c", "per_kwh"] == pytest.approx(0.2)
    assert np.isnan(costs.loc["car e", "per_kwh"])
    assert run.car_costs("yard").empty


def test_the_waterfall_leads_from_one_bill_to_the_other(run):
    fall = run.plot_bill("office").data[0]
    assert list(fall.measure) == ["absolute", "relative", "relative", "total"]
    assert list(fall.x) == ["building alone", "EV energy", "demand charge", "with EVs"]
    assert sum(fall.y[:-1]) == pytest.approx(run.bill("office").total)
    assert fall.y[0] == pytest.approx(run.kpis["sites"]["office"]["building_bill_total"])
    assert fall.y[2] == pytest.approx(80.0)  # 48 kW instead of 40 kW


def test_an_axis_that_does_not_start_at_zero_says_so(run):
    figure = run.plot_bill("office")
    assert figure.layout.yaxis.range[0] > 0.0
    assert "not at zero" in figure.layout.title.subtitle.text
    assert run.plot_bill("yard").layout.yaxis.range[0] == 0.0


@given(arrays(np.float64, st.integers(1, 3000), elements=st.floats(-1e3, 1e3)))
def test_a_duration_curve_falls_from_the_peak_to_the_least(values):
    share, level = duration(values)
    assert level[0] == values.max()
    assert level[-1] == values.min()
    assert (np.diff(level) <= 0.0).all()
    assert share[-1] == 100.0
    for place in (0, len(level) // 2):
        assert (values >= level[place]).mean() * 100.0 >= share[place] - 1e-9


def test_rows_of_cars_show_the_states_of_their_ports(run):
    counted = traces(run.plot_availability("office"))["cars connected"]
    assert counted.y.max() == 2.0
    matrix = next(trace for trace in run.plot_availability("office").data if trace.type == "heatmap")
    assert list(matrix.y) == ["car a", "car b", "car c", "car e"]
    states = {car: row[np.isfinite(row)] for car, row in zip(matrix.y, matrix.z, strict=True)}
    assert states["car a"].tolist() == [2.0] * 8 + [1.0] * 8
    assert states["car b"].tolist() == [3.0] * 4
    assert traces(run.plot_soc("office"))["car b"].y[36] == 90.0


def test_the_voltage_band_has_low_mean_and_high_of_each_bus(run):
    drawn = traces(run.plot_voltages())
    band = drawn["lowest to highest"]
    assert band.base.tolist() == pytest.approx([0.93, 0.99])
    assert (band.base + band.y).tolist() == pytest.approx([0.99, 0.99])
    assert drawn["mean"].y[0] == pytest.approx((190 * 0.99 + 0.93) / 191)
    assert run.plot_voltages().layout.xaxis.ticktext == ("garage &lt;b&gt;", "board")
    assert "ANSI C84.1 range A (±5 %)" in drawn
    assert "EN 50160 (±10 %)" not in drawn  # far from everything: it would press the rest together
