"""`make faults`: what is left of a run that is killed, cut short, starved of disk or altered afterwards.

    python -m tests.faults [--only kills cuts full refused flips] [--kills 200] [--flips 1200]

Prints the table of docs/reliability.md; the exit code is 1 when a figure is not what it must be.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from crashes import Tally, cut_at_every_write, full_at_every_write
from kills import killed_again_and_again, killed_at_random
from refusals import refused_targets
from small_run import SmallRun

from tests.byte_flips.flips import counted

PARTS = ("kills", "cuts", "full", "refused", "flips")
HEAD = "| fault | cases | open | steps lost | resumed to the same bytes | told as exit code 5 | took |"


def main() -> int:
    """Run every kind of fault that is asked for and print what came of it."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    asked.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to run")
    asked.add_argument("--kills", type=int, default=200, help="kills at a random moment")
    asked.add_argument("--flips", type=int, default=1200, help="bits, bytes and ends of a file to change")
    asked.add_argument("--every", type=int, default=1, help="of the writes to fail: 1 all, 10 every tenth")
    asked.add_argument("--seed", type=int, default=1, help="of moments and bytes")
    given = asked.parse_args()
    parts: dict[str, Callable[[SmallRun], bool]] = {
        "kills": lambda run: (
            _row("kill -9 at a random moment", lambda: killed_at_random(run, given.kills, given.seed))
            & _row("up to 20 kills -9 in a row", lambda: killed_again_and_again(run, 3, given.seed))
        ),
        "cuts": lambda run: _row(
            "power lost in and between writes", lambda: cut_at_every_write(run, given.every)
        ),
        "full": lambda run: _row("no space left", lambda: full_at_every_write(run, given.every)),
        "refused": lambda run: _row("target that cannot be written", lambda: refused_targets(run)),
        "flips": lambda run: _flips(run, given.flips, given.seed),
    }
    print(f"{HEAD}\n|---|---:|---:|---:|---:|---:|---:|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        run = SmallRun(Path(folder))
        held = [parts[name](run) for name in PARTS if name in given.only]
    return 0 if all(held) else 1


def _row(title: str, make: Callable[[], Tally]) -> bool:
    """Print the figures of one kind of fault as a row; whether they are as they must be."""
    started = time.perf_counter()
    tally = make()
    told = "-" if tally.told is None else _share(tally.told, tally.n)
    opened, same = _share(tally.opened, tally.n), _share(tally.same, tally.n)
    took = f"{time.perf_counter() - started:.0f} s"
    print(f"| {title} | {tally.n:,} | {opened} | {tally.lost} | {same} | {told} | {took} |", flush=True)
    for line in tally.notes:
        print(f"    {line}", file=sys.stderr, flush=True)
    return tally.holds


def _flips(run: SmallRun, mutations: int, seed: int) -> bool:
    """Print who notices changed bytes, as a table of its own; whether `verify` misses none."""
    started = time.perf_counter()
    whole = run.file.read_bytes()
    tables = counted(whole, run.folder.parent / "damaged.h5", mutations, seed)
    outcomes = ("told", "refused", "crash", "harmless", "missed")
    print(f"\n| bytes changed, who notices | cases | {' | '.join(outcomes)} |\n|---|{'---:|' * 6}")
    for name, table in tables.items():
        print(f"| {name} | {table.total():,} | {' | '.join(str(table[what]) for what in outcomes)} |")
    print(
        f"    {len(whole):,} bytes, seed {seed}; took {time.perf_counter() - started:.0f} s", file=sys.stderr
    )
    return tables["verify"].total() > 0 and tables["verify"]["told"] == tables["verify"].total()


def _share(count: int, n: int) -> str:
    return f"{count / n:.1%}" if n else "none"


if __name__ == "__main__":
    sys.exit(main())
