"""Generated sessions: nobody in two places, and numbers like those of the car park they were learned from."""

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from scipy import stats

from sims.clock import Clock
from sims.fleet.cars import PACK_KWH, PACK_SHARE, draw_cars
from sims.fleet.generative import FIRST_CAR, NEXT_CAR, generate_sessions

ZONE = "America/Los_Angeles"
# Kolmogorov-Smirnov: a right model is rejected once in a thousand seeds, and the seeds are fixed
KS_LIMIT = 1.95


def generated(n_ports, start, days, seed=1, zone=ZONE, **options):
    clock = Clock.from_local(start, days, 900, zone)
    return generate_sessions(n_ports, clock, np.random.default_rng(seed), **options), clock


def local_hours(seconds):
    """Clock hour and date of instants."""
    times = [datetime.fromtimestamp(second, ZoneInfo(ZONE)) for second in seconds.tolist()]
    hours = np.array([at.hour + at.minute / 60 + at.second / 3600 for at in times])
    return hours, [at.date() for at in times]


def first_rows(sessions):
    """Rows of the first car of each port and day."""
    _, dates = local_hours(sessions.arrival_s)
    _, rows = np.unique([f"{s} {d}" for s, d in zip(sessions.station, dates, strict=True)], return_index=True)
    return rows


@pytest.fixture(scope="module")
def autumn():
    """100 ports over twelve weeks: 60 workdays, no change of the clocks."""
    sessions, _ = generated(100, datetime(2019, 8, 5), 84)
    return sessions


@pytest.fixture(scope="module")
def every_day_of_a_year():
    sessions, clock = generated(60, datetime(2019, 1, 1), 365, workdays_only=False, activity=1.0)
    return sessions, clock


class TestShape:
    def test_cars_of_a_port_never_overlap(self, every_day_of_a_year):
        sessions, _ = every_day_of_a_year
        order = np.lexsort((sessions.arrival_s, np.array(sessions.station)))
        station = np.array(sessions.station)[order]
        same = station[1:] == station[:-1]
        assert (sessions.departure_s[order][:-1][same] <= sessions.arrival_s[order][1:][same]).all()
        assert (sessions.arrival_s < sessions.departure_s).all()

    def test_ids_are_unique_and_sort_by_arrival(self, autumn):
        ids = autumn.session_id
        assert ids[0] == "g000000"
        assert list(ids) == sorted(set(ids))
        assert (np.diff(autumn.arrival_s) >= 0).all()

    def test_types_are_those_of_a_table(self, autumn):
        assert autumn.arrival_s.dtype == autumn.window_end_s.dtype == np.int64
        assert {len(getattr(autumn, name)) for name in autumn.__slots__} == {len(autumn)}

    def test_windows_open_after_the_arrival(self, autumn):
        assert (autumn.arrival_s < autumn.window_start_s).all()
        assert (autumn.window_start_s < autumn.window_end_s).all()

    def test_weekends_are_empty_unless_wanted(self, autumn, every_day_of_a_year):
        days = lambda sessions: {date.weekday() for date in local_hours(sessions.arrival_s)[1]}  # noqa: E731
        assert days(autumn) == {0, 1, 2, 3, 4}
        assert days(every_day_of_a_year[0]) == set(range(7))

    @pytest.mark.parametrize(("n_ports", "activity"), [(0, 1.0), (5, 0.0)])
    def test_nobody_comes(self, n_ports, activity):
        sessions, _ = generated(n_ports, datetime(2019, 8, 5), 2, activity=activity)
        assert len(sessions) == 0
        assert sessions.arrival_s.dtype == np.int64

    def test_a_run_without_a_workday_is_empty(self):
        assert len(generated(5, datetime(2019, 8, 3), 2)[0]) == 0

    def test_a_run_from_noon_has_the_cars_already_parked(self):
        sessions, clock = generated(50, datetime(2019, 8, 5, 12), 1)
        assert (sessions.departure_s > clock.start_s).all()
        assert (sessions.arrival_s < clock.start_s).sum() > 25
        assert len(sessions.within(clock.start_s, clock.end_s)) == len(sessions)

    def test_same_seed_same_sessions(self):
        one, two, other = (generated(15, datetime(2019, 8, 5), 7, seed=s)[0] for s in (1, 1, 2))
        for name in one.__slots__:
            np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
        assert len(one) != len(other) or not np.array_equal(one.arrival_s, other.arrival_s)

    def test_the_global_random_state_is_left_alone(self):
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        generated(3, datetime(2019, 8, 5), 2)
        np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


