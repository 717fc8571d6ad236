"""A finished run as an object: arrays, tables, bill, key figures, figures and report."""

import json
from collections.abc import Iterator
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cosim.results.billing import site_bill, site_tariff
from cosim.results.checkpoints import parts_folder, resume_command
from cosim.results.elements import ELEMENTS
from cosim.results.header import RunHeader
from cosim.results.kpi_table import KpiRow, Kpis, kpi_table, unflatten
from cosim.results.kpis_thermal import heat_alarms
from cosim.results.layout import Array, Arrays, Quantity, shapes
from cosim.results.pages.run_html import run_html
from cosim.results.run_plots import RunPlots
from cosim.results.store import RunFile
from sims.clock import Clock
from sims.faults import StoreError, nearest
from sims.signals.billing.bill import Bill
from sims.signals.response.settlement import Settlement
from sims.signals.tariffs.tariff import Tariff

if TYPE_CHECKING:
    import pandas as pd

    from cosim.explain import Explanation
    from cosim.results.pages.images import ImageFormat

SUMMED_BY_CAR = (
    *("connected", "energy_grid_kwh", "missing_kwh"),
    *("equivalent_full_cycles", "calendar_loss", "cyclic_loss", "wear_cost"),
)
EVENT_TIMES = ("notice", "start", "end")
SESSION_TIMES = ("arrival", "departure", "window_start", "window_end")


def open_run(path: Path | str) -> "Run":
    """Open the result file of a run.

    Raises
    ------
    StoreError
        No such file, or not a whole result of this version, or the run is not finished.
    """
    path = Path(path)
    parts = parts_folder(path)
    if parts.is_dir() and (path == parts or not path.exists()):
        how = f"go on with `{resume_command(path)}`, or read what it has with cosim.open_unfinished"
        raise StoreError(f"{path}: holds no result; {parts} is a run that is not finished: {how}")
    return Run(RunFile(path))


class Described(Arrays, Protocol):
    """Arrays of a run by path, with the names and the clock they go by."""

    @property
    def header(self) -> RunHeader: ...


class Group:
    """One group of a result file: each dataset is an attribute, read when first asked for.

    `cosim/results/layout.py` says what each of them is.
    """

    def __init__(self, file: Described, path: str, quantities: tuple[Quantity, ...]) -> None:
        self._file = file
        self._path = path
        self._quantities = {quantity.name: quantity for quantity in quantities if quantity.path in file}

    def __getattr__(self, name: str) -> Array:
        if name.startswith("_") or name not in self._quantities:
            raise AttributeError(f"/{self._path} has no {name}; it has {', '.join(self._quantities)}")
        self.__dict__[name] = self._file[f"{self._path}/{name}"]
        return self.__dict__[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._quantities]

    def frame(self) -> "pd.DataFrame":
        """Every time series of the group, one row a step, indexed by local time.

        `frame["building_kw"]` is a series, `frame["evse_kw"]` a table with one column a port and
        `frame["vm_phase_pu"]` one with a column a bus and phase ("34 L1").
        """
        import pandas as pd

        clock = self._file.header.clock
        index = local_times(clock, clock.epoch_s() - clock.start_s).rename("time")
        columns: dict[tuple[str, str], Array] = {}
        for name, quantity in self._quantities.items():
            if quantity.dims == ("time",):
                columns[name, ""] = getattr(self, name)
            elif quantity.dims[0] == "time":
                for place, entity in self._entities(quantity):
                    columns[name, entity] = getattr(self, name)[(slice(None), *place)]
        return pd.DataFrame(columns, index=index)

    def _entities(self, quantity: Quantity) -> Iterator[tuple[tuple[int, ...], str]]:
        """Place and name of every column of a series; with two dimensions "<bus> <phase>"."""
        axes = [list(enumerate(self._file[f"{self._path}/{dim}"])) for dim in quantity.dims[1:]]
        for cell in product(*axes):
            yield tuple(i for i, _ in cell), " ".join(str(name) for _, name in cell)


