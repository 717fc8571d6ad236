"""Every shipped tariff in a scenario: a run outside the dates it is stated for warns, one inside does not."""

from datetime import date
from pathlib import Path

import pytest

from cosim.scenario.inputs import read_inputs
from cosim.scenario.load import load_scenario
from sims.signals.tariffs.files import list_tariffs, load_tariff

# a market price is a scenario's own affair; here it would be one more file
NAMES = [name for name in list_tariffs() if load_tariff(name, Path()).real_time is None]

HEAD = """\
name = "all_tariffs"
start = {start}T00:00:00
days = 1
step_minutes = 15
timezone = "America/Los_Angeles"

[feeder]
network = "office_site"
"""

SITE = """
[[sites]]
name = "{name}"
connection = "main_board"
currency = "{currency}"
tariff = "{name}"
{history}
[sites.policy]
name = "llf"
"""


def site_of(name: str) -> str:
    """A site that pays the tariff, with no demand known before the run where a ratchet asks for it."""
    tariff = load_tariff(name, Path())
    ratcheted = any(period.ratchet for period in tariff.demand)
    history = "demand_history_kw = []\n" if ratcheted else ""
    return SITE.format(name=name, currency=tariff.currency, history=history)


@pytest.mark.parametrize(
    ("start", "inside"),
    [
        (date(2019, 12, 31), {"sce_tou_ev_4_2019", "sce_tou_ev_8_2019"}),
        (date(2023, 6, 30), {"svp_cb1_2023h1", "it_fasce_2023"}),
        (date(2023, 7, 1), {"svp_cb1_2023h2", "svp_cb1_paper", "it_fasce_2023"}),
        (date(2025, 12, 31), {"svp_cb1_2025"}),
        (date(2026, 3, 1), {"svp_cb1_2026", "pge_b10_2026", "pge_b19_2026"}),
    ],
)
def test_the_dates_a_tariff_is_stated_for(tmp_path: Path, start: date, inside: set[str]) -> None:
    sites = (site_of(name) for name in NAMES)
    path = tmp_path / "all.toml"
    path.write_text(HEAD.format(start=start) + "".join(sites))
    warnings = [text for text in read_inputs(load_scenario(path)).warnings if "is stated for" in text]
    warned = {name for name in NAMES if any(f": {name} is stated for" in text for text in warnings)}
    assert warned == set(NAMES) - inside - {"flat"}
