"""Key figures against numbers worked out by hand, and against the stored series by separate code."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import synthetic

from cosim.results import kpi_table, kpis_phases, kpis_thermal, open_run
from cosim.results.header import RunHeader
from cosim.results.kpi_table import FEEDER, SCOPES, SITE, TRANSFORMER, flatten, unflatten, unique
from cosim.results.kpis import compute_kpis, site_figures
from cosim.results.kpis_feeder import transformer_figures
from cosim.results.kpis_wear import NO_LOSS
from sims.clock import Clock

# energy   building 48 h x 10 kW + 1 h x 30 kW = 510 kWh; cars 2 h x 20 + 0.5 h x 8 = 44 kWh, back 1 h x 4
# bill     night 12 h: 2 x 120 + 40 - 4 = 276 kWh x 0.10; day: 2 x 120 + 30 + 4 = 274 kWh x 0.20
#          demand 48 kW x 10; building alone 24.00 + 54.00 + 400.00
# cars     a +0.10 x 100, b +0.02 x 50, c -0.12 x 50 of what they wanted; e is cut, d and f had no port
# battery  a in 0.30 x 100, b out 0.08 x 50, c in 0.08 x 50, e in 0.02 x 50
OFFICE = {
    "currency": "USD",
    "oracle_forecasts": None,
    "bill_total": 562.4,
    "bill_energy": 82.4,
    "bill_export": None,
    "bill_demand": 480.0,
    "bill_fixed": None,
    "bill_minimum": None,
    "bill_adjustments": None,
    "bill_events": None,
    "events": None,
    "event_reduction_kwh": None,
    "event_excess_kwh": None,
    "event_payment": None,
    "event_penalty": None,
    "building_bill_total": 478.0,
    "ev_cost": 84.4,
    "ev_energy_cost": 4.4,
    "ev_energy_cost_per_session": 1.1,
    "billed_peak_kw": 48.0,
    "billed_peak_at": "2019-06-04T14:00-07:00",
    "building_billed_peak_kw": 40.0,
    "peak_reduction_kw": -8.0,
    "peak_increase_kw": 8.0,
    "peak_kw": 48.0,
    "peak_at": "2019-06-04T14:00-07:00",
    "coincidence_percent": 100.0 * 10 / 48,
    "ev_simultaneity_percent": 100.0,
    "building_kwh": 510.0,
    "import_kwh": 550.0,
    "export_kwh": 0.0,
    "pv_kwh": None,
    "pv_used_percent": None,
    "ev_charged_kwh": 44.0,
    "ev_discharged_kwh": 4.0,
    "ev_reactive_kvarh": None,
    "volt_watt_minutes": None,
    "battery_throughput_kwh": 39.0,
    "equivalent_full_cycles": None,
    "battery_wear_cost": None,
    **NO_LOSS,
    "sessions": 6,
    "sessions_connected": 4,
    "sessions_never_connected": 1,
    "sessions_too_short": 1,
    "sessions_censored": 1,
    "sessions_short": 1,
    "missing_kwh": 6.0,
    "unavoidable_kwh": 1.0,
    "never_connected_kwh": 7.0,
    "energy_gap_kwh": 5.0,
    "excess_kwh": 11.0,
    "mean_occupied_ports": 40 / 192,
    "max_occupied_ports": 2,
    "clamped_requests": 4,
    "building_co2_kg": 153.0,
    "ev_co2_kg": 12.0,
    "import_co2_kg": 165.0,
    "ev_co2_marginal_kg": None,
    "co2_cost": None,
}
FEEDER_FIGURES = {
    "vm_min_pu": 0.93,
    "vm_min_bus": "garage <b>",
    "vm_min_at": "2019-06-04T14:00-07:00",
    "vm_max_pu": 0.99,
    "vm_max_bus": "board",
    "vm_max_at": "2019-06-03T00:00-07:00",
    "out_of_en50160_minutes": 0.0,
    "out_of_en50160_bus": None,
    "keeps_en50160_indicative": "yes",
    "out_of_ansi_a_minutes": 15.0,
    "out_of_ansi_a_bus": "garage <b>",
    "line_max_loading_percent": 30.0,
    "line_max_loading_name": "cable",
    "line_max_loading_at": "2019-06-03T00:00-07:00",
    "line_overload_minutes": 0.0,
    "line_overload_kvah": None,
    "import_kwh": 768.0,
    "import_peak_kw": 16.0,
    "import_peak_at": "2019-06-03T00:00-07:00",
    "reverse_flow_hours": 0.0,
    "reverse_flow_peak_kw": 0.0,
    "losses_kwh": 48.0,
    "losses_percent": 6.25,
    "non_converged_steps": 1,
    **dict.fromkeys(kpis_phases.NAMES),
    "unserved_kwh": 4.0,
    "volt_var_unsettled_steps": None,
}
TRANSFORMER_FIGURES = {
    "max_loading_percent": 120.0,
    "max_loading_at": "2019-06-03T08:00-07:00",
    "overload_minutes": 75.0,
    "overload_days": 2,
    "overload_kvah": None,
    **dict.fromkeys(kpis_thermal.NAMES),
    "tap_operations": None,
}


def test_site_figures_worked_out_by_hand(run):
    assert run.kpis["sites"]["office"] == pytest.approx(OFFICE)
    assert set(OFFICE) == {kpi.name for kpi in SITE}


def test_feeder_figures_worked_out_by_hand(run):
    assert run.kpis["feeder"] == pytest.approx(FEEDER_FIGURES)
    assert run.kpis["transformers"] == {"T 1/2": pytest.approx(TRANSFORMER_FIGURES)}
    assert set(FEEDER_FIGURES) == {kpi.name for kpi in FEEDER}
    assert set(TRANSFORMER_FIGURES) == {kpi.name for kpi in TRANSFORMER}


def test_a_site_without_chargers_has_zeros_and_its_building_bill(run):
    yard = run.kpis["sites"]["yard"]
    assert (
        yard["bill_total"] == yard["building_bill_total"] == pytest.approx(24 * 5 * 0.1 + 24 * 5 * 0.2 + 50)
    )
    assert yard["ev_energy_cost_per_session"] is None
    zero = (
        "ev_cost",
        "ev_charged_kwh",
        "battery_throughput_kwh",
        "sessions",
        "missing_kwh",
        "max_occupied_ports",
    )
    assert {name: yard[name] for name in zero} == dict.fromkeys(zero, 0)


def test_totals_are_sums_over_the_sites(run):
    totals, sites = run.kpis["totals"], run.kpis["sites"].values()
    assert totals["currency"] == "USD"
    for name in set(totals) - {"currency"}:
        values = [site[name] for site in sites]
        assert totals[name] == (None if None in values else pytest.approx(sum(values))), name


def test_energy_totals_are_sums_of_the_stored_power(run):
    figures, frame = run.kpis["sites"]["office"], run.site("office").frame()
    dt_h = run.clock.step_s / 3600
    evse = sum(frame["evse_kw", port].sum() * dt_h for port in ("p0", "p1"))
    assert figures["ev_charged_kwh"] - figures["ev_discharged_kwh"] == pytest.approx(evse, abs=1e-9)
    site = figures["building_kwh"] + evse
    assert figures["import_kwh"] - figures["export_kwh"] == pytest.approx(site, abs=1e-9)


def test_bill_computed_by_separate_code_equals_the_stored_one(run):
    zone, start = ZoneInfo("America/Los_Angeles"), datetime(1970, 1, 1, tzinfo=UTC)
    for name in run.sites:
        energy, demand = 0.0, defaultdict(float)
        for k, kw in enumerate(run.site(name).site_kw):
            at = (start + timedelta(seconds=run.clock.start_s + 900 * k)).astimezone(zone)
            energy += max(kw, 0.0) * 0.25 * (0.20 if at.hour >= 12 else 0.10)
            if at.hour >= 12:
                demand[at.year, at.month] = max(demand[at.year, at.month], kw)
        figures, paid = run.kpis["sites"][name], run.bill(name)
        assert figures["bill_energy"] == pytest.approx(energy, abs=0.01)
        assert figures["bill_demand"] == pytest.approx(10.0 * sum(demand.values()), abs=0.01)
        assert figures["bill_total"] == paid.total == pytest.approx(sum(line.amount for line in paid.lines))


def in_memory(**changed: np.ndarray) -> dict[str, np.ndarray]:
    """Arrays of the office by path, some of them changed."""
    table = {f"sessions/office/{name}": column for name, column in synthetic.sessions().items()}
    end = {f"sites/office/{name}": values for name, values in synthetic.ports().items()}
    return {**synthetic.blocks(), **table, **end, **{f"sites/office/{k}": v for k, v in changed.items()}}


def test_a_day_without_load_has_no_peak_and_no_division_by_zero():
    zeros = np.zeros(192)
    figures = site_figures(synthetic.HEADER, synthetic.OFFICE, in_memory(building_kw=zeros, site_kw=zeros))
    assert (figures["bill_total"], figures["billed_peak_kw"], figures["peak_kw"]) == (0.0, 0.0, 0.0)


def test_an_exporting_site_keeps_import_and_export_apart():
    site_kw = np.tile([10.0, -6.0], 96)
    figures = site_figures(synthetic.HEADER, synthetic.OFFICE, in_memory(site_kw=site_kw))
    assert (figures["import_kwh"], figures["export_kwh"]) == (240.0, 144.0)


def test_peak_reduction_is_positive_when_cars_lower_the_peak():
    site_kw = np.minimum(synthetic.blocks()["sites/office/building_kw"], 25.0)
    figures = site_figures(synthetic.HEADER, synthetic.OFFICE, in_memory(site_kw=site_kw))
    assert (figures["peak_reduction_kw"], figures["peak_increase_kw"]) == (15.0, -15.0)


def test_peak_outside_the_demand_windows_is_not_billed():
    site_kw = np.full(192, 10.0)
    site_kw[3] = 99.0
    figures = site_figures(synthetic.HEADER, synthetic.OFFICE, in_memory(site_kw=site_kw))
    assert (figures["peak_kw"], figures["peak_at"]) == (99.0, "2019-06-03T00:45-07:00")
    assert figures["billed_peak_kw"] == 10.0


def test_without_demand_charge_there_is_no_billed_peak():
    flat = synthetic.TARIFF.model_copy(update={"demand": ()}).model_dump_json()
    figures = site_figures(replace(synthetic.HEADER, signals={"two": flat}), synthetic.OFFICE, in_memory())
    assert figures["billed_peak_kw"] is figures["billed_peak_at"] is figures["peak_reduction_kw"] is None
    assert figures["bill_demand"] == 0.0


def test_without_co2_intensity_there_is_no_co2():
    arrays = {path: block for path, block in in_memory().items() if not path.endswith("co2_g_per_kwh")}
    assert site_figures(synthetic.HEADER, synthetic.OFFICE, arrays)["ev_co2_kg"] is None
    arrays |= {"signals/two/co2_g_per_kwh": np.zeros(192)}
    assert site_figures(synthetic.HEADER, synthetic.OFFICE, arrays)["ev_co2_kg"] is None


def test_two_currencies_are_not_added():
    euros = replace(synthetic.YARD, currency="EUR")
    header = replace(synthetic.HEADER, sites=(synthetic.OFFICE, euros))
    empty = {f"sessions/yard/{name}": column for name, column in synthetic.sessions(0).items()}
    empty |= {f"sites/yard/{name}": values for name, values in synthetic.ports(0).items()}
    totals = compute_kpis(header, {**in_memory(), **empty})["totals"]
    assert totals["bill_total"] is totals["currency"] is None
    assert totals["building_kwh"] == 750.0


def test_overload_days_are_local_days():
    # 2019-06-03 23:30 to 2019-06-04 00:30 in Los Angeles is one day in UTC, two in local time
    loading = np.zeros((192, 1))
    loading[94:98] = 101.0
    figures = transformer_figures(synthetic.HEADER, {"feeder/transformer_loading_percent": loading})["T 1/2"]
    assert (figures["overload_minutes"], figures["overload_days"]) == (60.0, 2)


def test_a_loading_of_exactly_100_percent_is_no_overload():
    loading = np.full((192, 1), 100.0)
    figures = transformer_figures(synthetic.HEADER, {"feeder/transformer_loading_percent": loading})["T 1/2"]
    assert (figures["overload_minutes"], figures["overload_days"]) == (0.0, 0)


def test_a_run_that_never_converged_has_no_extremes():
    nothing = np.full((4, 1), np.nan)
    header = RunHeader(
        "x", "", 1, Clock(0, 900, 4, "UTC"), (), buses=("b",), lines=("l",), transformers=("t",)
    )
    arrays = {
        f"feeder/{name}": nothing for name in ("vm_pu", "line_loading_percent", "transformer_loading_percent")
    }
    arrays |= {f"feeder/{name}": np.full(4, np.nan) for name in ("import_kw", "losses_kw")}
    kpis = compute_kpis(header, {**arrays, "feeder/converged": np.zeros(4)})
    assert kpis["feeder"]["vm_min_pu"] is None
    assert kpis["transformers"]["t"]["max_loading_percent"] is None
    assert kpis["feeder"]["non_converged_steps"] == 4


def test_figures_survive_storing_even_with_dots_in_names(run):
    sites, transformers = ["a.b", "totals"], ["T.1 [kV]"]
    kpis = unflatten({}, sites, transformers)
    kpis["sites"]["a.b"]["missing_kwh"] = 1.5
    kpis["transformers"]["T.1 [kV]"]["overload_days"] = 3
    assert unflatten(flatten(kpis), sites, transformers) == kpis


def test_transformers_of_one_name_stay_apart():
    assert unique(["t", "u", "t"]) == ["t [0]", "u", "t [2]"]


def test_printed_table_has_every_figure_that_applies_with_its_unit(run):
    rows = {(row.where, row.name): (row.value, row.unit) for row in kpi_table(run.kpis)}
    assert rows["site office", "bill_total"] == ("562.40", "USD")
    assert rows["site office", "peak_reduction_kw"] == ("-8.0", "kW")
    assert rows["site office", "billed_peak_at"] == ("2019-06-04 14:00", "")
    assert rows["transformer T 1/2", "overload_minutes"] == ("75", "min")
    assert rows["feeder", "vm_min_pu"] == ("0.9300", "pu")
    assert ("site yard", "ev_energy_cost_per_session") not in rows


def test_names_and_units_of_the_table_agree():
    ending = {"_kw": "kW", "_kwh": "kWh", "_percent": "%", "_pu": "pu", "_kg": "kg", "_minutes": "min"}
    for kpi in (kpi for scope in SCOPES.values() for kpi in scope):
        for suffix, unit in ending.items():
            assert not kpi.name.endswith(suffix) or kpi.unit == unit, kpi.name


def test_opening_twice_gives_the_same_figures(run_path, run):
    assert open_run(run_path).kpis == run.kpis
