"""Sending jobs to an existing Dask cluster. May import ``jobs``; imports ``distributed`` only when it is used.

Workers only compute. This process alone writes results, and a job has one key, so nothing is kept twice.
"""

from capg_core.reproduce.jobs import run_job

_TRIES = 3  # a job whose workers were killed is sent again so often
_CONNECT = "15s"


def require_distributed():
    """
    Import Dask's scheduler package.

    Returns
    -------
    module

    Raises
    ------
    ValueError
        If it is not installed; the message says how to get it.
    """
    try:
        import distributed
    except ImportError:
        raise ValueError("this needs the package distributed; install it by: pip install 'capg[cluster]'") from None
    return distributed


def connect(address):
    """
    Return a client of a Dask scheduler.

    Parameters
    ----------
    address : str
        Such as "tcp://127.0.0.1:8786".

    Returns
    -------
    distributed.Client

    Raises
    ------
    ValueError
        If the package is missing or no scheduler answers at the address.
    """
    distributed = require_distributed()
    try:
        return distributed.Client(address, timeout=_CONNECT)
    except (OSError, ValueError) as error:
        raise ValueError(f"{address!r} does not answer ({error}); expected a Dask scheduler's address") from error


def run_on_cluster(jobs, client, kuairec, keep):
    """
    Run jobs on a Dask cluster whose workers have this package installed.

    Parameters
    ----------
    jobs : list of Job
    client : distributed.Client
        It is closed at the end.
    kuairec : str or None
        Path of the KuaiRec data, the same on every worker.
    keep : callable
        Gets each job and its `Curve` as it comes, in this process.
    """
    distributed = require_distributed()
    with client:
        futures, tries = {}, {}
        for job in jobs:
            future = client.submit(run_job, job, kuairec, key=f"capg/{job.key}", pure=True, retries=1)
            futures[future.key], tries[future.key] = (job, future), 0
        coming = distributed.as_completed([future for _, future in futures.values()])
        for future in coming:
            job, _ = futures[future.key]
            if isinstance(future.exception(), distributed.KilledWorker) and tries[future.key] < _TRIES:
                # several workers died with this job in hand; that is rarely the job's fault
                tries[future.key] += 1
                future.retry()
                coming.add(future)
                continue
            keep(job, future.result())
            del futures[future.key]  # the scheduler may forget it
