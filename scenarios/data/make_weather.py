"""Make `burbank_june_mean_day_2019-06.csv`; the standard library is enough.

    python scenarios/data/make_weather.py

Every day is the mean June day of Burbank, California: 61 degF at 05:00 rising to 85 degF at 15:00 and falling
back, each on half a cosine; hourly, the value of the middle of the hour. It is a climate, not a weather
record: no warm spell, no cool one. Every run writes the same bytes. README.md tells the source.
"""

import csv
from datetime import datetime, timedelta
from math import cos, pi
from pathlib import Path
from zoneinfo import ZoneInfo

OUT = Path(__file__).parent / "burbank_june_mean_day_2019-06.csv"
START, DAYS = datetime(2019, 6, 1, tzinfo=ZoneInfo("America/Los_Angeles")), 30
MEAN_LOW_F, MEAN_HIGH_F = 61.0, 85.0
COLDEST_H, WARMEST_H = 5.0, 15.0  # near sunrise, and mid-afternoon: assumed


def temperature_c(hour: float) -> float:
    """Temperature of the mean day at a clock hour, 0..24 [degC]."""
    if COLDEST_H <= hour <= WARMEST_H:
        share = (hour - COLDEST_H) / (WARMEST_H - COLDEST_H)  # of the way up
    else:
        share = 1.0 - (hour - WARMEST_H) % 24.0 / (24.0 - (WARMEST_H - COLDEST_H))  # of the way down, left
    warm = 0.5 - 0.5 * cos(pi * share)
    return (MEAN_LOW_F + warm * (MEAN_HIGH_F - MEAN_LOW_F) - 32.0) / 1.8


def main() -> None:
    """Write the table."""
    with OUT.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("time", "temperature_c"))
        for hour in range(24 * DAYS):
            time = START + timedelta(hours=hour)
            table.writerow((time.isoformat(), f"{temperature_c(time.hour + 0.5):.2f}"))


if __name__ == "__main__":
    main()
