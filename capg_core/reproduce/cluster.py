"""Sending jobs to an existing Dask cluster.

Workers only compute. This process alone writes results, and a job has one key, so nothing is kept twice. Whatever this
waits for, it waits for a stated time.
"""

import importlib
import logging
import threading
import time
from concurrent.futures import CancelledError

from capg_core.reproduce.jobs import run_job

_TRIES = 3  # a job whose workers were killed is sent again so often
_CONNECT = 20.0  # seconds for the scheduler to answer
_WAIT = 120.0  # seconds for a worker to come, to answer, or to come back
_LOOK = 1.0  # seconds between two looks at the workers
_NEEDED = "capg_core.reproduce.jobs"  # what a worker imports to run a job


class ClusterLost(Exception):
    """The scheduler or all its workers have gone."""


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


def _in_time(work, seconds):
    """Return (whether it ended in time, what it returned); an error of it is raised here."""
    box = []

    def do():
        try:
            box.append((work(), None))
        except Exception as error:
            box.append((None, error))

    thread = threading.Thread(target=do, daemon=True)  # one that hangs must not hold the program
    thread.start()
    thread.join(seconds)
    if not box:
        return False, None
    (value, error), *_ = box
    if error is not None:
        raise error
    return True, value


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
        # the client's own time limit does not hold for a server that takes the connection and then says nothing
        ended, client = _in_time(lambda: distributed.Client(address, timeout=f"{_CONNECT:g}s"), _CONNECT + 1.0)
    except (OSError, ValueError) as error:
        raise ValueError(f"{address!r} does not answer ({error}); expected a Dask scheduler's address") from error
    if not ended:
        raise ValueError(f"{address!r} has not answered for {_CONNECT:g} s; expected a Dask scheduler's address")
    return client


def _workers(client):
    """Return the addresses of the workers, or None if the scheduler does not answer."""
    try:
        ended, found = _in_time(client.nthreads, _WAIT)
    except (OSError, AttributeError, ValueError):  # what a client says whose connection is closed
        return None
    return sorted(found) if ended else None


def _count(things, word):
    return f"{len(things)} {word}{'s' * (len(things) != 1)}"


def check_workers(client, address, say):
    """
    Wait for a worker, and see that each can do the work: every worker imports this package.

    Parameters
    ----------
    client : distributed.Client
    address : str
        The scheduler's, for messages.
    say : callable
        Gets a text for the user.

    Raises
    ------
    ValueError
        If no worker comes in time, or one does not answer or cannot import the package.
    """
    limit, said = time.monotonic() + _WAIT, False
    while not (workers := _workers(client)):
        if workers is None or time.monotonic() > limit:
            what = "does not answer any more" if workers is None else f"has had no worker for {_WAIT:g} s"
            raise ValueError(f"{address!r} {what}; expected a Dask scheduler with a worker at least")
        if not said:
            start = f"dask worker {address} --nthreads 1"
            say(f"{address} has no worker; waiting for one, at most {_WAIT:g} s (this starts one: {start})")
            said = True
        time.sleep(_LOOK)
    say(f"{address} has {_count(workers, 'worker')}; importing the package on each, at most {_WAIT:g} s")
    # a function of this package could not even arrive where the package is missing
    ended, answers = _in_time(lambda: client.run(importlib.import_module, _NEEDED, on_error="return"), _WAIT)
    if not ended:
        raise ValueError(f"{address!r}: one of the workers {', '.join(workers)} has not answered for {_WAIT:g} s")
    unfit = {worker: error for worker, error in answers.items() if isinstance(error, BaseException)}
    if unfit:
        worker = min(unfit)
        error = unfit[worker]
        raise ValueError(
            f"{address!r}: {len(unfit)} of {_count(answers, 'worker')} cannot import {_NEEDED}; the first is {worker} "
            f"({type(error).__name__}: {error}). Install this package there"
        )


def _wait_for_one(distributed, futures, client):
    """Wait until one of some futures is finished, and return all that are; without a worker not for ever."""
    since = time.monotonic()  # when there was a worker
    while True:
        try:
            return distributed.wait(futures, timeout=_LOOK, return_when="FIRST_COMPLETED").done
        except (TimeoutError, distributed.TimeoutError):
            pass
        workers = _workers(client)
        if workers is None:
            raise ClusterLost("the scheduler is lost")
        if workers:
            since = time.monotonic()
        elif time.monotonic() - since > _WAIT:
            raise ClusterLost(f"all workers are lost, and none has come for {_WAIT:g} s")


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

    Raises
    ------
    ClusterLost
        If the scheduler goes, or all workers for two minutes. What was finished is kept.
    """
    distributed = require_distributed()
    futures, tries = {}, {}

    def take(future):
        job, _ = futures[future.key]
        if isinstance(future.exception(), distributed.KilledWorker) and tries[future.key] < _TRIES:
            # several workers died with this job in hand; that is rarely the job's fault
            tries[future.key] += 1
            future.retry()
            return
        keep(job, future.result())
        del futures[future.key]  # the scheduler may forget it

    with client:
        for job in jobs:
            future = client.submit(run_job, job, kuairec, key=f"capg/{job.key}", pure=True, retries=1)
            futures[future.key], tries[future.key] = (job, future), 0
        try:
            while futures:
                for future in _wait_for_one(distributed, [future for _, future in futures.values()], client):
                    take(future)
        except (CancelledError, distributed.comm.CommClosedError):  # either may come when the connection breaks
            # it would log a traceback of its own when it stops to look for the scheduler
            logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
            raise ClusterLost("the scheduler is lost") from None
