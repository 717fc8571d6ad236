"""`make bench`: what a step costs, where it goes, and what the stack from PyPI takes for the same job.

CPU time of this process (`time.process_time`), worlds already built; run it on a quiet machine. Each
figure is the least of several runs: other jobs on the machine can only add to it.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from tests.benchmarks import billing, kernels, reading, steps, voltage, year


def main() -> None:
    """Print every figure with its bar."""
    print(f"{datetime.now(UTC):%Y-%m-%d}  {platform.machine()}, {os.cpu_count()} cores, Python "
          f"{platform.python_version()}, load {os.getloadavg()[0]:.1f}")  # fmt: skip
    for title, measure in SECTIONS.items():
        print(f"\n{title}")
        for label, (value, unit, bar) in measure().items():
            print(f"  {label:58} {value:10.3f} {unit:6} {bar}")
        sys.stdout.flush()


def in_fresh_process(module: str) -> dict[str, tuple[float, str, str]]:
    """Figures that a module of this package prints as JSON, measured in a process of its own."""
    done = subprocess.run([sys.executable, "-m", module], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


Figures = Mapping[str, tuple[float, str, str]]

SECTIONS: dict[str, Callable[[], Figures]] = {
    "fleet kernel alone": kernels.fleet,
    "power flow alone": kernels.feeder,
    "power flow by phases alone": kernels.by_phase,
    "transformer heat and ageing alone": kernels.thermal,
    "bills": billing.bills,
    "kerber village: Q(V) and taps in the feeder": voltage.feeder,
    "kerber village, 116 buses, 28 days, AC power flow every step": steps.villages,
    "schutterwald, 2,940 buses, a day, AC power flow every step": steps.town,
    "the same network and sessions on the stack from PyPI": steps.against_stock,
    "office as a year (35,040 steps)": lambda: in_fresh_process("tests.benchmarks.year"),
    "keeping that year: checkpoints, verify": lambda: in_fresh_process("tests.benchmarks.checkpoints"),
    "results of a month: 15 ports, 116 buses, 30 days": reading.month,
    "a sweep of weeks of the office": lambda: in_fresh_process("tests.benchmarks.sweep"),
    "command line": year.help_time,
}

if __name__ == "__main__":
    main()
