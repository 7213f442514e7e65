"""Inclusion probabilities with the counts of arrivals gone through one by one, by quadrature over the race clock.

With p_j = 1 - exp(-w_j t), s = log t and N_{-i} = arrivals by t among the items other than i::

    pi_i = integral of dp_i P(N_{-i} <= K-1)
"""

import numpy as np

from capg_core._kernel import kernel
from capg_core.exact.arrivals import (
    ARRIVED,
    arrivals_at,
    block_size,
    extend_back,
    go_past,
    multiply_at_top,
    prefixes,
    segment_length,
    weighted_sum,
)


@kernel
def _at_most(p, k, marks, inside, leave_one_out):
    """Fill leave_one_out[i, q] = P(fewer than k arrivals among the items other than i) at the nodes of a block.

    Only the polynomials at the beginning of each segment are kept (``marks``), and those ``inside`` one of them.
    """
    length, n_nodes = inside.shape[0], p.shape[1]
    marks[0] = 0.0
    marks[0, 0, :] = 1.0
    spare, below = np.empty((k, n_nodes)), np.empty((k, n_nodes))
    for s in range(marks.shape[0] - 1):
        go_past(marks[s], p[s * length : (s + 1) * length], spare, below, marks[s + 1])
    # below[d] = P(at most k - 1 - d arrivals among the items after i); positive terms only, so nothing cancels
    below[:] = 1.0
    for s in range(marks.shape[0] - 1, -1, -1):
        items = p[s * length : (s + 1) * length]
        prefixes(marks[s], items, inside)
        for i in range(items.shape[0] - 1, -1, -1):
            multiply_at_top(inside[i], below, leave_one_out[s * length + i])
            extend_back(below, items[i], spare)
            below, spare = spare, below


@kernel
def inclusion_kernel(theta, k, nodes, node_weights, gaps):
    """Integrate dp_i P(N_{-i} <= k-1) over the nodes, and over the gaps in closed form."""
    n, length = theta.size, segment_length(theta.size)
    block = block_size(4 * n + 2 * length * k)
    pi = np.zeros(n)
    lam, p, slope = np.empty((n, block)), np.empty((n, block)), np.empty((n, block))
    loo = np.empty((n, block))
    marks, inside = np.empty(((n - 1) // length + 1, k, block)), np.empty((length, k, block))
    for start in range(0, nodes.size, block):
        arrivals_at(theta, nodes[start : start + block], lam, p, slope)
        _at_most(p, k, marks, inside, loo)
        for i in range(n):
            pi[i] += weighted_sum(node_weights[start : start + block], slope[i], loo[i])
    for g in range(gaps.shape[0]):
        begin, end = gaps[g]
        middle = end if g == 0 else 0.5 * (begin + end)
        arrived = 0
        for j in range(n):
            if theta[j] + middle > 0.0:
                arrived += 1
        for i in range(n):
            others = arrived - (1 if theta[i] + middle > 0.0 else 0)
            if g == 0 or others < k:
                # in the first gap fewer than k have arrived, whatever single items did
                first, last = np.exp(min(theta[i] + begin, ARRIVED)), np.exp(min(theta[i] + end, ARRIVED))
                pi[i] += np.exp(-first) * -np.expm1(-(last - first))
    return pi
