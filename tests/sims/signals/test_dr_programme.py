"""The forms of the programmes, the presets, and files beside a scenario."""

import tomllib
from datetime import date

import pytest
from dr_cases import ELRP, FIRM, changed
from pydantic import ValidationError

from sims.faults import DataError, ScenarioError
from sims.signals.response.programme import Elrp, EventLength
from sims.signals.response.programme_files import PROGRAMMES, list_programmes, load_programme


def test_the_presets_say_where_they_are_from():
    assert list_programmes() == ["elrp", "firm_service_level"]
    for name in list_programmes():
        programme = load_programme(name, PROGRAMMES)
        assert programme.name == name
        assert programme.source
        assert programme.derived


def test_elrp_as_the_utilities_state_it():
    assert (ELRP.months, ELRP.hours, ELRP.budget_h) == ((5, 6, 7, 8, 9, 10), ((16, 21),), 60)
    assert len(ELRP.days) == 8
    assert ELRP.event_length == EventLength(min_h=1, max_h=5)
    for subgroup in ("aggregator", "virtual_power_plant"):
        assert changed(ELRP, subgroup=subgroup).event_length == EventLength(min_h=1, max_h=3)
    assert (ELRP.payment_per_kwh, ELRP.minimum_kw, ELRP.export_permit) == (2.0, 1.0, False)
    assert ELRP.notice.day_ahead_by_h == 17
    assert (ELRP.baseline.n_days, ELRP.baseline.of_days, ELRP.baseline.adjustment.cap_percent) == (10, 10, 40)
    assert ELRP.effective_from == date(2022, 5, 1)


def test_the_preset_and_the_defaults_of_the_form_agree():
    stated = tomllib.loads((PROGRAMMES / "elrp.toml").read_text())
    bare = Elrp(name="elrp", source="made up", currency="USD")
    for key in set(stated) - {"label", "source", "derived", "effective_from", "effective_until", "holidays"}:
        assert getattr(bare, key) == getattr(ELRP, key), key


def test_a_file_beside_the_scenario(tmp_path):
    text = (PROGRAMMES / "elrp.toml").read_text().replace("export_permit = false", "export_permit = true")
    (tmp_path / "mine.toml").write_text(text)
    assert load_programme("mine.toml", tmp_path).export_permit


def test_a_name_that_is_none():
    with pytest.raises(ScenarioError, match=r'dr\.programme: "elpr": no such programme .*nearest: "elrp"'):
        load_programme("elpr", PROGRAMMES, "dr.programme")


def test_every_fault_of_a_file_at_once(tmp_path):
    text = (PROGRAMMES / "elrp.toml").read_text()
    for good, bad in (
        ("budget_h = 60", "budget_h = -1"),
        ("months = [5", "months = [13"),
        ("until_h = 1", "until_h = 4"),
        ("payment_per_kwh = 2.0", "payment_per_mwh = 2000.0"),
    ):
        text = text.replace(good, bad)
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(DataError) as error:
        load_programme("bad.toml", tmp_path)
    text = str(error.value)
    for part in ("elrp.budget_h", "elrp.months.0", "elrp.payment_per_mwh", "elrp.baseline.adjustment"):
        assert f"bad.toml {part}" in text
    assert "4 faults" in text


@pytest.mark.parametrize(
    ("programme", "other", "why"),
    [
        (ELRP, {"baseline": {"n_days": 5, "of_days": 4}}, "at most all of them"),
        (ELRP, {"baseline": {"similar": [["mon"], ["tue"]]}}, "exactly one group"),
        (ELRP, {"notice": {}}, "an event is told somehow"),
        (ELRP, {"lengths": {"direct": {"min_h": 3, "max_h": 1}}}, "below min_h"),
        (ELRP, {"lengths": {"direct": {}}, "subgroup": "aggregator"}, 'none for subgroup "aggregator"'),
        (ELRP, {"holidays": "US-XX"}, "no such part of US"),
        (ELRP, {"hours": [[16, 16]]}, "are empty"),
        (FIRM, {"kind": "demand_bidding"}, "does not match any of the expected tags"),
        (FIRM, {"cap_kw": -1.0}, "greater than or equal to 0"),
    ],
)
def test_rules_that_make_no_sense(programme, other, why):
    with pytest.raises(ValidationError, match=why):
        changed(programme, **other)


def test_holidays_are_named_where_days_need_them():
    with pytest.raises(ValidationError, match="no `holidays`"):
        Elrp(name="e", source="s", currency="USD", days=("mon", "holiday"))
