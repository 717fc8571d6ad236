"""`make faults`: what is left of a run that is killed, cut short or starved of disk, and what becomes of it.

    python -m tests.faults [--kills 200]

Each figure stands beside what it has to be; the exit code is 1 when one is not.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from crashes import Tally, cut_at_every_write, full_at_every_write
from kills import killed_at_random
from small_run import SmallRun


def main() -> int:
    """Run every kind of fault and print what came of it."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--kills", type=int, default=200, help="runs that are killed at random")
    asked.add_argument("--seed", type=int, default=1, help="of the moments of the kills")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = SmallRun(Path(folder))
        held = [
            report("kill -9 at a random moment", killed_at_random(run, given.kills, given.seed)),
            report("power lost within and between all writes", cut_at_every_write(run)),
            report("no space left, at every write", full_at_every_write(run)),
        ]
    return 0 if all(held) else 1


def report(title: str, tally: Tally) -> bool:
    """Print the figures of one kind of fault; whether they are as they must be."""
    print(f"{title}: {tally.n} ({time.strftime('%H:%M:%S')})")
    print(f"  open up to the last segment      {tally.opened / tally.n:7.1%}   must be 100 %")
    print(f"  committed steps lost             {tally.lost:7d}   must be 0")
    print(f"  resumed to the uninterrupted run {tally.same / tally.n:7.1%}   must be 100 %")
    if tally.told is not None:
        print(f"  told as exit code 5              {tally.told / tally.n:7.1%}   must be 100 %")
    for line in tally.notes:
        print(f"  {line}")
    sys.stdout.flush()
    return tally.lost == 0 and {tally.opened, tally.same, tally.n if tally.told is None else tally.told} == {
        tally.n
    }


if __name__ == "__main__":
    sys.exit(main())
