"""How stays used their batteries, against numbers worked out by hand and against separate code."""

from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest
from fleet_cases import car, make_fleet, make_ports, table
from hypothesis import given
from hypothesis import strategies as st

from sims.fleet.usage import Usage, battery_usage, cycles_until

EMPTY = np.nan


def usage_of(soc, session, *, end=(EMPTY,), left=(), gone_s=(), step_s=3600) -> Usage:
    return battery_usage(
        np.array(soc, dtype=float),
        np.array(session),
        np.array(end, dtype=float),
        np.array(left, dtype=float),
        np.array(gone_s),
        step_s,
    )


# t (h)   0      1      2      3      4      5
# row 0   .50 -> .80 -- .80 -> .60 )                 leaves at 3:00 + half an hour: 0.60 -> 0.50
# row 1                               .20 -- .20     still there at the end
class TestOnePortByHand:
    @pytest.fixture
    def usage(self):
        soc = [[0.5], [0.8], [0.8], [0.6], [EMPTY], [0.2]]
        session = [[0], [0], [0], [0], [-1], [1]]
        return usage_of(soc, session, end=[0.2], left=[0.5, EMPTY, EMPTY], gone_s=[12600, 99999, 99999])

    def test_when_and_how_long(self, usage):
        assert usage.since_s.tolist() == [0.0, 18000.0, 0.0]
        assert usage.stay_s.tolist() == [12600.0, 3600.0, 0.0]

    def test_cycles(self, usage):
        # 0.3 in, 0.2 and 0.1 out
        assert usage.cycles.tolist() == pytest.approx([0.3, 0.0, 0.0])

    def test_mean_soc(self, usage):
        # hours x mid-step: 0.65 + 0.8 + 0.7 + 0.5 x 0.55 over 3.5 h
        assert usage.mean_soc.tolist() == pytest.approx([(0.65 + 0.8 + 0.7 + 0.275) / 3.5, 0.2, 0.0])

    def test_swing(self, usage):
        # active: .5->.8, .8->.6, .6->.5 in 1, 1 and 0.5 h; mean (0.65 + 0.7 + 0.275)/2.5 = 0.65
        # |SoC - 0.65|: 0.075 (crosses its middle); (0.15^2 + 0.05^2)/(2 x 0.2) = 0.0625; 0.1
        expected = 2 * (0.075 + 0.0625 + 0.5 * 0.1) / 2.5
        assert usage.swing.tolist() == pytest.approx([expected, 0.0, 0.0])


def test_straight_and_there_and_back():
    """From empty to full and the same back: half a cycle and a whole one, both with a swing of 0.5."""
    up = usage_of([[0.0], [0.5]], [[0], [0]], end=[1.0], left=[EMPTY], gone_s=[99999])
    both = usage_of([[0.0], [1.0]], [[0], [0]], end=[0.0], left=[EMPTY], gone_s=[99999])
    assert (up.cycles[0], both.cycles[0]) == pytest.approx((0.5, 1.0))
    assert (up.swing[0], both.swing[0]) == pytest.approx((0.5, 0.5))


def test_no_cars_no_ports_no_sessions():
    assert usage_of(np.zeros((4, 0)), np.zeros((4, 0), dtype=int), end=[]).cycles.tolist() == []
    assert usage_of([[EMPTY]], [[-1]], left=[EMPTY], gone_s=[5]).stay_s.tolist() == [0.0]


def played(step_s=900, n_steps=40, seed=3):
    """A busy site by its own records: series, outcome and the fleet."""
    rng = np.random.default_rng(seed)
    cars = [car(f"{i}", 0.4 * i - 1, 0.4 * i + rng.uniform(0.2, 4), soc_arrival=0.6) for i in range(24)]
    ports = make_ports("b", "b", "c", eta_charge=0.9, eta_discharge=0.8)
    fleet = make_fleet(table(*cars), ports, n_steps, step_s=step_s)
    soc, session = [], []
    for _ in range(n_steps):
        soc.append(fleet.soc)
        session.append(fleet.parked.session)
        fleet.step(rng.choice([-20.0, -5.0, 0.0, 0.0, 15.0], 3), 100.0)
    return np.array(soc), np.array(session), fleet


