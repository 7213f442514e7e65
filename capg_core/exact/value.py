"""The value of the two stages, V = sum_a rho_a q_a, and its exact gradient in the early-stage logits.

With the items sorted best first, V = sum_m (q_(m) - q_(m+1)) P(one of the m best is a candidate), differentiated term
by term on the race clock.
"""

import numpy as np

from capg_core._kernel import kernel
from capg_core.exact.arrivals import BLOCK, arrivals_at, extend, extend_flow, prefix_rates
from capg_core.exact.inclusion import inclusion_gradient_of
from capg_core.exact.outcome import rho_of
from capg_core.exact.problem import as_problem
from capg_core.exact.race import clock_nodes, near_logits
from capg_core.late_stage import best_first


@kernel
def _value_gradient_kernel(theta, k, drops, nodes, node_weights):
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
        prefix_rates(lam, rates)
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
                gradient[j] += node_weights[start + q] * (lam[j, q] * push[q] - slope[j, q] * total[q])
            extend_flow(flow, pmf, lam[j], p[j], new_flow)
            extend(pmf, p[j], new_pmf)
            pmf, new_pmf = new_pmf, pmf
            flow, new_flow = new_flow, flow
    return gradient


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
    return value_of(as_problem(logits, k, late_stage, mean_reward=mean_reward, utility=utility))


def value_of(problem):
    """Return the policy value of a checked problem."""
    return float(rho_of(problem) @ problem.mean_reward)


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
