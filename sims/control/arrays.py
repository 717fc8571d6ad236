"""Arrays that a policy can only look at."""

from typing import Any

import numpy as np


def frozen(values: Any, dtype: type = np.float64) -> np.ndarray:
    """Array of its own that is read-only: a policy cannot change what others see."""
    array = np.array(values, dtype=dtype)
    array.flags.writeable = False
    return array
