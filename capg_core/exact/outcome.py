"""Outcome probabilities rho_a = P(the late stage outputs a), and their exact scores.

For a late stage that ranks strictly by utility, a is shown when it is a candidate and nothing better is. Let B be the
items better than a, C the worse ones, T_B = prod_B (1 - p_b), f_C[k] = P(N_C = k) and g_C[k] = - d/ds P(N_C <= k)
on the race clock s = log t. The K-th arrival closes the race, so with positive terms only::

    rho_a = integral of T_B (p_a' f_C[K-1] + p_a g_C[K-2]) ds

A uniform late stage gives rho = pi / K. Imports the race, the arrivals and the inclusion room below it.
"""

import numpy as np
from numba import njit

from capg_core._checks import as_items, as_k, as_logits, as_name, as_vector
from capg_core.exact.arrivals import BLOCK, arrivals_at, extend, extend_flow, prefix_rates
from capg_core.exact.inclusion import inclusion_probabilities, inclusion_score
from capg_core.exact.race import arrival_rates, asymptotic_clock, clock_nodes
from capg_core.late_stage import best_first, late_stage_parts

_SUM_TOLERANCE = 1e-12
_MAX_REFINE = 32


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
        prefix_rates(lam, rates)
        pmf[:], flow[:] = 0.0, 0.0
        pmf[0, :] = 1.0
        for a in range(n - 1, -1, -1):
            for q in range(BLOCK):
                last = slope[a, q] * pmf[k - 1, q]
                if k > 1:
                    last += p[a, q] * flow[k - 2, q]
                rho[a] += weights[start + q] * np.exp(-rates[a, q]) * last
            extend_flow(flow, pmf, lam[a], p[a], new_flow)
            extend(pmf, p[a], new_pmf)
            pmf, new_pmf = new_pmf, pmf
            flow, new_flow = new_flow, flow
    return rho


@njit(cache=True, error_model="numpy")
def _worse_items(lam, rates, p, slope, a, k, factor, prefix, gradient):
    """Add what each item worse than a does to d rho_a at the nodes of a block; return (f_C, g_C) of all of them.

    A worse item helps when it takes the last place from a better one (a is in already), and hurts when it takes that
    place from a.
    """
    n = p.shape[0]
    pmf, new_pmf = np.zeros((k, BLOCK)), np.empty((k, BLOCK))
    flow, new_flow = np.zeros((k, BLOCK)), np.empty((k, BLOCK))
    one, two = np.empty(BLOCK), np.empty(BLOCK)
    prefix[0, :, :] = 0.0
    prefix[0, 0, :] = 1.0
    for j in range(a + 1, n):
        extend(prefix[j - a - 1], p[j], prefix[j - a])
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
        extend_flow(flow, pmf, lam[j], p[j], new_flow)
        extend(pmf, p[j], new_pmf)
        pmf, new_pmf = new_pmf, pmf
        flow, new_flow = new_flow, flow
    return pmf, flow


@njit(cache=True, error_model="numpy")
def _score_kernel(theta, items, k, nodes, weights):
    """Return (rho_a, d rho_a / d theta) of some items, all sorted best first; every term relative to rho_a.

    Better items and a itself have terms of one sign.
    """
    n = theta.size
    rows, rho = np.zeros((items.size, n)), np.zeros(items.size)
    lam, p, slope = np.empty((n, BLOCK)), np.empty((n, BLOCK)), np.empty((n, BLOCK))
    rates = np.empty((n + 1, BLOCK))
    prefix = np.zeros((n + 1, k, BLOCK))  # arrivals among the items a+1 … j-1
    factor = np.empty(BLOCK)
    for start in range(0, nodes.size, BLOCK):
        arrivals_at(theta, nodes[start : start + BLOCK], lam, p, slope)
        prefix_rates(lam, rates)
        for row in range(items.size):
            a = items[row]
            for q in range(BLOCK):
                factor[q] = weights[start + q] * np.exp(-rates[a, q])
            if factor.max() == 0.0:
                continue
            pmf, flow = _worse_items(lam, rates, p, slope, a, k, factor, prefix, rows[row])
            for q in range(BLOCK):
                last = slope[a, q] * pmf[k - 1, q]
                if k > 1:
                    last += p[a, q] * flow[k - 2, q]
                rho[row] += factor[q] * last
                rows[row, a] += factor[q] * slope[a, q] * (flow[k - 1, q] + rates[a, q] * pmf[k - 1, q])
                for j in range(a):
                    rows[row, j] -= factor[q] * lam[j, q] * last
    return rho, rows


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
            order = best_first(logits, utility, name)
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


def _asymptotic_scores(theta, items, k):
    """Gradients of log rho_a = log(P(none of B) - P(none of B and a)), items sorted best first."""
    rows = np.empty((items.size, theta.size))
    for row, a in enumerate(items):
        none, none_gradient = _asymptotic_none(theta, a, k)
        fewer, fewer_gradient = _asymptotic_none(theta, a + 1, k)
        if none == -np.inf or fewer >= none:  # the approximation has no such outcome; the exact score has
            rows[row] = _exact_scores(theta, items[row : row + 1], k)[0]
        else:
            ratio = np.exp(fewer - none)
            rows[row] = (none_gradient - ratio * fewer_gradient) / -np.expm1(fewer - none)
    return rows


def _exact_scores(theta, items, k):
    nodes, weights, _ = clock_nodes(theta, k, relative=True)
    rho, rows = _score_kernel(theta, items, k, nodes, weights)
    if (rho <= 0.0).any():
        raise ValueError(
            f"items has an item whose probability of being output underflows with k = {k}; it has no score"
        )
    return rows / rho[:, None]


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
    order = best_first(logits, utility, "optimal")
    position = np.empty(logits.size, np.int64)
    position[order] = np.arange(order.size)
    unique, inverse = np.unique(items, return_inverse=True)
    hidden = unique[order.size - position[unique] < k]
    if hidden.size:
        raise ValueError(
            f"items has item {hidden[0]}; expected at least {k - 1} worse items: the late stage never outputs it"
        )
    rows = np.zeros((unique.size, logits.size))
    if k < order.size:
        scores = _exact_scores if method == "exact" else _asymptotic_scores
        rows[:, order] = scores(logits[order], position[unique], k)
    return rows[inverse]


def outcome_rows(logits, items, k, utility, late_stage, method):
    """Return scores of log rho for one named late stage; the uniform one has those of log pi."""
    if late_stage == "uniform":
        return inclusion_score(logits, items, k, method)
    sign = 1.0 if late_stage == "optimal" else -1.0
    return outcome_score(logits, items, k, sign * utility, method)