class Run(RunPlots):
    """What a run has to say, read from its result file when asked for."""

    def __init__(self, file: RunFile) -> None:
        self._file = file
        self._quantities = tuple(shapes(file.header, {}))

    @property
    def path(self) -> Path:
        """The result file."""
        return Path(self._file.name)

    @property
    def header(self) -> RunHeader:
        """Names, clock and prices."""
        return self._file.header

    @property
    def arrays(self) -> RunFile:
        """Stored arrays by path, for example "sites/office/site_kw"; each is read anew."""
        return self._file

    @property
    def scenario_toml(self) -> str:
        """The scenario as it was run."""
        return self.header.scenario_toml

    @property
    def clock(self) -> Clock:
        """Time axis of every series."""
        return self.header.clock

    @property
    def sites(self) -> tuple[str, ...]:
        """Names of the sites."""
        return tuple(site.name for site in self.header.sites)

    @property
    def versions(self) -> dict[str, str]:
        """What wrote the file: `gridpark_version` and `packages`."""
        attributes = self._file.attributes("/")
        return {name: str(attributes[name]) for name in ("gridpark_version", "packages")}

    def site(self, name: str) -> Group:
        """Series of a site: `building_kw`, `site_kw`, `evse_kw`, `setpoint_kw`, `soc`, `session`."""
        return self._group(f"sites/{name}")

    def signals(self, name: str) -> Group:
        """Series of a set of signals: `price_per_kwh`, `co2_g_per_kwh`, and the market's where it has any."""
        return self._group(f"signals/{name}")

    @property
    def feeder(self) -> Group:
        """Series of the feeder: voltages, loadings, import, losses, convergence."""
        return self._group("feeder")

    def sessions(self, name: str) -> "pd.DataFrame":
        """Sessions table of a site, one row a session, times local."""
        import pandas as pd

        path = f"sessions/{name}"
        table = {
            q.name: self._file[q.path] for q in self._quantities if q.group == path and q.path in self._file
        }
        times = {column: local_times(self.clock, table[column]) for column in SESSION_TIMES}
        return pd.DataFrame({**table, **times}).rename_axis("session")

    def events(self, name: str) -> "pd.DataFrame":
        """Demand-response events of a site, one row an event, settled, times local; maybe none."""
        import pandas as pd

        path = f"events/{name}"
        table = {
            q.name: self._file[q.path] for q in self._quantities if q.group == path and q.dims == ("event",)
        }
        times = {column: local_times(self.clock, table[column]) for column in EVENT_TIMES if column in table}
        return pd.DataFrame({**table, **times}).rename_axis("event")

    def settlement(self, site: str, event_id: str) -> Settlement:
        """One event settled from the stored power: baseline and load step by step."""
        header, site_kw = self.header.site(site).events, self._file[f"sites/{site}/site_kw"]
        done = {one.event.event_id: one for one in header.settled(self.clock, site_kw)}
        if event_id not in done:
            raise KeyError(f'site {site} has no event "{event_id}"; {nearest(event_id, done)}')
        return done[event_id]

    def vehicles(self, name: str) -> "pd.DataFrame":
        """Cars of a site, one row a car (`vehicle_id`), sorted: its sessions and the sums over them.

        Sums are `connected`, `energy_grid_kwh`, `missing_kwh`, and of a run with degradation
        `equivalent_full_cycles`, `calendar_loss`, `cyclic_loss` and `wear_cost`.
        """
        import pandas as pd

        by_car = self.sessions(name).groupby("vehicle_id")
        summed = {column: by_car[column].sum(min_count=1) for column in SUMMED_BY_CAR if column in by_car.obj}
        return pd.DataFrame(
            {"sessions": by_car.size(), "capacity_kwh": by_car["capacity_kwh"].last(), **summed}
        )

    def car_costs(self, name: str) -> "pd.DataFrame":
        """Energy cost of every car at the prices of its steps, one row a car, dearest first.

        Columns: `sessions`, `energy_grid_kwh` [kWh], `energy_cost` and `per_kwh` [currency, currency/kWh].
        """
        from cosim.results.session_costs import car_costs

        return car_costs(self, name)

    def elements(self, kind: str) -> "pd.DataFrame":
        """Every element of a kind, one row each: "buses", "lines" or "transformers".

        Voltages and time out of band of buses; ratings, loadings, overload minutes and kVAh of the others.
        """
        import pandas as pd

        if kind not in ELEMENTS:
            raise KeyError(f"{kind}: must be one of {', '.join(ELEMENTS)}")
        return pd.DataFrame(ELEMENTS[kind](self.header, self._file))

    def tariff(self, site: str) -> Tariff:
        """Tariff a site pays."""
        return site_tariff(self.header, self.header.site(site))

    def bill(self, site: str) -> Bill:
        """Bill of a site, computed from its stored power."""
        return site_bill(self.header, self.header.site(site), self._file)

    def building_bill(self, site: str) -> Bill:
        """What the building of a site would pay without EVs; it takes part in no demand response."""
        return site_bill(self.header, self.header.site(site), self._file, "building_kw")

    @cached_property
    def kpis(self) -> Kpis:
        """Key figures as stored; `cosim/results/kpi_table.py` has their units."""
        return unflatten(self._file.attributes("kpis"), self.sites, self.header.transformers)

    def kpi_rows(self) -> list[KpiRow]:
        """Key figures that apply, as lines of a printed table."""
        return kpi_table(self.kpis)

    @property
    def degraded(self) -> list[str]:
        """What the simulators could not do in full, one sentence each."""
        steps = self.kpis["feeder"]["non_converged_steps"]
        clamped = self.kpis["totals"]["clamped_requests"]
        heated = "thermal" in self.header.features
        held = "; transformers were heated by the last known loading" if heated else ""
        return [
            *([f"{steps} of {self.clock.n_steps} steps have no power-flow solution{held}"] if steps else []),
            *([f"{clamped} requests of the policy were clamped to limits"] if clamped else []),
        ]

    @property
    def alarms(self) -> list[str]:
        """Limits of equipment that the run went beyond, one sentence each: nothing stopped it."""
        return list(heat_alarms(self.kpis["transformers"]))

    @property
    def warnings(self) -> list[str]:
        """What the check of the scenario warned of, from the log beside the file, `degraded` and `alarms`."""
        log = self.path.with_suffix(".log.json")
        told = json.loads(log.read_text("utf-8"))["warnings"] if log.is_file() else []
        return [*told, *self.degraded, *self.alarms]

    @property
    def has_network(self) -> bool:
        """Whether the file stores the network, for its picture."""
        return "feeder/line_from_bus" in self._file

    def report(self, path: Path | str | None = None, *, images: "ImageFormat | None" = None) -> Path:
        """Write one self-contained HTML page; by default beside the result, with the suffix `.html`.

        With `images` "png" or "svg" every figure is written as `<page>_images/<figure>.<images>` too.

        Raises
        ------
        ImagesError
            No browser to draw the images with; the page is written all the same.
        """
        from cosim.results.pages.report import write_report

        return write_report(self, Path(path) if path else self.path.with_suffix(".html"), images)

    def explain(self, figure: str | None = None, against: "Run | None" = None) -> "Explanation":
        """The run in plain words, or one figure of it; `against` is a baseline run of the same time."""
        from cosim.explain import explain

        return explain(self, figure, against)

    def _group(self, path: str) -> Group:
        quantities = tuple(quantity for quantity in self._quantities if quantity.group == path)
        if not quantities:
            raise KeyError(f"the run has no {path}; its sites are {', '.join(self.sites)}")
        return Group(self._file, path, quantities)

    def __repr__(self) -> str:
        first, steps = self.clock.local_time(self.clock.start_s), self.clock.n_steps
        return f"<Run {self.header.name}: {steps} steps from {first}, sites {', '.join(self.sites)}>"

    def _repr_html_(self) -> str:
        return run_html(self)


def local_times(clock: Clock, since_start_s: Array) -> "pd.DatetimeIndex":
    """Local times of instants in seconds since the start of the run, shape (n,)."""
    import pandas as pd

    seconds = pd.to_datetime(clock.start_s + since_start_s, unit="s", utc=True)
    return pd.DatetimeIndex(seconds).tz_convert(clock.zone)
