"""The command line's options: their names, help, defaults and checks."""

import argparse
import os

from capg_core.ladder import labels
from capg_core.reproduce.experiments import EXPERIMENTS, Options, as_variant, default_variants
from capg_core.reproduce.jobs import KUAIREC, kuairec_name, world_of

_FULL = {"experiment": EXPERIMENTS, "k": (10, 50), "seeds": 3, "steps": 20_000}
_QUICK = _FULL | {"seeds": 2, "steps": 400}
_EVALUATIONS, _QUICK_EVALUATIONS = 50, 16

_ABOUT = """\
Run the paper's experiments again: train an early-stage ranker with each estimator, in two settings (the paper's
learning rates, and one rate for all), and compare.

  candidate-size  K = 10 and 50 candidates, or the values of --k
  alignment       late stages from optimal over noisy and uniform to one that shows the worst
  experts         M = 1, 2 and 5 pairs of towers that share the K places
  outputs         L = 1, 5 and 10 items shown
  ratings         films that people rated, and KuaiRec if --kuairec is given

The first three and the outputs are in the paper's synthetic world of 1,000 users and 1,000 items. All but
candidate-size use the first K of --k. An experiment leaves out estimators that have no form in it.
"""
_MORE = """\
In --out are then: results.csv (one row for each run and evaluation), summary.csv, and a figure for each experiment.
A run that was stopped goes on when the same command is given again: what is finished is not run again. You may sort or
join results.csv; rows that are no whole run go to results.set-aside.csv, and are never deleted. All experiments
and defaults take hours; --quick takes two minutes, and is too short to see who wins in the end.

  python -m capg_core reproduce --quick
  python -m capg_core reproduce --experiment candidate-size --k 10 50 100 --seeds 5 --processes 4 --out results
  python -m capg_core reproduce --scheduler tcp://127.0.0.1:8786 --out results
"""


def _whole(low, most=None):
    """Return a reader of whole numbers."""
    expected = f"a whole number of at least {low}" if most is None else f"a whole number from {low} to {most}"

    def read(text):
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if value < low or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f"{text!r}; expected {expected}")
        return value

    return read


def _path(text):
    """Return a path; the shell leaves ~ in --out=~/results as it is."""
    return os.path.expanduser(text)


def _names(variants):
    return " ".join(variant.label for variant in variants)


def _variant(text):
    try:
        return as_variant(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _experiment(text):
    if text not in EXPERIMENTS:
        raise argparse.ArgumentTypeError(f"{text!r}; expected one of {', '.join(EXPERIMENTS)}")
    return text


def add_parser(commands):
    """Add the command ``reproduce`` to a parser's commands, and return its parser."""
    parser = commands.add_parser(
        "reproduce", help="run the paper's experiments again", description=_ABOUT, epilog=_MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )  # fmt: skip
    parser.add_argument(
        "--experiment", nargs="+", type=_experiment, metavar="NAME",
        help=f"one or more of {', '.join(EXPERIMENTS)} (default: all)",
    )  # fmt: skip
    parser.add_argument("--k", nargs="+", type=_whole(1), metavar="K", help="candidate set sizes (default: 10 50)")
    parser.add_argument(
        "--estimators", nargs="+", type=_variant, metavar="NAME",
        help=f"of {', '.join(labels())}; +b after a name adds the mean-reward baseline, which is always there where "
        f"the quick form needs it. One without a quick form is slow (default: {_names(default_variants())})",
    )  # fmt: skip
    parser.add_argument("--seeds", type=_whole(1), metavar="N", help="how many seeds: 0 to N - 1 (default: 3)")
    parser.add_argument("--steps", type=_whole(1), metavar="N", help="training steps of each run (default: 20000)")
    parser.add_argument(
        "--processes", type=_whole(1, 1024), default=2, metavar="N",
        help="worker processes, one thread each (default: 2); more than the computer's cores are no use",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=_path, default="reproduction", metavar="FOLDER", help="of results (default: %(default)s)"
    )
    parser.add_argument(
        "--scheduler", metavar="ADDRESS",
        help="send the runs to this Dask scheduler instead, such as tcp://127.0.0.1:8786. Its workers need this "
        "package and one thread each (--nthreads 1). Needs: pip install 'capg[cluster]'",
    )  # fmt: skip
    parser.add_argument(
        "--kuairec", type=_path, metavar="PATH",
        help="KuaiRec's small_matrix.csv, or a folder or zip that holds it, for the experiment ratings; on a cluster, "
        "a path that every worker can read",
    )  # fmt: skip
    parser.add_argument(
        "--quick", action="store_true",
        help=f"two minutes: {_QUICK['steps']} steps, {_QUICK['seeds']} seeds, fewer estimators and panels. Options "
        "that are given count more",
    )  # fmt: skip
    return parser


def _check_sizes(parser, options):
    """Refuse a K beyond the pool of one of the worlds that are used."""
    pools = {}
    if set(options.experiments) - {"ratings"}:
        pools["synthetic"] = world_of("synthetic").smallest_pool
    if "ratings" in options.experiments:
        pools["films-own"] = world_of("films-own").smallest_pool
        if options.kuairec is not None:
            name = kuairec_name(options.kuairec)
            pools[KUAIREC] = world_of(name, options.kuairec).smallest_pool
    for world, pool in pools.items():
        # only candidate-size, in the synthetic world, uses all of --k
        used = options.ks if world == "synthetic" and "candidate-size" in options.experiments else options.ks[:1]
        for k in used:
            if k > pool:
                parser.error(f"argument --k: {k}; expected at most {pool}, the smallest pool of the world {world}")


def read_options(parser, given):
    """
    Return the `Options` of a parsed command line; a bad one ends the program with status 2.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    given : argparse.Namespace

    Returns
    -------
    Options
    """
    defaults = _QUICK if given.quick else _FULL

    def chosen(name):
        value = getattr(given, name)
        return defaults[name] if value is None else value

    variants = default_variants(given.quick) if given.estimators is None else given.estimators
    experiments = tuple(name for name in EXPERIMENTS if name in chosen("experiment"))
    if given.kuairec is not None:
        if "ratings" not in experiments:
            parser.error(f"argument --kuairec: {given.kuairec!r}; expected the experiment ratings to be run, too")
        try:
            kuairec_name(given.kuairec)
        except ValueError as error:
            parser.error(f"argument --kuairec: {error}")
    n_steps = chosen("steps")
    evaluations = _QUICK_EVALUATIONS if given.quick else _EVALUATIONS
    options = Options(
        experiments, tuple(dict.fromkeys(chosen("k"))), tuple(dict.fromkeys(variants)), chosen("seeds"), n_steps,
        max(1, n_steps // evaluations), given.quick, given.kuairec,
    )  # fmt: skip
    _check_sizes(parser, options)
    return options
