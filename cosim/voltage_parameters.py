"""What feeder and fleet are told of chargers that answer to voltage or draw reactive power."""

from math import sqrt
from typing import Any

from cosim.scenario.schema import Chargers, Site
from cosim.scenario.voltage_check import largest_kw

FULL_POWER_FACTOR = 0.9  # a converter carries its active power at cos phi 0.9, as VDE-AR-N 4105 asks


def reactive(site: Site) -> dict[str, Any] | None:
    """Reactive power of a site's ports as `ChargerReactive` takes it, None when there is none."""
    if not any(group.draws_kvar for group in site.chargers):
        return None
    ports = [group for group in site.chargers for _ in range(group.count)]
    follow = [(port, group, group.volt_var) for port, group in enumerate(ports) if group.volt_var is not None]
    rated_kva = [curve.rated_kva or largest_kw(group) / FULL_POWER_FACTOR for _, group, curve in follow]
    return {
        "tan_phi": [_tan_phi(group) for group in ports],
        "port": [port for port, _, _ in follow],
        "volt_var_pu": [curve.voltage_pu for _, _, curve in follow],
        "volt_var_kvar": [
            [share * kva for share in curve.q_share]
            for (_, _, curve), kva in zip(follow, rated_kva, strict=True)
        ],
        "rated_kva": rated_kva,
    }


def volt_watt(site: Site) -> dict[str, Any] | None:
    """P(V) curves of a site's ports as `VoltWattCurves` takes them, None when there is none."""
    ports = [group for group in site.chargers for _ in range(group.count)]
    follow = [(port, group.volt_watt) for port, group in enumerate(ports) if group.volt_watt is not None]
    if not follow:
        return None
    return {
        "port": [port for port, _ in follow],
        "charge_pu": [curve.charge_voltage_pu for _, curve in follow],
        "charge_share": [curve.charge_share for _, curve in follow],
        "discharge_pu": [curve.discharge_voltage_pu for _, curve in follow],
        "discharge_share": [curve.discharge_share for _, curve in follow],
    }


def _tan_phi(group: Chargers) -> float:
    """Reactive power for each kW of a fixed power factor; the sign of cos phi is that of q [kvar/kW]."""
    cos_phi = group.power_factor
    tan = sqrt(1.0 - cos_phi * cos_phi) / abs(cos_phi)
    return tan if cos_phi > 0.0 else -tan
