"""The numbers behind the headline picture: single-sample gradients, their variance and their signal."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from capg_core.classroom.drawing import round_up
from capg_core.classroom.problem import (
    N_LISTS,
    STEADY,
    Estimate,
    Exact,
    Problem,
    ToDo,
    check_k,
    cosine,
    curve_ks,
    degrees,
    exact_at,
    exact_moments,
    load_problem,
    most_reward,
    orders,
    output_scores,
    outputs_by_length,
    project,
    reward_variance,
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
    rewards: str
    baseline: bool
    shown: tuple
    seed: int


def estimate_at(name, peakedness, k, estimator, baseline, seed, n_lists=N_LISTS, rewards=STEADY):
    """Return an `Estimate` with at most `N_DOTS` samples.

    V-PG: the mean is the exact gradient, the variance is measured on `n_lists` lists, and exact over clicks.
    Outcome-PG and CA-PG depend on the list only through the output, so their mean and variance are exact sums over
    the outputs.
    """
    problem, exact = load_problem(name), exact_at(name, peakedness, k)
    gain = problem.mean_reward - (exact.value if baseline else 0.0)
    noise = reward_variance(problem.mean_reward, rewards)
    outputs = outputs_by_length(name, peakedness, seed)[:n_lists, k - 1]
    # what came of the lists that are drawn as dots
    luck = _clicks(name, seed)[outputs[:N_DOTS], np.arange(len(outputs[:N_DOTS]))] if rewards != STEADY else 0.0
    drawn = gain[outputs[:N_DOTS]] + luck
    if estimator == "V-PG":
        lists = orders(name, peakedness, seed)[:n_lists, :k]
        # Checking the lists, drawn here, would take longer than scoring them.
        samples = list_score_of(peakedness * problem.logits, np.ascontiguousarray(lists))
        squared = np.einsum("ij,ij->i", samples, samples) * (gain**2 + noise)[outputs]
        variance = float(np.mean(squared) - exact.gradient @ exact.gradient)
        return Estimate(exact.gradient, _positive(variance), samples[:N_DOTS] * drawn[:, None])
    scores = output_scores(name, peakedness, k, estimator)
    mean, variance = exact_moments(exact.outcome, gain, scores, noise)
    # An output too rare to have a row is seen once in some thousand pictures and left out.
    kept = np.flatnonzero(np.isfinite(scores[outputs[:N_DOTS], 0]))
    return Estimate(mean, _positive(variance), drawn[kept, None] * scores[outputs[kept]])


@lru_cache(maxsize=4)
def _clicks(name, seed):
    """Return click minus mean reward for each item and each of `N_DOTS` lists: the same luck at every K."""
    mean_reward = load_problem(name).mean_reward
    most, chance = most_reward(mean_reward), np.random.default_rng([seed, 1]).random((1, N_DOTS))
    return most * (chance < mean_reward[:, None] / most) - mean_reward[:, None]


def _positive(variance):
    """Call a variance zero where only rounding is left of it."""
    return variance if variance > 1e-12 else 0.0


@lru_cache(maxsize=192)
def curve(name, peakedness, estimator, baseline, rewards, seed):
    """Return the variance and the signal of an estimator at each K of `curve_ks`, as two arrays."""
    ks = curve_ks(load_problem(name).n_items)
    found = [estimate_at(name, peakedness, int(k), estimator, baseline, seed, N_DOTS, rewards) for k in ks]
    return np.array([e.variance for e in found]), np.array([e.signal for e in found])


@lru_cache(maxsize=64)
def cloud_limit(name, peakedness, baseline, rewards):
    """Return the half-width of the cloud axes: one for every K, so that the cloud is seen to grow.

    It holds all but a few of V-PG's dots at the K where they reach furthest.
    """
    reach = 0.0
    for k in (1, 5, 20, min(50, load_problem(name).n_items // 2)):
        samples = estimate_at(name, peakedness, k, "V-PG", baseline, 0, N_DOTS, rewards).samples
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
    off: dict  # degrees between the mean of the dots and the true gradient
    ks: np.ndarray  # those of the curves
    curves: dict
    limit: float


def off_truth(vector, gradient):
    """Return the angle between a gradient and the true one, in degrees; NaN where one of them is zero."""
    return degrees(cosine(vector, gradient, zero=0.0))


def _off(found, gradient):
    """Return how far the mean of the dots is off the true gradient; NaN where only rounding is left of them."""
    return off_truth(found.samples.mean(axis=0), gradient) if found.variance > 0.0 else float("nan")


def numbers_at(setting):
    """Compute everything the picture shows at a `Setting`."""
    s, problem = setting, load_problem(setting.data)
    if not s.shown:
        raise ToDo("Nothing is ticked: tick at least one estimator.")
    check_k(s.k, problem.n_items)
    where, how = (s.data, s.peakedness), (s.baseline, s.seed)
    exact = exact_at(*where, s.k)
    estimates = {e: estimate_at(*where, s.k, e, *how, rewards=s.rewards) for e in s.shown}
    return Numbers(
        s,
        problem,
        exact,
        estimates,
        {e: _off(found, exact.gradient) for e, found in estimates.items()},
        curve_ks(problem.n_items),
        {e: curve(*where, e, s.baseline, s.rewards, s.seed) for e in s.shown},
        cloud_limit(*where, s.baseline, s.rewards),
    )
