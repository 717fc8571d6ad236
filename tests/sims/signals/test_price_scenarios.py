"""Drawn days: what is published of Italian prices, what holds for any draw, and fewer draws for a mean."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sims.seeds import component_rng
from sims.signals.market.day_profiles import load_profile, resample
from sims.signals.market.estimates import antithetic_mean, control_variate_mean
from sims.signals.market.italian_prices import GAUSSIAN_YEAR, YEARS, italian_gaussian, italian_level_shape
from sims.signals.market.price_scenarios import LevelShape, draw_days, draw_scenarios

MODELS = {"gaussian": italian_gaussian(), **{str(year): italian_level_shape(year) for year in YEARS}}
by_model = pytest.mark.parametrize("name", MODELS)


def rng(seed: int = 1) -> np.random.Generator:
    return component_rng(seed, "test of prices")


def many(name: str, n: int = 40_000, **how) -> np.ndarray:
    return draw_scenarios(MODELS[name], n, rng(), **how)[:, 0]


# ---------------------------------------------------------------- published figures


def test_first_eigenvalue_of_2023_is_64_percent():
    root = italian_gaussian().root
    share = np.linalg.eigvalsh(root.T @ root)
    assert share[-1] / share.sum() == pytest.approx(0.64, abs=0.005)


def test_six_factors_carry_the_shape():
    """Of the shapes the statistics say 91-92 %; of the prices of 2023, each day less its mean, it is 89 %."""
    root = italian_gaussian().root
    less_mean = root - root.mean(axis=1, keepdims=True)
    within = np.linalg.eigvalsh(less_mean.T @ less_mean)[::-1]
    assert within[:6].sum() / within.sum() == pytest.approx(0.893, abs=0.002)


@pytest.mark.parametrize("year", YEARS)
def test_shapes_have_mean_one_and_six_factors_that_only_move_energy_between_hours(year):
    model = italian_level_shape(year)
    assert model.mean_shape.mean() == pytest.approx(1.0, abs=1e-4)
    assert model.factors.shape == (6, 24)
    np.testing.assert_allclose(model.factors.sum(axis=1), 0.0, atol=5e-4)
    products = model.factors @ model.factors.T
    np.testing.assert_allclose(products, np.diag(np.diag(products)), atol=5e-5)
    assert (np.diff(np.diag(products)) < 0.0).all()


@pytest.mark.parametrize(
    ("year", "profile"), [(2022, "italy_2022"), (2023, "italy_2023"), (2024, "italy_2024")]
)
def test_drawn_days_have_the_mean_of_their_year(year, profile):
    hours = load_profile(profile, "price").per_kwh
    expected = italian_level_shape(year).mean
    assert expected.mean() == pytest.approx(hours.mean(), rel=0.004)
    np.testing.assert_allclose(expected, hours, rtol=0.035)  # level and shape are not quite independent
    np.testing.assert_allclose(many(str(year)).mean(axis=0), expected, rtol=0.01)


def test_gaussian_days_have_the_mean_and_covariance_of_2023():
    drawn, model = many("gaussian"), italian_gaussian()
    hours = load_profile(f"italy_{GAUSSIAN_YEAR}", "price").per_kwh
    np.testing.assert_allclose(model.mean, hours, rtol=1e-3)
    np.testing.assert_allclose(drawn.mean(axis=0), model.mean, rtol=0.01)
    covariance = model.root.T @ model.root
    assert covariance[0, 0] == pytest.approx(460.3e-6)
    assert covariance[3, 19] == pytest.approx(464.2e-6)
    np.testing.assert_allclose(np.cov(drawn.T), covariance, atol=0.03 * covariance.max())


def test_negative_hours_are_drawn_and_rare():
    """0.9 % of Gaussian days within 2023 or 2024 have one (smart_charging.md 5); level x shape has fewer."""
    with_negative = {name: float((many(name) < 0.0).any(axis=1).mean()) for name in MODELS}
    assert with_negative["gaussian"] == pytest.approx(0.009, abs=0.003)
    assert 0.0 < with_negative["2023"] < with_negative["gaussian"]
    assert with_negative["2022"] < 1e-3


@pytest.mark.parametrize("year", YEARS)
def test_levels_remember_the_day_before(year):
    model = italian_level_shape(year)
    log_level = np.log(draw_days(model, 60_000, rng()).mean(axis=1))
    assert np.corrcoef(log_level[:-1], log_level[1:])[0, 1] == pytest.approx(model.log_level_lag1, abs=0.02)
    assert log_level.std() == pytest.approx(model.log_level_sd, rel=0.05)
    assert (model.log_level_lag1, model.log_level_sd) == {
        2022: (0.933, 0.3839), 2023: (0.702, 0.1950), 2024: (0.735, 0.1811)
    }[year]  # fmt: skip


# ---------------------------------------------------------------- what holds for any draw


@by_model
@given(seed=st.integers(0, 2**32), n_days=st.integers(1, 12), more=st.integers(0, 5))
@settings(max_examples=15, deadline=None)
def test_a_longer_draw_begins_with_the_shorter(name, seed, n_days, more):
    longer = draw_days(MODELS[name], n_days + more, rng(seed))
    np.testing.assert_array_equal(longer[:n_days], draw_days(MODELS[name], n_days, rng(seed)))


@by_model
@given(seed=st.integers(0, 2**32), floor=st.floats(-0.2, 0.3))
@settings(max_examples=15, deadline=None)
def test_a_floor_lifts_what_is_below_it_and_nothing_else(name, seed, floor):
    free = draw_scenarios(MODELS[name], 20, rng(seed), n_days=3)
    floored = draw_scenarios(MODELS[name], 20, rng(seed), n_days=3, floor=floor)
    np.testing.assert_array_equal(floored, np.where(free < floor, floor, free))


@by_model
def test_antithetic_normals_mirror_each_other(name):
    model, drawn = MODELS[name], draw_scenarios(MODELS[name], 10, rng(), n_days=4, antithetic=True)
    assert drawn.shape == (10, 4, 24)
    np.testing.assert_array_equal(drawn[:5], draw_scenarios(model, 5, rng(), n_days=4))
    if name == "gaussian":
        np.testing.assert_allclose((drawn[:5] + drawn[5:]) / 2.0, np.tile(model.mean, (5, 4, 1)), rtol=1e-12)
    else:
        levels = drawn.mean(axis=2)
        middle = np.exp(2.0 * model.log_level_mean)
        np.testing.assert_allclose(levels[:5] * levels[5:], middle, rtol=1e-3)
    with pytest.raises(ValueError, match="n must be even"):
        draw_scenarios(model, 9, rng(), antithetic=True)


def test_days_around_a_profile_keep_its_shape_and_mean():
    hours = load_profile("co2_synthetic", "co2").per_kwh
    model = LevelShape.around(hours, 0.2, 0.6)
    drawn = draw_days(model, 40_000, rng())
    np.testing.assert_allclose(model.mean, hours)
    np.testing.assert_allclose(
        drawn / drawn.mean(axis=1, keepdims=True) - hours / hours.mean(), 0.0, atol=1e-12
    )
    np.testing.assert_allclose(drawn.mean(axis=0), hours, rtol=0.01)
    np.testing.assert_allclose(draw_days(LevelShape.around(hours, 0.0, 0.0), 3, rng()), [hours] * 3)


# ---------------------------------------------------------------- fewer draws for a mean
# 100 cars of 22 kW, 15 min, prices of 2023, no common limit: the cheapest slots of a stay are the optimum

PER_DAY, N_CARS, P_KW = 96, 100, 22.0
SLOT_KWH = P_KW * 24 / PER_DAY


def cars(seed: int = 1) -> list[tuple[int, int, float]]:
    draw = np.random.default_rng(seed)
    arrival = np.floor(PER_DAY * draw.beta(5.52, 12, N_CARS)).astype(int)
    stay = np.maximum(1, np.round(draw.normal(6.0, 1.0, N_CARS) * PER_DAY / 24)).astype(int)
    departure = np.minimum(PER_DAY, arrival + stay)
    slots = draw.uniform(0.0, 1.0, N_CARS) * (departure - arrival)
    return list(zip(arrival.tolist(), departure.tolist(), slots.tolist(), strict=True))


def cost(prices: np.ndarray, *, cheapest: bool) -> np.ndarray:
    """Cost of charging all cars in each scenario: in their cheapest slots, or as soon as they come."""
    total = np.zeros(len(prices))
    for first, last, slots in cars():
        stay = np.sort(prices[:, first:last], axis=1) if cheapest else prices[:, first:last]
        whole, rest = int(slots), slots - int(slots)
        total += SLOT_KWH * stay[:, :whole].sum(axis=1)
        total += SLOT_KWH * rest * stay[:, whole] if rest > 0.0 else 0.0
    return total


def test_monte_carlo_of_the_thesis_prices():
    """Published: cost 780, sd 212 EUR; saving 9.5 %, sd 6.8, p5 2.1, p95 21.4; another draw of cars here."""
    prices = resample(many("gaussian", 4000), PER_DAY, "step")
    best, first_come = cost(prices, cheapest=True), cost(prices, cheapest=False)
    saving = 100.0 * (1.0 - best / first_come)
    assert SLOT_KWH * sum(slots for _, _, slots in cars()) == pytest.approx(7001, rel=0.01)
    assert (best.mean(), best.std()) == (pytest.approx(780, rel=0.06), pytest.approx(212, rel=0.06))
    assert saving.mean() == pytest.approx(9.5, abs=1.0)
    # its sd is that of a few days of almost free energy: 6.6 here with 400 draws, 7.7 with 4,000
    assert np.percentile(saving, [5, 95]) == pytest.approx([2.1, 21.4], abs=1.5)


def test_antithetic_pairs_and_control_variate_need_fewer_draws():
    """Published for 400 Gaussian draws: 259 x by pairs, 19 x by the bill of charging at once."""
    model = italian_gaussian()
    pairs = resample(draw_scenarios(model, 400, rng(), antithetic=True)[:, 0], PER_DAY, "step")
    by_pairs = antithetic_mean(cost(pairs, cheapest=True))
    plain = resample(draw_scenarios(model, 400, rng(2))[:, 0], PER_DAY, "step")
    at_mean = float(cost(resample(model.mean, PER_DAY, "step")[None, :], cheapest=False)[0])
    by_control = control_variate_mean(cost(plain, cheapest=True), cost(plain, cheapest=False), at_mean)
    assert 80.0 < by_pairs.variance_reduction < 800.0
    assert 10.0 < by_control.variance_reduction < 60.0
    truth = float(cost(resample(many("gaussian"), PER_DAY, "step"), cheapest=True).mean())
    assert abs(by_pairs.mean - truth) < 4.0 * by_pairs.standard_error + 2.0
    assert abs(by_control.mean - truth) < 4.0 * by_control.standard_error + 2.0


@by_model
def test_pairs_do_best_where_the_cost_is_linear(name):
    """A fixed schedule is linear in Gaussian prices: each pair hits the mean; not so a lognormal level."""
    prices = draw_scenarios(MODELS[name], 400, rng(), antithetic=True)[:, 0]
    bought = np.linspace(0.0, 10.0, 24)
    found = antithetic_mean(prices @ bought)
    if name == "gaussian":
        assert found.variance_reduction > 1e6
        assert found.mean == pytest.approx(float(MODELS[name].mean @ bought))
    else:
        assert found.variance_reduction > 5.0
        assert abs(found.mean - float(MODELS[name].mean @ bought)) < 4.0 * found.standard_error


def test_reported_standard_errors_are_true():
    """Spread of 300 estimates against what each says of itself."""
    model, bought = italian_level_shape(2023), np.linspace(0.0, 10.0, 24)
    source = rng(3)
    by_pairs, by_control = [], []
    for _ in range(300):
        by_pairs.append(
            antithetic_mean((draw_scenarios(model, 40, source, antithetic=True)[:, 0] @ bought) ** 2)
        )
        linear = draw_scenarios(model, 40, source)[:, 0] @ bought
        by_control.append(control_variate_mean(linear**2, linear, float(model.mean @ bought)))
    for found in (by_pairs, by_control):
        spread = np.std([one.mean for one in found])
        said = np.sqrt(np.mean([one.standard_error**2 for one in found]))
        assert said == pytest.approx(spread, rel=0.2)


def test_estimates_need_enough_values():
    for values in (np.ones(3), np.ones(2), np.ones(0)):
        with pytest.raises(ValueError, match="pairs"):
            antithetic_mean(values)
    with pytest.raises(ValueError, match="at least three"):
        control_variate_mean(np.ones(4), np.ones(3), 1.0)
    flat = control_variate_mean(np.arange(4.0), np.ones(4), 1.0)
    assert (flat.mean, flat.variance_reduction) == (1.5, pytest.approx(2 / 3))
    assert antithetic_mean(np.array([1.0, 2.0, 3.0, 2.0])).variance_reduction == float("inf")
