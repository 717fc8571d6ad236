"""The month's highest demand so far, as a meter would know it."""

from collections.abc import Mapping
from typing import Any

NO_WINDOW = -1


class RunningPeak:
    """Highest finished demand window of the billing month, from what the site's meter showed.

    Parameters
    ----------
    steps_per_window : int
        Steps in one demand window [-].
    """

    def __init__(self, steps_per_window: int) -> None:
        self.steps_per_window = steps_per_window
        self._kw, self._month = 0.0, 0
        self._window, self._sum_kw, self._count = NO_WINDOW, 0.0, 0

    def meter(self, site_kw: float, window: int, month: int) -> None:
        """Take in the site's mean power of a step that has passed.

        Parameters
        ----------
        site_kw : float
            Net power of the step [kW].
        window : int
            Demand window the step belonged to, -1 for none [-].
        month : int
            Billing month of the step [-].
        """
        if month != self._month:
            self._kw, self._month = 0.0, month
        if window != self._window:
            self._window, self._sum_kw, self._count = window, 0.0, 0
        if window == NO_WINDOW:
            return
        self._sum_kw += site_kw
        self._count += 1
        if self._count == self.steps_per_window:
            self._kw = max(self._kw, self._sum_kw / self._count)

    def kw(self, month: int) -> float:
        """Running peak of a billing month [kW]."""
        return self._kw if month == self._month else 0.0

    def get_state(self) -> dict[str, Any]:
        """JSON-able state."""
        return dict(vars(self))

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Continue from a state of `get_state`."""
        vars(self).update(state)
