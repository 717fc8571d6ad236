"""The README's picture: transformer loading of one week under three policies.

    python scenarios/office_script.py && python docs/make_picture.py

Needs chromium or Chrome to turn the figure into a PNG; without one it leaves the page and says so.
"""

import shutil
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import cosim

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "office_contrast.png"
WIDTH, HEIGHT = 1100, 420
FIRST_DAY, DAYS = 2, 5
LINES = {
    "uncontrolled": ("uncontrolled", "#d55e00"),
    "required": ("only what is required", "#e69f00"),
    "llf": ("least laxity first, threshold 210 kW", "#0072b2"),
}


def figure() -> "object":
    """Loading of the transformer in the first week."""
    import plotly.graph_objects as go

    drawn = go.Figure()
    for policy, (label, color) in LINES.items():
        run = cosim.open_run(ROOT / "results" / f"office_{policy}.h5")
        per_day = 86_400 // run.clock.step_s
        week = slice(FIRST_DAY * per_day, (FIRST_DAY + DAYS) * per_day)
        start = run.clock.local_time(run.clock.start_s).replace(tzinfo=None)
        times = [start + timedelta(seconds=run.clock.step_s * k) for k in range(week.start, week.stop)]
        loading = run.feeder.transformer_loading_percent[week, 0]
        drawn.add_scatter(x=times, y=loading, name=label, line={"color": color, "width": 1.6, "shape": "hv"})
    rated = {"annotation_text": "rated current", "annotation_position": "top right"}
    drawn.add_hline(y=100, line={"color": "#444444", "dash": "dash", "width": 1}, **rated)
    drawn.update_layout(
        template="simple_white",
        width=WIDTH,
        height=HEIGHT,
        margin={"l": 60, "r": 20, "t": 50, "b": 40},
        title="Loading of the 250 kVA transformer, 3 to 7 June 2019",
        legend={"orientation": "h", "y": 1.08, "x": 1, "xanchor": "right"},
        yaxis={"title": "loading [%]", "range": [0, 145]},
        font={"size": 14},
    )
    return drawn


def main() -> None:
    """Write the picture beside this file."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    page = Path(tempfile.mkdtemp()) / "office_contrast.html"
    page.write_text(figure().to_html(include_plotlyjs=True, config={"staticPlot": True}))  # type: ignore[attr-defined]
    if browser is None:
        print(f"no chromium or Chrome found: {page} is the figure as a page")
        return
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
               "--disable-background-networking", "--virtual-time-budget=5000"]  # fmt: skip
    size = f"--window-size={WIDTH + 20},{HEIGHT + 20}"
    command = [browser, *options, size, f"--screenshot={PICTURE}", page.as_uri()]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL, timeout=120)  # noqa: S603 - our own page
    print(PICTURE.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