class TestLikeTheCarPark:
    """data: 52 ports, 57 workdays of May-July 2019: 73.3 sessions and 1067 kWh a day."""

    def test_first_arrivals_follow_the_mixture(self, autumn):
        rows = first_rows(autumn)
        hours, _ = local_hours(autumn.arrival_s[rows])
        assert ks(hours, FIRST_CAR, 0) < KS_LIMIT / np.sqrt(len(rows))

    def test_first_stays_follow_the_mixture(self, autumn):
        rows = first_rows(autumn)
        stay_h = (autumn.departure_s - autumn.arrival_s)[rows] / 3600
        assert ks(stay_h, FIRST_CAR, 1) < KS_LIMIT / np.sqrt(len(rows))

    def test_first_energies_follow_the_mixture_where_the_port_could_give_them(self, autumn):
        rows = first_rows(autumn)
        energy = ((autumn.soc_required - autumn.soc_arrival) * autumn.capacity_kwh / 0.95)[rows]
        long = (autumn.departure_s - autumn.arrival_s)[rows] > 8 * 3600
        assert energy.min() == pytest.approx(0.5)
        assert np.median(energy) == pytest.approx(np.exp(quantile(FIRST_CAR, 2, 0.5)), rel=0.04)
        assert energy[long].max() <= 6.9 * 24 + 0.5

    def test_activity_is_the_share_of_ports_with_a_car(self, autumn):
        n, p = 100 * 60, 0.989
        assert len(first_rows(autumn)) == pytest.approx(n * p, abs=4 * np.sqrt(n * p * (1 - p)))

    def test_about_seven_of_ten_cars_are_the_first_of_their_port(self, autumn):
        assert len(first_rows(autumn)) / len(autumn) == pytest.approx(0.70, abs=0.02)

    def test_days_of_a_car_park_of_52(self):
        sessions, _ = generated(52, datetime(2019, 8, 5), 84, seed=3)
        _, dates = local_hours(sessions.arrival_s)
        counts = np.array(list(Counter(dates).values()))
        assert len(counts) == 60
        assert counts.mean() == pytest.approx(73.3, abs=2.0)
        # full ports make days alike: far from a Poisson process, whose ratio is 1
        assert 0.11 < counts.var(ddof=1) / counts.mean() < 0.42
        metered_kwh = ((sessions.soc_required - sessions.soc_arrival) * sessions.capacity_kwh).sum() / 0.95
        assert metered_kwh / 60 == pytest.approx(1067, rel=0.05)

    def test_most_cars_leave_inside_their_window(self, autumn):
        leaves = autumn.departure_s
        inside = (autumn.window_start_s <= leaves) & (leaves <= autumn.window_end_s)
        assert inside.mean() == pytest.approx(0.80, abs=0.03)


