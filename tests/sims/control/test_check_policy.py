"""The contract holds for every shipped policy, and each way to break it is found and named."""

import random
import time
from typing import ClassVar

import numpy as np
import pytest

from sims.control.check_policy import PolicyFaultError, check_policy
from sims.control.registry import POLICIES
from sims.control.rules import LeastLaxityFirst, Trickle, fill_in_order
from sims.control.trial import N_STEPS, changed_after, trial
from sims.fleet.fleet import Fleet
from sims.fleet.stays import plan_stays


@pytest.mark.parametrize("name", POLICIES)
def test_every_shipped_policy_keeps_the_contract(name):
    check_policy(POLICIES[name])


@pytest.mark.parametrize(
    "parameters",
    [{"key": "time_left"}, {"overcharge": False}, {"peak_threshold_kw": 60.0}, {"peak_threshold_kw": 110}],
    ids=str,
)
def test_llf_keeps_the_contract_with_every_parameter(parameters):
    check_policy(LeastLaxityFirst, **parameters)


# policies that remember and draw, rightly -------------------------------------------------------------------


class Smoothed(Trickle):
    """Half of the trickle, half of what each session got before; a little noise by session."""

    def reset(self, site, rng):
        super().reset(site, rng)
        self.last = {}

    def act(self, seen):
        power = super().act(seen)
        for port in np.argsort(seen.session):
            if seen.occupied[port]:
                key = str(seen.session[port])
                power[port] = (power[port] + self.last.get(key, 0.0)) / 2 + 0.1 * self.rng.random()
                self.last[key] = float(power[port])
        return power

    def get_state(self):
        return {"last": dict(self.last)}

    def set_state(self, state):
        self.last = dict(state["last"])


class OwnBuffer(Trickle):
    """Keeps what it saw and answers in one array of its own: allowed, as nobody shares either."""

    def reset(self, site, rng):
        super().reset(site, rng)
        self.buffer, self.kept = np.zeros(len(site.p_max_kw)), []

    def act(self, seen):
        self.kept.append(seen)
        self.buffer[:] = super().act(seen)
        return self.buffer


@pytest.mark.parametrize("policy", [Smoothed, OwnBuffer])
def test_memory_noise_and_kept_references_are_allowed(policy):
    check_policy(policy)


# policies that break one rule each --------------------------------------------------------------------------


class WrongShape(Trickle):
    def act(self, seen):
        return np.squeeze(super().act(seen))  # fine but at one port


class NoCarNoNumber(Trickle):
    def act(self, seen):
        power = super().act(seen)
        power[~seen.occupied] = np.nan
        return power


class NeedsAPort(Trickle):
    def act(self, seen):
        return np.full(len(seen.session), super().act(seen).max())


class Crashes(Trickle):
    def act(self, seen):
        raise KeyError("soc")


class WritesToWhatItSees(Trickle):
    def act(self, seen):
        seen.energy_kwh[:] = 0.0
        return super().act(seen)


class ForcesItsWay(Trickle):
    def act(self, seen):
        power = super().act(seen)
        seen.energy_kwh.flags.writeable = True
        seen.energy_kwh[:] = 0.0
        return power


class ChangesTheSite(Trickle):
    def act(self, seen):
        self.site.p_max_kw.flags.writeable = True
        self.site.p_max_kw[:] = 50.0
        return super().act(seen)


class GlobalNumpy(Trickle):
    def act(self, seen):
        return super().act(seen) * np.random.random()  # noqa: NPY002


class GlobalPython(Trickle):
    def act(self, seen):
        return super().act(seen) * (0.5 + 0.5 * random.random())  # noqa: S311


class SeedsTheGlobal(Trickle):
    def act(self, seen):
        np.random.seed(0)  # noqa: NPY002
        return super().act(seen)


class OwnEntropy(Trickle):
    def act(self, seen):
        return super().act(seen) * np.random.default_rng().random()


class WallClock(Trickle):
    def act(self, seen):
        return super().act(seen) * (time.perf_counter_ns() % 1000)


class RemembersRuns(Trickle):
    """Knows from the run before what the building will do: a leak that hides in the class."""

    loads: ClassVar[dict[float, float]] = {}

    def act(self, seen):
        self.loads.setdefault(seen.time_s, seen.building_kw)
        ahead = self.loads.get(seen.time_s + 900, 100.0)
        return super().act(seen) * (ahead < 90.0)


class ByPort(Trickle):
    """Shares 30 kW in the order of the ports."""

    def act(self, seen):
        return fill_in_order(super().act(seen), np.arange(len(seen.session)), 30.0)


class TiesByPort(LeastLaxityFirst):
    """The laxity rule, but ties go to the first port."""

    def _shared(self, movable_kw, seen, key, room_kw):
        wanted = np.where(self.site.bidirectional, np.maximum(movable_kw, 0.0), 0.0)
        return fill_in_order(wanted, np.argsort(key, kind="stable"), room_kw)


class Forgets(Trickle):
    def reset(self, site, rng):
        super().reset(site, rng)
        self.steps = 0

    def act(self, seen):
        self.steps += 1
        return super().act(seen) / self.steps


class StateIsNoJson(Trickle):
    def get_state(self):
        return {"seen": {1, 2}}


class FeedsFreePorts(Trickle):
    def act(self, seen):
        return np.full(len(seen.session), 5.0)


