"""The command line: ``python -m capg_core reproduce``. Puts the rooms of this package together.

Exit status: 0 if all is done, 1 if a run failed, 2 for a command that makes no sense, 130 after Ctrl-C.
"""

import argparse
import sys

from capg_core.reproduce.cluster import connect, run_on_cluster
from capg_core.reproduce.experiments import jobs_of, plan
from capg_core.reproduce.jobs import warm_up
from capg_core.reproduce.local import WorkerDied, run_local
from capg_core.reproduce.options import add_parser, read_options
from capg_core.reproduce.progress import Bar
from capg_core.reproduce.store import FILE, Results, write_atomically
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
    """Write the summary and the figures, and print the table."""
    summaries = summarise(lines, results.rows)
    write_atomically(results.folder / SUMMARY_FILE, as_csv(summaries))
    print(as_table(summaries), flush=True)
    _say(f"wrote {results.path} and {results.folder / SUMMARY_FILE}")
    try:
        from capg_core.reproduce.figures import write_figures
    except ImportError as error:
        _say(f"no figures, because {error.name} is missing; pip install 'capg[classroom]', then {_AGAIN}")
        return
    for path in write_figures(summaries, results.folder):
        _say(f"wrote {path}")


def _reproduce(parser, given):
    """Do what the command says; return the exit status."""
    options = read_options(parser, given)
    try:
        lines = plan(options)
    except ValueError as error:
        parser.error(f"argument --estimators: {error}")
    jobs = jobs_of(lines)
    try:
        results = Results(given.out)
    except (ValueError, OSError) as error:
        parser.error(f"argument --out: {error}")
    with results:
        client = None
        if given.scheduler is not None:
            try:
                client = connect(given.scheduler)
            except ValueError as error:
                parser.error(f"argument --scheduler: {error}")
        if results.dropped:
            _say(f"dropped {results.dropped} unfinished lines that a stopped run had left in {FILE}")
        try:
            _run(jobs, results, given, client)
        except KeyboardInterrupt:
            _say(f"stopped. What is finished is in {results.path}; {_AGAIN}")
            return 130
        except WorkerDied:
            _say(
                f"a worker process was killed, perhaps by the system for lack of memory. What is finished is in "
                f"{results.path}; {_AGAIN}, with fewer --processes if memory is short"
            )
            return 1
        except Exception as error:
            _say(f"{type(error).__name__}: {error}. What is finished is in {results.path}; {_AGAIN}")
            return 1
        results.finish(jobs)
        _report(lines, results)
    return 0


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