class TestCars:
    def test_socs_are_in_range_and_nobody_arrives_above_the_need(self, autumn):
        assert autumn.soc_arrival.min() >= 0.1
        assert autumn.soc_required.max() <= 1.0
        assert (autumn.soc_arrival < autumn.soc_required).all()
        assert set(autumn.soc_min) == {0.1}
        assert set(autumn.soc_max) == {1.0}

    def test_packs_and_needs_have_their_shares(self):
        cars = draw_cars(np.full(20_000, 0.5), np.random.default_rng(1))
        for pack, share in zip(PACK_KWH, PACK_SHARE, strict=True):
            assert (cars.capacity_kwh == pack).mean() == pytest.approx(share, abs=4 * np.sqrt(share / 20_000))
        for wanted, share in ((0.8, 0.5), (0.9, 0.3), (1.0, 0.2)):
            assert (cars.soc_required == wanted).mean() == pytest.approx(share, abs=0.015)

    def test_much_energy_needs_a_large_pack(self):
        cars = draw_cars(np.full(1000, 50.0), np.random.default_rng(1))
        assert set(cars.capacity_kwh) == {60.0, 62.0, 75.0, 100.0}
        np.testing.assert_allclose((cars.soc_required - cars.soc_arrival) * cars.capacity_kwh, 47.5)

    def test_more_than_any_pack_takes_is_cut(self):
        cars = draw_cars(np.array([150.0]), np.random.default_rng(1))
        assert (cars.capacity_kwh[0], cars.soc_required[0]) == (100.0, 1.0)
        assert cars.soc_arrival[0] == pytest.approx(0.1)


class TestMixture:
    @pytest.mark.parametrize("at_h", [11.5, 14.0, 16.5])
    def test_given_the_first_number_it_draws_what_a_narrow_slice_of_the_whole_has(self, at_h):
        whole = NEXT_CAR.sample(600_000, np.random.default_rng(1))
        slice_ = whole[np.abs(whole[:, 0] - at_h) < 0.05]
        drawn = NEXT_CAR.sample_given_first(np.full(20_000, at_h), np.random.default_rng(2))
        assert set(drawn[:, 0]) == {at_h}
        for column in (1, 2):
            assert stats.ks_2samp(drawn[:, column], slice_[:, column]).pvalue > 1e-3
        both = [np.corrcoef(part[:, 1], part[:, 2])[0, 1] for part in (drawn, slice_)]
        assert both[0] == pytest.approx(both[1], abs=5 / np.sqrt(len(slice_)))

    def test_far_from_all_normals_it_still_draws(self):
        drawn = NEXT_CAR.sample_given_first(np.array([0.0, 100.0]), np.random.default_rng(2))
        assert np.isfinite(drawn).all()


class TestClocks:
    def test_arrivals_keep_to_the_local_clock_over_both_changes(self, every_day_of_a_year):
        sessions, _ = every_day_of_a_year
        rows = first_rows(sessions)
        hours, dates = local_hours(sessions.arrival_s[rows])
        summer = np.array(
            [datetime(2019, 3, 10).date() <= date < datetime(2019, 11, 3).date() for date in dates]
        )
        limit = 4 * hours.std() * np.sqrt(1 / summer.sum() + 1 / (~summer).sum())
        assert hours[summer].mean() == pytest.approx(hours[~summer].mean(), abs=limit)
        utc_hours = sessions.arrival_s[rows] % 86400 / 3600
        assert utc_hours[~summer].mean() - utc_hours[summer].mean() == pytest.approx(1.0, abs=2 * limit)

    @pytest.mark.parametrize(("day", "hours"), [(datetime(2019, 3, 10), 23), (datetime(2019, 11, 3), 25)])
    def test_on_the_day_of_a_change_everybody_is_inside_the_day(self, day, hours):
        sessions, clock = generated(3000, day, 1, workdays_only=False)
        assert clock.end_s - clock.start_s == hours * 3600
        assert sessions.arrival_s.min() >= clock.start_s
        assert sessions.departure_s.max() <= clock.end_s
        assert (sessions.arrival_s < sessions.departure_s).all()
        clock_h, _ = local_hours(sessions.arrival_s)
        assert np.median(clock_h[first_rows(sessions)]) == pytest.approx(6.9, abs=0.1)


def ks(values, mixture, column):
    """Largest distance between the values' distribution and the mixture's."""
    return stats.kstest(values, lambda x: cdf(mixture, column, x)).statistic


def cdf(mixture, column, x):
    parts = stats.norm.cdf(np.asarray(x)[..., None], mixture.mean[:, column], mixture.sd[:, column])
    return parts @ mixture.weight


def quantile(mixture, column, share):
    grid = np.linspace(-5, 30, 70_001)
    return grid[np.searchsorted(cdf(mixture, column, grid), share)]
