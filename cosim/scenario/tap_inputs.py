"""Tap changers of a scenario looked up in its network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cosim.scenario.gather import Gathered
from cosim.scenario.positions import Finding, Loc
from cosim.scenario.schema import Scenario
from cosim.scenario.voltage_form import TapChanger
from sims.faults import ScenarioError, nearest

if TYPE_CHECKING:
    from pandapower.auxiliary import pandapowerNet

VOLTAGE_CHANGERS = ("Ratio", "Symmetrical")
TARGET_PU, DELAY_MINUTES, BAND_PER_STEP = 1.0, 1.0, 1.5


@dataclass(frozen=True, slots=True)
class TapInput:
    """A tap changer as the feeder needs it.

    Parameters
    ----------
    row : int
        Row of its transformer in `net.trafo` [-].
    tap : int
        Position at the start [-].
    on_load : bool
        Whether it moves; what follows is of no use if not.
    bus_row : int
        Row of the controlled bus in `net.bus` [-].
    target_pu, dead_band_pu : float
        Voltage wanted, and the whole width of the band around it without moves [pu].
    delay_s : float
        Time outside the band before a move [s].
    tap_min, tap_max : int
        Range of the position [-].
    raises : int
        1 if the next higher position raises the voltage, -1 if it lowers it [-].
    """

    row: int
    tap: int
    on_load: bool
    bus_row: int
    target_pu: float
    dead_band_pu: float
    delay_s: float
    tap_min: int
    tap_max: int
    raises: int


def read_tap_changers(scenario: Scenario, net: "pandapowerNet", found: Gathered) -> tuple[TapInput, ...]:
    """The tap changers, what is wrong with them noted in `found`."""
    read = [found.attempt(_read, scenario, net, i) for i in range(len(scenario.feeder.tap_changers))]
    return tuple(changer for changer in read if changer is not None)


def _read(scenario: Scenario, net: "pandapowerNet", i: int) -> TapInput:
    """One changer; the network says range, step and side."""
    changer, here = scenario.feeder.tap_changers[i], ("feeder", "tap_changers", i)
    row = _row(scenario, net, changer, here)
    trafo = net.trafo.iloc[row]
    _refuse_without_changer(scenario, changer, here, trafo)
    low, high = int(trafo["tap_min"]), int(trafo["tap_max"])
    step_pu = abs(float(trafo["tap_step_percent"])) / 100.0
    start = trafo["tap_pos"] if np.isfinite(trafo["tap_pos"]) else trafo["tap_neutral"]
    tap = int(start) if changer.tap is None else changer.tap
    findings = []
    if not low <= tap <= high:
        findings.append(Finding("S20", (*here, "tap"), f"allowed: {low} .. {high}, as the network says", tap))
    band_pu = BAND_PER_STEP * step_pu if changer.dead_band_pu is None else changer.dead_band_pu
    if changer.mode == "on_load" and band_pu < step_pu:
        what = (
            f"below the tap step of {step_pu:g} pu the changer would hunt; allowed: at least {step_pu:g} pu"
        )
        findings.append(Finding("S20", (*here, "dead_band_pu"), what, changer.dead_band_pu))
    if findings:
        raise ScenarioError([finding.fault(scenario.places) for finding in findings])
    on_low_side = trafo["tap_side"] == "lv"
    return TapInput(
        row=row,
        tap=tap,
        on_load=changer.mode == "on_load",
        bus_row=_bus_row(scenario, net, changer, here, int(trafo["lv_bus"])),
        target_pu=TARGET_PU if changer.target_pu is None else changer.target_pu,
        dead_band_pu=band_pu,
        delay_s=60.0 * (DELAY_MINUTES if changer.delay_minutes is None else changer.delay_minutes),
        tap_min=low,
        tap_max=high,
        raises=1 if on_low_side == (trafo["tap_step_percent"] > 0) else -1,
    )


def _row(scenario: Scenario, net: "pandapowerNet", changer: TapChanger, here: Loc) -> int:
    """Row of the transformer."""
    from sims.feeder.names import element_names

    names: Sequence[str] = element_names(net, "trafo")
    if changer.transformer not in names:
        what = f"no such transformer; {nearest(changer.transformer, names)}"
        raise _refused(scenario, Finding("S26", (*here, "transformer"), what, changer.transformer))
    return names.index(changer.transformer)


def _refuse_without_changer(scenario: Scenario, changer: TapChanger, here: Loc, trafo) -> None:  # noqa: ANN001
    """pandapower leaves a tap position out of account, without a word, while these are not given."""
    loc = (*here, "transformer")
    if trafo["tap_changer_type"] not in VOLTAGE_CHANGERS:
        what = (
            f"tap_changer_type of the network is {trafo['tap_changer_type']}, its taps would have no effect; "
            f"allowed: {', '.join(VOLTAGE_CHANGERS)}"
        )
        raise _refused(scenario, Finding("S38", loc, what, changer.transformer))
    missing = [
        name
        for name in ("tap_min", "tap_max", "tap_neutral", "tap_step_percent")
        if not np.isfinite(trafo[name])
    ]
    if missing or trafo["tap_side"] not in ("hv", "lv"):
        lacking = ", ".join(missing) or "tap_side"
        raise _refused(
            scenario, Finding("S38", loc, f"the network does not give its {lacking}", changer.transformer)
        )


def _bus_row(scenario: Scenario, net: "pandapowerNet", changer: TapChanger, here: Loc, lv_bus: int) -> int:
    """Row of the controlled bus."""
    from sims.feeder.network import find_bus

    bus = lv_bus
    if changer.bus is not None:
        bus = find_bus(net, changer.bus, scenario.places.where((*here, "bus")))
    return int(net.bus.index.get_loc(bus))  # pyright: ignore[reportArgumentType]


def _refused(scenario: Scenario, finding: Finding) -> ScenarioError:
    return ScenarioError([finding.fault(scenario.places)])
