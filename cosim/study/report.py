"""One HTML page that tells a study: no server, no network, opens anywhere."""

# pandas comes without types: what a frame gives is read as any of several things
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportGeneralTypeIssues=false, reportReturnType=false

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from cosim.results.disk import write_whole
from cosim.results.pages.gallery import Gallery
from cosim.results.pages.images import ImageFormat, write_images
from cosim.results.pages.page import (
    NOTHING,
    Card,
    Html,
    cards,
    folded,
    joined,
    note,
    page,
    section,
    source,
    table,
)
from cosim.study import roles
from cosim.study.capacity import crossing, crossing_text, size_curves
from cosim.study.case_page import case_list
from cosim.study.judged import (
    COST,
    JUDGED,
    LOADING,
    MISSING,
    OVERLOAD_KVAH,
    OVERLOAD_MINUTES,
    Judged,
    currency,
    judged_table,
)
from cosim.study.plots import MOST_BOXES, pareto, sensitivity, spread
from cosim.study.plots_maps import LIMITS, heat_map, hosting_curves

if TYPE_CHECKING:
    import pandas as pd

    from cosim.study.study import Study

SHOWN = (COST, MISSING, LOADING, OVERLOAD_MINUTES)
MAPPED = (COST, LOADING)
MOST_PAIRS = 3
HOW_FADED = (
    "Each point is the mean over the seeds of one setting. A setting is faded when another is nowhere worse "
    "and somewhere better in bill, missing energy and overload (kVAh) together; settings with another fleet, "
    "tariff, network or period are another task and do not beat it. A setting with a failed seed has no mean "
    "and is not drawn."
)
HOW_RANGED = (
    "A bar runs from the lowest to the highest mean over the values of an axis, with those values written on "
    "it; means are taken over the same settings of all other axes. The grey bar of the seed is chance: an "
    "axis that moves a figure less than it has shown nothing. The dotted line is the mean of all cases."
)


def write_study_report(study: "Study", path: Path, images: ImageFormat | None = None) -> Path:
    """Write the report of a study, and its figures as images where asked for.

    Parameters
    ----------
    study : Study
        The study, finished or not: what has ended is told.
    path : Path
        HTML file; replaced when it exists.
    images : str, optional
        "png" or "svg": the figures become `<page>_images/<figure>.<images>` as well.

    Raises
    ------
    StoreError
        The page cannot be written.
    ImagesError
        No images can be drawn here; the page is written.
    """
    gallery = Gallery()
    write_whole(path, study_html(study, gallery).encode())
    if images is not None:
        write_images(gallery.figures, path.with_name(f"{path.stem}_images"), images)
    return path


def study_html(study: "Study", gallery: Gallery) -> Html:
    """The page as text: what was varied, fronts, spread, sensitivity, capacity, maps, cases, failures."""
    names = roles.short_names(
        [*study.axes, *([roles.SEED] if study.seeds else [])], [one.name for one in JUDGED]
    )
    judged, axes = judged_table(study.table.loc[_in_order(study)], names), list(names.values())
    told = [_in_money(one, currency(study.table)) for one in SHOWN if judged[one.name].notna().any()]
    parts = [cards(_cards(study)), _axes(study)]
    if told:
        parts += _figures(judged, axes, told, gallery)
    else:
        parts.append(section("Results", note("no case has a result yet")))
    parts += [
        section(
            "Cases", case_list(study, judged, axes, [_in_money(one, currency(study.table)) for one in JUDGED])
        ),
        _failures(study),
    ]
    if study.folder.study.is_file():
        parts.append(folded("Study file", source(study.folder.study.read_text("utf-8"))))
    return page(f"Study {study.name}", [", ".join(axes) or "no axis"], parts, f"{len(study.planned)} cases")


def _figures(judged: "pd.DataFrame", axes: list[str], told: list[Judged], gallery: Gallery) -> Iterator[Html]:
    """Sections with figures, those that the axes of the study give a meaning."""
    varied = roles.varied(judged, axes)
    colour = roles.colour_axis(judged, axes)
    yield _pareto(judged, axes, told[0], colour, gallery)
    if moving := [axis for axis in varied if axis not in {colour, roles.SEED}] or varied[:1]:
        drawn = (gallery.show(spread(judged, axis, told, colour), "spread", axis) for axis in moving)
        yield section("Spread", *drawn)
    if varied:
        tornadoes = gallery.show(sensitivity(judged, varied, told), "sensitivity")
        yield section("Sensitivity", note(HOW_RANGED), tornadoes)
    yield _hosting(judged, axes, colour, gallery)
    yield _maps(
        judged, varied, colour, [one for one in told if one.name in {m.name for m in MAPPED}], gallery
    )


