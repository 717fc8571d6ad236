"""A small result file of no physics: two chunks of steps, names, text and attributes."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from cosim.results import RunHeader, RunWriter
from sims.clock import Clock

STEPS = 900


def image() -> bytes:
    """Bytes of the file, always the same."""
    header = RunHeader("flips", "", 1, Clock(0, 900, STEPS, "UTC"), (), buses=("a", "b"), transformers=("t",))
    rng = np.random.default_rng(1)
    blocks = {
        "feeder/vm_pu": rng.uniform(0.9, 1.1, (STEPS, 2)),
        "feeder/transformer_loading_percent": rng.uniform(0, 120, (STEPS, 1)),
        "feeder/line_loading_percent": np.zeros((STEPS, 0)),
        "feeder/import_kw": rng.normal(size=STEPS),
        "feeder/losses_kw": rng.uniform(size=STEPS),
        "feeder/converged": np.ones(STEPS),
    }
    with TemporaryDirectory() as folder, RunWriter(Path(folder) / "x.h5", header) as writer:
        writer.write_segment(0, blocks)
        return writer.finish({}, {}).read_bytes()
