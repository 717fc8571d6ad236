"""`[sites.prices]` and `[sites.emissions]`: every wrong key, file and pairing is named before the first step.

Rows 56 and 57 of the catalogue of faults: negative prices are legal, prices of another unit are not.
"""

# ruff: noqa: E501 - a case a line reads as a table

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from cosim.scenario.inputs import read_inputs
from cosim.scenario.load import load_scenario
from cosim.scenario.prices_form import Prices
from cosim.scenario.prices_inputs import read_prices
from sims.clock import Clock
from sims.faults import DataError, ScenarioError

Office = Callable[..., Path]

MARKET_TARIFF = """\
name = "market"
currency = "{currency}"
source = "made for tests"
real_time = {{ factor = 1.0 }}
energy = [{{ name = "on top", price_per_kwh = 0.05 }}]
"""
START = "2019-06-03T00:00:00-07:00"


def buying(office: Office, section: str, currency: str = "EUR", tariff: str = "market.toml") -> Path:
    """The office with more keys in its site, on a tariff that buys at the market."""
    path = office(
        ('"svp_cb1_paper"', f'"{tariff}"\ncurrency = "{currency}"'),
        ("[sites.building]", f"{section}\n[sites.building]"),
    )
    (path.parent / "market.toml").write_text(MARKET_TARIFF.format(currency=currency))
    return path


def refused(path: Path) -> str:
    with pytest.raises(ScenarioError) as caught:
        read_inputs(load_scenario(path))
    return str(caught.value)


FORM = [
    ("", ["S07", "sites.office.prices", 'the tariff "market" buys at the market: add [sites.prices], for example `profile = "italy_2023"`']),
    ("[sites.prices]", ["S07", "sites.office.prices", "needs one of file, profile or generator"]),
    ('prices.profile = "italy_2023"\nprices.file = "p.csv"', ["S38", "file and profile contradict each other: keep one source"]),
    ('prices.profile = "italy_2032"', ["S26", 'sites.office.prices.profile = "italy_2032"', 'no such profile; nearest: "italy_202']),
    ('prices.profile = "co2_synthetic"', ["S26", "no such profile"]),
    ('prices.profile = "italy_2023"\nprices.country = "Italy"', ["S38", "sites.office.prices.country", 'layout = "ember"']),
    ('prices.profile = "italy_2023"\nprices.layout = "ember"', ["S38", "sites.office.prices.layout"]),
    ('prices.profile = "italy_2023"\nprices.layout = "embr"', ["S26", 'nearest: "ember"']),
    ('prices.file = "data/p.csv"\nprices.resample = "linear"', ["S38", "sites.office.prices.resample", "a file is laid on the steps as it is"]),
    ("prices.generator.year = 2021", ["S26", "sites.office.prices.generator.year = 2021", "allowed: 2022, 2023, 2024"]),
    ('prices.generator = { method = "gaussian" }', ["S07", "sites.office.prices.generator.year", "year = 2023"]),
    ('prices.generator = { year = 2022, method = "gaussian" }', ["S38", "the covariance is that of 2023"]),
    ("prices.generator = { year = 2023, floor_per_kwh = -50 }", ["below -10 currency/kWh"]),
    ('prices.file = "../p.csv"', ["S17", "sites.office.prices.file", "leads out of the scenario's folder"]),
    ('prices.profil = "italy_2023"', ["S06", 'nearest: "profile"']),
    ('emissions = "data/co2.csv"', ["S08", "sites.office.emissions", "a table is needed, not a text"]),
    ("[sites.emissions]", ["S07", "sites.office.emissions", "needs a series"]),
    ("[sites.emissions.average]", ["S07", "sites.office.emissions.average", "needs one of file, profile or generator"]),
    ('emissions.average.profile = "italy_2023"', ["S26", "sites.office.emissions.average.profile", "co2_synthetic"]),
    ('emissions.average.generator = { profile = "co2", level_sd = 0.1 }', ["S26", "sites.office.emissions.average.generator.profile"]),
    ('emissions.average.generator = { profile = "co2_synthetic", level_sd = 15 }', ["level_sd = 15: above 1", "did you mean 0.15"]),
    ('emissions.marginal.file = "~/co2.csv"', ["sites.office.emissions.marginal.file", "not expanded"]),
    ('emissions.marginal.profile = "co2_synthetic"\nemissions.cost_per_t = 64', ["S07", "sites.office.emissions.average", "there is none"]),
    ('emissions.average.profile = "co2_synthetic"\nemissions.cost_per_t = 0.064', ["S19", "cost_per_t = 0.064", "did you mean 64 (per t, not per kg)?"]),
    ('emissions.average.profile = "co2_synthetic"\nemissions.cost_per_t = 6.4e-5', ["did you mean 64 (per t, not per g)?"]),
    ('emissions.average.profile = "co2_synthetic"\nemissions.cost_per_t = 6000', ["cost_per_t = 6000: above 5000 currency/t"]),
]  # fmt: skip


