"""Demand-response events of a run and their settlements as OpenADR 3.1 files."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cosim.results.disk import check_target, write_whole
from cosim.results.run import Run
from sims.faults import Fault, ScenarioError
from sims.signals.openadr.form import object_id
from sims.signals.openadr.write import write_event, write_report
from sims.signals.response.events import Event

COMMAND = "cosim export openadr"


def export_openadr(
    run: Run,
    site: str | None = None,
    out: Path | str | None = None,
    *,
    overwrite: bool = False,
) -> list[Path]:
    """Write `<site>_events.json` and `<site>_reports.json`, a JSON list each, for the sites that have events.

    Parameters
    ----------
    run : Run
        The run.
    site : str, optional
        The only site to write.
    out : path, optional
        Folder, made if it does not exist; default `<run>_openadr` beside the run.
    overwrite : bool
        Replace files that exist.

    Returns
    -------
    list of Path
        The files. Those of events can be named by a scenario: `openadr = "office_events.json"`.

    Raises
    ------
    ScenarioError
        There are no events, or two of a site have the same OpenADR id.
    StoreError
        A file exists, or cannot be written; nothing was.
    """
    chosen = run.sites if site is None else (site,)
    with_events = [name for name in chosen if run.header.site(name).events.events]
    if not with_events:
        told = "the run has no demand-response events" if site is None else f'site "{site}" has no events'
        raise ScenarioError([Fault("S38", COMMAND, f"{told}; [[sites.events]] of a scenario brings them")])
    folder = Path(out) if out else run.path.with_name(f"{run.path.stem}_openadr")
    written = {folder / name: objects for one in with_events for name, objects in _files(run, one)}
    folder.mkdir(exist_ok=True)
    for path in written:
        check_target(path, overwrite=overwrite)
    for path, objects in written.items():
        write_whole(path, (json.dumps(objects, indent=1, allow_nan=False) + "\n").encode())
    return list(written)


def _files(run: Run, site: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Name and content of the files of a site."""
    events = run.header.site(site).events
    _check_ids(events.events, site)
    yield f"{site}_events.json", [write_event(event, site) for event in events.events]
    settled = events.settled(run.clock, run.site(site).site_kw)
    yield f"{site}_reports.json", [write_report(one, site, run.clock.step_s) for one in settled]


def _check_ids(events: Sequence[Event], site: str) -> None:
    """Refuse names that differ only in characters an OpenADR id does not have."""
    counts = Counter(object_id(event.event_id) for event in events)
    same = [event.event_id for event in events if counts[object_id(event.event_id)] > 1]
    if same:
        what = f"the events {', '.join(same)} of {site} have the same OpenADR id: rename them"
        raise ScenarioError([Fault("S38", COMMAND, what)])
