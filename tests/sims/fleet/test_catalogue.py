"""The catalogue of cars, and sessions that name a model instead of its numbers."""

import re

import numpy as np
import pytest

from sims.faults import DataError
from sims.fleet.catalogue import catalogue
from sims.fleet.sessions_csv import read_sessions

USUAL = "arrival,departure,window_start,window_end,soc_arrival,soc_required"
TIMES = ",".join(f"2024-05-06T{hour:02d}:00:00Z" for hour in (8, 16, 16, 17))


def read(tmp_path, columns, *rows, **how):
    path = tmp_path / "cars.csv"
    lines = [f"s{i},{TIMES},0.5,0.8,{row}" for i, row in enumerate(rows)]
    path.write_text("\n".join([f"session_id,{USUAL},{columns}", *lines, ""]))
    return read_sessions(path, "UTC", **how)[0]


def refused(*args, **how):
    with pytest.raises(DataError) as caught:
        read(*args, **how)
    return str(caught.value)


def test_every_model_is_plausible_and_says_who_states_it():
    models = catalogue()
    assert 15 <= len(models) <= 40
    assert list(models) == sorted(models)
    for name, model in models.items():
        assert re.fullmatch(r"[a-z0-9_]+", name)
        assert set(model.market.split()) <= {"US", "EU"} and model.market
        assert 10.0 <= model.usable_kwh <= 200.0
        # an onboard charger of 16 .. 32 A a phase; in the US up to 80 A at 240 V
        assert (model.ac_phases == 3 and model.ac_charge_kw in {11.0, 22.0}) or (
            model.ac_phases == 1 and 3.6 <= model.ac_charge_kw <= 19.2
        )
        assert 0.0 <= model.v2g_discharge_kw <= 20.0
        assert re.search(r"\b20[12]\d\b", model.source), name
    assert {market for model in models.values() for market in model.market.split()} == {"US", "EU"}


def test_a_model_stands_for_all_its_numbers(tmp_path):
    sessions = read(tmp_path, "vehicle_model", "nissan_leaf_40", "renault_zoe_ze50")
    assert sessions.capacity_kwh.tolist() == [39.0, 52.0]
    assert sessions.p_charge_max_kw.tolist() == [6.6, 22.0]
    assert sessions.p_discharge_max_kw.tolist() == [15.0, 0.0]
    assert sessions.phases.tolist() == [1, 3]


def test_what_the_file_says_comes_first(tmp_path):
    columns = "vehicle_model,capacity_kwh,p_charge_max_kw,phases"
    sessions = read(tmp_path, columns, "nissan_leaf_40,33.5,,3", "vw_id3_58,,7.4,")
    assert sessions.capacity_kwh.tolist() == [33.5, 58.0]
    assert sessions.p_charge_max_kw.tolist() == [6.6, 7.4]
    assert sessions.phases.tolist() == [3, 3]


def test_a_row_without_a_model_is_as_without_the_column(tmp_path):
    sessions = read(tmp_path, "vehicle_model,capacity_kwh", ",60", "vw_id3_58,")
    assert sessions.capacity_kwh.tolist() == [60.0, 58.0]
    assert np.isinf(sessions.p_charge_max_kw[0]) and np.isinf(sessions.p_discharge_max_kw[0])
    assert "D41 " in refused(tmp_path, "vehicle_model,capacity_kwh", ",", "vw_id3_58,")


def test_a_name_nobody_knows_has_a_neighbour_and_is_said_once(tmp_path):
    said = refused(tmp_path, "vehicle_model", "vw_id3", "nissan_leaf_40", "vw_id3")
    assert re.search(
        r'D26 .*cars\.csv:2:vehicle_model = "vw_id3": no such model; nearest: "vw_id3_58".*\(2 rows: 2, 4\)',
        said,
    )
    assert "1 fault, nothing was run" in said


def test_without_a_model_the_capacity_must_be_there(tmp_path):
    assert "D07" in refused(tmp_path, "phases", "3")


def test_a_car_that_comes_back_has_the_battery_it_had(tmp_path):
    path = tmp_path / "cars.csv"
    later = TIMES.replace("05-06", "05-07")
    rows = [f"a,v,{TIMES},0.5,0.8,60", f"b,v,{later},0.5,0.8,62", f"c,w,{later},0.5,0.8,62"]
    path.write_text("\n".join([f"session_id,vehicle_id,{USUAL},capacity_kwh", *rows, ""]))
    assert len(read_sessions(path, "UTC")[0]) == 3
    with pytest.raises(DataError, match=r'D21 .*cars\.csv:3:vehicle_id = "v": .*rows 2 and 3'):
        read_sessions(path, "UTC", persistent_vehicles=True)
