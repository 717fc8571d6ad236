"""Runs side by side: what differs in what they were asked, and what came of it."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from html import escape
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosim.results.compare.kpis import compared_kpis
from cosim.results.compare.same import NotComparableError, check_comparable, circumstances
from cosim.results.compare.scenarios import scenario_differences
from cosim.results.compare.text import delta_text, kpi_of, money_remarks, phrase, service_remarks, told, usual
from cosim.results.run import Run, open_run
from sims.faults import nearest

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

AnyRun = Run | Path | str


def compare(runs: Sequence[AnyRun] | Mapping[str, AnyRun], baseline: str | None = None) -> "Comparison":
    """Hold runs against a baseline.

    Parameters
    ----------
    runs : sequence of runs or paths, or mapping of label to run or path
        Two or more results. Without labels of its own a run goes by its file's name, with as many folders
        before it as tell it from the others.
    baseline : str, optional
        Label of the run the others are held against, or its path; default the first.

    Returns
    -------
    Comparison
        Key figures with deltas, the scenarios' differences, figures and a page.

    Raises
    ------
    NotComparableError
        Fewer than two runs, one given twice, runs that differ in clock or sites, or no such baseline.
    StoreError
        A file is not a whole result.

    Examples
    --------
    >>> import cosim
    >>> both = cosim.compare(["results/llf.h5", "results/uncontrolled.h5"])  # doctest: +SKIP
    >>> both.kpis.query("name == 'bill_total'")  # doctest: +SKIP
    """
    named = dict(runs) if isinstance(runs, Mapping) else _labelled(runs)
    first = _first(named, baseline)
    opened = {label: run if isinstance(run, Run) else open_run(run) for label, run in named.items()}
    ordered = {first: opened[first]} | opened
    check_comparable(ordered)
    return Comparison(ordered)


class Comparison:
    """Comparable runs by label, the baseline first."""

    def __init__(self, runs: Mapping[str, Run]) -> None:
        self.runs = dict(runs)

    @property
    def baseline(self) -> str:
        """Label of the run the others are held against."""
        return next(iter(self.runs))

    @property
    def sites(self) -> tuple[str, ...]:
        """Names of the sites, those of every run."""
        return self.runs[self.baseline].sites

    @cached_property
    def kpis(self) -> "pd.DataFrame":
        """One row a key figure and run, its delta and whether it is for the better: see `compared_kpis`."""
        return compared_kpis({label: run.kpis for label, run in self.runs.items()}, self.baseline)

    @cached_property
    def scenario(self) -> "pd.DataFrame":
        """Keys of the scenarios that differ, one column a run: see `scenario_differences`."""
        return scenario_differences({label: run.scenario_toml for label, run in self.runs.items()})

    @cached_property
    def notes(self) -> list[str]:
        """What a reader has to know before believing a delta, one sentence each."""
        unlike = circumstances(self.runs)
        return [
            *([f"these differ: {phrase(unlike)}"] if unlike else []),
            *money_remarks(self.kpis),
            *service_remarks(self.kpis, self.baseline),
            *(f"{label}: {said}" for label, run in self.runs.items() for said in run.degraded),
            *(
                f"{label}: {site.name} is controlled by an oracle (its forecasts are made from the future)"
                for label, run in self.runs.items()
                for site in run.header.sites
                if site.oracle_forecasts
            ),
        ]

    def plot_power(self, site: str) -> "Figure":
        """Power of a site in every run."""
        from cosim.results.compare import frames, plots

        power_kw = frames.site_power(self.runs, site)
        return plots.overlaid_power(power_kw, f"Site power: {escape(site)}", self._zone)

    def plot_power_duration(self, site: str) -> "Figure":
        """Duration curve of the power of a site."""
        from cosim.results.compare import frames, plots

        curves = frames.duration_curves(frames.site_power(self.runs, site).iloc[:-1])
        return plots.durations(curves, f"Duration curve of power: {escape(site)}", "Power (kW)")

    def plot_cost(self, site: str) -> "Figure":
        """Energy cost and demand charge of a site as they grow over the run."""
        from cosim.results.compare import frames, plots

        energy, demand = (frames.bill_to_date(self.runs, site, kind) for kind in ("energy", "demand"))
        return plots.cost_to_date(energy, demand, f"Bill to date: {escape(site)}", self._currency(site))

    def plot_bills(self, site: str) -> "Figure":
        """How the bills of a site add up, side by side."""
        from cosim.results.compare import frames, plots

        parts = frames.bill_parts(self.runs, site)
        return plots.bill_waterfalls(parts, f"Bill: {escape(site)}", self._currency(site))

    def plot_departures(self, site: str) -> "Figure":
        """State of charge of the cars on leaving a site."""
        from cosim.results.compare import frames, plots

        left = frames.departures(self.runs, site)
        return plots.charge_on_leaving(left, f"State of charge on leaving: {escape(site)}")

    def plot_missing(self, site: str) -> "Figure":
        """What each session of a site lacked on leaving, of those short of most."""
        from cosim.results.compare import frames, plots

        missing_kwh = frames.missing_energy(self.runs, site)
        return plots.missing_by_session(missing_kwh, f"Missing energy: {escape(site)}")

    def plot_loading(self) -> "Figure":
        """Loading of the transformer loaded most in each step."""
        from cosim.results.compare import frames, plots

        loading = frames.highest_loading(self.runs)
        return plots.overlaid_loading(loading, "Transformer loading (highest of each step)", self._zone)

    def plot_loading_duration(self) -> "Figure":
        """Duration curve of that loading."""
        from cosim.results.compare import frames, plots

        curves = frames.duration_curves(frames.highest_loading(self.runs).iloc[:-1])
        title = "Duration curve of transformer loading"
        return plots.durations(curves, title, "Loading (% of rated current)", rating=True)

    def report(self, path: Path | str) -> Path:
        """Write one self-contained HTML page that needs no network."""
        from cosim.results.compare.page import write_comparison

        return write_comparison(self, Path(path))

    def as_json(self) -> dict[str, Any]:
        """The comparison as plain data: `baseline`, `runs`, `notes`, `scenario`, `kpis` by dotted name."""
        figures: dict[str, Any] = {}
        for row in self.kpis.to_dict("records"):
            about = {"label": row["label"], "better": row["better"], "runs": {}}
            ours = {name: _plain(row[name]) for name in ("value", "unit", "delta", "relative", "verdict")}
            figures.setdefault(str(row["kpi"]), about)["runs"][row["run"]] = ours
        return {
            "baseline": self.baseline,
            "runs": {label: str(run.path) for label, run in self.runs.items()},
            "notes": self.notes,
            "scenario": self.scenario.to_dict("index"),
            "kpis": figures,
        }

    @property
    def _zone(self) -> str:
        return self.runs[self.baseline].clock.zone

    def _currency(self, site: str) -> str:
        """Currencies of a site's bills."""
        return "/".join(dict.fromkeys(run.header.site(site).currency for run in self.runs.values()))

    def __repr__(self) -> str:
        others = ", ".join(list(self.runs)[1:])
        return f"<Comparison of {others} with {self.baseline}; sites {', '.join(self.sites)}>"

    def _repr_html_(self) -> str:
        heads = "".join(f"<th>{escape(label)}</th>" for label in ("", "", *self.runs))
        rows = usual(self.kpis).groupby("kpi", sort=False)
        body = "".join(_html_row(group.to_dict("records")) for _, group in rows)
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return f"<p>{escape(repr(self))}</p><ul>{notes}</ul><table><tr>{heads}</tr>{body}</table>"


