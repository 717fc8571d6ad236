"""A second reader of paths, made of what a user has (DataFrames, `Run.bill`), to check the first."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from cosim import Run
from cosim.explain import Explanation
from cosim.results.kpi_table import flatten

TWO = {
    "difference": lambda a, b: a - b,
    "share": lambda a, b: a / b * 100,
    "quotient": lambda a, b: a / b,
    "grams_per_kwh": lambda a, b: a * 1000 / b,
}
ONE = {
    "minus": lambda a: -a,
    "sum": np.sum,
    "mean": np.mean,
    "min": np.min,
    "max": np.max,
    "count": len,
    "positive": lambda a: (np.asarray(a) > 0).sum(),
}


def read(run: Run, path: str, base: Run | None = None) -> Any:
    """What a path leads to, times as datetime."""
    call = re.fullmatch(r"(\w+)\((.*)\)", path)
    if call and call[1] in ONE:
        return ONE[call[1]](read(run, call[2], base))
    if call:
        return TWO[call[1]](*(read(run, part, base) for part in _two(call[2])))
    if path.startswith("base."):
        assert base is not None
        return read(base, path.removeprefix("base."))
    figures = flatten(run.kpis)
    return figures[path] if path in figures else _beside(run, path)


def _two(inside: str) -> Iterator[str]:
    """Split at the comma outside all brackets."""
    depth = 0
    for i, sign in enumerate(inside):
        depth += (sign in "([") - (sign in ")]")
        if depth == 0 and inside.startswith(", ", i):
            yield inside[:i]
            yield inside[i + 2 :]


def _beside(run: Run, path: str) -> Any:  # noqa: PLR0911
    kind, rest = path.split(".", 1)
    clock = run.clock
    if kind == "run":
        return {
            "name": run.header.name,
            "start": clock.local_time(clock.start_s),
            "last": clock.local_time(clock.end_s - clock.step_s),
            "hours": clock.n_steps * clock.step_s / 3600,
            "steps": clock.n_steps,
            "step_minutes": clock.step_s / 60,
        }[rest]
    if kind == "limits":
        return {"voltage_band_percent": 10, "hotspot_normal_c": 120, "hotspot_emergency_c": 140}[rest]
    if kind == "header":
        return _evaluated(f"it.{rest}", run.header)
    if kind == "scenario":
        place, key = re.fullmatch(r"sites\[(\d+)\]\.policy\.(\w+)", rest).groups()
        return tomllib.loads(run.scenario_toml)["sites"][int(place)]["policy"][key]
    if kind == "feeder":
        return _series(_frame(run, "feeder"), rest)
    if kind == "signals":
        name = next(name for name in run.header.signals if rest.startswith(f"{name}."))
        return _series(_frame(run, "signals", name), rest.removeprefix(f"{name}."))
    site = next(site for site in run.sites if rest.startswith((f"{site}.", f"{site}[")))
    rest = rest.removeprefix(site)
    if kind in {"bill", "tariff"}:
        return _evaluated(f"it{rest}", _table(run, kind, site))
    if kind == "sites":
        return _series(_frame(run, "site", site), rest[1:])
    if rest.startswith("["):
        name, column = rest[1:].rsplit("].", 1)
        table = _table(run, kind, site).set_index("event_id" if kind == "events" else "session_id")
        return name if column.endswith("_id") else table.loc[name, column]
    assert kind == "sessions"
    cause, column = rest[1:].split(".")
    rows = _by_cause(_table(run, "sessions", site), cause)
    return len(rows) if column == "count" else rows[column].sum()


def _evaluated(path: str, it: Any) -> Any:
    """The path as the Python it looks like."""
    return eval(path, {}, {"it": it})  # noqa: S307


def _by_cause(table: pd.DataFrame, cause: str) -> pd.DataFrame:
    """The four causes once more, as queries."""
    short = "connected == 1 and censored == 0 and missing_kwh > 1e-6"
    asked = {
        "beyond_power": f"{short} and unavoidable_kwh > 1e-6",
        "left_early": f"{short} and unavoidable_kwh <= 1e-6 and departure < window_start",
        "stayed": f"{short} and unavoidable_kwh <= 1e-6 and departure >= window_start",
        "no_port": "evse_index == -1 and connected == 0 and too_short == 0 and censored == 0",
    }
    return table.query(asked[cause])


@cache
def _table(run: Run, kind: str, site: str) -> Any:
    return getattr(run, kind)(site)


@cache
def _frame(run: Run, kind: str, name: str = "") -> pd.DataFrame:
    return (getattr(run, kind)(name) if name else getattr(run, kind)).frame()


def _series(frame: pd.DataFrame, rest: str) -> Any:
    name, when, column = re.fullmatch(r"(\w+)(?:\[([^\]]*)\])?(?:\[(.*)\])?", rest).groups()
    values = frame[name]
    if when is not None and "/" in when:
        first, end = (pd.Timestamp(at).tz_localize(values.index.tz) for at in when.split("/"))
        values = values[(values.index >= first) & (values.index < end)].mean(axis=0)
    elif when is not None:
        values = values.loc[pd.Timestamp(when).tz_localize(values.index.tz)]
    return values[column] if column else np.asarray(values)


def check(run: Run, told: Explanation, base: Run | None = None) -> int:
    """Every path leads to its value, every text is that value rounded, no digit is without: how many."""
    n = 0
    for sentence in told.sentences:
        rest, start = "", 0
        for number in sentence.numbers:
            value = read(run, number.path, base)
            _same(value, number.value, number.path)
            assert prints(number.text, value, number.path), (number, sentence.text)
            at = sentence.text.index(number.text, start)
            rest, start = rest + sentence.text[start:at], at + len(number.text)
            n += 1
        rest += sentence.text[start:]
        assert not re.search(r"\d", rest.replace("CO2", "")), sentence
    return n


def _same(found: Any, said: Any, path: str) -> None:
    if isinstance(said, str):
        same = pd.Timestamp(found) == pd.Timestamp(said) if hasattr(found, "isoformat") else found == said
        assert same, path
    else:
        np.testing.assert_allclose(said, found, rtol=1e-9, atol=1e-9, err_msg=path)


def prints(text: str, value: Any, path: str) -> bool:
    """Whether a text is a value, rounded to its decimals."""
    if isinstance(value, str) and text == value:
        return True
    if hasattr(value, "isoformat") or isinstance(value, str):
        at = pd.Timestamp(value if len(str(value)) > len("2019-06") else f"{value}-01")
        looks = ("%d %b %Y", "%a %d %b %H:%M", "%a %d %b %Y %H:%M", "%B %Y")
        return text in {re.sub(r"\b0(\d )", r"\1", at.strftime(look)) for look in looks}
    parts = re.findall(r"[\d,]+(?:\.\d+)?", text)
    if "minutes" in path and path != "run.step_minutes" and not path.startswith("tariff."):
        hours, minutes = re.search(r"(?:([\d,]+) h)?", text)[1], re.search(r"(\d+) min", text)
        shown = 60 * int((hours or "0").replace(",", "")) + int(minutes[1] if minutes else 0)
        return shown == round(value)
    decimals = len(parts[0].partition(".")[2])
    shown = float(parts[0].replace(",", "")) * (-1 if text.startswith("-") else 1)
    return len(parts) == 1 and abs(shown - value) <= 0.5 * 10**-decimals + 1e-9
