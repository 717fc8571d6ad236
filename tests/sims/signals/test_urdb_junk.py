"""Whatever stands in a rate: a tariff or a list of faults, never another error."""

import contextlib
import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from sims.faults import FaultsFoundError
from sims.signals.tariffs.files import load_tariff
from sims.signals.tariffs.toml import tariff_toml
from sims.signals.urdb.rate import read_urdb

SAMPLES = Path(__file__).parent / "urdb"
RATES = [
    json.loads((SAMPLES / f"{name}.json").read_text())
    for name in ("everything", "tiers_together", "tiers_alone")
]
JUNK = st.recursive(
    st.one_of(
        *(st.none(), st.booleans(), st.integers(-(10**400), 10**400), st.integers(-2, 40)),
        *(st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5)),
        st.sampled_from(["kW", "kWh", "$/day", "0.5", "2024-01-01", 1e38, 0.5, -0.0]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=13),
        st.dictionaries(st.sampled_from(["rate", "adj", "max", "sell", "unit", "x"]), inner, max_size=3),
    ),
    max_leaves=6,
)


@st.composite
def spoiled(draw):
    """A sample rate in which something is replaced at up to three places."""
    rate = json.loads(json.dumps(draw(st.sampled_from(RATES))))
    for _ in range(draw(st.integers(1, 3))):
        here, keys = rate, []
        while isinstance(here, dict | list) and here and (not keys or draw(st.booleans())):
            keys.append(draw(st.sampled_from(sorted(here) if isinstance(here, dict) else range(len(here)))))
            here = here[keys[-1]]
        place = rate
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = draw(JUNK)
    return rate


@settings(max_examples=150, deadline=None)
@given(rate=spoiled())
def test_a_tariff_or_faults(rate):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rate.json"
        path.write_text(json.dumps(rate))
        with contextlib.suppress(FaultsFoundError):
            tariff = read_urdb(path)
            (Path(folder) / "again.toml").write_text(tariff_toml(tariff))
            assert load_tariff("again.toml", Path(folder)) == tariff
