"""Faults of curves, power factors and tap changers that no network is needed to see."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from cosim.scenario.positions import Finding, Loc
from cosim.scenario.schema import Chargers, Feeder, Scenario
from cosim.scenario.voltage_form import TapChanger

LEAST_POWER_FACTOR = 0.5
VOLTAGES_PU, VOLTS = (0.5, 1.5), 50.0
TAPPING_ENGINES = ("zbus", "pandapower")
REGULATION = ("bus", "target_pu", "dead_band_pu", "delay_minutes")


def check_voltage(scenario: Scenario) -> Iterator[Finding]:
    """What is wrong with everything that answers to voltage."""
    yield from _check_tap_changers(scenario.feeder)
    for i, site in enumerate(scenario.sites):
        for j, group in enumerate(site.chargers):
            yield from _check_chargers(group, ("sites", i, "chargers", j))
            yield from _check_engine(scenario.feeder.engine, group, ("sites", i, "chargers", j))


def _check_engine(engine: str, group: Chargers, here: Loc) -> Iterator[Finding]:
    """A flow by phases knows active power of chargers only."""
    if engine in TAPPING_ENGINES:
        return
    asked = {
        "power_factor": group.power_factor != 1.0,
        "volt_var": group.volt_var,
        "volt_watt": group.volt_watt,
    }
    for key, value in asked.items():
        if value:
            what = f'needs one of the engines {", ".join(TAPPING_ENGINES)}; feeder.engine is "{engine}"'
            yield Finding("S38", (*here, key), what, uses=(("feeder", "engine"),))


def largest_kw(group: Chargers) -> float:
    """Largest active power of a port, either way [kW]."""
    return max(group.p_max_kw, group.p_discharge_max_kw or 0.0)


def _check_chargers(group: Chargers, here: Loc) -> Iterator[Finding]:
    if abs(group.power_factor) < LEAST_POWER_FACTOR:
        what = "allowed: -1 .. -0.5 (gives reactive power) and 0.5 .. 1 (draws it)"
        yield Finding("S20", (*here, "power_factor"), what, group.power_factor)
    if group.volt_var is not None:
        yield from _check_volt_var(group, here)
    if group.volt_watt is not None:
        curves, loc = group.volt_watt, (*here, "volt_watt")
        yield from _check_curve(
            loc, "charge_voltage_pu", curves.charge_voltage_pu, "charge_share", curves.charge_share, 1
        )
        yield from _check_curve(
            loc, "discharge_voltage_pu", curves.discharge_voltage_pu,
            "discharge_share", curves.discharge_share, -1,
        )  # fmt: skip


def _check_volt_var(group: Chargers, here: Loc) -> Iterator[Finding]:
    curve, loc = group.volt_var, (*here, "volt_var")
    if curve is None:
        return
    if group.power_factor != 1.0:
        what = "contradicts [sites.chargers.volt_var], which sets reactive power: leave one of the two out"
        yield Finding("S38", (*here, "power_factor"), what, group.power_factor, uses=(loc,))
    yield from _check_curve(loc, "voltage_pu", curve.voltage_pu, "q_share", curve.q_share, 1, -1.0)
    if curve.rated_kva is not None and curve.rated_kva < largest_kw(group):
        what = f"must be at least the largest active power of the port, {largest_kw(group):g} kW"
        uses = ((*here, "p_max_kw"), (*here, "p_discharge_max_kw"))
        yield Finding("S38", (*loc, "rated_kva"), what, curve.rated_kva, uses=uses)


def _check_curve(
    loc: Loc,
    x: str,
    at_pu: Sequence[float],
    y: str,
    values: Sequence[float],
    direction: int,
    least: float = 0.0,
) -> Iterator[Finding]:
    """Rising voltages, as many values, in range, and none that goes against `direction`."""
    if not all(VOLTAGES_PU[0] <= vm <= VOLTAGES_PU[1] for vm in at_pu):
        hint = "; in volts? divide by the nominal voltage" if max(at_pu) > VOLTS else ""
        what = f"allowed: {VOLTAGES_PU[0]} .. {VOLTAGES_PU[1]} pu each{hint}"
        yield Finding("S20", (*loc, x), what, list(at_pu))
    elif not all(low < high for low, high in pairwise(at_pu)):
        yield Finding("S38", (*loc, x), "voltages must rise from point to point", list(at_pu))
    if not all(least <= value <= 1.0 for value in values):
        yield Finding("S20", (*loc, y), f"allowed: {least:g} .. 1 each (a share, not percent)", list(values))
    elif len(at_pu) != len(values):
        what = f"{len(values)} values for {len(at_pu)} voltages in {x}"
        yield Finding("S38", (*loc, y), what, list(values), uses=((*loc, x),))
    elif not all(direction * low <= direction * high for low, high in pairwise(values)):
        way = "fall" if direction > 0 else "rise"
        what = f"must not {way} with voltage: the port would drive the voltage away from 1 pu"
        yield Finding("S38", (*loc, y), what, list(values))


def _check_tap_changers(feeder: Feeder) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for i, changer in enumerate(feeder.tap_changers):
        here: Loc = ("feeder", "tap_changers", i)
        known = first.setdefault(changer.transformer, i)
        if known != i:
            what = f"has a changer already, feeder.tap_changers[{known}]"
            uses = (("feeder", "tap_changers", known, "transformer"),)
            yield Finding("S27", (*here, "transformer"), what, changer.transformer, uses=uses)
        yield from _check_mode(changer, here)
    if feeder.tap_changers and feeder.engine not in TAPPING_ENGINES:
        what = f"tap changers need one of the engines {', '.join(TAPPING_ENGINES)}"
        yield Finding("S38", ("feeder", "engine"), what, feeder.engine, uses=(("feeder", "tap_changers"),))


def _check_mode(changer: TapChanger, here: Loc) -> Iterator[Finding]:
    if changer.mode == "on_load":
        return
    for name in REGULATION:
        value = getattr(changer, name)
        if value is not None:
            what = 'an "off_load" changer is never moved: leave it out, or write mode = "on_load"'
            yield Finding("S22", (*here, name), what, value, uses=((*here, "mode"),))
