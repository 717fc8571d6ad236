"""`[cluster]`: the jobs of a batch system that run the cases of a study."""

import math
from typing import Literal

from pydantic import Field

from cosim.scenario.section import Section

WORD = r"^[A-Za-z0-9_.:@+-]+$"


class ClusterForm(Section):
    """Workers as jobs of SLURM or PBS; each process of a job runs one case at a time."""

    kind: Literal["slurm", "pbs"] = Field(description="batch system", examples=["slurm"])
    workers: int = Field(ge=1, le=10_000, description="cases that run at a time [-]", examples=[32])
    cores: int = Field(default=1, ge=1, le=1024, description="cores, and cases at a time, of a job [-]")
    memory: str = Field(
        pattern=r"^[0-9]+(\.[0-9]+)? ?[KMGT]i?B$",
        description="memory of a job, shared by its cores",
        examples=["4GB"],
    )
    walltime: str = Field(
        default="01:00:00", pattern=r"^([0-9]+-)?[0-9]{1,3}:[0-5][0-9]:[0-5][0-9]$", description="longest job"
    )
    queue: str | None = Field(
        default=None, pattern=WORD, description="queue or partition; default: the site's"
    )
    account: str | None = Field(default=None, pattern=WORD, description="account that pays for the jobs")
    interface: str = Field(
        pattern=WORD,
        description="network interface on which the jobs reach this machine; `lo`: this machine alone. "
        "Whoever reaches it can run code here: choose the inner network of the cluster",
        examples=["ib0"],
    )

    @property
    def jobs(self) -> int:
        """Jobs that give so many workers [-]."""
        return math.ceil(self.workers / self.cores)
