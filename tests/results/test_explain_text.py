"""The sentences about the synthetic run, worked out by hand from `synthetic.py`."""

import pytest
import synthetic

from cosim import Run, open_run
from cosim.explain import FIGURES, Explanation, figures_of
from cosim.results import RunWriter
from sims.faults import ScenarioError

TOLD = """\
synthetic runs from 3 Jun 2019 to 4 Jun 2019 in steps of 15 min (times are those of America/Los_Angeles).
office pays 562.40 USD: 480.00 USD for demand (85 %) and 82.40 USD for energy (15 %).
Its largest lines are "day peak" with 480.00 USD (48.0 kW at 10.0000 USD/kW) and "day" with 54.80 USD \
(274.0 kWh at 0.2000 USD/kWh).
Without its cars it would be 478.00 USD: they add 84.40 USD (18 %): 4.40 USD for energy and 80.00 USD for \
demand.
The energy of a charging session costs 1.10 USD in the mean.
The billed peak of office is 48.0 kW, set in the demand window of 15 min from Tue 4 Jun 14:00: the building \
drew 40.0 kW, the cars 8.0 kW (17 %).
Only p0 (8.0 kW) drew power then.
The building alone would have peaked at 40.0 kW: the cars raise that by 8.0 kW.
It goes 3.0 kW beyond the threshold of 45.0 kW the policy was given.
At office, 1 of 4 connected sessions left short, by 6.0 kWh together; full power from the start would have \
avoided 5.0 kWh of it.
Why: for 1 even full power over the whole stay was not enough (6.0 kWh).
Most was missing in session "c<script>": 6.0 kWh after a stay from Tue 4 Jun 14:00 to Tue 4 Jun 15:00.
1 session found both ports taken; what these cars lack, 5.0 kWh, no policy could have given them.
1 session is too short to be seen at any step and 1 session is cut by the start or the end of the run, and \
not judged.
The cars of office took 44.0 kWh and gave back 4.0 kWh; at times both ports were taken."""


def changed(tmp_path, series: dict, sessions: dict) -> Run:
    """The synthetic run with other series or columns of the sessions table."""
    blocks, table = synthetic.blocks() | series, synthetic.sessions() | sessions
    with RunWriter(tmp_path / "changed.h5", synthetic.HEADER) as writer:
        writer.write_segment(0, blocks)
        path = writer.finish(
            {"office": table, "yard": synthetic.sessions(0)},
            {"office": synthetic.ports(), "yard": synthetic.ports(0)},
        )
    return open_run(path)


def sentence(told: Explanation, start: str) -> str:
    """The only sentence that starts so."""
    (found,) = [one.text for one in told.sentences if one.text.startswith(start)]
    return found


def test_the_text_of_the_first_site(run):
    assert run.explain().text.startswith(f"{TOLD}\n")


def test_what_limits_the_feeder_comes_first_and_in_the_singular_and_plural(run):
    lines = run.explain().text.splitlines()
    lines = lines[lines.index(sentence(run.explain(), "What limits")) :]
    assert lines[0] == (
        "What limits the feeder first is the transformer: it carries up to 120.0 % of its rating on "
        "Mon 3 Jun 08:00 and is above its rating for 1 h 15 min on 2 days."
    )
    assert lines[1].startswith("The voltage of bus garage <b> falls to 0.930 pu on Tue 4 Jun 14:00")
    assert lines[2].startswith("Line cable is the most loaded one, up to 30.0 % of its rating")


def test_caveats_come_last(run):
    assert run.explain().text.splitlines()[-3:] == [
        "Caveat: 1 of 192 steps has no power-flow solution.",
        "Caveat: limits changed 4 requests of the policy of office.",
        "Caveat: the bill covers 2 of the 30 days of June 2019; peaks are charged in full.",
    ]


def test_no_word_of_what_the_run_does_not_have(run):
    text = run.explain().text
    assert not any(
        word in text for word in ("hot spot", "event", "market", "oracle", "baseline", "flows back")
    )


def test_causes_are_told_apart(tmp_path):
    """Car a stays as declared and lacks 2 kWh; car b leaves an hour early and lacks 3 kWh."""
    table = synthetic.sessions()
    missing, declared = table["missing_kwh"].copy(), table["window_start"].copy()
    missing[:2], declared[1] = [2.0, 3.0], table["departure"][1] + 3600
    told = changed(tmp_path, {}, {"missing_kwh": missing, "window_start": declared}).explain("occupancy")
    assert sentence(told, "Why") == (
        "Why: for 1 even full power over the whole stay was not enough (6.0 kWh), 1 left before the "
        "departure its driver had declared (3.0 kWh); and 1 stayed as declared, but the policy or a limit "
        "held power back (2.0 kWh)."
    )
    assert "avoided 10.0 kWh of it" in sentence(told, "At office")


