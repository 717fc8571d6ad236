"""Fronts, tornadoes and capacities of studies against brute force and tables worked by hand."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cosim.study.capacity import crossing, crossing_text, size_curves
from cosim.study.judged import JUDGED, LOADING, VOLTAGE, currency, judged_table
from cosim.study.pareto import on_front, pareto_points
from cosim.study.roles import colour_axis, is_numeric, level_text, short_names, size_axis, task_axes
from cosim.study.sensitivity import tornado

# few values, so that points are often equal in some aims
COSTS = arrays(
    np.float64,
    st.tuples(st.integers(0, 25), st.integers(1, 4)),
    elements=st.sampled_from([0.0, 1.0, 2.0, 3.0, math.nan]),
)


def beats(one, other) -> bool:
    """Dominance as it is defined, written out."""
    return all(a <= b for a, b in zip(one, other, strict=True)) and any(
        a < b for a, b in zip(one, other, strict=True)
    )


@given(COSTS)
def test_a_front_is_what_brute_force_finds(costs):
    expected = [not np.isnan(own).any() and not any(beats(other, own) for other in costs) for own in costs]
    assert on_front(costs).tolist() == expected


@given(COSTS)
def test_every_known_point_is_on_the_front_or_beaten_by_it(costs):
    front = on_front(costs)
    for own in costs[~front & ~np.isnan(costs).any(axis=1)]:
        assert any(beats(best, own) for best in costs[front])
    for own in costs[front]:
        assert not any(beats(best, own) for best in costs[front])


@given(COSTS, st.randoms(use_true_random=False))
def test_a_front_does_not_depend_on_order_or_unit(costs, random):
    order = list(range(len(costs)))
    random.shuffle(order)
    assert on_front(costs)[order].tolist() == on_front(costs[order] * 7.0 + 3.0).tolist()


def test_points_are_means_over_seeds_and_a_failed_seed_leaves_none():
    judged = pd.DataFrame(
        {
            "policy": ["a", "a", "b", "b", "c", "c"],
            "seed": [1, 2, 1, 2, 1, 2],
            "cost": [10.0, 20.0, 14.0, 14.0, 1.0, math.nan],
            "missing_kwh": [0.0, 0.0, 0.0, 2.0, 0.0, 0.0],
            "overload_kvah": [math.nan] * 6,
        }
    )
    points = pareto_points(judged, ["policy"], ["cost", "missing_kwh", "overload_kvah"]).set_index("policy")
    assert points["cost"].tolist()[:2] == [15.0, 14.0]
    assert math.isnan(points.loc["c", "cost"])
    assert points["front"].to_dict() == {"a": True, "b": True, "c": False}
    assert points["cases"].tolist() == [2, 2, 2]
    assert "overload_kvah" not in points


def test_dust_of_a_sum_is_no_service():
    # 7e-15 kWh missing is what rounding leaves of none: the dearer setting is beaten
    judged = pd.DataFrame(
        {
            "policy": ["dear", "cheap"],
            "cost": [5139.0, 4675.0],
            "missing_kwh": [0.0, 7e-15],
            "kvah": [0.0, 0.0],
        }
    )
    assert pareto_points(judged, ["policy"], ["cost", "missing_kwh", "kvah"])["front"].tolist() == [
        False,
        True,
    ]


def test_another_task_beats_nobody():
    judged = pd.DataFrame({"ports": [5, 15, 15], "policy": ["a", "a", "b"], "cost": [1.0, 3.0, 2.0]})
    together = pareto_points(judged, ["ports", "policy"], ["cost"])["front"]
    apart = pareto_points(judged, ["ports", "policy"], ["cost"], task=["ports"])["front"]
    assert together.tolist() == [True, False, False]
    assert apart.tolist() == [True, False, True]


# policy a, b; rating 250, 400; two seeds. Cost is 100 for a, 60 for b, plus 8 at 250, plus the seed.
GRID = pd.DataFrame(
    [
        {"policy": policy, "kva": kva, "seed": seed, "cost": base + more + seed}
        for policy, base in (("a", 100.0), ("b", 60.0))
        for kva, more in ((250, 8.0), (400, 0.0))
        for seed in (1, 2)
    ]
)


def test_a_tornado_worked_by_hand():
    found = tornado(GRID, ["seed", "kva", "policy"], "cost")
    assert found["axis"].tolist() == ["policy", "kva", "seed"]
    assert found["range"].tolist() == [40.0, 8.0, 1.0]
    # means of b and a: 60 + 4 + 1.5 and 100 + 4 + 1.5
    assert found.loc[0, ["low", "high", "low_at", "high_at"]].tolist() == [65.5, 105.5, "b", "a"]
    assert found.loc[1, ["low_at", "high_at"]].tolist() == ["400", "250"]
    assert found["blocks"].tolist() == [4, 4, 4]


def test_a_failed_case_does_not_shift_a_level():
    failed = GRID.copy()
    failed.loc[0, "cost"] = math.nan  # policy a at 250 with seed 1: a plain mean of 250 would fall
    found = tornado(failed, ["policy", "kva", "seed"], "cost").set_index("axis")
    assert found["range"].to_dict() == {"policy": 40.0, "kva": 8.0, "seed": 1.0}
    assert set(found["blocks"]) == {3}


def test_a_hypercube_is_ranged_by_bands():
    n = 50
    x = np.linspace(0.0, 1.0, n)
    table = pd.DataFrame({"x": x, "y": x[::-1] ** 2, "cost": 10.0 * x})
    found = tornado(table, ["x", "y"], "cost").set_index("axis")
    # fifths of ten cases each: the mean of the last less that of the first is 10 x 40/49
    assert found.loc["x", "range"] == pytest.approx(10.0 * 40.0 / 49.0)
    assert found.loc["x", "blocks"] == 0


def test_an_axis_of_one_level_or_without_results_has_no_range():
    assert tornado(GRID.assign(kva=250), ["kva"], "cost").empty
    assert tornado(GRID.assign(cost=math.nan), ["policy"], "cost").empty


@pytest.mark.parametrize(
    ("values", "limit", "better", "expected"),
    [
        ([80.0, 90.0, 110.0], 100.0, "lower", (15.0, 10.0, 20.0)),
        ([80.0, 100.0, 110.0], 100.0, "lower", (10.0, 10.0, 20.0)),
        ([80.0, math.nan, 120.0], 100.0, "lower", (12.5, 5.0, 20.0)),
        ([0.96, 0.92, 0.88], 0.90, "higher", (15.0, 10.0, 20.0)),
        ([80.0, 110.0, 90.0], 100.0, "lower", (5.0 + 5.0 * 2.0 / 3.0, 5.0, 10.0)),
    ],
)
def test_a_capacity_worked_by_hand(values, limit, better, expected):
    found = crossing(np.array([5.0, 10.0, 20.0]), np.array(values), limit, better)
    assert found == pytest.approx(expected)
    assert "meets the limit" in crossing_text(found, "llf")


def test_a_capacity_beyond_the_study_is_not_invented():
    sizes = np.array([5.0, 10.0])
    assert crossing_text(crossing(sizes, np.array([50.0, 60.0]), 100.0), "x") == "x: not met up to 10"
    assert "smallest size, 5" in crossing_text(crossing(sizes, np.array([101.0, 60.0]), 100.0), "x")
    assert crossing_text(crossing(sizes, np.full(2, math.nan), 100.0), "x") == "x: nothing known"


def test_curves_are_the_worst_of_all_seeds():
    judged = pd.DataFrame(
        {
            "ports": [10, 5, 5, 10],
            "policy": ["b", "a", "a", "a"],
            "max_loading_percent": [math.nan, 50.0, 70.0, 90.0],
            "vm_min_pu": [0.9, 0.95, 0.93, 0.91],
        }
    )
    loading = size_curves(judged, "ports", LOADING, "policy")
    assert loading["a"].to_dict() == {5.0: 70.0, 10.0: 90.0}
    assert "b" not in loading
    assert size_curves(judged, "ports", VOLTAGE)["all cases"].to_dict() == {5.0: 0.93, 10.0: 0.90}


def test_judged_figures_are_summed_over_transformers_and_lines():
    table = pd.DataFrame(
        {
            "cost": ["an axis of this name", "b"],
            "totals.bill_total": [100.0, math.nan],
            "totals.currency": ["EUR", None],
            "totals.missing_kwh": [1.0, math.nan],
            "totals.never_connected_kwh": [2.0, math.nan],
            "feeder.line_overload_minutes": [15.0, math.nan],
            "transformers.T.overload_minutes": [30.0, math.nan],
            "transformers.a.b.overload_minutes": [45.0, math.nan],
            "feeder.line_max_loading_percent": [60.0, math.nan],
            "transformers.T.max_loading_percent": [120.0, math.nan],
        }
    )
    judged = judged_table(table, short_names(["cost"], [one.name for one in JUDGED]))
    assert judged.iloc[0][["cost", "missing_kwh", "overload_minutes", "max_loading_percent"]].tolist() == [
        100.0,
        3.0,
        90.0,
        120.0,
    ]
    assert judged.iloc[1].drop("cost (axis)").isna().all()
    assert judged["vm_min_pu"].isna().all()
    assert currency(table) == "EUR"


def test_axes_are_known_by_what_they_hold():
    keys = [
        "sites.a.policy.name",
        "sites.b.policy.name",
        "feeder.options.transformer_kva",
        "sites.a.chargers[0].count",
    ]
    assert list(short_names(keys).values()) == [keys[0], keys[1], "transformer_kva", "chargers[0].count"]
    table = pd.DataFrame(
        {
            "tariff": ["x", "y"],
            "policy": ["a", "b"],
            "on": [True, False],
            "chargers[0].count": [5, 10],
            "seed": [1, 2],
        }
    )
    assert colour_axis(table, list(table)) == "policy"
    assert colour_axis(table, ["chargers[0].count", "seed"]) is None
    assert size_axis(table, list(table)) == "chargers[0].count"
    assert task_axes(table, list(table)) == ["tariff", "chargers[0].count"]
    assert not is_numeric(table["on"])
    assert [level_text(value) for value in (None, math.nan, True, 2.50, 3, "x")] == [
        "-",
        "-",
        "yes",
        "2.5",
        "3",
        "x",
    ]
