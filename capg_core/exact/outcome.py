"""Outcome probabilities rho_a = P(the late stage outputs a), and their exact scores.

For a late stage that ranks strictly by utility, a is shown when it is a candidate and nothing better is. Let B be the
items better than a, C the worse ones, T_B = prod_B (1 - p_b), f_C[k] = P(N_C = k) and g_C[k] = - d/ds P(N_C <= k)
on the race clock s = log t. The K-th arrival closes the race, so with positive terms only::

    rho_a = integral of T_B (p_a' f_C[K-1] + p_a g_C[K-2]) ds

A uniform late stage gives rho = pi / K, a mixture the mixture of its parts. So a part is known by what it ``sees``: the
numbers (n,) it ranks by, or None where every candidate is as likely.
"""

import numpy as np

from capg_core._checks import as_items, as_name, renamed
from capg_core._kernel import kernel
from capg_core._types import ArrayLike, Floats
from capg_core.batch.exp import weigh
from capg_core.batch.outcome import mix_scores, outcome_rows
from capg_core.exact.arrivals import (
    arrivals_at,
    block_size,
    extend,
    extend_back,
    extend_flow,
    extend_flow_back,
    go_past,
    multiply_at_top,
    prefix_rates,
    prefixes,
    segment_length,
    weighted_sum,
)  # fmt: skip
from capg_core.exact.inclusion import inclusion_of, inclusion_score_of, log_inclusion_of
from capg_core.exact.outcome_far import far_log_rho, far_scores
from capg_core.exact.problem import as_problem
from capg_core.exact.race import clock_nodes, near_logits
from capg_core.late_stage import LateStageLike, best_first, part_arrays

_SUM_TOLERANCE = 1e-12
_MAX_REFINE = 32
_SHIFT_TOLERANCE = 1e-6
_NO_CHANCE = 1e-250  # a probability below this has lost digits, or is zero: its score is computed in logs
_CHUNK = 256  # items whose scores are worked on at once, so that memory beside the result stays small


@kernel
def _outcome_kernel(theta, k, nodes, node_weights):
    """Return rho for items sorted best first: one sweep from the worst item to the best."""
    n = theta.size
    rho, block = np.zeros(n), block_size(6 * n + 4 * k)
    lam, p, slope = np.empty((n, block)), np.empty((n, block)), np.empty((n, block))
    rates, none_of = np.empty((n + 1, block)), np.empty((n + 1, block))
    pmf, new_pmf = np.empty((k, block)), np.empty((k, block))
    flow, new_flow = np.empty((k, block)), np.empty((k, block))
    last = np.empty(block)
    for start in range(0, nodes.size, block):
        arrivals_at(theta, nodes[start : start + block], lam, p, slope)
        prefix_rates(lam, rates, none_of)
        pmf[:], flow[:] = 0.0, 0.0
        pmf[0, :] = 1.0
        for a in range(n - 1, -1, -1):
            for q in range(block):
                last[q] = slope[a, q] * pmf[k - 1, q]
            if k > 1:
                for q in range(block):
                    last[q] += p[a, q] * flow[k - 2, q]
            rho[a] += weighted_sum(node_weights[start : start + block], none_of[a], last)
            extend_flow(flow, pmf, lam[a], p[a], new_flow)
            extend(pmf, p[a], new_pmf)
            pmf, new_pmf = new_pmf, pmf
            flow, new_flow = new_flow, flow
    return rho


@kernel
def _worse_items(lam, rates, p, slope, a, k, factor, marks, inside, gradient):
    """Add what each item worse than a does to d rho_a at the nodes of a block; return (f_C, g_C) of all of them.

    A worse item helps when it takes the last place from a better one (a is in already), and hurts when it takes that
    place from a.
    """
    n, n_nodes, length = p.shape[0], p.shape[1], inside.shape[0]
    one, two = np.empty(n_nodes), np.empty(n_nodes)
    marks[0] = 0.0
    marks[0, 0, :] = 1.0
    n_segments = (n - a - 2 + length) // length
    pmf, new_pmf = np.empty((k, n_nodes)), np.empty((k, n_nodes))
    for s in range(n_segments - 1):
        begin = a + 1 + s * length
        go_past(marks[s], p[begin : begin + length], pmf, new_pmf, marks[s + 1])
    # of the items after j, in falling order
    pmf[:] = 0.0
    pmf[k - 1, :] = 1.0
    flow, new_flow = np.zeros((k, n_nodes)), np.empty((k, n_nodes))
    for s in range(n_segments - 1, -1, -1):
        begin = a + 1 + s * length
        end = min(begin + length, n)
        prefixes(marks[s], p[begin:end], inside)
        for j in range(end - 1, begin - 1, -1):
            multiply_at_top(inside[j - begin], pmf, one)
            multiply_at_top(inside[j - begin, : k - 1], pmf[1:], two)
            for q in range(n_nodes):
                takes = p[a, q] * rates[a, q] * two[q] - slope[a, q] * one[q]
                gradient[j] += factor[q] * slope[j, q] * takes
            extend_flow_back(flow, pmf, lam[j], p[j], new_flow)
            extend_back(pmf, p[j], new_pmf)
            pmf, new_pmf = new_pmf, pmf
            flow, new_flow = new_flow, flow
    return pmf, flow


