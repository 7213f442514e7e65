"""The ladder of gradient estimators: (reward - baseline) x gradient of the log of one probability.

Each rung marginalises more of what the reward does not depend on: the ordered list, the unordered set, all sets with
the same output, all sets that contain the output, and the top-1 softmax. Imports Plackett-Luce, inclusion, outcome.
"""

import numpy as np

from capg_core._checks import as_candidates, as_generator, as_items, as_logits, as_name, as_number, as_vector
from capg_core.exact.inclusion import inclusion_probabilities, inclusion_score
from capg_core.exact.outcome import outcome_probabilities, outcome_rows
from capg_core.exact.plackett_luce import list_score, set_score
from capg_core.exact.value import policy_gradient
from capg_core.late_stage import best_first, late_stage_parts

ESTIMATORS = ("V-PG", "V-PG-SwR", "Set-PG", "Outcome-PG", "CA-PG", "CA-PG-SwR")
UNBIASED = ("V-PG", "Set-PG", "Outcome-PG")
_BY_OUTPUT = ("Outcome-PG", "CA-PG", "CA-PG-SwR")
MARGINALS = {"Outcome-PG": ("exact", "asymptotic"), "CA-PG": ("exact", "asymptotic", "paper")}


def check_estimator(estimator, marginal, late_stage):
    """Refuse a combination of names that has no such form."""
    as_name(estimator, "estimator", ESTIMATORS)
    as_name(marginal, "marginal", MARGINALS.get(estimator, ("exact", "asymptotic", "paper")))
    late_stage_parts(late_stage)


def choose_output(candidates, utility, late_stage="optimal", rng=None):
    """
    Let the late stage pick one item from each candidate list.

    Parameters
    ----------
    candidates : (N, k) array_like of int
        Candidate lists.
    utility : (n,) array_like
        Late-stage utility; ties go to the lower index.
    late_stage : {"optimal", "uniform", "anti"} or mixture
    rng : numpy.random.Generator, optional
        Needed where the late stage is random.

    Returns
    -------
    (N,) int64
        The item shown from each list.

    Raises
    ------
    ValueError
        For bad arguments, or a random late stage without ``rng``.

    Examples
    --------
    >>> import capg_core as capg
    >>> capg.choose_output([[0, 1], [2, 0]], [0.1, 0.5, 0.9])
    array([1, 2])
    """
    utility = np.asarray(utility, dtype=np.float64)
    utility = as_vector(utility, utility.size, "utility")
    candidates = as_candidates(candidates, np.zeros(utility.size))
    if candidates.ndim != 2:
        raise ValueError(f"candidates has shape {candidates.shape}; expected (N, k)")
    parts = late_stage_parts(late_stage)
    if len(parts) > 1 or parts[0][0] == "uniform":
        rng = as_generator(rng)
    n_lists, k = candidates.shape
    picks = [_pick(candidates, utility, name, rng) for name, _ in parts]
    if len(picks) == 1:
        return picks[0]
    return np.where(rng.random(n_lists) < parts[0][1], picks[0], picks[1])


def _pick(candidates, utility, name, rng):
    if name == "uniform":
        column = rng.integers(candidates.shape[1], size=candidates.shape[0])
    else:
        rank = np.empty(utility.size, np.int64)
        rank[best_first(np.zeros(utility.size), utility, name)] = np.arange(utility.size)
        column = rank[candidates].argmin(axis=1)
    return candidates[np.arange(candidates.shape[0]), column]


def _output_scores(logits, items, k, estimator, utility, late_stage, marginal):
    """Return the score rows of an estimator that looks at the output alone."""
    if estimator == "CA-PG":
        return inclusion_score(logits, items, k, marginal)
    if estimator == "CA-PG-SwR":
        return inclusion_score(logits, items, k, "with_replacement")
    parts = late_stage_parts(late_stage)
    if len(parts) == 1:
        return outcome_rows(logits, items, k, utility, parts[0][0], marginal)
    # log of a mixture: the scores of its parts, weighted by how likely each gave this output
    total = outcome_probabilities(logits, k, utility, late_stage)
    rows = np.zeros((items.size, logits.size))
    for name, share in parts:
        part = outcome_probabilities(logits, k, utility, name)
        possible = np.flatnonzero(part[items] > 0.0)
        if possible.size:
            given = outcome_rows(logits, items[possible], k, utility, name, marginal)
            rows[possible] += (share * part[items[possible]] / total[items[possible]])[:, None] * given
    return rows


