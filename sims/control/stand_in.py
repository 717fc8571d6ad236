"""A feeder of one transformer and one cable for rehearsals: linear, lossless, with the site alone on it."""

from dataclasses import dataclass
from typing import Any

from sims.control.policy import Floats


@dataclass(frozen=True, slots=True)
class StandInFeeder:
    """Says of the last step what the feeder of a co-simulation would.

    Parameters
    ----------
    rated_kva : float
        Rating of the transformer [kVA].
    drop_pu_per_kw : float
        Voltage lost at the site's bus for each kW it draws [pu/kW].
    """

    rated_kva: float
    drop_pu_per_kw: float

    def says(self, building_kw: float, evse_kw: Floats) -> dict[str, Any]:
        """The feeder's share of what a controller receives after a step with these powers [kW]."""
        site_kw = building_kw + float(evse_kw.sum())
        percent_per_kw = 100.0 / self.rated_kva
        n_columns = 2 if len(evse_kw) else 1  # the ports' bus, then the building
        vm_pu, loading_percent = 1.0 - self.drop_pu_per_kw * site_kw, percent_per_kw * abs(site_kw)
        return {
            "transformer_loading_percent": loading_percent,
            "vm_min_pu": vm_pu,
            "limits": {
                "buses": ["site"],
                "elements": ["transformer/transformer"],
                "port_column": [0] * len(evse_kw),
                "vm_pu": [vm_pu],
                "loading_percent": [loading_percent],
                "building_kw": building_kw,
                "evse_kw": evse_kw.tolist(),
                "dvm_pu_per_kw": [[-self.drop_pu_per_kw] * n_columns],
                "current_percent": [[percent_per_kw * site_kw], [0.0]],
                "dcurrent_percent_per_kw": [[[percent_per_kw] * n_columns], [[0.0] * n_columns]],
            },
        }
