"""Row 75: no cell of a CSV file is a formula."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosim.results.csv_cells import RISKY, safe_cell


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+1+2", "'+1+2"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("-", "'-"),
        ("+1_000", "'+1_000"),
        ("-1\t", "'-1\t"),
        ("-12.5", "-12.5"),
        ("+1e-3", "+1e-3"),
        ("-inf", "-inf"),
        ("office", "office"),
        ("a=1", "a=1"),
        ("", ""),
    ],
)
def test_formulas_become_text_and_numbers_stay(text, cell):
    assert safe_cell(text) == cell


@given(st.text(alphabet=st.sampled_from([*RISKY, "1", ".", "e", "a", " ", "\n", '"', ","])))
def test_a_cell_that_starts_like_a_formula_is_a_number(text):
    buffer = io.StringIO()
    csv.writer(buffer).writerow([safe_cell(text), "x"])
    (read,) = csv.reader(io.StringIO(buffer.getvalue(), newline=""))
    assert read[0].lstrip("'") == text.lstrip("'")
    if read[0].startswith(RISKY):
        float(read[0])


@given(st.floats())
def test_every_number_stays(value):
    assert safe_cell(repr(value)) == repr(value)


def test_every_table_that_is_written_passes_its_texts_through():
    writers = [
        path
        for path in (Path(__file__).parents[2] / "cosim").rglob("*.py")
        if any(call in path.read_text("utf-8") for call in (".to_csv(", "csv.writer(", "csv.DictWriter("))
    ]
    assert len(writers) > 1
    assert [path.name for path in writers if "safe_cell(" not in path.read_text("utf-8")] == []