BROKEN = [
    (WrongShape, "answers with one finite kW a port", r"step 0: .*shape \(\), must be \(1,\)"),
    (NoCarNoNumber, "answers with one finite kW a port", "step 0: .*nan kW for port"),
    (NeedsAPort, "answers with one finite kW a port", "step 0: act with 0 ports: ValueError"),
    (Crashes, "answers with one finite kW a port", "step 0: act with 6 ports: KeyError: 'soc'"),
    (WritesToWhatItSees, "leaves what it sees alone", "step 0: .*read-only"),
    (ForcesItsWay, "leaves what it sees alone", "step 0: energy_kwh was"),
    (ChangesTheSite, "leaves what it sees alone", "step 0: p_max_kw was .* made it .*50"),
    (GlobalNumpy, "same seed, same answers", "step 0: moved a global random state"),
    (GlobalPython, "same seed, same answers", "step 0: moved a global random state"),
    (SeedsTheGlobal, "same seed, same answers", "step 0: moved a global random state"),
    (OwnEntropy, "same seed, same answers", r"step \d+: port \d: .* kW, but .* kW in a second run"),
    (WallClock, "same seed, same answers", r"step \d+: port \d: .* kW, but .* kW in a second run"),
    (RemembersRuns, "same seed, same answers", r"step \d+: port \d: 0.0 kW, but \d.* kW in a second run"),
    (ByPort, "ports in any order, same answers", r"step \d+: port \d: .* break ties by session"),
    (TiesByPort, "ports in any order, same answers", r"step \d+: port \d: .* break ties by session"),
    (Forgets, "continues from its state", r"step 1: port \d: .* with the state of step 1"),
    (StateIsNoJson, "continues from its state", "step 0: .*set is not JSON serializable"),
    (FeedsFreePorts, "asks nothing of a free port", "step 0: port 0: 5 kW"),
]


@pytest.mark.parametrize(("policy", "rule", "what"), BROKEN, ids=[entry[0].__name__ for entry in BROKEN])
def test_a_policy_that_breaks_a_rule_is_named_with_rule_step_and_numbers(policy, rule, what):
    with pytest.raises(
        PolicyFaultError, match=f"{policy.__name__} breaks 1 rule .*\n  {rule}: {what}"
    ) as caught:
        check_policy(policy)
    assert caught.value.exit_code == 4


def test_all_broken_rules_are_listed():
    class Both(FeedsFreePorts, Forgets):
        def act(self, seen):
            return FeedsFreePorts.act(self, seen) + Forgets.act(self, seen)

    with pytest.raises(PolicyFaultError, match="breaks 2 rules") as caught:
        check_policy(Both)
    assert [text.partition(":")[0] for text in caught.value.broken] == [
        "asks nothing of a free port",
        "continues from its state",
    ]


# the future -------------------------------------------------------------------------------------------------


@pytest.fixture
def fleets(monkeypatch):
    """The last fleet built, where a policy should not look."""
    built = []
    build = Fleet.__init__

    def spied(self, *args, **kwargs):
        build(self, *args, **kwargs)
        built[:] = [self]

    monkeypatch.setattr(Fleet, "__init__", spied)
    return built


def leaking(fleets, peek, is_oracle=False):
    class Leaks(Trickle):
        oracle = is_oracle

        def act(self, seen):
            return super().act(seen) * peek(fleets[0], seen)

    return Leaks


def true_departures(fleet, seen):
    """1 where the car stays for more than an hour, by its true departure."""
    leaves_s = fleet.sessions.departure_s[seen.session]
    return np.where(seen.occupied, leaves_s > seen.time_s + 3600, 1.0)


def cars_to_come(fleet, seen):
    return 1.0 / (1 + np.count_nonzero(fleet.sessions.arrival_s == 250 * 60))


@pytest.mark.parametrize("peek", [true_departures, cars_to_come])
def test_a_policy_that_looks_into_the_future_is_found(fleets, peek):
    what = r"knows no future: step \d+: port \d: .* kW, but .* kW when only what comes after step \d+ differs"
    with pytest.raises(PolicyFaultError, match=what):
        check_policy(leaking(fleets, peek))


def test_an_oracle_may_look(fleets):
    check_policy(leaking(fleets, true_departures, is_oracle=True))


@pytest.mark.parametrize("t", range(N_STEPS))
def test_another_future_changes_all_that_is_unknown_and_nothing_else(t):
    episode = trial()
    other = changed_after(episode, t, np.random.default_rng(t))
    for name in ("building_kw", "price_per_kwh", "export_price_per_kwh", "co2_g_per_kwh", "demand_window"):
        before, after = getattr(episode, name), getattr(other, name)
        np.testing.assert_array_equal(before[: t + 1], after[: t + 1])
        if t < N_STEPS - 1 and name != "demand_window":
            assert (before[t + 1 :] != after[t + 1 :]).all()
    stays, others = (
        plan_stays(known.sessions, known.ports, known.assignment, start_s=0, step_s=900, n_steps=N_STEPS)
        for known in (episode, other)
    )
    now_s = 900 * t
    seen = episode.sessions.arrival_s <= now_s
    assert (other.sessions.arrival_s[~seen] > now_s).all()
    np.testing.assert_array_equal(stays.evse[seen], others.evse[seen])
    gone = episode.sessions.departure_s <= now_s
    np.testing.assert_array_equal(stays.end_step[gone], others.end_step[gone])
    changed = other.sessions.departure_s != episode.sessions.departure_s
    np.testing.assert_array_equal(changed, ~gone)
    assert (other.sessions.departure_s[~gone] > now_s).all()
    np.testing.assert_array_equal(other.sessions.window_start_s[seen], episode.sessions.window_start_s[seen])
