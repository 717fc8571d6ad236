"""The search for the largest number that holds, on functions whose answer is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosim.largest import largest


def found(holds, start=10, most=100, resolution=1):
    return largest(holds, start, most, resolution)


@given(st.integers(0, 99), st.integers(1, 100))
def test_a_threshold_is_found_from_any_start(threshold, start):
    result = found(lambda n: n <= threshold, start)
    assert (result.holds, result.breaks, result.monotone) == (threshold, threshold + 1, True)


def test_all_hold():
    result = found(lambda n: True)
    assert (result.holds, result.breaks, result.monotone) == (100, None, True)


def test_nothing_holds():
    result = found(lambda n: False)
    assert (result.holds, result.breaks, result.tried) == (None, 0, {0: False})


@given(st.integers(0, 99), st.integers(2, 20))
def test_the_resolution_bounds_what_is_left_unknown(threshold, resolution):
    result = found(lambda n: n <= threshold, resolution=resolution)
    assert result.holds <= threshold < result.breaks <= result.holds + resolution


def test_a_hole_that_a_probe_meets_is_told_and_searched_below():
    # holds to 20, breaks to 30, holds again to 80: the first bisection ends at 80, its probes are 26 and 53
    result = found(lambda n: n <= 20 or 30 < n <= 80)
    assert (result.holds, result.breaks, result.monotone) == (20, 21, False)
    assert result.tried[26] is False


def test_each_number_is_tried_once():
    asked = []

    def holds(number):
        asked.append(number)
        return number <= 37

    assert found(holds).holds == 37
    assert len(asked) == len(set(asked)) <= 14


@pytest.mark.parametrize("most", [1, 5])
def test_the_search_ends_where_it_is_told_to(most):
    assert max(found(lambda n: True, start=1, most=most).tried) == most
