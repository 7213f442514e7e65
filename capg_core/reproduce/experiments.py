"""The experiments: what each compares, and which jobs that takes.

A line of a figure is one variant of an estimator, in one panel and one setting, over some seeds. Lines share jobs: at
the default sizes the optimal late stage with one expert and one output is in four experiments, and a list estimator is
trained alike in both settings.
"""

from dataclasses import dataclass

from capg_core import paper_learning_rate
from capg_core.ladder import RUNGS, chosen_of, labels
from capg_core.late_stage import LATE_STAGES
from capg_core.reproduce.jobs import FILM_WORLDS, SYNTHETIC, Job, kuairec_name
from capg_core.rung import OUTPUT

EXPERIMENTS = ("candidate-size", "alignment", "experts", "outputs", "ratings")
PAPER, EQUAL = "paper", "equal"
SETTINGS = {PAPER: "paper's rates: list 0.1, credit-assigned 0.01", EQUAL: "one rate for all: 0.1"}
EQUAL_RATE = 0.1
BASELINE_MARK = "+b"
_MARGINAL = "asymptotic"

_MIXTURES = {"mix:optimal:uniform:0.2": "20 % at random", "mix:optimal:uniform:0.5": "50 % at random"}
_WORLD_TITLES = {
    "films-completed": "films, completed by a model",
    "films-own": "films rated, late stage knows",
    "films-fitted": "films rated, late stage predicts",
}


@dataclass(frozen=True)
class Variant:
    """An estimator with or without the mean-reward baseline."""

    estimator: str
    baseline: str

    @property
    def label(self):
        """As the command line has it, such as "V-PG+b"."""
        return self.estimator + (BASELINE_MARK if self.baseline == "mean" else "")


def as_variant(name):
    """
    Return the variant that a name on the command line stands for.

    Parameters
    ----------
    name : str
        An estimator, with its residual if it has one ("Swap-PG+list"), and "+b" for the mean-reward baseline. One whose
        asymptotic form needs it always has it.

    Returns
    -------
    Variant

    Raises
    ------
    ValueError
        For an unknown estimator.

    Examples
    --------
    >>> as_variant("V-PG+b")
    Variant(estimator='V-PG', baseline='mean')
    """
    estimator = name.removesuffix(BASELINE_MARK)
    if estimator not in labels():
        raise ValueError(f"{name!r}; expected one of {', '.join(labels())}, with or without {BASELINE_MARK}")
    chosen = chosen_of(estimator, _MARGINAL)
    needs = chosen.scored is chosen.rung and _needs_baseline(chosen.rung)
    return Variant(estimator, "mean" if name != estimator or needs else "none")


def _needs_baseline(rung):
    return _MARGINAL in rung.needs_baseline


def default_variants(quick=False):
    """
    Return what is compared where nothing is named: estimators with a quick form, an unbiased one with a baseline too.

    Parameters
    ----------
    quick : bool
        Leave out top-1 softmaxes.

    Returns
    -------
    tuple of Variant

    Examples
    --------
    >>> " ".join(variant.label for variant in default_variants())
    'V-PG V-PG+b V-PG-SwR Outcome-PG+b CA-PG CA-PG-SwR Swap-PG'
    """
    found = []
    for rung in RUNGS.values():
        if rung.kernel(_MARGINAL) is None or (quick and rung.approximates and rung.sees == OUTPUT):
            continue
        found += [as_variant(rung.name)] + [as_variant(rung.name + BASELINE_MARK)] * rung.unbiased
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Line:
    """One line of a figure: the same training over several seeds."""

    experiment: str
    panel: str
    setting: str
    variant: Variant
    jobs: tuple


@dataclass(frozen=True)
class Options:
    """What is asked for, as `capg_core.reproduce.command` reads it."""

    experiments: tuple
    ks: tuple
    variants: tuple
    n_seeds: int
    n_steps: int
    eval_every: int
    quick: bool
    kuairec: str | None


@dataclass(frozen=True)
class _Panel:
    title: str
    k: int
    world: str = SYNTHETIC
    n_experts: int = 1
    n_outputs: int = 1
    late_stage: str = "optimal"


def _panels(experiment, options):
    """Return the panels of one experiment. All but candidate-size use the first K only."""
    k, quick = options.ks[0], options.quick
    if experiment == "candidate-size":
        return [_Panel(f"K = {k}", k) for k in options.ks]
    if experiment == "alignment":
        (first, *others), mixtures = LATE_STAGES.values(), [] if quick else _MIXTURES.items()
        stages = [(stage.name, stage.title) for stage in others if not (quick and stage.is_noisy)]
        named = [(first.name, first.title), *mixtures, *stages]
        return [_Panel(title, k, late_stage=name) for name, title in named]
    if experiment == "experts":
        counts = (1, 2) if quick else (1, 2, 5)
        return [_Panel(f"M = {m} expert{'s' * (m > 1)}", k, n_experts=m) for m in counts if m <= k]
    if experiment == "outputs":
        counts = (1, 5) if quick else (1, 5, 10)
        return [_Panel(f"L = {n} output{'s' * (n > 1)}", k, n_outputs=n) for n in counts if n <= k]
    worlds = ("films-completed", "films-fitted") if quick else FILM_WORLDS
    panels = [_Panel(_WORLD_TITLES[name], k, world=name) for name in worlds]
    if options.kuairec is not None:
        panels.append(_Panel("KuaiRec watch ratios", k, world=kuairec_name(options.kuairec)))
    return panels


def _has_form(variant, panels):
    """Say whether an estimator has a form in every panel, so that an experiment never compares half a line."""
    try:
        for panel in panels:
            chosen_of(variant.estimator, _MARGINAL).check(panel.n_experts, panel.n_outputs)
    except ValueError:
        return False
    return True


def _rate(setting, estimator):
    return paper_learning_rate(chosen_of(estimator, _MARGINAL).rung.name) if setting == PAPER else EQUAL_RATE


def plan(options):
    """
    Return every line of the experiments asked for.

    Parameters
    ----------
    options : Options

    Returns
    -------
    list of Line
        In the order of the figures.

    Raises
    ------
    ValueError
        If none of the estimators has a form in one of the experiments.
    """
    lines = []
    for experiment in options.experiments:
        panels = _panels(experiment, options)
        variants = [variant for variant in options.variants if _has_form(variant, panels)]
        if not variants:
            names = ", ".join(variant.label for variant in options.variants)
            raise ValueError(f"{names}; the experiment {experiment} expected one that has a form there, such as CA-PG")
        for setting in SETTINGS:
            for panel in panels:
                for variant in variants:
                    jobs = tuple(
                        Job(
                            panel.world, variant.estimator, variant.baseline, panel.k, panel.n_experts,
                            panel.n_outputs, panel.late_stage, _rate(setting, variant.estimator), options.n_steps,
                            options.eval_every, seed,
                        )
                        for seed in range(options.n_seeds)
                    )  # fmt: skip
                    lines.append(Line(experiment, panel.title, setting, variant, jobs))
    return lines


def jobs_of(lines):
    """
    Return the jobs of some lines, each once, and the experiments that each is for.

    Parameters
    ----------
    lines : list of Line

    Returns
    -------
    dict
        From a job to the set of its experiments. The first seed of everything comes first, so that a run that is cut
        short has a bit of all.
    """
    found = {}
    for line in lines:
        for job in line.jobs:
            found.setdefault(job, set()).add(line.experiment)
    return dict(sorted(found.items(), key=lambda item: item[0].seed))
