"""The tidy table of a study: one row a case, typed; as a DataFrame, CSV and Parquet."""

from importlib.util import find_spec
from io import BytesIO
from math import isnan
from typing import TYPE_CHECKING, Any

from cosim.results.csv_cells import safe_cell
from cosim.results.disk import write_whole

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


def write_tables(study: "Study") -> None:
    """Write `cases.csv`, `failures.csv` and, where pyarrow is installed, `cases.parquet`."""
    import pandas as pd

    for table, path in ((study.table, study.folder.table), (study.failures, study.folder.failures)):
        texts = table.reset_index()
        for column in texts:
            texts[column] = [_cell(value) for value in texts[column]]
        texts.columns = [_cell(column) for column in texts]
        write_whole(path, pd.DataFrame(texts).to_csv(index=False, lineterminator="\n").encode())
    if find_spec("pyarrow") is not None:
        packed = BytesIO()
        _uniform(study.table).to_parquet(packed)
        write_whole(study.folder.table.with_suffix(".parquet"), packed.getvalue())


def _cell(value: Any) -> str:
    """A value as text: shortest exact numbers, nothing for what is missing, no formula for a spreadsheet."""
    if value is None or (isinstance(value, float) and isnan(value)):
        return ""
    if isinstance(value, str):
        return safe_cell(value)
    return str(value).lower() if str(value) in {"True", "False"} else str(value)


def _uniform(table: "pd.DataFrame") -> "pd.DataFrame":
    """The table with values of several types in one column as text: Parquet has one type a column."""
    mixed = [column for column in table if len({type(value) for value in table[column].dropna()}) > 1]
    return table.assign(**{column: [_cell(value) or None for value in table[column]] for column in mixed})


def _axis_columns(study: "Study", case_ids: list[str]) -> dict[str, list[object]]:
    names = [*study.axes, *(["seed"] if study.seeds else [])]
    return {name: [study.planned[case_id].get(name) for case_id in case_ids] for name in names}


def _status(study: "Study", case_id: str) -> str:
    return study.results[case_id].status if case_id in study.results else "open"
