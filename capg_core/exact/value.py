"""The value of the two stages, V = sum_a rho_a q_a, and its exact gradient in the early-stage logits.

With the items sorted best first, V = sum_m (q_(m) - q_(m+1)) P(one of the m best is a candidate), differentiated term
by term on the race clock.
"""

import numpy as np

from capg_core._kernel import kernel
from capg_core._types import ArrayLike, Floats
from capg_core.exact.arrivals import (
    arrivals_at,
    block_size,
    extend,
    extend_back,
    extend_flow_back,
    multiply_at_top,
    prefix_rates,
    segment_length,
    weighted_sum,
)  # fmt: skip
from capg_core.exact.inclusion import inclusion_gradient_of
from capg_core.exact.outcome import rho_of
from capg_core.exact.problem import as_problem
from capg_core.exact.race import clock_nodes, near_logits
from capg_core.late_stage import LateStageLike, best_first


@kernel
def _pulls(before, p, source, inside):
    """As `prefixes`, with ``source[j]`` added to degree 0 behind item j."""
    inside[0] = before
    for j in range(p.shape[0] - 1):
        extend(inside[j], p[j], inside[j + 1])
        for q in range(p.shape[1]):
            inside[j + 1, 0, q] += source[j, q]


@kernel
def _pulls_past(before, p, source, spare, other, after):
    """As `go_past`, with the same added."""
    last = p.shape[0] - 1
    spare[:] = before
    for j in range(last + 1):
        new = other if j < last else after
        extend(spare, p[j], new)
        for q in range(p.shape[1]):
            new[0, q] += source[j, q]
        spare, other = other, spare


@kernel
def _value_gradient_kernel(theta, k, drops, nodes, node_weights):
    """Return the gradient of sum_m drops[m] P(one of the m + 1 best is a candidate), items sorted best first.

    Items among the m best push by lam_j T_m g_m, the others pull by p_j' times the coefficient of z^(K-1) in
    (polynomial of the drops before j) x (arrivals after j).
    """
    n, length = theta.size, segment_length(theta.size)
    gradient, block = np.zeros(n), block_size(6 * n + 2 * length * k)
    lam, p, slope = np.empty((n, block)), np.empty((n, block)), np.empty((n, block))
    rates, none_of, source = np.empty((n + 1, block)), np.empty((n + 1, block)), np.empty((n, block))
    n_segments = (n - 1) // length + 1
    marks, inside = np.zeros((n_segments, k, block)), np.empty((length, k, block))
    pmf, flow, spare = np.empty((k, block)), np.empty((k, block)), np.empty((k, block))
    push, total = np.empty(block), np.empty(block)
    for start in range(0, nodes.size, block):
        arrivals_at(theta, nodes[start : start + block], lam, p, slope)
        prefix_rates(lam, rates, none_of)
        for j in range(n):
            for q in range(block):
                source[j, q] = drops[j] * rates[j + 1, q] * none_of[j + 1, q]
        for s in range(n_segments - 1):
            items = slice(s * length, (s + 1) * length)
            _pulls_past(marks[s], p[items], source[items], spare, pmf, marks[s + 1])
        pmf[:], flow[:], push[:] = 0.0, 0.0, 0.0  # of the items after j, in falling order
        pmf[k - 1, :] = 1.0
        for s in range(n_segments - 1, -1, -1):
            begin, end = s * length, min((s + 1) * length, n)
            _pulls(marks[s], p[begin:end], source[begin:end], inside)
            for j in range(end - 1, begin - 1, -1):
                multiply_at_top(inside[j - begin], pmf, total)
                for q in range(block):
                    push[q] += drops[j] * none_of[j + 1, q] * flow[0, q]
                weights = node_weights[start : start + block]
                gradient[j] += weighted_sum(weights, lam[j], push) - weighted_sum(weights, slope[j], total)
                extend_flow_back(flow, pmf, lam[j], p[j], spare)
                flow, spare = spare, flow
                extend_back(pmf, p[j], spare)
                pmf, spare = spare, pmf
    return gradient


def policy_value(
    logits: ArrayLike,
    k: int,
    mean_reward: ArrayLike,
    utility: ArrayLike | None = None,
    late_stage: LateStageLike = "optimal",
) -> float:
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
    return value_of(as_problem(logits, k, late_stage, mean_reward=mean_reward, utility=utility))


def value_of(problem):
    """Return the policy value of a checked problem."""
    return float(rho_of(problem) @ problem.mean_reward)


def policy_gradient(
    logits: ArrayLike,
    k: int,
    mean_reward: ArrayLike,
    utility: ArrayLike | None = None,
    late_stage: LateStageLike = "optimal",
) -> Floats:
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
    return gradient_of(as_problem(logits, k, late_stage, mean_reward=mean_reward, utility=utility))


def gradient_of(problem):
    """Return the policy gradient of a checked problem."""
    logits, k, mean_reward = problem.logits, problem.k, problem.mean_reward
    result = np.zeros(logits.size)
    for seen, chance in problem.sights():
        if seen is None:
            result += chance / k * inclusion_gradient_of(logits, k, mean_reward)
            continue
        order = best_first(logits, seen)
        if k < order.size:
            theta, q = near_logits(logits[order]), mean_reward[order]
            nodes, node_weights, _ = clock_nodes(theta, k, relative=True)
            drops = np.append(q[:-1] - q[1:], 0.0)  # one of all n items is always a candidate: no gradient
            result[order] += chance * _value_gradient_kernel(theta, k, drops, nodes, node_weights)
    return result
