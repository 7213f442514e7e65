"""Outcome probabilities rho_a = P(the late stage outputs a), the policy's value, and their exact gradients.

For a late stage that ranks strictly by utility, a is shown when it is a candidate and nothing better is. Let B be the
items better than a, C the worse ones, T_B = prod_B (1 - p_b), f_C[k] = P(N_C = k) and g_C[k] = - d/ds P(N_C <= k)
on the race clock s = log t. The K-th arrival closes the race, so with positive terms only::

    rho_a = integral of T_B (p_a' f_C[K-1] + p_a g_C[K-2]) ds

The value sum_a q_a rho_a = sum_m (q_(m) - q_(m+1)) P(one of the m best is a candidate) is differentiated term by term;
a uniform late stage gives rho = pi / K. Imports the race and the inclusion room below it.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from capg_core._checks import as_items, as_k, as_logits, as_name, as_number, as_vector
from capg_core.arrivals import BLOCK, arrivals_at, extend
from capg_core.inclusion import inclusion_gradient, inclusion_probabilities, inclusion_score
from capg_core.race import arrival_rates, asymptotic_clock, clock_nodes

LATE_STAGES = ("optimal", "uniform", "anti")

_SUM_TOLERANCE = 1e-12
_MAX_REFINE = 32


@dataclass(frozen=True)
class Mixture:
    """A late stage that follows ``first`` with probability 1 - epsilon and ``second`` with epsilon."""

    first: str
    second: str
    epsilon: float

    def __post_init__(self):
        as_name(self.first, "first", LATE_STAGES)
        as_name(self.second, "second", LATE_STAGES)
        as_number(self.epsilon, "epsilon", 0.0, 1.0)


def mix(first, second, epsilon):
    """
    Late stage that is ``second`` with probability epsilon, else ``first``.

    Parameters
    ----------
    first, second : {"optimal", "uniform", "anti"}
    epsilon : float
        Probability of the second, 0 to 1.

    Returns
    -------
    Mixture

    Raises
    ------
    ValueError
        For an unknown name or an epsilon outside [0, 1].

    Examples
    --------
    >>> import capg_core as capg
    >>> capg.mix("optimal", "uniform", 0.1).epsilon
    0.1
    """
    return Mixture(first, second, epsilon)


def late_stage_parts(late_stage):
    """Return [(name, probability)] of a late stage: one part, or the two of a mixture."""
    if isinstance(late_stage, Mixture):
        parts = [(late_stage.first, 1.0 - late_stage.epsilon), (late_stage.second, float(late_stage.epsilon))]
        return [(name, share) for name, share in parts if share > 0.0]
    if isinstance(late_stage, str) and late_stage == "noisy":
        raise ValueError(
            "late_stage = 'noisy'; expected one of 'optimal', 'uniform', 'anti' or a mixture: a noisy late stage is "
            "a strict one once its noise is drawn, so add the noise to utility and use 'optimal'"
        )
    return [(as_name(late_stage, "late_stage", LATE_STAGES), 1.0)]


@njit(cache=True, error_model="numpy")
def _extend_flow(flow, pmf, lam, p, new):
    """Add an item to flow[d] = -d/ds P(N <= d) = sum_c p_c' P(N without c = d); ``pmf`` is that before the item."""
    for q in range(BLOCK):
        new[0, q] = (1.0 - p[q]) * (flow[0, q] + lam[q] * pmf[0, q])
    for d in range(1, flow.shape[0]):
        for q in range(BLOCK):
            new[d, q] = p[q] * flow[d - 1, q] + (1.0 - p[q]) * (flow[d, q] + lam[q] * pmf[d, q])


@njit(cache=True, error_model="numpy")
def _prefix_rates(lam, rates):
    """Fill rates[m] = total rate (w t) of the m best items; T_B is exp of minus it."""
    for q in range(BLOCK):
        rates[0, q] = 0.0
    for j in range(lam.shape[0]):
        for q in range(BLOCK):
            rates[j + 1, q] = rates[j, q] + lam[j, q]


@njit(cache=True, error_model="numpy")
def _outcome_kernel(theta, k, nodes, weights):
    """Return rho for items sorted best first: one sweep from the worst item to the best."""
    n = theta.size
    rho = np.zeros(n)
    lam, p, slope = np.empty((n, BLOCK)), np.empty((n, BLOCK)), np.empty((n, BLOCK))
    rates = np.empty((n + 1, BLOCK))
    pmf, new_pmf = np.zeros((k, BLOCK)), np.empty((k, BLOCK))
    flow, new_flow = np.zeros((k, BLOCK)), np.empty((k, BLOCK))
    for start in range(0, nodes.size, BLOCK):
        arrivals_at(theta, nodes[start : start + BLOCK], lam, p, slope)
        _prefix_rates(lam, rates)
        pmf[:], flow[:] = 0.0, 0.0
        pmf[0, :] = 1.0
        for a in range(n - 1, -1, -1):
            for q in range(BLOCK):
                last = slope[a, q] * pmf[k - 1, q]
                if k > 1:
                    last += p[a, q] * flow[k - 2, q]
                rho[a] += weights[start + q] * np.exp(-rates[a, q]) * last
            _extend_flow(flow, pmf, lam[a], p[a], new_flow)
            extend(pmf, p[a], new_pmf)
            pmf, new_pmf = new_pmf, pmf
            flow, new_flow = new_flow, flow
    return rho


