"""Outcome scores of items so unlikely to be shown that their probability is no double: `exact.outcome` in logs.

With B the better items, C the worse ones and f_{C-j}[d] = P(d arrivals among C without j), at each node of the clock::

    mass  = T_B (p_a' f_C[K-1] + p_a sum_j p_j' f_{C-j}[K-2])        rho_a is its integral
    a     : T_B p_a' (sum_j p_j' f_{C-j}[K-1] + W_B t f_C[K-1])
    j in B: -w_j t mass
    j in C: T_B p_j' (p_a W_B t f_{C-j}[K-2] - p_a' f_{C-j}[K-1])

Slow, and rarely needed.
"""

import numpy as np

from capg_core._kernel import kernel
from capg_core.exact.race import clock_nodes, log_add


@kernel
def _log_arrived(x):
    """Return log(1 - exp(-e^x))."""
    if x > 7.0:
        return 0.0
    lam = np.exp(x)
    return x - 0.5 * lam if lam < 1e-8 else np.log(-np.expm1(-lam))


@kernel
def _without_each(log_p, lam, a, k, prefix, suffix, one, two):
    """Fill one[j], two[j] = log P(k - 1, k - 2 arrivals among the items after a but j); return the first with all."""
    n = log_p.size
    prefix[a + 1, :] = -np.inf
    prefix[a + 1, 0] = 0.0
    for j in range(a + 1, n):
        prefix[j + 1, 0] = prefix[j, 0] - lam[j]
        for d in range(1, k):
            prefix[j + 1, d] = log_add(prefix[j, d] - lam[j], prefix[j, d - 1] + log_p[j])
    suffix[:] = -np.inf
    suffix[0] = 0.0
    for j in range(n - 1, a, -1):
        one[j], two[j] = -np.inf, -np.inf
        for d in range(k):
            one[j] = log_add(one[j], prefix[j, d] + suffix[k - 1 - d])
            if d < k - 1:
                two[j] = log_add(two[j], prefix[j, d] + suffix[k - 2 - d])
        for d in range(k - 1, 0, -1):
            suffix[d] = log_add(suffix[d] - lam[j], suffix[d - 1] + log_p[j])
        suffix[0] -= lam[j]
    return prefix[n, k - 1]


@kernel
def _far_kernel(theta, a, k, nodes, node_weights, row):
    """Fill ``row`` with the score of item a, all sorted best first; return log rho_a."""
    n = theta.size
    log_p, lam, one, two = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    prefix, suffix = np.empty((n + 1, k)), np.empty(k)
    scale, total = -np.inf, 0.0  # all sums are relative to exp(scale), the largest mass so far
    row[:] = 0.0
    for q in range(nodes.size):
        better = 0.0
        for j in range(n):
            x = theta[j] + nodes[q]
            lam[j] = np.exp(min(x, 600.0))
            log_p[j] = _log_arrived(x)
            better += lam[j] if j < a else 0.0
        if better > 3000.0 + 10.0 * k:  # nothing beside the times at which K better ones are expected
            continue
        every = _without_each(log_p, lam, a, k, prefix, suffix, one, two)
        slope_a = theta[a] + nodes[q] - lam[a]
        flow_one, flow_two = -np.inf, -np.inf
        for j in range(a + 1, n):
            slope = theta[j] + nodes[q] - lam[j]
            flow_one, flow_two = log_add(flow_one, slope + one[j]), log_add(flow_two, slope + two[j])
        factor = np.log(node_weights[q]) - better
        mass = factor + log_add(slope_a + every, log_p[a] + flow_two)
        if mass == -np.inf:
            continue
        if mass > scale:
            total *= np.exp(scale - mass)
            row *= np.exp(scale - mass)
            scale = mass
        share = np.exp(mass - scale)
        total += share
        row[a] += np.exp(factor + slope_a + flow_one - scale) + better * np.exp(factor + slope_a + every - scale)
        for j in range(a):
            row[j] -= lam[j] * share
        for j in range(a + 1, n):
            both = factor + theta[j] + nodes[q] - lam[j] - scale
            row[j] += better * np.exp(both + log_p[a] + two[j]) - np.exp(both + slope_a + one[j])
    row /= total
    return scale + np.log(total)


def far_scores(theta, items, k):
    """Return (log rho_a, its gradient) of some items, all sorted best first, however unlikely; 1 <= k < n."""
    # if it happens at all, it happens within 1/sqrt(K) of a time: a finer look than the race itself needs
    nodes, node_weights, _ = clock_nodes(theta, k, relative=True, refine=int(np.ceil(0.5 * np.sqrt(k))))
    log_rho, rows = np.empty(items.size), np.empty((items.size, theta.size))
    for row, a in enumerate(items):
        log_rho[row] = _far_kernel(theta, a, k, nodes, node_weights, rows[row])
    return log_rho, rows


@kernel
def _far_sweep(theta, k, nodes, node_weights, log_rho):
    """Fill log rho of all items, sorted best first: one sweep from the worst to the best, in logs."""
    n = theta.size
    log_p, lam, better = np.empty(n), np.empty(n), np.empty(n)
    pmf, flow = np.empty(k), np.empty(k)
    log_rho[:] = -np.inf
    for q in range(nodes.size):
        rate = 0.0
        for j in range(n):
            better[j] = rate
            x = theta[j] + nodes[q]
            lam[j] = np.exp(min(x, 600.0))
            log_p[j] = _log_arrived(x)
            rate += lam[j]
        pmf[:], flow[:] = -np.inf, -np.inf
        pmf[0] = 0.0
        for a in range(n - 1, -1, -1):
            slope = theta[a] + nodes[q] - lam[a]
            mass = slope + pmf[k - 1]
            if k > 1:
                mass = log_add(mass, log_p[a] + flow[k - 2])
            log_rho[a] = log_add(log_rho[a], np.log(node_weights[q]) - better[a] + mass)
            for d in range(k - 1, -1, -1):
                more = slope + pmf[d]
                if d > 0:
                    more = log_add(more, flow[d - 1] + log_p[a])
                    pmf[d] = log_add(pmf[d] - lam[a], pmf[d - 1] + log_p[a])
                else:
                    pmf[0] -= lam[a]
                flow[d] = log_add(flow[d] - lam[a], more)


def far_log_rho(theta, k):
    """Return log rho of all items, sorted best first, however unlikely; 1 <= k < n."""
    nodes, node_weights, _ = clock_nodes(theta, k, relative=True, refine=int(np.ceil(0.5 * np.sqrt(k))))
    log_rho = np.empty(theta.size)
    _far_sweep(theta, k, nodes, node_weights, log_rho)
    return log_rho
