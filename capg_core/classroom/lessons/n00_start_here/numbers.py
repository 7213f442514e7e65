"""The numbers behind the headline picture: single-sample gradients, their variance and their signal."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from capg_core.classroom.drawing import round_up
from capg_core.classroom.problem import (
    N_LISTS,
    Estimate,
    Exact,
    Problem,
    ToDo,
    check_k,
    curve_ks,
    exact_at,
    exact_moments,
    load_problem,
    orders,
    output_scores,
    outputs_by_length,
    project,
)
from capg_core.exact.plackett_luce import list_score_of

ESTIMATORS = ("V-PG", "Outcome-PG", "CA-PG")
N_DOTS = 400  # of the `N_LISTS` lists, drawn


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Everything the picture depends on."""

    data: str
    k: int
    peakedness: float
    baseline: bool
    shown: tuple
    seed: int


def estimate_at(name, peakedness, k, estimator, baseline, seed, n_lists=N_LISTS):
    """Return an `Estimate` with at most `N_DOTS` samples.

    V-PG: the mean is the exact gradient, the variance is measured on `n_lists` lists. Outcome-PG and
    CA-PG depend on the list only through the output, so their mean and variance are exact sums over the
    outputs.
    """
    problem = load_problem(name)
    exact = exact_at(name, peakedness, k)
    advantage = problem.mean_reward - (exact.value if baseline else 0.0)
    outputs = outputs_by_length(name, peakedness, seed)[:n_lists, k - 1]
    if estimator == "V-PG":
        lists = orders(name, peakedness, seed)[:n_lists, :k]
        # Checking the lists, drawn here, would take longer than scoring them.
        samples = list_score_of(peakedness * problem.logits, np.ascontiguousarray(lists))
        samples *= advantage[outputs][:, None]
        variance = float(np.mean(np.einsum("ij,ij->i", samples, samples)) - exact.gradient @ exact.gradient)
        return Estimate(exact.gradient, _positive(variance), samples[:N_DOTS].copy())
    scores = output_scores(name, peakedness, k, estimator)
    mean, variance = exact_moments(exact.outcome, advantage, scores)
    dots = outputs[:N_DOTS]
    # An output too rare to have a row is seen once in some thousand pictures and left out.
    dots = dots[np.isfinite(scores[dots, 0])]
    return Estimate(mean, _positive(variance), advantage[dots, None] * scores[dots])


def _positive(variance):
    """Call a variance zero where only rounding is left of it."""
    return variance if variance > 1e-12 else 0.0


@lru_cache(maxsize=192)
def curve(name, peakedness, estimator, baseline, seed):
    """Return the variance and the signal of an estimator at each K of `curve_ks`, as two arrays."""
    ks = curve_ks(load_problem(name).n_items)
    found = [estimate_at(name, peakedness, int(k), estimator, baseline, seed, N_DOTS) for k in ks]
    return np.array([e.variance for e in found]), np.array([e.signal for e in found])


@lru_cache(maxsize=64)
def cloud_limit(name, peakedness, baseline):
    """Return the half-width of the cloud axes: one for every K, so that the cloud is seen to grow.

    It holds all but a few of V-PG's dots at the K where they reach furthest.
    """
    reach = 0.0
    for k in (1, 5, 20, min(50, load_problem(name).n_items // 2)):
        samples = estimate_at(name, peakedness, k, "V-PG", baseline, 0, N_DOTS).samples
        x, y = project(samples, exact_at(name, peakedness, k).gradient)
        reach = max(reach, float(np.quantile(np.abs(np.concatenate([x, y])), 0.985)))
    return round_up(reach)


@dataclass(frozen=True, eq=False)
class Numbers:
    """All that is drawn at one setting."""

    setting: Setting
    problem: Problem
    exact: Exact
    estimates: dict
    ks: np.ndarray  # those of the curves
    curves: dict
    limit: float


def numbers_at(setting):
    """Compute everything the picture shows at a `Setting`."""
    problem = load_problem(setting.data)
    if not setting.shown:
        raise ToDo("Nothing is ticked: tick at least one estimator.")
    check_k(setting.k, problem.n_items)
    where = (setting.data, setting.peakedness, setting.k)
    estimates = {e: estimate_at(*where, e, setting.baseline, setting.seed) for e in setting.shown}
    return Numbers(
        setting,
        problem,
        exact_at(*where),
        estimates,
        curve_ks(problem.n_items),
        {e: curve(setting.data, setting.peakedness, e, setting.baseline, setting.seed) for e in setting.shown},
        cloud_limit(setting.data, setting.peakedness, setting.baseline),
    )
