"""Running jobs in several processes of this computer; each trains in one thread."""

import contextlib
import multiprocessing
import os
import signal
import threading
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from capg_core.reproduce.jobs import run_job

_LOOK = 0.2  # seconds between two looks at the progress

# Of a worker process: where it writes how many steps of its job are done, and where it reads that it has to stop.
_mine = {}


UNGUARDED = 88  # the exit status of a process that came back to the command instead of beginning its work
_UNGUARDED_WORDS = (
    'the script that called this has no `if __name__ == "__main__":`. Each worker process imports that script, so the '
    "call must be below that line"
)
_NO_START_WORDS = (
    "the worker processes ended before they began. Each imports the script that called this, so it must be a file, and "
    'have the call below `if __name__ == "__main__":`'
)
_KILLED_WORDS = "a worker process was killed, perhaps by the system for lack of memory (then give fewer --processes)"


class WorkerDied(Exception):
    """A worker process ended by itself; the text says why, as far as one sees."""


def is_beginning():
    """
    Say whether this process is a worker that is not ready yet: it imports the script that started it.

    Whoever comes to the command line in this state was called by a script that does not look at its ``__name__``.
    """
    return getattr(multiprocessing.current_process(), "_inheriting", False)


def _why_died(processes, n_begun):
    """Return what to say of workers that ended by themselves."""
    for process in processes:
        process.join(1.0)
    if UNGUARDED in [process.exitcode for process in processes]:
        return _UNGUARDED_WORDS
    killed = any(process.exitcode == -getattr(signal, "SIGKILL", 9) for process in processes)
    return _KILLED_WORDS if n_begun or killed else _NO_START_WORDS


def _begin(taken, slots, stop):
    """Start a worker."""
    with taken.get_lock():
        _mine.update(slot=taken.value, slots=slots, stop=stop)
        taken.value += 1
    parent = multiprocessing.parent_process()

    def follow():
        # a killed parent cannot stop its workers, so they watch it
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _work(job, kuairec):
    """Run a job in a worker."""
    slot, slots, stop = _mine["slot"], _mine["slots"], _mine["stop"]

    def callback(progress):
        slots[slot] = progress.step
        return bool(stop.value)

    try:
        return run_job(job, kuairec, callback)
    finally:
        slots[slot] = 0


@contextlib.contextmanager
def _for_children():
    """Let processes that start now leave Ctrl-C to the parent."""
    main = threading.current_thread() is threading.main_thread()
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None
    try:
        yield
    finally:
        if main:
            signal.signal(signal.SIGINT, handler)


def run_local(jobs, n_processes, kuairec, keep, show):
    """
    Run jobs in worker processes.

    Parameters
    ----------
    jobs : list of Job
    n_processes : int
    kuairec : str or None
        Path of the KuaiRec data.
    keep : callable
        Gets each job and its `Curve` as it comes, in this process.
    show : callable
        Gets the number of steps done in jobs that are on their way.

    Raises
    ------
    WorkerDied
        If a process was killed, by the system for lack of memory for example, or could not begin. What was finished
        is kept.
    """
    context = multiprocessing.get_context("spawn")
    slots, stop, begun = context.RawArray("q", n_processes), context.RawValue("i", 0), context.Value("i", 0)
    executor = ProcessPoolExecutor(n_processes, mp_context=context, initializer=_begin, initargs=(begun, slots, stop))
    futures, kept, workers = {}, set(), set()

    def keep_finished(finished):
        for future in finished:
            if future.done() and not future.cancelled() and future not in kept and future.exception() is None:
                kept.add(future)
                keep(futures[future], future.result())

    try:
        others = set(multiprocessing.active_children())
        with _for_children():  # the submits start all of them
            futures.update((executor.submit(_work, job, kuairec), job) for job in jobs)
        workers |= set(multiprocessing.active_children()) - others
        pending = set(futures)
        while pending:
            finished, pending = wait(pending, timeout=_LOOK, return_when=FIRST_COMPLETED)
            keep_finished(finished)
            for future in finished - kept:
                future.result()  # raises
            show(sum(slots))
    except BaseException as error:
        stop.value = 1  # a worker looks at it several times a second
        executor.shutdown(wait=True, cancel_futures=True)
        if isinstance(error, (KeyboardInterrupt, BrokenProcessPool)):
            keep_finished(futures)
        if isinstance(error, BrokenProcessPool):
            raise WorkerDied(_why_died(workers, begun.value)) from error
        raise
    executor.shutdown(wait=True)