def _pareto(
    judged: "pd.DataFrame", axes: list[str], cost: Judged, colour: str | None, gallery: Gallery
) -> Html:
    if cost.name != COST.name:
        return NOTHING
    drawn = pareto(judged, axes, cost, (MISSING, OVERLOAD_KVAH), colour)
    return section("Cost against service and overload", note(HOW_FADED), gallery.show(drawn, "pareto"))


def _hosting(judged: "pd.DataFrame", axes: list[str], colour: str | None, gallery: Gallery) -> Html:
    """Curves over the size of the fleet, with what they say in words; nothing without such an axis."""
    size = roles.size_axis(judged, roles.varied(judged, axes))
    if size is None:
        return NOTHING
    colour = None if colour == size else colour
    said: list[tuple[str, str]] = []
    for one, limit in LIMITS:
        curves = size_curves(judged, size, one, colour)
        for name in curves.columns:
            found = crossing(curves.index.to_numpy(), curves[name].to_numpy(), limit, one.better)
            said.append((f"{one.label}, limit {limit:g} {one.unit}", crossing_text(found, str(name))))
    words = table(("Limit", f"Size ({size})"), said, numbers=0)
    return section("Hosting capacity", gallery.show(hosting_curves(judged, size, colour), "hosting"), words)


def _maps(
    judged: "pd.DataFrame", varied: list[str], colour: str | None, mapped: list[Judged], gallery: Gallery
) -> Html:
    """Maps of the first pairs of numeric axes with few values each."""
    numeric = [
        axis
        for axis in varied
        if axis != roles.SEED and roles.is_numeric(judged[axis]) and judged[axis].nunique() <= MOST_BOXES
    ]
    drawn = [
        gallery.show(heat_map(judged, x, y, one, colour), "map", one.name, x, y)
        for x, y in list(combinations(numeric, 2))[:MOST_PAIRS]
        for one in mapped
    ]
    return section("Maps of two axes", *drawn) if drawn else NOTHING


def _cards(study: "Study") -> Iterator[Card]:
    status = study.table["status"]
    yield Card("cases", str(len(status)), "", "planned")
    for name in ("done", "failed", "open"):
        if count := int((status == name).sum()):
            yield Card("cases", str(count), "", "not run yet" if name == "open" else name)


def _axes(study: "Study") -> Html:
    """What was varied."""
    rows = [
        (axis, ", ".join(roles.level_text(value) for value in values)) for axis, values in study.axes.items()
    ]
    if study.seeds:
        rows.append((roles.SEED, ", ".join(map(str, study.seeds))))
    return section("What was varied", table(("Axis", "Values"), rows, numbers=0, look="axes"))


def _in_order(study: "Study") -> list[str]:
    """Cases by their values on the axes, in the order the study lists these."""
    listed = {**study.axes, **({roles.SEED: study.seeds} if study.seeds else {})}
    places = {
        axis: {roles.level_text(value): i for i, value in enumerate(values)}
        for axis, values in listed.items()
    }

    def place(case_id: str) -> tuple[int, ...]:
        asked = study.planned[case_id]
        return tuple(
            known.get(roles.level_text(asked.get(axis)), len(known)) for axis, known in places.items()
        )

    return sorted(study.planned, key=place)


def _failures(study: "Study") -> Html:
    """Cases without a run and why; nothing when all have one."""
    failed = study.failures
    if failed.empty:
        return NOTHING
    axes = [column for column in failed if column != "reason"]
    rows = [
        (str(case_id)[:8], *(roles.level_text(row[axis]) for axis in axes), str(row["reason"]))
        for case_id, row in zip(failed.index, failed.to_dict("records"), strict=True)
    ]
    return section(
        f"Failed cases ({len(rows)})",
        joined(table(("Case", *axes, "Reason"), rows, numbers=0, look="failed")),
    )


def _in_money(one: Judged, money: str) -> Judged:
    """The figure with the currency of the study for "money"."""
    return one._replace(unit=money) if one.unit == "money" else one
