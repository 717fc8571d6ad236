"""One stream of random numbers for each component, by its name: adding a component moves no other."""

from hashlib import sha256

import numpy as np


def component_seed(seed: int, component: str) -> list[int]:
    """Entropy of a component: the run's seed and a hash of the component's name, as plain ints."""
    digest = sha256(component.encode()).digest()
    return [seed, int.from_bytes(digest[:8], "big")]


def component_rng(seed: int, component: str) -> np.random.Generator:
    """Generator of a component of the run with this seed."""
    return np.random.default_rng(component_seed(seed, component))
