"""The tidy table of a study: one row a case, typed; as a DataFrame, CSV and Parquet."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from cosim.study.study import Study


def case_table(study: "Study") -> "pd.DataFrame":
    """One row a case of the plan: axes, status, key figures; what is not known is missing, never 0."""
    import pandas as pd

    figures = {
        case_id: study.results[case_id].kpis if case_id in study.results else {} for case_id in study.planned
    }
    names = sorted({name for kpis in figures.values() for name in kpis})
    columns = _axis_columns(study, list(study.planned))
    status = {"status": [_status(study, case_id) for case_id in study.planned]}
    known = {
        name: pd.Series([kpis.get(name) for kpis in figures.values()]).infer_objects()
        for name in names
        if name not in columns
    }
    table = pd.DataFrame({**columns, **status, **known})
    table.index = pd.Index(list(study.planned), name="case_id")
    return table


def failure_table(study: "Study") -> "pd.DataFrame":
    """Cases without a run: axes and reason."""
    import pandas as pd

    failed = [case_id for case_id in study.planned if _status(study, case_id) == "failed"]
    reasons = {"reason": [study.results[case_id].reason for case_id in failed]}
    table = pd.DataFrame({**_axis_columns(study, failed), **reasons})
    table.index = pd.Index(failed, name="case_id", dtype="object")
    return table


def _axis_columns(study: "Study", case_ids: list[str]) -> dict[str, list[object]]:
    names = [*study.axes, *(["seed"] if study.seeds else [])]
    return {name: [study.planned[case_id].get(name) for case_id in case_ids] for name in names}


def _status(study: "Study", case_id: str) -> str:
    return study.results[case_id].status if case_id in study.results else "open"
