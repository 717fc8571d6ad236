"""Networks that draw from Python's global random state, built the same every time."""

import random
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def pinned_random() -> Iterator[None]:
    """Seed the global random state inside, put it back behind.

    Some networks of pandapower draw cable types and lengths from it; pinned, the same scenario always means
    the same network, and nobody else's draws are disturbed.
    """
    before = random.getstate()
    random.seed(0)
    try:
        yield
    finally:
        random.setstate(before)