def _html_row(row: list[dict[Any, Any]]) -> str:
    """One key figure of all runs for a notebook."""
    kpi = kpi_of(row[0]["scope"], row[0]["name"])
    cells = "".join(
        f"<td align=right>{escape(told(one['value'], kpi))}<br><small>"
        f"{escape(delta_text(one['delta'], one['relative'], kpi)) if i else ''}</small></td>"
        for i, one in enumerate(row)
    )
    where = f"{row[0]['place']}: " if row[0]["place"] else ""
    return f"<tr><td>{escape(where + row[0]['label'])}</td><td>{escape(row[0]['unit'])}</td>{cells}</tr>"


def _plain(value: Any) -> Any:
    """The same, None for a number JSON does not have."""
    return None if isinstance(value, float) and not isfinite(value) else value


def _labelled(runs: Sequence[AnyRun]) -> dict[str, AnyRun]:
    """Runs by the shortest ends of their paths that are all different."""
    paths = [(run.path if isinstance(run, Run) else Path(run)).absolute() for run in runs]
    if twice := [str(path) for path in dict.fromkeys(paths) if paths.count(path) > 1]:
        raise NotComparableError(f"given twice: {', '.join(twice)}")
    for depth in range(1, max((len(path.parts) for path in paths), default=0) + 1):
        labels = ["/".join((*path.parent.parts, path.stem)[-depth:]) for path in paths]
        if len(set(labels)) == len(labels):
            return dict(zip(labels, runs, strict=True))
    return {str(path): run for path, run in zip(paths, runs, strict=True)}


def _first(named: Mapping[str, AnyRun], baseline: str | None) -> str:
    """Label of the baseline, given as label or path."""
    if len(named) < 2:
        raise NotComparableError("a comparison needs two runs or more")
    if baseline is None or baseline in named:
        return baseline or next(iter(named))
    wanted = Path(baseline).absolute()
    for label, run in named.items():
        if (run.path if isinstance(run, Run) else Path(run)).absolute() == wanted:
            return label
    raise NotComparableError(f'no run "{baseline}" to be the baseline; {nearest(baseline, named)}')
