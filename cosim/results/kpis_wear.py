"""Key figures of battery wear, from the columns a run with `[sites.fleet.degradation]` has."""

import math

import numpy as np

from cosim.results.header import SiteHeader
from cosim.results.kpi_table import Figures
from cosim.results.layout import Array, Arrays

NO_LOSS: Figures = {
    "capacity_loss_kwh": None,
    "capacity_loss_mean_percent": None,
    "capacity_loss_max_percent": None,
    "capacity_loss_max_vehicle": None,
}


def wear_figures(site: SiteHeader, arrays: Arrays) -> Figures:
    """Cycles, capacity lost and what it is worth; None for what the site does not reckon.

    Mean and maximum are over the cars (`vehicle_id`) that had a port at least once; what a car loses
    elsewhere is not the site's.
    """
    table = f"sessions/{site.name}"
    if f"{table}/equivalent_full_cycles" not in arrays:
        return {"equivalent_full_cycles": None, "battery_wear_cost": None, **NO_LOSS}
    cost = float(arrays[f"{table}/wear_cost"].sum())
    return {
        "equivalent_full_cycles": float(arrays[f"{table}/equivalent_full_cycles"].sum()),
        "battery_wear_cost": None if math.isnan(cost) else cost,
        **_losses(arrays, table),
    }


def _losses(arrays: Arrays, table: str) -> Figures:
    loss = arrays[f"{table}/calendar_loss"] + arrays[f"{table}/cyclic_loss"]
    connected = arrays[f"{table}/connected"] == 1
    if np.isnan(loss).any():
        return NO_LOSS
    lost: Figures = {"capacity_loss_kwh": float((loss * arrays[f"{table}/capacity_kwh"]).sum())}
    if not connected.any():
        return NO_LOSS | lost
    cars, percent = _by_car(arrays[f"{table}/vehicle_id"][connected], 100.0 * loss[connected])
    most = int(np.argmax(percent))
    return lost | {
        "capacity_loss_mean_percent": float(percent.mean()),
        "capacity_loss_max_percent": float(percent[most]),
        "capacity_loss_max_vehicle": str(cars[most]),
    }


def _by_car(vehicle_id: Array, values: Array) -> tuple[Array, Array]:
    """Cars, sorted, and the sums of their values, shape (n_cars,)."""
    cars, car = np.unique(vehicle_id.astype(np.str_), return_inverse=True)
    return cars, np.bincount(car, weights=values)
