"""A run as a notebook shows it: what it is, and its main figures site by site."""

from typing import TYPE_CHECKING

from cosim.results.kpi_table import Figures, KpiRow, kpi_rows
from cosim.results.pages.page import Html, joined, note, table

if TYPE_CHECKING:
    from cosim.results.run import Run

MAIN = (
    ("bill_total", "Bill"),
    ("ev_cost", "Cost of EV charging"),
    ("billed_peak_kw", "Billed peak"),
    ("peak_kw", "Highest power"),
    ("ev_charged_kwh", "Energy charged"),
    ("ev_discharged_kwh", "Energy discharged"),
    ("sessions", "Sessions"),
    ("sessions_short", "Left short"),
    ("missing_kwh", "Missing energy"),
)
MAIN_FEEDER = ("vm_min_pu", "vm_max_pu", "line_max_loading_percent", "import_peak_kw", "losses_kwh",
               "non_converged_steps")  # fmt: skip
MOST_SITES = 100


def run_html(run: "Run") -> Html:
    """What the run is, what was noticed, and tables of sites, transformers and feeder."""
    clock = run.clock
    first, last = clock.local_time(clock.start_s), clock.local_time(clock.end_s)
    told = f"{run.header.name}: {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} {clock.zone}, "
    told += f"{clock.n_steps} steps of {clock.step_s / 60:g} min, {len(run.header.buses)} buses"
    feeder = [row for row in kpi_rows("feeder", "", run.kpis["feeder"]) if row.name in MAIN_FEEDER]
    lines = [(row.label, row.value, row.unit) for row in feeder]
    for name, figures in run.kpis["transformers"].items():
        highest = [
            row for row in kpi_rows("transformers", name, figures) if row.name == "max_loading_percent"
        ]
        lines += [(f"{row.label}, {name}", row.value, row.unit) for row in highest]
    told_too = [note(f"warning: {words}") for words in (*run.degraded, *run.alarms)]
    return joined(note(told), *told_too, site_table(run), table((), lines, numbers=2, look="figures"))


def site_table(run: "Run") -> Html:
    """The main figures, one row a site; those no site has are left out."""
    sites = [_main(name, figures) for name, figures in run.kpis["sites"].items()]
    shown = [(kpi, label) for kpi, label in MAIN if any(kpi in site for site in sites)]
    if not shown:
        return table((), (), numbers=0)
    rows = [
        (name, *(_cell(site.get(kpi)) for kpi, _ in shown))
        for name, site in list(zip(run.sites, sites, strict=True))[:MOST_SITES]
    ]
    if len(sites) > 1:
        totals = {row.name: row for row in kpi_rows("totals", "", run.kpis["totals"])}
        rows.append(("all sites", *(_cell(totals.get(kpi)) for kpi, _ in shown)))
    few = note(f"{MOST_SITES} of {len(sites)} sites") if len(sites) > MOST_SITES else Html("")
    heads = ("Site", *(label for _, label in shown))
    return joined(table(heads, rows, numbers=len(shown), look="sites"), few)


def _main(name: str, figures: Figures) -> dict[str, KpiRow]:
    return {row.name: row for row in kpi_rows("sites", name, figures)}


def _cell(row: KpiRow | None) -> str:
    if row is None:
        return ""
    return row.value if row.unit == "sessions" else f"{row.value} {row.unit}"