def test_against_separate_code():
    """Session by session with plain loops over (time, SoC) points."""
    soc, session, fleet = played()
    left, gone_s = fleet.soc_departure, fleet.sessions.departure_s
    usage = battery_usage(soc, session, fleet.soc, left, gone_s, 900)
    for row in range(len(left)):
        seen = [(900.0 * k, soc[k, port]) for k, port in zip(*np.nonzero(session == row), strict=True)]
        if not seen:
            assert all(getattr(usage, entry.name)[row] == 0.0 for entry in fields(Usage))
            continue
        censored = gone_s[row] > 40 * 900
        last = fleet.soc[fleet.stays.evse[row]] if censored else left[row]
        points = [*seen, (min(float(gone_s[row]), 36000.0), last)]
        pieces = list(pairwise(points))
        assert usage.stay_s[row] == pytest.approx(points[-1][0] - points[0][0])
        assert usage.cycles[row] == pytest.approx(sum(abs(b[1] - a[1]) for a, b in pieces) / 2)
        area = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pieces)
        assert usage.mean_soc[row] == pytest.approx(area / usage.stay_s[row])
        # the swing by a fine sum of rectangles
        fine = [(b[0] - a[0], np.linspace(a[1], b[1], 2001)) for a, b in pieces if a[1] != b[1]]
        if fine:
            weights = np.concatenate([np.full(2001, width) for width, _ in fine])
            values = np.concatenate([line for _, line in fine])
            centre = np.average(values, weights=weights)
            swing = 2 * np.average(np.abs(values - centre), weights=weights)
            assert usage.swing[row] == pytest.approx(swing, abs=2e-4)


def test_throughput_is_metered_energy_less_losses():
    soc, session, fleet = played()
    usage = battery_usage(soc, session, fleet.soc, fleet.soc_departure, fleet.sessions.departure_s, 900)
    one_way = make_fleet(table(car("a", 0, 3)), make_ports("c", eta_charge=0.9), 12)
    for _ in range(12):
        one_way.step(np.array([4.0]), 0.0)
    assert one_way.soc_departure[0] - 0.5 == pytest.approx(12 * 0.9 / 60)
    assert (usage.cycles >= 0).all() and usage.cycles.sum() > 1.0


@given(st.lists(st.floats(0, 1), min_size=2, max_size=12), st.floats(0.01, 1))
def test_steps_cut_in_two_change_nothing(socs, last_share):
    gone_s = int(3600 * (len(socs) - 2 + last_share))
    before, after = np.array(socs[:-1]), np.array(socs[1:])
    coarse = usage_of(before[:, None], np.zeros((len(before), 1), int), left=[socs[-1]], gone_s=[gone_s])
    # within the last step the car reaches its last state when it leaves
    share = np.append(np.ones(len(before) - 1), max(last_share, 1 / 3600))
    half = before + (after - before) * np.minimum(0.5 / share, 1.0)
    seen = np.column_stack([before, half]).ravel()
    here = np.arange(len(seen)) * 1800 < gone_s
    fine = usage_of(
        np.where(here, seen, EMPTY)[:, None],
        np.where(here, 0, -1)[:, None],
        left=[socs[-1]],
        gone_s=[gone_s],
        step_s=1800,
    )
    for entry in fields(Usage):
        got, expected = getattr(fine, entry.name), getattr(coarse, entry.name)
        np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-9, err_msg=entry.name)


class TestCyclesUntil:
    USAGE = Usage(
        since_s=np.array([0.0, 500.0, 100.0, 900.0, 0.0]),
        stay_s=np.array([50.0, 50.0, 50.0, 50.0, 0.0]),
        mean_soc=np.zeros(5),
        swing=np.zeros(5),
        cycles=np.array([0.2, 0.3, 0.1, 0.4, 0.0]),
    )
    ARRIVAL = np.array([0.5, 0.4, 0.9, 0.6, 0.1])
    LEFT = np.array([0.7, 0.8, 0.9, 0.6, np.nan])

    def test_earlier_stays_and_what_was_driven_between(self):
        until = cycles_until(["a", "a", "b", "a", "a"], self.ARRIVAL, self.LEFT, self.USAGE)
        # a: 0.2 here, then 0.7 -> 0.4 away; 0.3 more here, then 0.8 -> 0.6 away; the last never had a port
        assert until.tolist() == pytest.approx([0.0, 0.2 + 0.15, 0.0, 0.35 + 0.3 + 0.1, 0.0])

    def test_cars_that_come_once_begin_at_none(self):
        assert cycles_until(list("abcde"), self.ARRIVAL, self.LEFT, self.USAGE).tolist() == [0.0] * 5
