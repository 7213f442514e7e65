"""Gradient estimates of every rung of the ladder, and their exact mean and variance.

All of it loops over the records of `capg_core.ladder`: (reward - baseline) x score, with the score that a rung gives.
"""

import dataclasses

import numpy as np

from capg_core._checks import (
    as_candidates,
    as_items,
    as_logits,
    as_name,
    as_number,
    as_plain,
    as_vector,
    refuse_outsiders,
    said,
)
from capg_core._types import ArrayLike, Floats
from capg_core.exact.outcome import rho_of
from capg_core.exact.problem import as_problem
from capg_core.exact.value import gradient_of, value_of
from capg_core.ladder import RUNGS, choose_rung
from capg_core.late_stage import LateStageLike
from capg_core.rung import LIST, OUTPUT


def as_baseline(baseline, mean):
    """Return the number to subtract; ``mean`` is called where "mean" is asked for."""
    if baseline is None:
        return 0.0
    if isinstance(baseline, str):
        if baseline != "mean":
            raise ValueError(f"baseline = {said(baseline)}; expected None, 'mean' or a number")
        return mean()
    return as_number(baseline, "baseline")


def refuse_lonely_mean(baseline, count, what):
    """Refuse the mean of the others where there are none."""
    if isinstance(baseline, str) and count < 2:
        raise ValueError(f"baseline = {baseline!r} with {what} = {count}; expected two or more: the mean of the others")


def as_spread(reward_std, n_items):
    """Return the standard deviation of each item's reward, (n,); a number is that of all."""
    if as_plain(reward_std, "reward_std", f"a number, or one for each of {n_items} items").ndim == 0:
        return np.full(n_items, as_number(reward_std, "reward_std", 0.0))
    spread = as_vector(reward_std, n_items, "reward_std")
    if spread.min() < 0.0:
        raise ValueError(f"reward_std[{spread.argmin()}] = {spread.min()}; expected at least 0")
    return spread


def gains_of(rewards, expected, baseline, position_weights):
    """Return position weight x (reward - expected - baseline), (B, L); ``expected`` is the critic's, or zero."""
    left = rewards - expected
    base = as_baseline(baseline, lambda: mean_of_others(left @ position_weights)[:, None])
    return (left - base) * position_weights


def mean_of_others(rewards):
    """Return, for each of at least two rewards (N,), the mean of the others: independent of its own draw."""
    return (rewards.sum() - rewards) / (rewards.size - 1)