def _with_replacement_list_score(logits, candidates):
    """Gradient of sum_r (theta_{a_r} - log W): the candidates as if each draw were from all items."""
    n_lists, k = candidates.shape
    rows = np.tile(-inclusion_probabilities(logits, k, "with_replacement"), (n_lists, 1))
    np.add.at(rows, (np.arange(n_lists)[:, None], candidates), 1.0)
    return rows


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
    baseline=0.0,
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
    baseline : float
        Subtracted from every reward.

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
    logits = as_logits(logits)
    check_estimator(estimator, marginal, late_stage)
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
    gain = rewards - as_number(baseline, "baseline")
    if estimator == "V-PG":
        rows = list_score(logits, candidates)
    elif estimator == "V-PG-SwR":
        rows = _with_replacement_list_score(logits, candidates)
    elif estimator == "Set-PG":
        rows = set_score(logits, candidates)
    else:
        if estimator == "Outcome-PG":
            if utility is None:
                raise ValueError("utility = None; expected the late stage's utility, which 'Outcome-PG' needs")
            utility = as_vector(utility, logits.size, "utility")
        items, inverse = np.unique(outputs, return_inverse=True)
        rows = _output_scores(logits, items, candidates.shape[1], estimator, utility, late_stage, marginal)[inverse]
    return gain[:, None] * rows


def _output_moments(logits, k, estimator, utility, late_stage, marginal):
    """Return (rho, items, scores) over the items that can be shown."""
    rho = outcome_probabilities(logits, k, utility, late_stage)
    items = np.flatnonzero(rho > 0.0)
    return rho[items], items, _output_scores(logits, items, k, estimator, utility, late_stage, marginal)


def _moment_inputs(logits, k, mean_reward, estimator, utility, late_stage, marginal, baseline):
    logits = as_logits(logits)
    check_estimator(estimator, marginal, late_stage)
    mean_reward = as_vector(mean_reward, logits.size, "mean_reward")
    utility = mean_reward if utility is None else as_vector(utility, logits.size, "utility")
    return logits, mean_reward, utility, as_number(baseline, "baseline")


def is_exactly_unbiased(estimator, marginal):
    """True where the expectation is the policy gradient itself."""
    return estimator in UNBIASED and (estimator != "Outcome-PG" or marginal == "exact")


def expected_estimate(
    logits, k, mean_reward, estimator, *, utility=None, late_stage="optimal", marginal="exact", baseline=0.0
):
    """
    Exact expectation of an estimator, by formula.

    Parameters
    ----------
    logits, k, mean_reward, utility, late_stage
        The problem, as in :func:`policy_gradient`.
    estimator, marginal, baseline
        As in :func:`estimate_gradients`.

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
    logits, mean_reward, utility, baseline = _moment_inputs(
        logits, k, mean_reward, estimator, utility, late_stage, marginal, baseline
    )
    if is_exactly_unbiased(estimator, marginal):
        return policy_gradient(logits, k, mean_reward, utility, late_stage)
    if estimator not in _BY_OUTPUT:
        raise ValueError(f"estimator = {estimator!r}; expected one whose expectation has a formula (it has none here)")
    rho, items, scores = _output_moments(logits, k, estimator, utility, late_stage, marginal)
    return (rho * (mean_reward[items] - baseline)) @ scores


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
    baseline=0.0,
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
        As in :func:`estimate_gradients`.

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
    as_name(estimator, "estimator", _BY_OUTPUT)
    logits, mean_reward, utility, baseline = _moment_inputs(
        logits, k, mean_reward, estimator, utility, late_stage, marginal, baseline
    )
    reward_std = as_number(reward_std, "reward_std", 0.0)
    rho, items, scores = _output_moments(logits, k, estimator, utility, late_stage, marginal)
    gain = mean_reward[items] - baseline
    estimates = gain[:, None] * scores
    around = estimates - rho @ estimates  # around the mean: no difference of large squares
    return float(rho @ ((around**2).sum(axis=1) + reward_std**2 * (scores**2).sum(axis=1)))
