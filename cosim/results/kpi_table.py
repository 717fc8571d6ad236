"""Every key figure with its unit and meaning; the one place that names them, for storing and printing."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypedDict

Value = float | int | str | None
Figures = dict[str, Value]


class Kpis(TypedDict):
    """The key figures of a run; those of sites and transformers by name."""

    totals: Figures
    sites: dict[str, Figures]
    feeder: Figures
    transformers: dict[str, Figures]


@dataclass(frozen=True, slots=True)
class Kpi:
    """A key figure; `unit` "money" stands for the currency, `summed` ones are added up over the sites.

    It is printed with `decimals`, by default those of its unit.
    """

    name: str
    unit: str
    long_name: str
    summed: bool = False
    decimals: int | None = None


SITE = (
    Kpi("currency", "", "Currency"),
    Kpi("oracle_forecasts", "", "Oracle: forecasts made from the future, no controller can do as well"),
    Kpi("bill_total", "money", "Bill", summed=True),
    Kpi("bill_energy", "money", "Bill: energy", summed=True),
    Kpi("bill_export", "money", "Bill: paid for fed-back energy (negative is earned)", summed=True),
    Kpi("bill_demand", "money", "Bill: demand charge", summed=True),
    Kpi("bill_fixed", "money", "Bill: fixed charges", summed=True),
    Kpi("bill_minimum", "money", "Bill: up to the minimum charge", summed=True),
    Kpi("bill_adjustments", "money", "Bill: taxes and other adjustments", summed=True),
    Kpi("bill_events", "money", "Bill: demand-response programmes (negative is earned)", summed=True),
    Kpi("events", "events", "Demand-response events", summed=True),
    Kpi("event_reduction_kwh", "kWh", "Energy below the baselines of events", summed=True),
    Kpi("event_excess_kwh", "kWh", "Energy above the caps of events", summed=True),
    Kpi("event_payment", "money", "Paid for events", summed=True),
    Kpi("event_penalty", "money", "Penalties of events", summed=True),
    Kpi("building_bill_total", "money", "Bill of the building alone", summed=True),
    Kpi("ev_cost", "money", "Cost of EV charging (bill less bill of the building alone)", summed=True),
    Kpi("ev_energy_cost", "money", "Energy cost of EV charging", summed=True),
    Kpi("ev_energy_cost_per_session", "money", "Energy cost of EV charging per connected session"),
    Kpi("billed_peak_kw", "kW", "Billed peak (highest demand window)"),
    Kpi("billed_peak_at", "", "Billed peak: start of its window"),
    Kpi("building_billed_peak_kw", "kW", "Billed peak of the building alone"),
    Kpi("peak_reduction_kw", "kW", "Peak reduction (building alone less with EVs)"),
    Kpi("peak_increase_kw", "kW", "Peak increase (with EVs less building alone)"),
    Kpi("peak_kw", "kW", "Highest power of a step at any time"),
    Kpi("peak_at", "", "Highest power of a step: its start"),
    Kpi("coincidence_percent", "%", "Power at the feeder's import peak, of the site's own peak"),
    Kpi("ev_simultaneity_percent", "%", "Highest charging power together, of the sum of each port's own"),
    Kpi("building_kwh", "kWh", "Energy of the building", summed=True),
    Kpi("import_kwh", "kWh", "Energy imported by the site", summed=True),
    Kpi("export_kwh", "kWh", "Energy exported by the site", summed=True),
    Kpi("pv_kwh", "kWh", "PV generation behind the meter"),
    Kpi("pv_used_percent", "%", "PV generation used on site (not exported in its step)"),
    Kpi("ev_charged_kwh", "kWh", "Energy charged (grid side)", summed=True),
    Kpi("ev_discharged_kwh", "kWh", "Energy discharged (grid side)", summed=True),
    Kpi("ev_reactive_kvarh", "kvarh", "Reactive energy of the ports, drawn plus given", summed=True),
    Kpi("volt_watt_minutes", "min", "Port time with power cut by voltage", summed=True),
    Kpi("battery_throughput_kwh", "kWh", "Battery throughput (in plus out, battery side)", summed=True),
    Kpi("equivalent_full_cycles", "cycles", "Equivalent full cycles of all batteries", summed=True),
    Kpi("capacity_loss_kwh", "kWh", "Capacity the batteries lost while here", summed=True),
    Kpi("capacity_loss_mean_percent", "%", "Capacity a car lost while here, mean", decimals=4),
    Kpi("capacity_loss_max_percent", "%", "Capacity a car lost while here, maximum", decimals=4),
    Kpi("capacity_loss_max_vehicle", "", "Capacity a car lost while here, maximum: car"),
    Kpi("battery_wear_cost", "money", "Wear of the batteries while here", summed=True),
    Kpi("sessions", "sessions", "Sessions", summed=True),
    Kpi("sessions_connected", "sessions", "Sessions connected", summed=True),
    Kpi("sessions_never_connected", "sessions", "Sessions without a port", summed=True),
    Kpi("sessions_too_short", "sessions", "Sessions that cover no step start", summed=True),
    Kpi("sessions_censored", "sessions", "Sessions cut by the start or end of the run", summed=True),
    Kpi("sessions_short", "sessions", "Sessions that left below their requirement", summed=True),
    Kpi("missing_kwh", "kWh", "Missing energy of connected sessions", summed=True),
    Kpi("unavoidable_kwh", "kWh", "Part of it no policy could deliver", summed=True),
    Kpi("never_connected_kwh", "kWh", "Missing energy of sessions without a port", summed=True),
    Kpi("energy_gap_kwh", "kWh", "Energy gap (at departure less required)", summed=True),
    Kpi("excess_kwh", "kWh", "Energy above the requirement at departure", summed=True),
    Kpi("mean_occupied_ports", "ports", "Occupied ports, mean", summed=True),
    Kpi("max_occupied_ports", "ports", "Occupied ports, maximum"),
    Kpi("clamped_requests", "requests", "Requests of the policy that limits changed", summed=True),
    Kpi("building_co2_kg", "kg", "CO2 of the building", summed=True),
    Kpi("ev_co2_kg", "kg", "CO2 of EV charging (discharging gives back)", summed=True),
    Kpi("import_co2_kg", "kg", "CO2 of imported energy (export gives nothing back)", summed=True),
    Kpi("ev_co2_marginal_kg", "kg", "Marginal CO2 of EV charging (discharging gives back)", summed=True),
    Kpi("co2_cost", "money", "Cost of the CO2 of imported energy (not on the bill)", summed=True),
)
TOTALS = tuple(kpi for kpi in SITE if kpi.summed or kpi.name == "currency")
FEEDER = (
    Kpi("vm_min_pu", "pu", "Lowest voltage"),
    Kpi("vm_min_bus", "", "Lowest voltage: bus"),
    Kpi("vm_min_at", "", "Lowest voltage: start of the step"),
    Kpi("vm_phase_min_pu", "pu", "Lowest voltage of a phase"),
    Kpi("vm_phase_min_bus", "", "Lowest voltage of a phase: bus"),
    Kpi("vm_phase_min_phase", "", "Lowest voltage of a phase: phase"),
    Kpi("vm_phase_min_at", "", "Lowest voltage of a phase: start of the step"),
    Kpi("vm_phase_max_pu", "pu", "Highest voltage of a phase"),
    Kpi("vm_phase_max_bus", "", "Highest voltage of a phase: bus"),
    Kpi("vm_phase_max_phase", "", "Highest voltage of a phase: phase"),
    Kpi("vm_phase_max_at", "", "Highest voltage of a phase: start of the step"),
    Kpi("unbalance_max_percent", "%", "Highest voltage unbalance (negative over positive sequence)"),
    Kpi("unbalance_max_bus", "", "Highest voltage unbalance: bus"),
    Kpi("unbalance_max_at", "", "Highest voltage unbalance: start of the step"),
    Kpi("unbalance_minutes", "min", "Time with a bus above 2 % unbalance (EN 50160, indicative)"),
    Kpi("vm_max_pu", "pu", "Highest voltage"),
    Kpi("vm_max_bus", "", "Highest voltage: bus"),
    Kpi("vm_max_at", "", "Highest voltage: start of the step"),
    Kpi("out_of_en50160_minutes", "min", "Longest time of a bus outside +-10 % (EN 50160, indicative)"),
    Kpi("out_of_en50160_bus", "", "Longest outside +-10 %: bus"),
    Kpi("keeps_en50160_indicative", "", "All buses keep to EN 50160 (indicative)"),
    Kpi("out_of_ansi_a_minutes", "min", "Longest time of a bus outside +-5 % (ANSI C84.1 range A)"),
    Kpi("out_of_ansi_a_bus", "", "Longest outside +-5 %: bus"),
    Kpi("line_max_loading_percent", "%", "Highest line loading"),
    Kpi("line_max_loading_name", "", "Highest line loading: line"),
    Kpi("line_max_loading_at", "", "Highest line loading: start of the step"),
    Kpi("line_overload_minutes", "min", "Time above 100 %, summed over the lines"),
    Kpi("line_overload_kvah", "kVAh", "Apparent energy above the rating, summed over the lines"),
    Kpi("import_kwh", "kWh", "Net energy from the grid above"),
    Kpi("import_peak_kw", "kW", "Highest power from the grid above"),
    Kpi("import_peak_at", "", "Highest power from the grid above: start of the step"),
    Kpi("reverse_flow_hours", "h", "Time with power back into the grid above"),
    Kpi("reverse_flow_peak_kw", "kW", "Highest power back into the grid above"),
    Kpi("losses_kwh", "kWh", "Losses of lines and transformers"),
    Kpi("losses_percent", "%", "Losses of what came from the grid above"),
    Kpi("non_converged_steps", "steps", "Steps without a power-flow solution"),
    Kpi("unserved_kwh", "kWh", "Energy asked for in those steps"),
    Kpi("volt_var_unsettled_steps", "steps", "Steps in which Q(V) did not settle"),
)
TRANSFORMER = (
    Kpi("max_loading_percent", "%", "Highest loading"),
    Kpi("max_loading_at", "", "Highest loading: start of the step"),
    Kpi("overload_minutes", "min", "Time above 100 %"),
    Kpi("overload_days", "days", "Days with loading above 100 %"),
    Kpi("overload_kvah", "kVAh", "Apparent energy above the rating"),
    Kpi("max_topoil_c", "degC", "Highest top oil"),
    Kpi("max_hotspot_c", "degC", "Highest hot spot"),
    Kpi("max_hotspot_at", "", "Highest hot spot: end of the step"),
    Kpi("hotspot_above_120_minutes", "min", "Hot spot above 120 degC"),
    Kpi("hotspot_above_140_minutes", "min", "Hot spot above 140 degC (emergency)"),
    Kpi("loss_of_life_h", "h", "Life used (hours at the reference hot spot)"),
    Kpi("loss_of_life_percent", "%", "Life used, of 180,000 h", decimals=4),
    Kpi("mean_ageing_rate", "", "Ageing rate, mean (1 is normal)", decimals=3),
    Kpi("tap_operations", "moves", "Moves of the tap changer"),
)
SCOPES: dict[str, tuple[Kpi, ...]] = {
    "totals": TOTALS,
    "sites": SITE,
    "feeder": FEEDER,
    "transformers": TRANSFORMER,
}
PLACES = {"totals": "all sites", "sites": "site {}", "feeder": "feeder", "transformers": "transformer {}"}
DECIMALS = {
    "min": 0,
    "kW": 1,
    "kWh": 1,
    "kVAh": 1,
    "kvarh": 1,
    "h": 2,
    "%": 1,
    "kg": 1,
    "pu": 4,
    "ports": 1,
    "degC": 1,
    "cycles": 2,
    "money": 2,
}


class KpiRow(NamedTuple):
    """One line of a printed table."""

    where: str
    name: str
    label: str
    value: str
    unit: str


def kpi_table(kpis: Kpis) -> list[KpiRow]:
    """All key figures that apply, as lines of text."""
    return [row for scope, where, figures in _scopes(kpis) for row in kpi_rows(scope, where, figures)]


def kpi_rows(scope: str, where: str, figures: Figures) -> list[KpiRow]:
    """The key figures of one site, transformer, the feeder or the totals, in the order of the table."""
    place = PLACES[scope].format(where)
    return [
        KpiRow(place, kpi.name, kpi.long_name, value_text(value, kpi), _unit(kpi, figures))
        for kpi in SCOPES[scope]
        if (value := figures[kpi.name]) is not None and kpi.name != "currency"
    ]


def flatten(kpis: Kpis) -> dict[str, float | int | str]:
    """Key figures that apply, by dotted name: `sites.office.bill_total`, `feeder.losses_kwh`."""
    return {
        ".".join(filter(None, (scope, where, name))): value
        for scope, where, figures in _scopes(kpis)
        for name, value in figures.items()
        if value is not None
    }


def unflatten(
    flat: Mapping[str, float | int | str], sites: Iterable[str], transformers: Iterable[str]
) -> Kpis:
    """Key figures of the named sites and transformers from their dotted names."""

    def figures(scope: str, prefix: str) -> Figures:
        return {kpi.name: flat.get(f"{prefix}.{kpi.name}") for kpi in SCOPES[scope]}

    return Kpis(
        totals=figures("totals", "totals"),
        sites={name: figures("sites", f"sites.{name}") for name in sites},
        feeder=figures("feeder", "feeder"),
        transformers={name: figures("transformers", f"transformers.{name}") for name in unique(transformers)},
    )


def unique(names: Iterable[str]) -> list[str]:
    """The names, each made different from the others: a feeder may have two transformers of one name."""
    listed = list(names)
    return [name if listed.count(name) == 1 else f"{name} [{i}]" for i, name in enumerate(listed)]


def _scopes(kpis: Kpis) -> Iterator[tuple[str, str, Figures]]:
    """Scope, where and figures; totals and feeder are their own place."""
    yield "totals", "", kpis["totals"]
    for name, figures in kpis["sites"].items():
        yield "sites", name, figures
    yield "feeder", "", kpis["feeder"]
    for name, figures in kpis["transformers"].items():
        yield "transformers", name, figures


def value_text(value: float | int | str, kpi: Kpi) -> str:
    """A key figure as it is printed, without its unit."""
    if isinstance(value, float):
        decimals = DECIMALS[kpi.unit] if kpi.decimals is None else kpi.decimals
        return f"{round(value, decimals) + 0.0:,.{decimals}f}"  # + 0.0 makes a rounded -0.0 plain
    if kpi.name.endswith("_at"):
        return f"{datetime.fromisoformat(str(value)):%Y-%m-%d %H:%M}"
    return str(value)


def _unit(kpi: Kpi, figures: Figures) -> str:
    return str(figures["currency"]) if kpi.unit == "money" else kpi.unit