def estimate_gradients(
    logits: ArrayLike,
    candidates: ArrayLike,
    outputs: ArrayLike,
    rewards: ArrayLike,
    estimator: str,
    *,
    utility: ArrayLike | None = None,
    late_stage: LateStageLike = "optimal",
    marginal: str = "exact",
    baseline: str | float | None = None,
    critic: ArrayLike | None = None,
    residual: str | None = None,
) -> Floats:
    """
    Single-sample gradient estimates, one for each observation.

    Parameters
    ----------
    logits : (n,) array_like
        Early-stage logits.
    candidates : (N, k) array_like of int
        Candidate lists, in draw order. For "Swap-PG" (N, k+1): the candidates and the next arrival.
    outputs : (N,) array_like of int
        The item shown from each list.
    rewards : (N,) array_like
        The reward of each shown item.
    estimator : str
        One of ``ESTIMATORS``.
    utility : (n,) array_like, optional
        Late-stage utility; needed by "Outcome-PG" and "Swap-PG".
    late_stage : {"optimal", "uniform", "anti"} or mixture
        Used by "Outcome-PG" and "Swap-PG" only.
    marginal : {"exact", "asymptotic", "paper"}
        How "CA-PG" and "Outcome-PG", or a residual of these, compute their probability ("paper": CA-PG only).
    baseline : None, "mean" or float
        Subtracted from every reward, or from every reward - critic; where no reward is looked at, from nothing. "mean"
        is the mean of the other observations.
    critic : (n,) array_like, optional
        Predicted reward of each item; needed by "Swap-PG".
    residual : {None, "list", "inclusion", "outcome"}
        For "Swap-PG": the rung (V-PG, CA-PG, Outcome-PG) whose score reward - critic multiplies. None leaves the reward
        out.

    Returns
    -------
    (N, n) float64
        (reward - baseline) x score, a row for each observation; for "Swap-PG" see :func:`swap_gradient`.

    Raises
    ------
    ValueError
        For bad arguments, or an estimator that has no such marginal.

    Notes
    -----
    V-PG, V-PG-SwR, CA-PG and CA-PG-SwR: Kiyohara et al. (2026). Set-PG: Kool et al. (2020). A baseline is neutral only
    for exact unbiased rungs, whose score has mean zero. "Outcome-PG" with marginal="asymptotic" *needs* one: its score
    has a small mean, which a reward far from zero multiplies.

    Examples
    --------
    >>> import capg_core as capg
    >>> print(capg.estimate_gradients([0.0, 0.0], [[1]], [1], [2.0], "V-PG"))
    [[-1.  1.]]
    """
    chosen = choose_rung(estimator, marginal, residual)
    chosen.check(1, 1)
    logits = as_logits(logits)
    arrivals = as_candidates(candidates, logits)
    if arrivals.ndim != 2 or arrivals.shape[1] == chosen.needs_critic:
        width = "k + 1), the candidates and the next arrival" if chosen.needs_critic else "k)"
        raise ValueError(f"candidates has shape {arrivals.shape}; expected (N, {width}")
    candidates = arrivals[:, : arrivals.shape[1] - chosen.needs_critic]
    outputs = as_items(outputs, logits, "outputs")
    rewards = as_vector(rewards, candidates.shape[0], "rewards")
    if outputs.size != rewards.size:
        raise ValueError(f"outputs has shape {outputs.shape}; expected ({rewards.size},), one for each list")
    refuse_outsiders(outputs[:, None], candidates)
    given = {name: x for name, x in (("utility", utility), ("critic", critic)) if x is not None}
    problem = as_problem(logits, candidates.shape[1], late_stage, **given)
    chosen.refuse_missing(utility, critic, problem.parts)
    refuse_lonely_mean(baseline, rewards.size, "observations")
    gain = rewards - critic_of(chosen, problem)[outputs]
    gain = gain - as_baseline(baseline, lambda: mean_of_others(gain))
    estimates = estimates_of(chosen, problem, arrivals, outputs, gain)
    if chosen.needs_ranking:
        refuse_never_shown(estimates, outputs)
    return estimates


def refuse_never_shown(rows, outputs):
    """Refuse outputs (N,) to which the late stage gives no chance at all, and so no score."""
    bad = ~np.isfinite(rows).all(axis=1)
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(f"outputs[{row}] = {outputs[row]}; expected an item that this late stage can show")


def critic_of(chosen, problem):
    """Return the critic (n,), or zero where the estimator has none."""
    return problem.critic if chosen.needs_critic else np.zeros(problem.logits.size)


def estimates_of(chosen, problem, arrivals, outputs, gain):
    """Return the estimates (N, n), given the first arrivals and the gains."""
    candidates = np.ascontiguousarray(arrivals[:, : problem.k])  # else Numba compiles a second kernel
    rows = _scored(chosen, problem, candidates, outputs, gain)
    return rows + chosen.rung.scores(problem, arrivals, chosen.marginal) if chosen.needs_critic else rows


def _scored(chosen, problem, candidates, outputs, gain):
    if chosen.scored is None:
        return 0.0
    if chosen.scored.sees == LIST:
        return gain[:, None] * chosen.scored.scores(problem, candidates, chosen.marginal)
    items, inverse = np.unique(outputs, return_inverse=True)  # each score is computed once
    return gain[:, None] * chosen.scored.scores(problem, items, chosen.marginal)[inverse]


def _moments(rung, problem, marginal):
    """Return (rho, items, scores) over the items that can be shown."""
    rho = rho_of(problem)
    items = np.flatnonzero(rho > 0.0)
    return rho[items], items, rung.scores(problem, items, marginal)


def residual_of(chosen, problem):
    """Return the problem with what the gain multiplies in place of the reward: reward - critic where there is one."""
    return dataclasses.replace(problem, mean_reward=problem.mean_reward - critic_of(chosen, problem))


def expectation_of(chosen, problem, baseline):
    """Return the exact expectation of one estimate, or None where it has no formula."""
    beside = 0.0
    if chosen.needs_critic:
        beside = gradient_of(dataclasses.replace(problem, mean_reward=problem.critic))
    if chosen.scored is None:
        return beside
    remaining = residual_of(chosen, problem)
    if chosen.is_unbiased():
        return beside + gradient_of(remaining)
    if chosen.scored.sees != OUTPUT:
        return None
    rho, items, scores = _moments(chosen.scored, remaining, chosen.marginal)
    return beside + (rho * (remaining.mean_reward[items] - baseline)) @ scores


