"""From an address or a `[cluster]` section to an executor on Dask, which is imported only then."""

from typing import TYPE_CHECKING

from sims.faults import GridparkError

if TYPE_CHECKING:
    from cosim.study.cluster_form import ClusterForm
    from cosim.study.executor import Executor
    from cosim.study.form import CaseLimits

EXTRA = "gridpark[cluster]"


class ClusterError(GridparkError):
    """The scheduler or its workers cannot run the study."""

    exit_code = 2


def cluster_executor(where: "str | ClusterForm", limits: "CaseLimits") -> "Executor":
    """Executor that runs cases on Dask.

    Parameters
    ----------
    where : str or ClusterForm
        Address of a scheduler (`tcp://host:8786`), or the batch system whose jobs are to be its workers.
    limits : CaseLimits
        What a case may take.

    Raises
    ------
    ClusterError
        The extra is not installed, no scheduler answers, no worker comes, or the batch system takes no job.
    """
    try:
        from cosim.study.dask_executor import DaskExecutor, connect
        from cosim.study.dask_jobs import start_jobs
    except ImportError as error:
        what = f"running cases on a cluster needs Dask ({error}): pip install '{EXTRA}'"
        raise ClusterError(what) from None
    if isinstance(where, str):
        return DaskExecutor(connect(where), limits, where)
    jobs = start_jobs(where)
    return DaskExecutor(connect(jobs.scheduler_address), limits, where.kind, jobs)
