"""A small run with numbers that can be checked by hand; `python synthetic.py OUT STEPS` writes it."""

import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np

from cosim.results import RunHeader, RunWriter, SiteHeader
from sims.clock import Clock
from sims.signals.tariffs.tariff import DemandPeriod, EnergyPeriod, Tariff

# Two days of quarter hours from Monday 2019-06-03, Los Angeles; night is 0..12 h, day 12..24 h.
# building     10 kW always, 40 kW on Tuesday 14:00-15:00
# evse 0       20 kW on Monday 08:00-10:00 (car a), 8 kW on Tuesday 14:00-14:30 (car c, needs more)
# evse 1      -4 kW on Monday 09:00-10:00 (car b, gives energy away)
# car d finds no port, car e stays past the end of the run and takes 1 kWh, car f is too short
# every car is stored at SoC 0.5 (b: 0.9) and has its last change on leaving
CLOCK = Clock.from_local(datetime(2019, 6, 3), 2, 900, "America/Los_Angeles")
HOUR = 4
TARIFF = Tariff(
    name="two",
    currency="USD",
    source="made up",
    energy=(
        EnergyPeriod(name="night", hours=((0, 12),), price_per_kwh=0.10),
        EnergyPeriod(name="day", hours=((12, 24),), price_per_kwh=0.20),
    ),
    demand=(DemandPeriod(name="day peak", hours=((12, 24),), price_per_kw=10.0),),
)
OFFICE = SiteHeader("office", ("p0", "p1"), ("unidirectional", "bidirectional"), "two", "USD", 45.0)
YARD = SiteHeader("yard", (), (), "two", "USD")
HEADER = RunHeader(
    name="synthetic",
    scenario_toml='name = "synthetic"\n',
    seed=7,
    clock=CLOCK,
    sites=(OFFICE, YARD),
    signals={"two": TARIFF.model_dump_json()},
    buses=("board", "garage <b>"),
    lines=("cable",),
    transformers=("T 1/2",),
)


def blocks() -> dict[str, np.ndarray]:
    """Every series of the run, by path, each of shape (192, ...)."""
    n = CLOCK.n_steps
    day = 24 * HOUR
    building = np.full(n, 10.0)
    building[day + 14 * HOUR : day + 15 * HOUR] = 40.0
    evse = np.zeros((n, 2))
    evse[8 * HOUR : 10 * HOUR, 0] = 20.0
    evse[9 * HOUR : 10 * HOUR, 1] = -4.0
    evse[day + 14 * HOUR : day + 14 * HOUR + 2, 0] = 8.0
    session = np.full((n, 2), -1)
    session[8 * HOUR : 12 * HOUR, 0] = 0
    session[9 * HOUR : 10 * HOUR, 1] = 1
    session[day + 14 * HOUR : day + 15 * HOUR, 0] = 2
    session[day + 20 * HOUR :, 1] = 4
    soc = np.where(session < 0, np.nan, np.where(session == 1, 0.9, 0.5))
    loading = np.full((n, 1), 50.0)
    loading[8 * HOUR : 9 * HOUR, 0] = 120.0
    loading[day + 14 * HOUR, 0] = 110.0
    vm = np.full((n, 2), 0.99)
    vm[day + 14 * HOUR, 1] = 0.93
    vm[5] = np.nan
    converged = np.ones(n)
    converged[5] = 0
    return {
        "signals/two/price_per_kwh": TARIFF.price_per_kwh(CLOCK.calendar()),
        "signals/two/co2_g_per_kwh": np.full(n, 300.0),
        "sites/office/building_kw": building,
        "sites/office/evse_kw": evse,
        "sites/office/setpoint_kw": evse,
        "sites/office/soc": soc,
        "sites/office/session": session,
        "sites/office/site_kw": building + evse.sum(axis=1),
        "sites/yard/building_kw": np.full(n, 5.0),
        "sites/yard/evse_kw": np.zeros((n, 0)),
        "sites/yard/setpoint_kw": np.zeros((n, 0)),
        "sites/yard/soc": np.zeros((n, 0)),
        "sites/yard/session": np.zeros((n, 0), dtype=int),
        "sites/yard/site_kw": np.full(n, 5.0),
        "feeder/vm_pu": vm,
        "feeder/transformer_loading_percent": loading,
        "feeder/line_loading_percent": np.full((n, 1), 30.0),
        "feeder/import_kw": np.full(n, 16.0),
        "feeder/losses_kw": np.full(n, 1.0),
        "feeder/converged": converged,
    }


