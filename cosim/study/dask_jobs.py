"""Workers of Dask as jobs of a batch system."""

import shutil
import signal
from collections.abc import Mapping
from typing import Any

import dask.config

from cosim.study.cluster import ClusterError
from cosim.study.cluster_form import ClusterForm

# importing dask-jobqueue makes both signals end the program; ours end a run after its step
OURS = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
from dask_jobqueue.core import JobQueueCluster  # noqa: E402
from dask_jobqueue.pbs import PBSCluster  # noqa: E402
from dask_jobqueue.slurm import SLURMCluster  # noqa: E402

for number, handler in OURS.items():
    signal.signal(number, handler)

CLUSTERS: Mapping[str, type[JobQueueCluster]] = {"slurm": SLURMCluster, "pbs": PBSCluster}
SUBMIT = {"slurm": "sbatch", "pbs": "qsub"}
WAIT_FOR_SCHEDULER_S = "120"


def start_jobs(form: ClusterForm) -> JobQueueCluster:
    """Start a scheduler here and ask the batch system for its workers.

    Raises
    ------
    ClusterError
        There is no such batch system here, or no such network interface.
    """
    submit = SUBMIT[form.kind]
    if shutil.which(submit) is None:
        what = f"cluster.kind = {form.kind}: there is no `{submit}` here"
        raise ClusterError(f"{what}; start the study where jobs are submitted, or give --scheduler")
    jobs = make_cluster(form)
    jobs.scale(jobs=form.jobs)
    return jobs


def make_cluster(form: ClusterForm) -> JobQueueCluster:
    """Scheduler, and the jobs it could have; a case is tried on two workers before it counts as failed."""
    directives: dict[str, Any] = {"queue": form.queue, "account": form.account, "walltime": form.walltime}
    try:
        with dask.config.set({"distributed.scheduler.allowed-failures": 1}):
            return CLUSTERS[form.kind](
                cores=form.cores,
                processes=form.cores,  # one thread each: a process runs one case at a time
                memory=form.memory,
                interface=form.interface,
                job_name="gridpark",
                death_timeout=WAIT_FOR_SCHEDULER_S,
                worker_extra_args=["--no-dashboard"],
                scheduler_options={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                **{name: value for name, value in directives.items() if value is not None},
            )
    except (ValueError, OSError, RuntimeError) as error:
        raise ClusterError(f"cluster: {error}") from None
