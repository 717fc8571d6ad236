"""The table of cases on the page of a study: a click on a heading sorts it, without a server."""

# pandas comes without types: what a frame gives is read as any of several things
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportGeneralTypeIssues=false, reportReturnType=false

from collections.abc import Sequence
from html import escape
from math import isnan
from typing import TYPE_CHECKING

from cosim.results.pages.page import Html
from cosim.study.judged import Judged
from cosim.study.roles import is_numeric, level_text

if TYPE_CHECKING:
    import pandas as pd

    from cosim.study.study import Study

MOST_CASES = 2000
DECIMALS = {"%": 1, "kW": 1, "kWh": 1, "kVAh": 1, "min": 0, "pu": 4}
MONEY_DECIMALS = 2
# Unknown values stay at the end in both directions; equal ones keep their order.
SORT = """<script>
document.addEventListener("click", function (event) {
  var head = event.target.closest("table.sortable th");
  if (!head) return;
  var table = head.closest("table"), at = head.cellIndex, body = table.tBodies[0];
  var down = head.getAttribute("aria-sort") === "ascending";
  table.querySelectorAll("th").forEach(function (one) { one.removeAttribute("aria-sort"); });
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  function key(row) {
    var cell = row.cells[at];
    return cell.dataset.v === undefined ? cell.textContent : cell.dataset.v;
  }
  var number = head.classList.contains("n");
  Array.from(body.rows).sort(function (a, b) {
    var x = key(a), y = key(b);
    if (x === "" || y === "") return (x === "") - (y === "");
    var order = number ? x - y : (x < y ? -1 : x > y ? 1 : 0);
    return down ? -order : order;
  }).forEach(function (row) { body.appendChild(row); });
});
</script>"""
STYLE = """<style>.sortable th { cursor: pointer; }
.sortable th[aria-sort=ascending]::after { content: " ▲"; }
.sortable th[aria-sort=descending]::after { content: " ▼"; } .cases { overflow-x: auto; max-height: 640px; }
.sortable th { position: sticky; top: 0; background: #fff;
white-space: normal; vertical-align: bottom; }</style>"""


def case_list(study: "Study", judged: "pd.DataFrame", axes: Sequence[str], figures: Sequence[Judged]) -> Html:
    """Cases with their axes, status and judged figures, the first `MOST_CASES`; all of them are in cases.csv.

    Parameters
    ----------
    study : Study
        Whose cases.
    judged : DataFrame
        From `judged_table`, rows in the order of the list.
    axes : sequence of str
        Columns of `judged` that are axes.
    figures : sequence of Judged
        Columns to show; one nothing is known of is left out.
    """
    known = [one for one in figures if judged[one.name].notna().any()]
    numbers = {axis for axis in axes if is_numeric(judged[axis])}
    heads = ["<th>Case</th>", *(_head(axis, axis in numbers) for axis in axes), "<th>Status</th>"]
    heads += [_head(one.axis, number=True) for one in known]
    rows = [
        f"<tr><td>{escape(str(case_id)[:8])}</td>"
        f"{''.join(_level(row[axis], axis in numbers) for axis in axes)}"
        f"<td>{escape(status)}</td>{''.join(_number(row[one.name], one) for one in known)}</tr>"
        for case_id, status, row in zip(
            judged.index,
            study.table.loc[judged.index, "status"],
            judged.head(MOST_CASES).to_dict("records"),
            strict=False,
        )
    ]
    cut = (
        f"The first {MOST_CASES} of {len(judged)}; all are in cases.csv. " if len(judged) > MOST_CASES else ""
    )
    told = f"<p class=note>{cut}Click on a heading to sort.</p>"
    head, body = f"<thead><tr>{''.join(heads)}</tr></thead>", f"<tbody>{''.join(rows)}</tbody>"
    return Html(f'{STYLE}{told}<div class=cases><table class="sortable">{head}{body}</table></div>{SORT}')


def _head(words: str, number: bool) -> str:
    return f"<th{' class=n' if number else ''}>{escape(words)}</th>"


def _level(value: object, number: bool) -> str:
    text = escape(level_text(value))
    return f'<td class=n data-v="{"" if text == "-" else text}">{text}</td>' if number else f"<td>{text}</td>"


def _number(value: float, one: Judged) -> str:
    """A figure; the value it is sorted by is not rounded."""
    if isnan(value):
        return '<td class=n data-v=""></td>'
    decimals = DECIMALS.get(one.unit, MONEY_DECIMALS)
    return f'<td class=n data-v="{value!r}">{value:,.{decimals}f}</td>'