@njit(cache=True, error_model="numpy")
def _value_gradient_kernel(theta, k, drops, nodes, weights):
    """Return the gradient of sum_m drops[m] P(one of the m + 1 best is a candidate), items sorted best first.

    Items among the m best push by lam_j T_m g_m, the others pull by p_j' times the coefficient of z^(K-1) in
    (polynomial of the drops before j) x (arrivals after j).
    """
    n = theta.size
    gradient = np.zeros(n)
    lam, p, slope = np.empty((n, BLOCK)), np.empty((n, BLOCK)), np.empty((n, BLOCK))
    rates = np.empty((n + 1, BLOCK))
    pull = np.zeros((n + 1, k, BLOCK))
    pmf, new_pmf = np.zeros((k, BLOCK)), np.empty((k, BLOCK))
    flow, new_flow = np.zeros((k, BLOCK)), np.empty((k, BLOCK))
    push, total = np.empty(BLOCK), np.empty(BLOCK)
    for start in range(0, nodes.size, BLOCK):
        arrivals_at(theta, nodes[start : start + BLOCK], lam, p, slope)
        _prefix_rates(lam, rates)
        pull[0, :, :] = 0.0
        for j in range(n):
            extend(pull[j], p[j], pull[j + 1])
            for q in range(BLOCK):
                pull[j + 1, 0, q] += drops[j] * rates[j + 1, q] * np.exp(-rates[j + 1, q])
        pmf[:], flow[:], push[:] = 0.0, 0.0, 0.0
        pmf[0, :] = 1.0
        for j in range(n - 1, -1, -1):
            total[:] = 0.0
            for d in range(k):
                for q in range(BLOCK):
                    total[q] += pull[j, d, q] * pmf[k - 1 - d, q]
            for q in range(BLOCK):
                push[q] += drops[j] * np.exp(-rates[j + 1, q]) * flow[k - 1, q]
                gradient[j] += weights[start + q] * (lam[j, q] * push[q] - slope[j, q] * total[q])
            _extend_flow(flow, pmf, lam[j], p[j], new_flow)
            extend(pmf, p[j], new_pmf)
            pmf, new_pmf = new_pmf, pmf
            flow, new_flow = new_flow, flow
    return gradient


@njit(cache=True, error_model="numpy")
def _score_kernel(theta, a, k, nodes, weights):
    """Return (rho_a, d rho_a / d theta), items sorted best first; every term relative to rho_a.

    Better items and a itself have terms of one sign. A worse item j helps when it takes the last place from a better
    item (a is in already), and hurts when it takes it from a.
    """
    n = theta.size
    gradient, rho = np.zeros(n), 0.0
    lam, p, slope = np.empty((n, BLOCK)), np.empty((n, BLOCK)), np.empty((n, BLOCK))
    rates = np.empty((n + 1, BLOCK))
    prefix = np.zeros((n - a, k, BLOCK))  # arrivals among the items a+1 … j-1
    pmf, new_pmf = np.zeros((k, BLOCK)), np.empty((k, BLOCK))
    flow, new_flow = np.zeros((k, BLOCK)), np.empty((k, BLOCK))
    factor, one, two = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    for start in range(0, nodes.size, BLOCK):
        arrivals_at(theta, nodes[start : start + BLOCK], lam, p, slope)
        _prefix_rates(lam, rates)
        for q in range(BLOCK):
            factor[q] = weights[start + q] * np.exp(-rates[a, q])
        prefix[0, :, :] = 0.0
        prefix[0, 0, :] = 1.0
        for j in range(a + 1, n):
            extend(prefix[j - a - 1], p[j], prefix[j - a])
        pmf[:], flow[:] = 0.0, 0.0
        pmf[0, :] = 1.0
        for j in range(n - 1, a, -1):
            one[:], two[:] = 0.0, 0.0
            for d in range(k):
                for q in range(BLOCK):
                    one[q] += prefix[j - a - 1, d, q] * pmf[k - 1 - d, q]
            for d in range(k - 1):
                for q in range(BLOCK):
                    two[q] += prefix[j - a - 1, d, q] * pmf[k - 2 - d, q]
            for q in range(BLOCK):
                takes = p[a, q] * rates[a, q] * two[q] - slope[a, q] * one[q]
                gradient[j] += factor[q] * slope[j, q] * takes
            _extend_flow(flow, pmf, lam[j], p[j], new_flow)
            extend(pmf, p[j], new_pmf)
            pmf, new_pmf = new_pmf, pmf
            flow, new_flow = new_flow, flow
        for q in range(BLOCK):
            last = slope[a, q] * pmf[k - 1, q]
            if k > 1:
                last += p[a, q] * flow[k - 2, q]
            rho += factor[q] * last
            gradient[a] += factor[q] * slope[a, q] * (flow[k - 1, q] + rates[a, q] * pmf[k - 1, q])
            for j in range(a):
                gradient[j] -= factor[q] * lam[j, q] * last
    return rho, gradient


