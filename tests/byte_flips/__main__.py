"""`python -m tests.byte_flips [MUTATIONS] [SEED]`: the figures of docs/reliability.md on damaged files."""

import sys
import tempfile
from pathlib import Path

import cosim
from tests.byte_flips.flips import counted

SCENARIO = Path(__file__).parents[2] / "scenarios" / "office_v2b.toml"


def main(mutations: int, seed: int) -> int:
    """Print what was told and what was missed; the number of files `verify` missed."""
    with tempfile.TemporaryDirectory() as folder:
        scenario = cosim.load_scenario(SCENARIO, ["days=1"])
        whole = cosim.run(scenario, Path(folder) / "run.h5").path.read_bytes()
        tables = counted(whole, Path(folder) / "damaged.h5", mutations, seed)
    print(f"{mutations} mutations (seed {seed}) of a result file of {len(whole):,} bytes")
    for name, table in tables.items():
        print(f"  {name:14}", ", ".join(f"{count} {what}" for what, count in sorted(table.items())))
    return tables["verify"]["missed"]


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*(given + [1200, 1][len(given) :])) > 0)