def test_a_peak_that_cars_lower(tmp_path):
    """Car c gives 8 kW back while the building draws its 40 kW."""
    series = synthetic.blocks()
    evse, at = series["sites/office/evse_kw"], (24 + 14) * synthetic.HOUR
    evse[at : at + 4, 0] = -8.0
    site_kw = series["sites/office/building_kw"] + evse.sum(axis=1)
    told = changed(tmp_path, {"sites/office/evse_kw": evse, "sites/office/site_kw": site_kw}, {}).explain(
        "site"
    )
    assert sentence(told, "The billed peak of office") == (
        "The billed peak of office is 32.0 kW, set in the demand window of 15 min from Tue 4 Jun 14:00: the "
        "building drew 40.0 kW, the cars gave back 8.0 kW."
    )
    assert "Only p0 (8.0 kW) gave back power then." in told.text
    assert "the cars lower that by 8.0 kW" in told.text
    assert "The policy kept it within its threshold of 45.0 kW." in told.text


def test_every_figure_of_a_run_has_its_words(run):
    drawn = {name.removeprefix("plot_") for name in dir(Run) if name.startswith("plot_")}
    assert drawn <= set(FIGURES)
    assert set(figures_of(run)) == drawn - {"heat", "event", "network"}
    for name in figures_of(run):
        assert run.explain(name).sentences


def test_a_figure_it_does_not_have(run):
    with pytest.raises(ScenarioError, match='"ocupancy": the run has no such figure; nearest: "occupancy"'):
        run.explain("ocupancy")
    with pytest.raises(ScenarioError, match=r'"heat": the run has no such figure; valid: .*transformer'):
        run.explain("heat")


def test_only_runs_of_the_same_time_and_sites_are_compared(run, tmp_path):
    other = open_run_feeder(tmp_path)
    with pytest.raises(ScenarioError, match="covers another time"):
        run.explain(against=other)


def open_run_feeder(tmp_path) -> Run:
    synthetic.write_feeder_only(tmp_path / "feeder.h5", 1500)
    return open_run(tmp_path / "feeder.h5")


def test_a_run_without_sites_is_explained(tmp_path):
    text = open_run_feeder(tmp_path).explain().text
    assert "What limits the feeder first is the transformer" in text


def test_against_itself_nothing_has_changed(run):
    lines = run.explain(against=run).text.splitlines()
    assert lines[1:3] == [
        "Against the baseline, the bill of office is the same.",
        "Against the baseline, the bill of yard is the same.",
    ]
    assert lines[3].startswith("office pays")


def test_a_gain_says_what_it_costs(run, tmp_path):
    """Without car c: nothing missing, a peak of 40 instead of 48 kW: 80 USD of demand, 0.8 of energy."""
    series = synthetic.blocks()
    evse, at = series["sites/office/evse_kw"], (24 + 14) * synthetic.HOUR
    evse[at : at + 2, 0] = 0.0
    site_kw = series["sites/office/building_kw"] + evse.sum(axis=1)
    base = changed(
        tmp_path,
        {"sites/office/evse_kw": evse, "sites/office/site_kw": site_kw},
        {"missing_kwh": synthetic.sessions()["missing_kwh"] * [1, 1, 0, 1, 1, 1]},
    )
    lines = run.explain(against=base).text.splitlines()
    assert lines[1:4] == [
        "Against the baseline, the bill of office is 80.80 USD higher (17 %): 80.00 USD higher for demand "
        "and 0.80 USD higher for energy.",
        "At office the billed peak is 8.0 kW higher, the energy charged is 4.0 kWh higher and the CO2 of "
        "imported energy is 1 kg higher.",
        "Left short at office: 1 session, by 6.0 kWh together; in the baseline none.",
    ]


def test_json_has_text_and_numbers(run):
    told = run.explain("transformer").as_dict()
    assert told["sentences"][0]["numbers"][0] == {
        "text": "120.0 % of its rating",
        "path": "transformers.T 1/2.max_loading_percent",
        "value": 120.0,
    }


def test_in_a_notebook_markup_is_text(run):
    assert "&lt;script&gt;" in run.explain()._repr_html_()
    assert "<script>" not in run.explain()._repr_html_()
