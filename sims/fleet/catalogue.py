"""Common EV models as data: what a session file need not say of a car whose model it names.

`catalogue.csv` is the list: usable energy and the AC side of each model as its maker or EV Database state
them, with source and year; `v2g_discharge_kw` where discharging into a building or grid is offered for it.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from sims.cells import Block, TableFaults
from sims.faults import nearest

FILE = Path(__file__).with_name("catalogue.csv")


@dataclass(frozen=True, slots=True)
class VehicleModel:
    """One model of car.

    Parameters
    ----------
    name, market : str
        Name in session files; where this variant is sold, "US", "EU" or both.
    usable_kwh : float
        Usable battery energy when new [kWh].
    ac_charge_kw : float
        Largest AC charging power of the car [kW].
    ac_phases : int
        Phases it charges on at that power, 1 or 3 [-].
    v2g_discharge_kw : float
        Largest power it is offered to discharge with, 0 when it is not [kW].
    source : str
        Who states it, and when.
    """

    name: str
    market: str
    usable_kwh: float
    ac_charge_kw: float
    ac_phases: int
    v2g_discharge_kw: float
    source: str

    @property
    def label(self) -> str:
        """The model in a line."""
        discharge = f", discharges {self.v2g_discharge_kw:g} kW" if self.v2g_discharge_kw else ""
        ac = f"AC {self.ac_charge_kw:g} kW on {self.ac_phases} phase{'s' if self.ac_phases > 1 else ''}"
        return f"{self.usable_kwh:g} kWh usable, {ac}{discharge} ({self.market}; {self.source})"

    @property
    def cells(self) -> dict[str, str]:
        """What stands for the empty cells of a session of this model, by column."""
        return {
            "capacity_kwh": f"{self.usable_kwh!r}",
            "p_charge_max_kw": f"{self.ac_charge_kw!r}",
            "p_discharge_max_kw": f"{self.v2g_discharge_kw!r}",
            "phases": f"{self.ac_phases}",
        }


@cache
def catalogue() -> Mapping[str, VehicleModel]:
    """All models by name, in the order of the file."""
    with FILE.open(newline="", encoding="utf-8") as file:
        models = [_model(row) for row in csv.DictReader(file, strict=True)]
    return {model.name: model for model in models}


def _model(row: Mapping[str, str]) -> VehicleModel:
    return VehicleModel(
        name=row["vehicle_model"],
        market=row["market"],
        usable_kwh=float(row["usable_kwh"]),
        ac_charge_kw=float(row["ac_charge_kw"]),
        ac_phases=int(row["ac_phases"]),
        v2g_discharge_kw=float(row["v2g_discharge_kw"] or 0.0),
        source=row["source"],
    )


def filled_in(block: Block, faults: TableFaults) -> Block:
    """Rows of a session file with the cells they leave empty filled in from the models they name.

    Parameters
    ----------
    block : Block
        Rows; where there is no column `vehicle_model` they stay as they are, as do rows without a model.
    faults : TableFaults
        Takes the names nobody knows.
    """
    names = block.columns.get("vehicle_model")
    if names is None:
        return block
    known = catalogue()
    for name in sorted(set(names) - set(known) - {""}):
        rows = block.rows[np.flatnonzero([given == name for given in names])]
        what = f"no such model; {nearest(name, known)} (`cosim list vehicles` shows all)"
        faults.add("D26", "vehicle_model", rows, what, name)
    # one fault a name is enough: to go on, it stands for a car like any other
    usual = next(iter(known.values()))
    cells = [known.get(name, usual).cells if name else {} for name in names]
    columns = {
        column: _column(block.columns.get(column, [""] * len(names)), [row.get(column, "") for row in cells])
        for column in usual.cells
    }
    return Block(block.rows, block.columns | columns)


def _column(given: Sequence[str], usual: Sequence[str]) -> list[str]:
    return [text or other for text, other in zip(given, usual, strict=True)]
