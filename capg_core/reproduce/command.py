"""The command line: ``python -m capg_core reproduce``. Puts the parts of this package together.

Exit status: 0 if all is done, 1 if a run failed or a file could not be written, 2 for a command that makes no sense or
a scheduler without fit workers, 130 after Ctrl-C.
"""

import argparse
import errno
import sys

from capg_core.reproduce.cluster import ClusterLost, check_workers, connect, run_on_cluster
from capg_core.reproduce.experiments import jobs_of, plan
from capg_core.reproduce.files import write_atomically
from capg_core.reproduce.jobs import warm_up
from capg_core.reproduce.local import UNGUARDED, WorkerDied, is_beginning, run_local
from capg_core.reproduce.options import add_parser, read_options
from capg_core.reproduce.progress import Bar
from capg_core.reproduce.store import Results
from capg_core.reproduce.summary import SUMMARY_FILE, as_csv, as_table, summarise

_AGAIN = "give the same command again to go on"


def _say(text):
    print(f"capg: {text}", file=sys.stderr, flush=True)


def _run(jobs, results, given, client):
    """Run the jobs that are not in the results yet, here or on the cluster of a client."""
    missing = [job for job in jobs if job.key not in results.rows]
    before = len(jobs) - len(missing)
    if before:
        _say(f"{before} of {len(jobs)} runs are in {results.path} already")
    if not missing:
        return
    if client is None:
        _say("compiling the kernels (half a minute the first time)")
        warm_up(missing)
    bar = Bar(len(jobs), sum(job.n_steps for job in jobs), before, sum(j.n_steps for j in set(jobs) - set(missing)))
    done = [0, 0]  # jobs and steps of this run

    def keep(job, curve):
        results.add(job, jobs[job], curve)
        done[0] += 1
        done[1] += job.n_steps
        bar.update(before + done[0], done[1])

    try:
        if client is None:
            processes = min(given.processes, len(missing))
            run_local(missing, processes, given.kuairec, keep, lambda s: bar.update(before + done[0], done[1] + s))
        else:
            run_on_cluster(missing, client, given.kuairec, keep)
    finally:
        bar.close()


def _report(lines, results):
    """Print the table, and write the summary and the figures."""
    summaries = summarise(lines, results.rows)
    print(as_table(summaries), flush=True)  # it needs no room on a disk
    write_atomically(results.folder / SUMMARY_FILE, as_csv(summaries).encode())
    _say(f"wrote {results.path} and {results.folder / SUMMARY_FILE}")
    try:
        from capg_core.reproduce.figures import write_figures
    except ImportError as error:
        _say(f"no figures, because {error.name} is missing; pip install 'capg[classroom]', then {_AGAIN}")
        return
    for path in write_figures(summaries, results.folder):
        _say(f"wrote {path}")


def _run_and_report(lines, jobs, results, given, client):
    """Do the work; return the exit status. Whatever stops it, what is finished is kept, and the message says so."""
    kept = f"What is finished is in {results.path}; {_AGAIN}"
    try:
        _run(jobs, results, given, client)
        results.finish(jobs)
        _report(lines, results)
    except KeyboardInterrupt:
        _say(f"stopped. {kept}")
        return 130
    except (WorkerDied, ClusterLost) as error:
        _say(f"{error}. {kept}")
        return 1
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        _say(f"{error}. {kept}{', when there is room on the disk' if full else ''}")
        return 1
    except Exception as error:
        _say(f"{type(error).__name__}: {error}. {kept}")
        return 1
    return 0


def _fit_client(parser, address):
    """Return the client of a scheduler that has workers who can do the work; end the program if it has none."""
    try:
        client = connect(address)
        try:
            check_workers(client, address, _say)
        except BaseException:
            client.close()
            raise
    except ValueError as error:
        parser.error(f"argument --scheduler: {error}")
    return client


def _reproduce(parser, given):
    """Do what the command says; return the exit status."""
    options = read_options(parser, given)
    try:
        lines = plan(options)
    except ValueError as error:
        parser.error(f"argument --estimators: {error}")
    try:
        results = Results(given.out)
    except (ValueError, OSError) as error:
        parser.error(f"argument --out: {error}")
    with results:
        for note in results.notes:
            _say(note)
        try:
            client = None if given.scheduler is None else _fit_client(parser, given.scheduler)
        except KeyboardInterrupt:
            _say("stopped")
            return 130
        return _run_and_report(lines, jobs_of(lines), results, given, client)


def main(arguments=None):
    """
    Run the command line.

    Parameters
    ----------
    arguments : list of str, optional
        Those of the process if not given.

    Returns
    -------
    int
        The exit status. Bad arguments and ``--help`` raise SystemExit, as argparse does.
    """
    if is_beginning():  # the process that started this one says what is wrong
        sys.exit(UNGUARDED)
    parser = argparse.ArgumentParser(
        prog="python -m capg_core", description="Credit-assigned policy gradients for two-stage ranking."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    reproduce = add_parser(commands)
    given = parser.parse_args(arguments)
    if given.command is None:
        parser.print_help()
        return 0
    return _reproduce(reproduce, given)