def expected_estimate(
    logits: ArrayLike,
    k: int,
    mean_reward: ArrayLike,
    estimator: str,
    *,
    utility: ArrayLike | None = None,
    late_stage: LateStageLike = "optimal",
    marginal: str = "exact",
    baseline: str | float | None = None,
    critic: ArrayLike | None = None,
    residual: str | None = None,
) -> Floats:
    """
    Exact expectation of an estimator, by formula.

    Parameters
    ----------
    logits, k, mean_reward, utility, late_stage
        The problem, as in :func:`policy_gradient`.
    estimator, marginal, critic, residual
        As in :func:`estimate_gradients`.
    baseline : None, "mean" or float
        Subtracted from every reward, or reward - critic. "mean" is its exact expectation.

    Returns
    -------
    (n,) float64
        The policy gradient for unbiased estimators, sum_a rho_a (q_a - baseline) grad log pi_a for CA-PG. For Swap-PG
        the policy gradient of the critic, and the same of its residual with q - critic.

    Raises
    ------
    ValueError
        For bad arguments; for "V-PG-SwR", which has no closed form here.

    Examples
    --------
    >>> import capg_core as capg
    >>> print(capg.expected_estimate([0.0, 0.0], 1, [1.0, 0.0], "CA-PG"))
    [ 0.25 -0.25]
    """
    chosen = choose_rung(estimator, marginal, residual)
    chosen.check(1, 1)
    problem = problem_of(chosen, logits, k, late_stage, mean_reward, utility, critic)
    found = expectation_of(chosen, problem, as_baseline(baseline, lambda: value_of(residual_of(chosen, problem))))
    if found is None:
        raise ValueError(f"estimator = {estimator!r}; expected one whose expectation has a formula (it has none here)")
    return found


def problem_of(chosen, logits, k, late_stage, mean_reward, utility, critic):
    """Return the problem with what an estimator needs."""
    given = {} if critic is None else {"critic": critic}
    problem = as_problem(logits, k, late_stage, mean_reward=mean_reward, utility=utility, **given)
    chosen.refuse_missing(problem.utility, critic, problem.parts)
    return problem


def exact_variance(
    logits: ArrayLike,
    k: int,
    mean_reward: ArrayLike,
    estimator: str,
    *,
    utility: ArrayLike | None = None,
    reward_std: ArrayLike = 0.0,
    late_stage: LateStageLike = "optimal",
    marginal: str = "exact",
    baseline: str | float | None = None,
) -> float:
    """
    Exact trace of the covariance of one single-sample estimate.

    Parameters
    ----------
    logits, k, mean_reward, utility, late_stage
        The problem, as in :func:`policy_gradient`.
    estimator : {"Outcome-PG", "CA-PG", "CA-PG-SwR"}
        The estimators that look at the output alone.
    reward_std : float or (n,) array_like
        Standard deviation of the reward around its mean; sqrt(q (1 - q)) for a yes or no.
    marginal, baseline
        As in :func:`expected_estimate`.

    Returns
    -------
    float
        Sum over the logits of the variance, in squared units of the reward.

    Raises
    ------
    ValueError
        For bad arguments, or an estimator that depends on the whole list.

    Examples
    --------
    >>> import capg_core as capg
    >>> print(round(capg.exact_variance([0.0, 0.0], 1, [1.0, 0.0], "CA-PG"), 6))
    0.125
    """
    as_name(estimator, "estimator", [rung.name for rung in RUNGS.values() if rung.sees == OUTPUT])
    rung = choose_rung(estimator, marginal).rung
    problem = as_problem(logits, k, late_stage, mean_reward=mean_reward, utility=utility)
    spread = as_spread(reward_std, problem.logits.size)
    rho, items, scores = _moments(rung, problem, marginal)
    gain = problem.mean_reward[items] - as_baseline(baseline, lambda: value_of(problem))
    estimates = gain[:, None] * scores
    around = estimates - rho @ estimates  # around the mean: no difference of large squares
    return float(rho @ ((around**2).sum(axis=1) + spread[items] ** 2 * (scores**2).sum(axis=1)))
