"""Forecasts over the wire: who issues them, when, to whom, and that none of them knows the future.

building   load(k)                 issued at k, only in steps in which the policy decides
signals    price(k), co2(k)        through the child of the site that asks
fleet      ...      arrivals(k+1)  with the state, time-shifted
control    all of k
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import mosaik
import numpy as np
import pytest
from small_sites import Small, car, fingerprint, hourly_price, local_hours, ports, ran, read, simulated, site

from cosim import Scenario, parameters
from cosim.printed import summary
from cosim.results.pages.gallery import Gallery
from cosim.results.pages.report import report_html
from cosim.scenario.inputs import read_inputs
from sims.control.policy import Observation
from sims.control.rules import LeastLaxityFirst
from sims.faults import ScenarioError
from sims.fleet.sessions import Sessions
from sims.forecast import QUANTITIES
from sims.forecaster import Forecaster

DAYS = Small(days=3, step_minutes=60)
LOAD_KW = 60 + 40 * np.sin(np.arange(DAYS.n_steps) / 3) + np.arange(DAYS.n_steps)
CARS = [car(f"c{i}", 4.3 * i - 3.0, 4.3 * i + 4.6, soc_arrival=0.05 * (i % 9)) for i in range(17)]
GROUPS = [ports(2), ports(1, "unidirectional", 7.4)]

pytestmark = pytest.mark.usefixtures("one_network")


class Reading(LeastLaxityFirst):
    """Wants all forecasts, keeps what it sees, and answers by every number of them."""

    seen: ClassVar[list[Observation]] = []

    def __init__(self, *, wants: list[str] | None = None) -> None:
        super().__init__(peak_threshold_kw=60.0)
        self.needs_forecasts = tuple(QUANTITIES if wants is None else wants)

    def act(self, seen: Observation) -> np.ndarray:
        self.seen.append(seen)
        weights = np.cos(np.arange(24))
        mixed = sum(float(told.values[:24] @ weights) for told in seen.forecasts.values())
        return np.full(len(seen.session), 5.0 + 5.0 * np.sin(mixed))


def reading(**parameters) -> dict[str, Any]:
    return {"name": f"{__name__}:Reading", **parameters}


def office(policy: Mapping[str, Any], **other) -> dict[str, Any]:
    return site(LOAD_KW, CARS, GROUPS, policy, **other)


def run_of(folder, *, policy=None, when=DAYS, how=None, **other):
    """Observations and run of an office that reads its forecasts."""
    Reading.seen.clear()
    run = ran(folder, office(policy or reading(), **other), when=when, **(how or {}))
    return list(Reading.seen), run


# what arrives ---------------------------------------------------------------------------------------------


def test_every_forecast_is_issued_now_and_begins_with_what_is_measured(folder):
    seen, run = run_of(folder / "default")
    assert len(seen) == DAYS.n_steps
    for k, observation in enumerate(seen):
        told = observation.forecasts
        assert told.keys() == QUANTITIES.keys()
        for quantity, forecast in told.items():
            assert (forecast.issue_s, forecast.step_s) == (observation.time_s, 3600) == (3600.0 * k, 3600)
            assert forecast.quantity == QUANTITIES[quantity]
            assert len(forecast.values) == 24
            assert not forecast.oracle
        assert told["load"].values[0] == observation.building_kw == run.site("office").building_kw[k]
        assert told["price"].values[0] == observation.price_per_kwh
        assert told["co2"].values[0] == observation.co2_g_per_kwh
    models = {name: forecast.model for name, forecast in seen[0].forecasts.items()}
    assert models == {
        "load": "persistence",
        "price": "published",
        "co2": "persistence",
        "arrivals": "historical_mean",
    }
    assert run.header.site("office").oracle_forecasts == ()
    assert run.kpis["sites"]["office"]["oracle_forecasts"] is None


def test_load_and_arrivals_come_from_the_day_before(folder):
    seen, _ = run_of(folder / "days")
    load = seen[30].forecasts["load"].values  # Tuesday, a working day as Monday
    np.testing.assert_array_equal(load, [LOAD_KW[30], *LOAD_KW[7:30]])
    came = np.zeros(DAYS.n_steps)
    for described in CARS:
        hour = described["hours"][0]
        if hour > 0:
            came[int(np.ceil(hour)) - 1] += 1
    np.testing.assert_array_equal(seen[24].forecasts["arrivals"].values, came[:24])
    np.testing.assert_allclose(seen[48].forecasts["arrivals"].values, (came[:24] + came[24:48]) / 2)


def test_a_tariff_is_known_beyond_the_end_of_the_run(folder):
    seen, _ = run_of(folder / "tariff", forecasts={"horizon_hours": 48})
    hours = local_hours(replace(DAYS.clock, n_steps=DAYS.n_steps + 48))
    prices = np.array([hourly_price(hour) for hour in hours])
    for k in (0, 25, 71):
        np.testing.assert_array_equal(seen[k].forecasts["price"].values, prices[k : k + 48])
        assert seen[k].forecasts["price"].n_known == 48


def test_history_before_the_run_stands_in_its_file(folder):
    later = replace(DAYS, start=DAYS.start.replace(day=5), days=1)
    path = folder / "history"
    raw = read(path, office(reading(wants=["load"])), when=DAYS).scenario.model_dump()
    raw["start"], raw["days"] = later.start, 1
    raw["sites"][0]["forecasts"] = {"history_days": 2}
    started = Scenario.in_folder(path, _without_none(raw))
    Reading.seen.clear()
    simulated(read_inputs(started, allow_code=True))
    first = Reading.seen[0].forecasts["load"].values
    np.testing.assert_array_equal(first, [LOAD_KW[48], *LOAD_KW[25:48]])
    raw["sites"][0]["forecasts"] = {"history_days": 3}
    with pytest.raises(ScenarioError, match=r"history_days = 3: the load does not reach back so far: "):
        read_inputs(Scenario.in_folder(path, _without_none(raw)), allow_code=True)


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(part) for key, part in value.items() if part is not None}
    return [_without_none(part) for part in value] if isinstance(value, list) else value


# who is told ----------------------------------------------------------------------------------------------


def test_only_who_asks_is_connected(folder, monkeypatch):
    connected = []

    class Watched(mosaik.World):
        def connect(self, src, dest, *pairs, **how):
            connected.append((src.full_id, dest.full_id, pairs))
            super().connect(src, dest, *pairs, **how)

    monkeypatch.setattr(mosaik, "World", Watched)
    asking = office({"name": "cheapest_hours"}, name="asking")
    silent = office("llf", name="silent")
    simulated(read(folder / "two", asking, silent, when=DAYS))
    told = [edge for edge in connected if "forecast" in str(edge)]
    assert told == [
        ("signals-0.hourly/site/asking", "control-0.asking", (("forecasts", "signal_forecasts"),)),
    ]


def test_nothing_is_issued_in_steps_without_a_decision(folder, monkeypatch):
    issued = []
    whole = Forecaster.issue
    monkeypatch.setattr(Forecaster, "issue", lambda self, k: issued.append(k) or whole(self, k))
    run_of(folder / "rare", policy=reading(every_minutes=240))
    assert {k % 4 for k in issued} == {0}


# the future -----------------------------------------------------------------------------------------------

HONEST = [
    {"load": "persistence", "price": "persistence", "co2": "historical_mean", "arrivals": "historical_mean"},
    {"load": "historical_mean", "price": "historical_mean", "co2": "persistence", "arrivals": "persistence"},
]
STEPS = (0, 23, 40, 70)


def another_future(inputs, t: int):
    """The same up to the start of step `t`, after which load, intensity, arrivals and departures differ."""
    rng, clock = np.random.default_rng(t), inputs.clock
    now_s = clock.start_s + t * clock.step_s
    changed = []
    for one in inputs.sites:
        load_kw, co2 = one.building_kw.copy(), one.co2_g_per_kwh.copy()
        load_kw[t + 1 :] = rng.uniform(0.0, 300.0, len(load_kw) - t - 1)
        co2[t + 1 :] = rng.uniform(100.0, 900.0, len(co2) - t - 1)
        cars = moved(one.sessions, now_s)
        changed.append(replace(one, building_kw=load_kw, co2_g_per_kwh=co2, sessions=cars))
    return replace(inputs, sites=tuple(changed))


def moved(sessions: Sessions, now_s: int) -> Sessions:
    """Cars that have not come by now come at other times; those that have leave at another time."""
    later = sessions.arrival_s > now_s
    shift = np.where(later, 3 * 3600, 0)
    leaves = np.where(sessions.departure_s > now_s + 3600, sessions.departure_s + 1800, sessions.departure_s)
    return replace(
        sessions,
        arrival_s=sessions.arrival_s + shift,
        departure_s=leaves + shift,
        window_start_s=sessions.window_start_s + shift,
        window_end_s=sessions.window_end_s + shift,
    )


def other_prices(parameters, t: int):
    """`cosim.parameters.signals` with other prices after step `t`."""

    def signals(chosen, clock):
        told = parameters(chosen, clock)
        rng = np.random.default_rng(t)
        prices = told["price_per_kwh"]
        return told | {"price_per_kwh": [*prices[: t + 1], *rng.random(len(prices) - t - 1)]}

    return signals


def seen_until(t: int) -> list[Any]:
    return [
        [(name, told.issue_s, told.values.tobytes()) for name, told in observation.forecasts.items()]
        for observation in Reading.seen[: t + 1]
    ]


def both_futures(folder, forecasts, t, monkeypatch, policy=None):
    """Stored series and forecasts up to step t, with this future and with another."""
    described = office(policy or reading(), forecasts=forecasts)
    inputs = read(folder / f"future{t}", described, when=DAYS)
    given = tuple(replace(one, co2_g_per_kwh=100.0 + LOAD_KW) for one in inputs.sites)
    told = []
    for later in (replace(inputs, sites=given), another_future(replace(inputs, sites=given), t)):
        Reading.seen.clear()
        with monkeypatch.context() as patched:
            if told:
                signals = parameters.signals
                patched.setattr(parameters, "signals", other_prices(signals, t))
            series, _ = simulated(later)
        told.append(({path: rows[: t + 1].tobytes() for path, rows in series.items()}, seen_until(t)))
    return told


@pytest.mark.parametrize("forecasts", HONEST)
@pytest.mark.parametrize("t", STEPS)
def test_no_honest_forecast_knows_the_future(folder, forecasts, t, monkeypatch):
    one, two = both_futures(folder, forecasts, t, monkeypatch)
    assert one[1] == two[1]
    assert one[0] == two[0]


@pytest.mark.parametrize("model", ["persistence", "historical_mean"])
@pytest.mark.parametrize("by", ["price", "co2"])
def test_cheapest_hours_does_not_know_the_future_either(folder, model, by, monkeypatch):
    policy = {"name": "cheapest_hours", "by": by}
    one, two = both_futures(folder, {by: model}, 40, monkeypatch, policy)
    assert one[0] == two[0]


@pytest.mark.parametrize(
    "oracle",
    [{name: "perfect"} for name in QUANTITIES] + [{name: "noisy"} for name in ("load", "price", "co2")],
    ids=str,
)
def test_an_oracle_does_know_it(folder, oracle, monkeypatch):
    (quantity,) = oracle
    one, two = both_futures(folder, oracle, 24, monkeypatch, reading(wants=[quantity]))
    assert one[1] != two[1]
    assert one[0]["sites/office/setpoint_kw"] != two[0]["sites/office/setpoint_kw"]


# marks ----------------------------------------------------------------------------------------------------


def test_an_oracle_is_marked_everywhere(folder):
    _, run = run_of(folder / "oracle", forecasts={"load": "perfect", "co2": "noisy"})
    assert run.header.site("office").oracle_forecasts == ("load", "co2")
    assert run.kpis["sites"]["office"]["oracle_forecasts"] == "load co2"
    assert 'sites.office.forecasts.load = "perfect": an oracle' in "\n".join(run.warnings)
    assert any("load co2" in line and "Oracle" in line for line in summary(run))
    assert "oracle: its forecasts of load, co2 are made from the future" in report_html(run, Gallery())


def test_an_oracle_nobody_looks_at_marks_nothing(folder):
    unseen = {"price": "perfect", "history_days": 3}
    inputs = read(folder / "blind", office("llf", forecasts=unseen), when=DAYS)
    said = [warning for warning in inputs.warnings if "forecast" in warning]
    assert len(said) == 2
    assert "forecasts.price: llf looks at no forecast of it" in said[0]
    assert "forecasts.history_days: llf looks at no forecast of the load" in said[1]
    assert inputs.sites[0].forecasts.oracles == ()


# cut and apart --------------------------------------------------------------------------------------------

NOISY = {"load": "noisy", "price": "noisy", "co2": "historical_mean", "arrivals": "historical_mean"}


def test_windows_processes_and_seeds(folder):
    def bytes_of(name, **how):
        when = replace(DAYS, seed=how.pop("seed", 1))
        policy = {"name": "cheapest_hours", "every_minutes": 120}
        described = office(policy, forecasts={"price": "noisy", "noise_percent": 8.0})
        return fingerprint(ran(folder / name, described, when=when, **how).path)

    usual = bytes_of("usual")
    assert bytes_of("days", window_days=1) == usual
    assert bytes_of("apart", out_of_process=("control", "signals")) == usual
    assert bytes_of("other", seed=2) != usual


def test_a_run_cut_into_days_is_told_the_same(folder):
    (whole, one), (cut, two) = (
        run_of(folder / name, forecasts=NOISY, how={"window_days": days})
        for name, days in (("whole", 28), ("cut", 1))
    )
    assert fingerprint(one.path) == fingerprint(two.path)
    for first, second in zip(whole, cut, strict=True):
        for name, told in first.forecasts.items():
            assert told.values.tobytes() == second.forecasts[name].values.tobytes()
            assert told.issue_s == second.forecasts[name].issue_s


# faults ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("forecasts", "said"),
    [
        ({"price": "perfekt"}, 'forecasts.price = "perfekt": no such value; nearest: "perfect"'),
        ({"horizon_hours": 0}, "forecasts.horizon_hours = 0: below 1 h"),
        ({"arrivals": "noisy"}, 'forecasts.arrivals = "noisy": no such value'),
        ({"noise_percent": 3.0}, 'forecasts.noise_percent = 3.0: no forecast is "noisy"'),
        (
            {"load": "noisy", "noise_percent": 20.0},
            "forecasts.noise_most_percent = 15.0: must be above noise_percent = 20 %",
        ),
        ({"wind": "perfect"}, 'forecasts.wind = "perfect": unknown key'),
    ],
)
def test_wrong_keys_are_named(folder, forecasts, said):
    with pytest.raises(ScenarioError) as error:
        read(folder / "wrong", office("llf", forecasts=forecasts), when=DAYS)
    assert said in str(error.value)


def test_a_policy_that_wants_what_nobody_forecasts_is_refused(folder):
    with pytest.raises(ScenarioError, match='looks at a forecast of "wind", which nobody makes'):
        read(folder / "wind", office(reading(wants=["wind"])), when=DAYS)
