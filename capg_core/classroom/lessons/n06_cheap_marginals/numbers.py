"""The numbers behind the picture of the cheap marginals: their errors, what these do to a gradient, and their cost."""

import time
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

import capg_core as capg
from capg_core.classroom.problem import check_k, cosine, degrees

CHEAP = ("asymptotic", "paper", "with_replacement")
METHODS = ("exact", *CHEAP)
OUTCOME_PLAIN, OUTCOME_BASELINE = "Outcome-PG, asymptotic", "Outcome-PG, asymptotic + baseline"
N_ITEMS = (20, 50, 100, 200, 500, 1000)
COST_SIZES = (100, 1_000, 10_000, 100_000, 1_000_000)
SEED = 0  # of the logits that are timed
MOST_FOR_DIRECTIONS = 200  # beyond it the exact scores take longer than a key press should
RARE = 1e-9  # relative to the likeliest output; what is rarer changes no digit shown
TIMINGS = 5  # of which the best counts
# n K up to which a method is timed; beyond it a single call takes seconds
COST_LIMITS = {"exact": 2_000_000, "paper": 2_000_000}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Everything the picture depends on."""

    n: int
    k: int
    peakedness: float
    seed: int
    costs: int  # how often the cost was measured


@lru_cache(maxsize=16)
def problem(n, peakedness, seed=0):
    """Return logits N(0, peakedness²) and mean rewards U(0, 1) of n items, the same draw at every peakedness."""
    rng = np.random.default_rng(seed)
    logits, reward = rng.normal(size=n), rng.random(n)
    return peakedness * logits, reward


@lru_cache(maxsize=64)
def inclusion(n, k, peakedness, seed=0):
    """Return each method's inclusion probabilities, heaviest item first."""
    logits, _ = problem(n, peakedness, seed)
    order = np.argsort(-logits, kind="stable")
    return {method: capg.inclusion_probabilities(logits, k, method)[order] for method in METHODS}


@lru_cache(maxsize=64)
def directions(n, k, peakedness, seed=0):
    """Return angles between mean gradients with a cheap marginal and with the exact one, optimal late stage.

    Returns
    -------
    dict
        In degrees, NaN where there is none. CA-PG with each cheap marginal, and Outcome-PG with the asymptotic one
        without and with the expected reward as baseline.
    """
    logits, reward = problem(n, peakedness, seed)
    outcome = capg.outcome_probabilities(logits, k, reward)
    items = np.flatnonzero(outcome > RARE * outcome.max())
    pi = capg.inclusion_probabilities(logits, k)
    exact = capg.inclusion_gradient(logits, k, outcome * reward / np.maximum(pi, 1e-300))
    pull = outcome[items] * reward[items]
    found = {m: _angle(pull @ capg.inclusion_score(logits, items, k, m), exact) for m in CHEAP}
    truth = capg.policy_gradient(logits, k, reward)
    scores = capg.outcome_score(logits, items, k, reward, "asymptotic")
    found[OUTCOME_PLAIN] = _angle(pull @ scores, truth)
    found[OUTCOME_BASELINE] = _angle((pull - outcome[items] * (outcome @ reward)) @ scores, truth)
    return found


def _angle(first, second):
    return degrees(cosine(first, second))


def _seconds(logits, k, method):
    """Return the best of several timings; the call before them loads what is needed, and does not count."""
    capg.inclusion_probabilities(logits, k, method)
    found = []
    while len(found) < TIMINGS and (len(found) < 2 or sum(found) < 1.0):
        start = time.perf_counter()
        capg.inclusion_probabilities(logits, k, method)
        found.append(time.perf_counter() - start)
    return min(found)


def measure_costs(k, sizes=COST_SIZES):
    """Time every method on this machine.

    Parameters
    ----------
    k : int
        Number of candidates.
    sizes : sequence of int
        Numbers of items; those below 2 K are left out.

    Returns
    -------
    dict
        Method to a list of (n, seconds).
    """
    costs = {}
    for method in METHODS:
        most = COST_LIMITS.get(method, np.inf)
        costs[method] = [
            (n, _seconds(np.random.default_rng(SEED).normal(size=n), k, method))
            for n in sizes
            if n >= 2 * k and n * k <= most
        ]
    return costs


@dataclass(frozen=True, eq=False)
class Numbers:
    """All that is drawn at one setting."""

    setting: Setting
    inclusion: dict
    errors: dict
    worst: dict
    sums: dict
    directions: dict


def numbers_at(setting):
    """Compute everything the picture shows at a `Setting`, but for the measured cost."""
    check_k(setting.k, setting.n)
    where = (setting.n, setting.k, setting.peakedness, setting.seed)
    pi = inclusion(*where)
    errors = {m: pi[m] / np.maximum(pi["exact"], 1e-300) - 1.0 for m in CHEAP}
    return Numbers(
        setting,
        pi,
        errors,
        {m: float(errors[m][np.argmax(np.abs(errors[m]))]) for m in CHEAP},
        {m: float(pi[m].sum()) for m in METHODS},
        directions(*where) if setting.n <= MOST_FOR_DIRECTIONS else {},
    )