@kernel
def _score_kernel(theta, items, k, nodes, node_weights):
    """Return (rho_a, d rho_a / d theta) of some items, all sorted best first; every term relative to rho_a.

    Better items and a itself have terms of one sign.
    """
    n, length = theta.size, segment_length(theta.size)
    rows, rho = np.zeros((items.size, n)), np.zeros(items.size)
    block = block_size(5 * n + 2 * length * k)
    lam, p, slope = np.empty((n, block)), np.empty((n, block)), np.empty((n, block))
    rates, none_of = np.empty((n + 1, block)), np.empty((n + 1, block))
    # of the arrivals among the items a+1 … j-1
    marks, inside = np.empty(((n - 1) // length + 1, k, block)), np.empty((length, k, block))
    factor = np.empty(block)
    for start in range(0, nodes.size, block):
        arrivals_at(theta, nodes[start : start + block], lam, p, slope)
        prefix_rates(lam, rates, none_of)
        for row in range(items.size):
            a = items[row]
            for q in range(block):
                factor[q] = node_weights[start + q] * none_of[a, q]
            if factor.max() == 0.0:
                continue
            pmf, flow = _worse_items(lam, rates, p, slope, a, k, factor, marks, inside, rows[row])
            for q in range(block):
                last = slope[a, q] * pmf[0, q]
                if k > 1:
                    last += p[a, q] * flow[1, q]
                rho[row] += factor[q] * last
                rows[row, a] += factor[q] * slope[a, q] * (flow[0, q] + rates[a, q] * pmf[0, q])
                for j in range(a):
                    rows[row, j] -= factor[q] * lam[j, q] * last
    return rho, rows


def _sorted_outcome(theta, k):
    """Exact rho for finite logits sorted best first, refined until the probabilities sum to one."""
    if k == theta.size:
        return np.eye(1, k)[0]
    theta = near_logits(theta)
    refine = 1
    while True:
        nodes, node_weights, _ = clock_nodes(theta, k, relative=True, refine=refine)
        rho = _outcome_kernel(theta, k, nodes, node_weights)
        if abs(rho.sum() - 1.0) <= _SUM_TOLERANCE or refine >= _MAX_REFINE:
            return np.minimum(rho, 1.0)
        refine *= 2


def outcome_probabilities(
    logits: ArrayLike, k: int, utility: ArrayLike, late_stage: LateStageLike = "optimal"
) -> Floats:
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
    return rho_of(as_problem(logits, k, late_stage, utility=utility))


def rho_of(problem):
    """Return the outcome probabilities of a checked problem."""
    rho = sum(chance * _rho(problem.logits, problem.k, seen) for seen, chance in problem.sights())
    return np.minimum(rho, 1.0)  # the chances of a mixture sum to one but for rounding


def _rho(logits, k, seen):
    if seen is None:
        return inclusion_of(logits, k) / k
    result = np.zeros(logits.size)
    order = best_first(logits, seen)
    result[order] = _sorted_outcome(logits[order], k)
    return result


def _strict_scores(theta, items, k):
    """Return the exact scores of items that can be shown, all sorted best first."""
    theta = near_logits(theta)
    nodes, node_weights, _ = clock_nodes(theta, k, relative=True)
    rho, rows = _score_kernel(theta, items, k, nodes, node_weights)
    far = np.flatnonzero(rho < _NO_CHANCE)
    if far.size:
        rho[far], rows[far] = 1.0, far_scores(theta, items[far], k)[1]
    return rows / rho[:, None]


@renamed(method="marginal")
def outcome_score(logits: ArrayLike, items: ArrayLike, k: int, utility: ArrayLike, marginal: str = "exact") -> Floats:
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
    marginal : {"exact", "asymptotic"}
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
    problem = as_problem(logits, k, utility=utility)
    items = as_items(items, problem.logits)
    as_name(marginal, "marginal", ("exact", "asymptotic"))
    order = best_first(problem.logits, problem.utility)
    hidden = np.setdiff1d(items, order[: order.size - problem.k + 1])
    if hidden.size:
        raise ValueError(
            f"items has item {hidden[0]}; expected at least {problem.k - 1} worse items: "
            "the late stage never outputs it"
        )
    return outcome_score_of(problem, items, marginal)


def outcome_score_of(problem, items, marginal="exact"):
    """Return the scores of log rho for a checked problem, whatever its late stage; items that it can output."""
    unique, inverse = np.unique(items, return_inverse=True)
    if marginal == "asymptotic":
        rows, beyond = _asymptotic_scores(problem, unique)
        if beyond.any():  # the clock gives them no probability; the exact score has one
            rows[beyond] = exact_scores(problem, unique[beyond])
    elif len(problem.parts) == 1:
        rows = _part_scores(problem.logits, unique, problem.k, problem.sights()[0][0])
    else:
        rows = exact_scores(problem, unique)
    return rows[inverse]


def _asymptotic_scores(problem, items):
    """Return (scores by the clock, where it has none): the kernel for batches, each item a context of its own."""
    n = problem.logits.size
    exp_theta, rows, beyond = np.empty(n), np.empty((items.size, n)), np.empty(items.size, np.bool_)
    logits = near_logits(problem.logits)
    shift = weigh(logits, exp_theta)
    signs, betas, chances = part_arrays(problem.parts)
    size = min(_CHUNK, items.size)
    theta, exp_theta, utility = (np.tile(x, (size, 1)) for x in (logits, exp_theta, problem.utility))
    noise = np.empty((0, 0)) if problem.noise is None else np.tile(problem.noise, (size, 1))
    for start in range(0, items.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        m = items[part].size
        outcome_rows(
            theta[:m], exp_theta[:m], np.full(m, shift), items[part], problem.k, utility[:m], noise[:m], signs, betas,
            chances, np.ones(m), rows[part], beyond[part],
        )  # fmt: skip
    # where its two clocks are so close that their difference is rounding, shifting all logits would change something
    return rows, beyond | (np.abs(rows.sum(axis=1)) > _SHIFT_TOLERANCE * np.abs(rows).max(axis=1))


def exact_scores(problem, items):
    """Return the exact scores of log rho; zeros where the late stage never outputs the item."""
    seen_by = problem.sights()
    log_rho = np.full((items.size, len(seen_by)), -np.inf)
    scores = np.zeros((items.size, len(seen_by), problem.logits.size))
    for part, (seen, _) in enumerate(seen_by):
        log_rho[:, part] = _log_rho(problem.logits, items, problem.k, seen)
        possible = np.flatnonzero(log_rho[:, part] > -np.inf)
        if possible.size:
            scores[possible, part] = _part_scores(problem.logits, items[possible], problem.k, seen)
    chances, rows = np.array([chance for _, chance in seen_by]), np.empty((items.size, problem.logits.size))
    for row in range(items.size):
        mix_scores(log_rho[row], chances, scores[row], 1.0, rows[row])
    return rows


def log_rho_of(problem, items):
    """Return log rho of some items for a checked problem, also where rho is no double; -inf where it is zero."""
    able = np.isfinite(problem.logits[items])
    parts = np.full((len(problem.parts), items.size), -np.inf)
    for part, (seen, chance) in enumerate(problem.sights()):
        parts[part, able] = _log_rho(problem.logits, items[able], problem.k, seen) + np.log(chance)
    return np.logaddexp.reduce(parts)


def _log_rho(logits, items, k, seen):
    """Return log rho of some items for one part of a late stage, also where rho is no double; -inf where impossible."""
    if seen is None:
        return log_inclusion_of(logits, items, k) - np.log(k)
    rho = _rho(logits, k, seen)[items]
    result = np.log(np.maximum(rho, _NO_CHANCE))
    result[rho < _NO_CHANCE] = -np.inf
    order = best_first(logits, seen)
    position = np.empty(logits.size, np.int64)
    position[order] = np.arange(order.size)
    far = np.flatnonzero((rho < _NO_CHANCE) & (position[items] <= order.size - k))
    if far.size and k < order.size:
        # not brought near zero: beside another part it counts how unlikely this one is
        result[far] = far_log_rho(logits[order], k)[position[items[far]]]
    return result


def _part_scores(logits, items, k, seen):
    """Return the scores of log rho for one part of a late stage."""
    if seen is None:
        return inclusion_score_of(logits, items, k)
    order = best_first(logits, seen)
    rows = np.zeros((items.size, logits.size))
    if k < order.size:
        position = np.empty(logits.size, np.int64)
        position[order] = np.arange(order.size)
        rows[:, order] = _strict_scores(logits[order], position[items], k)
    return rows
