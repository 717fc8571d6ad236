"""A day on every shipped network, and what its run tells: warnings, stored network, picture, report."""

import numpy as np
import pytest
from small_sites import Small, car, ports, ran, site

from cosim.results.figures.network import feeder_picture, worst_step
from networks import SHIPPED, builder
from sims.feeder import simbench_nets as simbench
from sims.feeder.reference_year import YearProfiles
from sims.feeder.static_loads import static_loads

CONNECTION = {
    "office_site": "main_board",
    "cigre_lv": "Bus R10",
    "schutterwald": "w33098944",
    "kerber_village": "loadbus_2_5",
    "kerber_suburb": "loadbus_3_5",
    "ieee_european_lv": "400",
}


def day_on(folder, name, feeder=None, connection=None):
    """A day with two cars from 8 h to 17 h that charge at once."""
    cars = [car("a", 8, 17), car("b", 8, 17)]
    where = {"connection": connection or CONNECTION[name], "tariff": "flat.toml"}
    one = site(5.0, cars, [ports(2, "unidirectional")], policy="uncontrolled", **where)
    return ran(folder / name.replace(":", "_"), one, when=Small(feeder=feeder or {"network": name}))


@pytest.fixture(scope="module")
def village(folder):
    return day_on(folder, "kerber_village")


@pytest.mark.parametrize(
    "name", [name for name in SHIPPED if name not in {"kerber_village", "kerber_suburb"}]
)
def test_a_day_runs_on_every_shipped_network(name, folder):
    run = day_on(folder, name)
    feeder, net = run.feeder, builder(name)()
    assert feeder.converged.all()
    assert feeder.vm_pu.shape == (96, SHIPPED[name].buses)
    assert tuple(feeder.transformer_rated_kva) == pytest.approx(SHIPPED[name].transformers_kva)
    told = [warning for warning in run.warnings if "placeholder" in warning]
    assert len(told) == SHIPPED[name].placeholder_ratings
    own_kw = static_loads(net).p_kw.sum()
    drawn = run.site("office").site_kw + own_kw
    np.testing.assert_allclose(feeder.import_kw, drawn + feeder.losses_kw, rtol=0, atol=1e-6)


def test_the_file_holds_the_network(village):
    feeder, net = village.feeder, builder("kerber_village")()
    row = {bus: i for i, bus in enumerate(net.bus.index)}
    assert feeder.line_from_bus.tolist() == [row[bus] for bus in net.line["from_bus"]]
    assert feeder.line_to_bus.tolist() == [row[bus] for bus in net.line["to_bus"]]
    assert feeder.transformer_hv_bus.tolist() == [0]
    assert feeder.transformer_lv_bus.tolist() == [1]
    assert feeder.transformer_rated_kva.tolist() == [400.0]
    assert feeder.bus_slack.tolist() == [1, *[0] * 115]
    assert np.isnan(feeder.bus_x).all()
    # a NAYY 4x150 at 0.4 kV: 275 A, 190.5 kVA
    assert feeder.line_rated_a[0] == pytest.approx(275.0)
    assert feeder.line_rated_kva[0] == pytest.approx(3**0.5 * 0.4 * 275.0)


def test_the_picture_says_every_voltage_and_loading(village):
    step = worst_step(village)
    both = np.maximum(
        village.feeder.line_loading_percent.max(axis=1),
        village.feeder.transformer_loading_percent.max(axis=1),
    )
    assert step == both.argmax()
    assert 32 <= step < 68  # the cars are there
    texts = [text for trace in feeder_picture(village).data for text in trace.text or ()]
    vm_pu, loading = village.feeder.vm_pu[step], village.feeder.line_loading_percent[step]
    for i, bus in enumerate(village.header.buses):
        assert any(text == f"{bus}<br>{vm_pu[i]:.4f} pu, {10 if i == 0 else 0.4:g} kV" for text in texts)
    for i, line in enumerate(village.header.lines):
        assert any(text.startswith(f"{line}<br>{loading[i]:.1f} %, rated ") for text in texts)
    assert "office" in texts


def test_lines_have_the_colour_of_their_loading(village):
    step = worst_step(village)
    loading = village.feeder.line_loading_percent[step]
    drawn = {trace.name: trace for trace in feeder_picture(village).data if trace.mode == "lines"}
    for name, low, high in (("to 20 %", 0, 20), ("20 to 40 %", 20, 40), ("40 to 60 %", 40, 60)):
        expected = int(((loading > low) & (loading <= high)).sum())
        assert len(drawn[name].x) == (3 * expected if expected else 1)


def test_another_step_is_another_picture(village):
    night = feeder_picture(village, 0)
    assert "00:00" in night.layout.title.subtitle.text
    assert "highest" not in night.layout.title.subtitle.text
    assert feeder_picture(village).layout.title.subtitle.text.endswith("the step of highest loading")


def test_open_lines_and_places_on_the_map_are_drawn(folder):
    net = builder("schutterwald")(feeder=6)
    feeder = {"network": "schutterwald", "options": {"feeder": 6}}
    run = day_on(folder, "schutterwald", feeder, str(net.bus["name"].loc[net.load["bus"].iloc[0]]))
    closed = run.feeder.line_closed
    assert 0 < (closed == 0).sum() < len(closed)
    picture = feeder_picture(run)
    (dashed,) = [trace for trace in picture.data if trace.name == "open"]
    assert len(dashed.x) == 3 * int((closed == 0).sum())
    np.testing.assert_allclose(picture.layout.yaxis.scaleratio, 1 / np.cos(np.deg2rad(48.46)), rtol=1e-3)
    assert run.feeder.bus_x == pytest.approx(np.full(205, 7.88), abs=0.02)


def test_the_report_shows_the_network_at_a_sane_size(village, tmp_path):
    page = village.report(tmp_path / "page.html")
    assert 'id="network"' in page.read_text()
    assert page.stat().st_size < 5_500_000


def test_a_network_of_simbench_draws_its_year(folder, monkeypatch):
    """The village under SimBench's name, its houses on a profile of 2016 that counts quarter hours."""
    net = builder("kerber_village")()
    count = np.arange(simbench.QUARTER_HOURS, dtype=float)[:, None]
    year = YearProfiles(2016, "Europe/Berlin", count / 1e6, count / 1e6, np.zeros(len(net.load), dtype=int))
    monkeypatch.setattr(simbench, "load_simbench", lambda *_: (net, year))
    monkeypatch.setattr("sims.feeder.network.load_simbench", lambda *_: (net, year))
    run = day_on(folder, "simbench:any", connection="loadbus_2_5", feeder={"network": "simbench:any"})
    first = (31 + 29 + 31 + 30 + 31 + 5) * 96 - 4  # 6 June 2016, summer time
    expected = 342.0 * (first + np.arange(96)) / 1e6
    drawn = run.feeder.import_kw - run.feeder.losses_kw - run.site("office").site_kw
    np.testing.assert_allclose(drawn, expected, rtol=1e-6)
    off = {"network": "simbench:any", "background": {"loads": "none"}}
    quiet = day_on(folder, "simbench:any", connection="loadbus_2_5", feeder=off)
    np.testing.assert_allclose(
        quiet.feeder.import_kw - quiet.feeder.losses_kw, quiet.site("office").site_kw, atol=1e-6
    )