def _best_first(logits, utility, name):
    """Return the drawable items best first: by utility, ties to the lower index; "anti" turns the order round."""
    order = np.argsort(-utility if name == "optimal" else utility, kind="stable")
    return order[np.isfinite(logits[order])]


def _sorted_outcome(theta, k):
    """Exact rho for finite logits sorted best first, refined until the probabilities sum to one."""
    if k == theta.size:
        return np.eye(1, k)[0]
    refine = 1
    while True:
        nodes, weights, _ = clock_nodes(theta, k, relative=True, refine=refine)
        rho = _outcome_kernel(theta, k, nodes, weights)
        if abs(rho.sum() - 1.0) <= _SUM_TOLERANCE or refine >= _MAX_REFINE:
            return rho
        refine *= 2


def outcome_probabilities(logits, k, utility, late_stage="optimal"):
    """
    Probability that the late stage outputs each item.

    Parameters
    ----------
    logits : (n,) array_like
        Early-stage logits; -inf masks an item.
    k : int
        Number of candidates.
    utility : (n,) array_like
        Late-stage utility; equal utilities rank by index.
    late_stage : {"optimal", "uniform", "anti"} or mixture
        Picks the candidate of highest utility, any, the lowest, or as :func:`mix` says.

    Returns
    -------
    (n,) float64
        Probabilities; they sum to one.

    Raises
    ------
    ValueError
        For bad logits, k, utility or late stage.

    Notes
    -----
    Quadrature over the race clock, O(n K Q); equation in this module's docstring.

    Examples
    --------
    >>> import capg_core as capg
    >>> print(capg.outcome_probabilities([0.0, 0.0, 0.0], 2, [3.0, 2.0, 1.0]).round(6))
    [0.666667 0.333333 0.      ]
    """
    logits = as_logits(logits)
    k = as_k(k, logits)
    utility = as_vector(utility, logits.size, "utility")
    result = np.zeros(logits.size)
    for name, share in late_stage_parts(late_stage):
        if name == "uniform":
            result += share / k * inclusion_probabilities(logits, k)
        else:
            order = _best_first(logits, utility, name)
            result[order] += share * _sorted_outcome(logits[order], k)
    return result


def _asymptotic_none(theta, n_best, k):
    """Return (log P(none of the best is a candidate), its gradient) by the asymptotic clock of the other items."""
    gradient = np.zeros(theta.size)
    n_other = theta.size - n_best
    if n_best == 0 or n_other < k:
        return (0.0 if n_best == 0 else -np.inf), gradient
    # with exactly K others all must arrive: the clock stands at the median of the last one
    s = asymptotic_clock(theta[n_best:], min(float(k), n_other - 0.5))
    rates, _ = arrival_rates(theta[:n_best], s)
    gradient[:n_best] = -rates
    gradient[n_best:] = rates.sum() * arrival_rates(theta[n_best:], s)[1]
    total = rates.sum()
    return -total, gradient


def _asymptotic_score(theta, a, k):
    """Gradient of log rho_a = log(P(none of B) - P(none of B and a)), items sorted best first."""
    none, none_gradient = _asymptotic_none(theta, a, k)
    fewer, fewer_gradient = _asymptotic_none(theta, a + 1, k)
    if none == -np.inf or fewer >= none:  # the approximation has no such outcome; the exact score has
        return _exact_score(theta, a, k)
    ratio = np.exp(fewer - none)
    return (none_gradient - ratio * fewer_gradient) / -np.expm1(fewer - none)


def _exact_score(theta, a, k):
    nodes, weights, _ = clock_nodes(theta, k, relative=True)
    rho, gradient = _score_kernel(theta, a, k, nodes, weights)
    if rho <= 0.0:
        raise ValueError(f"items has an item that the late stage never outputs with k = {k}; it has no score")
    return gradient / rho