def sessions(rows: int = 6) -> dict[str, np.ndarray]:
    """The first rows of the sessions table, times in seconds since the start."""
    hour, day = 3600, 24 * 3600
    leaving = np.array([12 * hour, 10 * hour, day + 15 * hour, 10 * hour, 2 * day + hour, 120])
    table = {
        "session_id": np.array(["a", "b", "c<script>", "d", "e", "f"], dtype=object),
        "vehicle_id": np.array(["car a", "car b", "car c", "car d", "car e", "car f"], dtype=object),
        "evse_index": np.array([0, 1, 0, -1, 1, -1]),
        "arrival": np.array([8 * hour - 60, 9 * hour, day + 14 * hour, 9 * hour, day + 20 * hour, 60]),
        "departure": leaving,
        "window_start": leaving,
        "window_end": leaving,
        "capacity_kwh": np.array([100.0, 50.0, 50.0, 50.0, 50.0, 50.0]),
        "soc_arrival": np.array([0.40, 0.90, 0.50, 0.50, 0.50, 0.50]),
        "soc_required": np.array([0.70, 0.80, 0.70, 0.60, 0.90, 0.54]),
        "soc_min": np.full(6, 0.1),
        "soc_max": np.full(6, 1.0),
        "soc_departure": np.array([0.80, 0.82, 0.58, np.nan, np.nan, np.nan]),
        "energy_grid_kwh": np.array([40.0, -4.0, 4.0, 0.0, 0.0, 0.0]),
        "missing_kwh": np.array([0.0, 0.0, 6.0, 5.0, 19.0, 2.0]),
        "unavoidable_kwh": np.array([0.0, 0.0, 1.0, 5.0, 0.0, 2.0]),
        "connected": np.array([1, 1, 1, 0, 1, 0]),
        "too_short": np.array([0, 0, 0, 0, 0, 1]),
        "censored": np.array([0, 0, 0, 0, 1, 0]),
    }
    return {name: column[:rows] for name, column in table.items()}


def ports(rows: int = 2) -> dict[str, np.ndarray]:
    """What is known of the first `rows` ports at the end."""
    return {"soc_end": np.array([np.nan, 0.52])[:rows], "clamped_requests": np.array([3, 1])[:rows]}


def write(path: Path, steps: int, *, overwrite: bool = False) -> Path:
    """Write the run in segments of `steps`."""
    every = blocks()
    with RunWriter(path, HEADER, overwrite=overwrite) as writer:
        for first in range(0, CLOCK.n_steps, steps):
            writer.write_segment(first, {name: block[first : first + steps] for name, block in every.items()})
        return writer.finish(
            {"office": sessions(), "yard": sessions(0)},
            {"office": ports(), "yard": ports(0)},
        )


def write_named(path: Path, name: str) -> Path:
    """The run with this name for everything a name can be given to; a site's has no "/"."""
    site = name.replace("/", "")
    header = replace(
        HEADER, name=name, scenario_toml=name, buses=(name, "b"), lines=(name,), transformers=(name,),
        sites=(replace(OFFICE, name=site, evse=(name, "p1")), YARD),
    )  # fmt: skip
    series = {key.replace("/office/", f"/{site}/"): block for key, block in blocks().items()}
    table = sessions()
    table["session_id"][0] = table["vehicle_id"][0] = name
    with RunWriter(path, header) as writer:
        writer.write_segment(0, series)
        return writer.finish({site: table, "yard": sessions(0)}, {site: ports(), "yard": ports(0)})


def write_feeder_only(path: Path, segment: int) -> bytes:
    """A run of more than two chunks, 1,500 steps, no site, one transformer."""
    header = RunHeader("feeder", "", 1, Clock(0, 900, 1500, "UTC"), (), transformers=("<b>t",))
    series = np.random.default_rng(1).normal(size=(1500, 1))
    blocks = {
        "feeder/vm_pu": np.zeros((1500, 0)),
        "feeder/transformer_loading_percent": series,
        "feeder/line_loading_percent": np.zeros((1500, 0)),
        "feeder/import_kw": series[:, 0],
        "feeder/losses_kw": series[:, 0],
        "feeder/converged": np.ones(1500),
    }
    with RunWriter(path, header) as writer:
        for first in range(0, 1500, segment):
            writer.write_segment(
                first, {key: block[first : first + segment] for key, block in blocks.items()}
            )
        return writer.finish({}, {}).read_bytes()


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
