"""Gradient estimates of every rung of the ladder, and their exact mean and variance.

All of it loops over the records of `capg_core.ladder`: (reward - baseline) x score, with the score that a rung gives.
"""

import numpy as np

from capg_core._checks import as_candidates, as_items, as_logits, as_name, as_number, as_vector, said
from capg_core.exact.outcome import rho_of
from capg_core.exact.problem import as_problem
from capg_core.exact.value import gradient_of, value_of
from capg_core.ladder import LIST, OUTPUT, RUNGS, rung_of


def as_rung(estimator, marginal):
    """Return the record of an estimator that has this marginal."""
    rung = rung_of(estimator)
    rung.as_marginal(marginal)
    return rung


def as_baseline(baseline, mean):
    """Return the number to subtract; ``mean`` is called where "mean" is asked for."""
    if baseline is None:
        return 0.0
    if isinstance(baseline, str):
        if baseline != "mean":
            raise ValueError(f"baseline = {said(baseline)}; expected None, 'mean' or a number")
        return mean()
    return as_number(baseline, "baseline")


def mean_of_others(rewards):
    """Return, for each of at least two rewards (N,), the mean of the others: independent of its own draw."""
    return (rewards.sum() - rewards) / (rewards.size - 1)


def estimate_gradients(
    logits,
    candidates,
    outputs,
    rewards,
    estimator,
    *,
    utility=None,
    late_stage="optimal",
    marginal="exact",
    baseline=None,
):
    """
    Single-sample gradient estimates, one for each observation.

    Parameters
    ----------
    logits : (n,) array_like
        Early-stage logits.
    candidates : (N, k) array_like of int
        Candidate lists, in draw order.
    outputs : (N,) array_like of int
        The item shown from each list.
    rewards : (N,) array_like
        The reward of each shown item.
    estimator : str
        One of ``ESTIMATORS``.
    utility : (n,) array_like, optional
        Late-stage utility; needed by "Outcome-PG".
    late_stage : {"optimal", "uniform", "anti"} or mixture
        Used by "Outcome-PG" only.
    marginal : {"exact", "asymptotic", "paper"}
        How "CA-PG" and "Outcome-PG" compute their probability ("paper": CA-PG only).
    baseline : None, "mean" or float
        Subtracted from every reward. "mean" is the mean reward of the other observations.

    Returns
    -------
    (N, n) float64
        (reward - baseline) x score, a row for each observation.

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
    rung = as_rung(estimator, marginal)
    logits = as_logits(logits)
    candidates = as_candidates(candidates, logits)
    if candidates.ndim != 2:
        raise ValueError(f"candidates has shape {candidates.shape}; expected (N, k)")
    outputs = as_items(outputs, logits, "outputs")
    rewards = as_vector(rewards, candidates.shape[0], "rewards")
    if outputs.size != rewards.size:
        raise ValueError(f"outputs has shape {outputs.shape}; expected ({rewards.size},), one for each list")
    outside = ~(candidates == outputs[:, None]).any(axis=1)
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        raise ValueError(f"outputs[{row}] = {outputs[row]}; expected one of its candidates {candidates[row]}")
    if rung.needs_ranking and utility is None:
        raise ValueError(f"utility = None; expected the late stage's utility, which {estimator!r} needs")
    given = {} if utility is None else {"utility": utility}
    problem = as_problem(logits, candidates.shape[1], late_stage, **given)
    if isinstance(baseline, str) and rewards.size < 2:
        raise ValueError("baseline = 'mean' with one observation; expected two or more: it is the mean of the others")
    gain = rewards - as_baseline(baseline, lambda: mean_of_others(rewards))
    return estimates_of(rung, problem, candidates, outputs, gain, marginal)


def estimates_of(rung, problem, candidates, outputs, gain, marginal):
    """Return gain x score, a row for each observation; of a rung that sees the output, each score is computed once."""
    if rung.sees == LIST:
        return gain[:, None] * rung.scores(problem, candidates, marginal)
    items, inverse = np.unique(outputs, return_inverse=True)
    return gain[:, None] * rung.scores(problem, items, marginal)[inverse]


def _moments(rung, problem, marginal):
    """Return (rho, items, scores) over the items that can be shown."""
    rho = rho_of(problem)
    items = np.flatnonzero(rho > 0.0)
    return rho[items], items, rung.scores(problem, items, marginal)


def expectation_of(rung, problem, marginal, baseline):
    """Return the exact expectation of one estimate, or None where it has no formula."""
    if rung.is_unbiased(marginal):
        return gradient_of(problem)
    if rung.sees != OUTPUT:
        return None
    rho, items, scores = _moments(rung, problem, marginal)
    return (rho * (problem.mean_reward[items] - baseline)) @ scores


def expected_estimate(
    logits, k, mean_reward, estimator, *, utility=None, late_stage="optimal", marginal="exact", baseline=None
):
    """
    Exact expectation of an estimator, by formula.

    Parameters
    ----------
    logits, k, mean_reward, utility, late_stage
        The problem, as in :func:`policy_gradient`.
    estimator, marginal
        As in :func:`estimate_gradients`.
    baseline : None, "mean" or float
        Subtracted from every reward. "mean" is the exact expected reward.

    Returns
    -------
    (n,) float64
        The policy gradient for unbiased estimators, sum_a rho_a (q_a - baseline) grad log pi_a for CA-PG.

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
    rung = as_rung(estimator, marginal)
    problem = as_problem(logits, k, late_stage, mean_reward=mean_reward, utility=utility)
    found = expectation_of(rung, problem, marginal, as_baseline(baseline, lambda: value_of(problem)))
    if found is None:
        raise ValueError(f"estimator = {estimator!r}; expected one whose expectation has a formula (it has none here)")
    return found


def exact_variance(
    logits,
    k,
    mean_reward,
    estimator,
    *,
    utility=None,
    reward_std=0.0,
    late_stage="optimal",
    marginal="exact",
    baseline=None,
):
    """
    Exact trace of the covariance of one single-sample estimate.

    Parameters
    ----------
    logits, k, mean_reward, utility, late_stage
        The problem, as in :func:`policy_gradient`.
    estimator : {"Outcome-PG", "CA-PG", "CA-PG-SwR"}
        The estimators that look at the output alone.
    reward_std : float
        Standard deviation of the reward around its mean.
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
    rung = as_rung(estimator, marginal)
    problem = as_problem(logits, k, late_stage, mean_reward=mean_reward, utility=utility)
    reward_std = as_number(reward_std, "reward_std", 0.0)
    rho, items, scores = _moments(rung, problem, marginal)
    gain = problem.mean_reward[items] - as_baseline(baseline, lambda: value_of(problem))
    estimates = gain[:, None] * scores
    around = estimates - rho @ estimates  # around the mean: no difference of large squares
    return float(rho @ ((around**2).sum(axis=1) + reward_std**2 * (scores**2).sum(axis=1)))