@pytest.mark.parametrize(("section", "said"), FORM, ids=[case[0].replace("\n", ", ") for case in FORM])
def test_what_contradicts_itself_is_named(office: Office, section: str, said: list[str]) -> None:
    message = refused(buying(office, section))
    for part in said:
        assert part in message, message


def test_prices_nobody_buys_at_are_refused(office: Office) -> None:
    message = refused(buying(office, 'prices.profile = "italy_2023"', tariff="flat", currency="USD"))
    assert "these prices are in EUR, the site pays in USD" in message
    path = buying(office, 'prices.file = "data/p.csv"', tariff="flat", currency="USD")
    write_prices(path, ["0.1"] * 192)
    said = refused(path)
    assert "S38" in said
    assert 'the tariff "flat" does not buy at the market (it has no `real_time`)' in said


def test_faults_of_prices_and_emissions_are_said_with_the_others(office: Office) -> None:
    path = buying(office, 'prices.profile = "x"\nemissions.average.profile = "y"')
    path.write_text(path.read_text().replace('"llf"', '"lff"'))
    said = refused(path)
    for part in ("prices.profile", "emissions.average.profile"):
        assert part in said


# ---------------------------------------------------------------- files


def write_prices(path: Path, prices: list[str], column: str = "price_per_kwh") -> None:
    """A price file of quarter hours from the start of the office's run."""
    load = (path.parent / "data" / "load.csv").read_text().splitlines()
    times = [line.partition(",")[0] for line in load[1:]]
    rows = [f"{time},{price}" for time, price in zip(times, prices, strict=True)]
    (path.parent / "data" / "p.csv").write_text("\n".join([f"time,{column}", *rows, ""]))


def market(path: Path) -> np.ndarray:
    """Market price of the office, without its feeder."""
    scenario = load_scenario(path)
    clock = Clock.from_local(scenario.start, scenario.days, 900, scenario.timezone)
    return read_prices(scenario, scenario.sites[0].prices, clock)


def file_refused(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        market(path)
    return str(caught.value)


FILES = [
    ("nan", ["0.1"] * 191 + ["NaN"], 'D40 data/p.csv:193:price_per_kwh = "NaN": must be finite'),
    ("1e6", ["1e6"] + ["0.1"] * 191, "per MWh or in cents given?"),
    ("per MWh", ["91.7"] * 192, "outside -10 .. 10 money per kWh; per MWh or in cents given?"),
    ("cents", ["12.5"] * 192, "per MWh or in cents given?"),
    ("empty", ["0.1"] * 100 + [""] + ["0.1"] * 91, "D41 data/p.csv:102:price_per_kwh: empty cell"),
]


@pytest.mark.parametrize(("prices", "said"), [case[1:] for case in FILES], ids=[case[0] for case in FILES])
def test_a_price_file_of_another_unit_is_refused_with_a_hint(
    office: Office, prices: list[str], said: str
) -> None:
    path = buying(office, 'prices.file = "data/p.csv"')
    write_prices(path, prices)
    assert said in file_refused(path)


def test_negative_prices_are_legal(office: Office) -> None:
    path = buying(office, 'prices.file = "data/p.csv"')
    write_prices(path, ["-0.5"] * 192)
    assert (market(path) == -0.5).all()


def test_another_column_a_missing_file_and_too_few_days_are_named(office: Office) -> None:
    path = buying(office, 'prices.file = "data/p.csv"')
    assert "D01 data/p.csv: no such file" in file_refused(path)
    write_prices(path, ["0.1"] * 192, column="price_per_mwh")
    assert 'nearest: "price_per_kwh"' in file_refused(path)
    write_prices(path, ["0.1"] * 192)
    path.write_text(path.read_text().replace("2019-06-03", "2019-06-04"))
    assert "D45 data/p.csv:price_per_kwh: file covers" in file_refused(path)


def test_ember_is_another_layout_of_the_same_key(office: Office) -> None:
    path = buying(office, 'prices = { file = "data/e.csv", layout = "ember", country = "Spain" }')
    hours = [f"2019-06-{3 + h // 24:02d} {h % 24:02d}:00:00" for h in range(72)]
    rows = [f"Italy,ITA,{time},{time},{50 - h}" for h, time in enumerate(hours)]
    table = path.parent / "data" / "e.csv"
    table.write_text(
        "\n".join(["Country,ISO3 Code,Datetime (UTC),Datetime (Local),Price (EUR/MWhe)", *rows, ""])
    )
    assert 'D07 data/e.csv:Country: "Spain": the file has no row of it; valid: Italy' in file_refused(path)
    path.write_text(path.read_text().replace(', country = "Spain"', ""))
    assert market(path)[[0, 4, -1]] == pytest.approx([0.043, 0.042, -0.004])  # from 07:00 UTC
    path.write_text(path.read_text().replace(', layout = "ember"', ""))
    assert 'it looks like Ember\'s: write layout = "ember"' in file_refused(path)


def test_the_same_scenario_in_python() -> None:
    assert Prices(profile="italy_2023").resample == "step"
    with pytest.raises(ValidationError, match="year"):
        Prices.model_validate({"generator": {"year": 1999}})
