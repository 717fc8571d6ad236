"""PV behind the meter, plants on the feeder and the export limit, through a whole run.

main_board --- building_board     site "house": 3 kW of load, PV, two bidirectional ports
     |-------- unidirectional_board   a plant of nobody's
     '-------- bidirectional_board
"""

import numpy as np
import pytest
from small_sites import Asking, Small, car, policy_of, ports, ran, read, site

from sims.building.pv import Panel, Sky, pv_kw

PLACE = {"location": {"latitude": 34.2, "longitude": -118.2, "clearness": 0.8, "clearness_spread": 0.0}}
PLANT = {"connection": "unidirectional_board", "peak_kw": 40.0}
WITH_PLANT = Small(tables=PLACE, feeder={"network": "office_site", "pv": [PLANT]})


def house(**other):
    cars = [car("a", 0, 24, soc_arrival=0.9), car("b", 0, 24, soc_arrival=0.9)]
    return site(
        3.0, cars, [ports(2)], policy_of(Asking, p_kw=-11.0), name="house", pv={"peak_kw": 8.0}, **other
    )


def own_pv(clock, peak_kw):
    return pv_kw(Panel(peak_kw, 30.0, 180.0, 0.8), Sky(34.2, -118.2, np.full(1, 0.8)), clock)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return ran(tmp_path_factory.mktemp("pv"), house(allow_export=True, export_limit_kw=6.0), when=WITH_PLANT)


def test_load_less_pv_is_what_everybody_sees(done):
    stored = done.site("house")
    expected = own_pv(done.clock, 8.0)
    np.testing.assert_allclose(stored.pv_kw, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(stored.building_kw, 3.0 - expected, rtol=0, atol=1e-12)
    assert stored.building_kw.min() < 0.0


def test_ports_never_push_the_site_beyond_its_export_limit(done):
    stored = done.site("house")
    selling = stored.evse_kw.sum(axis=1) < 0.0
    assert selling.any()
    np.testing.assert_array_less(-6.0 - 1e-9, stored.site_kw[selling])
    # while cars can give enough, exactly the limit is fed back
    assert stored.site_kw[0] == pytest.approx(-6.0, abs=1e-9)


def test_without_a_permit_only_the_sun_feeds_back(tmp_path):
    stored = ran(tmp_path, house(), when=WITH_PLANT).site("house")
    np.testing.assert_array_less(np.minimum(stored.building_kw, 0.0) - 1e-9, stored.site_kw)
    assert stored.site_kw[0] == pytest.approx(0.0, abs=1e-9)
    assert stored.site_kw.min() < -1.0


def test_plants_on_the_feeder_are_in_its_balance(done):
    feeder, house_kw = done.feeder, done.site("house").site_kw
    plant = own_pv(done.clock, 40.0)
    np.testing.assert_allclose(feeder.import_kw, house_kw - plant + feeder.losses_kw, rtol=0, atol=1e-6)
    noon = int(plant.argmax())
    assert feeder.vm_pu[noon].max() > 1.0


def test_kpis_tell_of_the_sun(done):
    figures, stored = done.kpis["sites"]["house"], done.site("house")
    assert figures["pv_kwh"] == pytest.approx(stored.pv_kw.sum() / 4.0)
    exported = np.minimum(stored.pv_kw, np.maximum(-stored.site_kw, 0.0)).sum() / 4.0
    assert figures["pv_used_percent"] == pytest.approx(100.0 * (1.0 - exported / figures["pv_kwh"]))


def test_one_sky_for_all_plants_of_a_seed(tmp_path):
    cloudy = {"location": PLACE["location"] | {"clearness_spread": 0.2}}
    skies = [read(tmp_path / str(seed), house(), when=Small(tables=cloudy, seed=seed)) for seed in (1, 1, 2)]
    first, again, other = (inputs.sites[0].pv_kw for inputs in skies)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