def outcome_score(logits, items, k, utility, method="exact"):
    """
    Gradient of log rho_a for each of some items, under a late stage that ranks strictly by utility.

    Parameters
    ----------
    logits : (n,) array_like
        Early-stage logits; -inf masks an item.
    items : (m,) array_like of int
        Items that the late stage can output: fewer than n - K + 1 are better.
    k : int
        Number of candidates.
    utility : (n,) array_like
        Late-stage utility.
    method : {"exact", "asymptotic"}
        Quadrature, or Rosén's clock on both sides of the item.

    Returns
    -------
    (m, n) float64
        Row i is the gradient for items[i].

    Raises
    ------
    ValueError
        For bad arguments, or an item that cannot be output.

    Examples
    --------
    >>> import capg_core as capg
    >>> print(capg.outcome_score([0.0, 0.0], [0], 1, [1.0, 0.0]))
    [[ 0.5 -0.5]]
    """
    logits = as_logits(logits)
    k = as_k(k, logits)
    items = as_items(items, logits)
    utility = as_vector(utility, logits.size, "utility")
    as_name(method, "method", ("exact", "asymptotic"))
    order = _best_first(logits, utility, "optimal")
    theta, position = logits[order], np.empty(logits.size, np.int64)
    position[order] = np.arange(order.size)
    rows = {}
    for a in np.unique(items):
        rank = position[a]
        if order.size - rank < k:
            raise ValueError(
                f"items has item {a}; expected one with at least {k - 1} worse items: the late stage never outputs it"
            )
        row = np.zeros(logits.size)
        if k < order.size:
            score = _exact_score if method == "exact" else _asymptotic_score
            row[order] = score(theta, rank, k)
        rows[a] = row
    return np.array([rows[a] for a in items])


def _value_inputs(logits, k, mean_reward, utility):
    logits = as_logits(logits)
    k = as_k(k, logits)
    mean_reward = as_vector(mean_reward, logits.size, "mean_reward")
    utility = mean_reward if utility is None else as_vector(utility, logits.size, "utility")
    return logits, k, mean_reward, utility


def policy_value(logits, k, mean_reward, utility=None, late_stage="optimal"):
    """
    Expected reward of the two stages, V = sum_a rho_a q_a.

    Parameters
    ----------
    logits : (n,) array_like
        Early-stage logits.
    k : int
        Number of candidates.
    mean_reward : (n,) array_like
        Expected reward q of each item, any unit.
    utility : (n,) array_like, optional
        Late-stage utility; the mean reward if not given.
    late_stage : {"optimal", "uniform", "anti"} or mixture

    Returns
    -------
    float
        In units of the reward.

    Raises
    ------
    ValueError
        For bad arguments.

    Examples
    --------
    >>> import capg_core as capg
    >>> round(capg.policy_value([0.0, 0.0, 0.0], 2, [3.0, 2.0, 1.0]), 6)
    2.666667
    """
    logits, k, mean_reward, utility = _value_inputs(logits, k, mean_reward, utility)
    return float(outcome_probabilities(logits, k, utility, late_stage) @ mean_reward)


def policy_gradient(logits, k, mean_reward, utility=None, late_stage="optimal"):
    """
    Exact gradient of the policy value with respect to the logits.

    Parameters
    ----------
    logits, k, mean_reward, utility, late_stage
        As in :func:`policy_value`.

    Returns
    -------
    (n,) float64
        Reward per unit of logit; it sums to zero.

    Raises
    ------
    ValueError
        For bad arguments.

    Notes
    -----
    O(n K Q); derived here, see this module's docstring.

    Examples
    --------
    >>> import capg_core as capg
    >>> print(capg.policy_gradient([0.0, 0.0], 1, [1.0, 0.0]))
    [ 0.25 -0.25]
    """
    logits, k, mean_reward, utility = _value_inputs(logits, k, mean_reward, utility)
    result = np.zeros(logits.size)
    for name, share in late_stage_parts(late_stage):
        if name == "uniform":
            result += share / k * inclusion_gradient(logits, k, mean_reward)
            continue
        order = _best_first(logits, utility, name)
        if k < order.size:
            theta, q = logits[order], mean_reward[order]
            nodes, weights, _ = clock_nodes(theta, k, relative=True)
            drops = np.append(q[:-1] - q[1:], 0.0)  # one of all n items is always a candidate: no gradient
            result[order] += share * _value_gradient_kernel(theta, k, drops, nodes, weights)
    return result


def outcome_rows(logits, items, k, utility, late_stage, method):
    """Return scores of log rho for one named late stage; the uniform one has those of log pi."""
    if late_stage == "uniform":
        return inclusion_score(logits, items, k, method)
    sign = 1.0 if late_stage == "optimal" else -1.0
    return outcome_score(logits, items, k, sign * utility, method)
