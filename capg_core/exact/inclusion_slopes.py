"""The derivatives of inclusion probabilities, by quadrature over the race clock.

With p_j = 1 - exp(-w_j t), s = log t and N_{-a,-j} = arrivals by t among the items other than a and j::

    d pi_a / d theta_j = - integral of p_a' p_j' P(N_{-a,-j} = K-1) ds        (a != j; rows sum to zero)

This is pi_a = integral of dp_a P(N_{-a} <= K-1), differentiated and integrated by parts: moving runner j matters only
in the moments when j and a compete for the last place.
"""

import numpy as np

from capg_core._kernel import kernel
from capg_core.exact.arrivals import ARRIVED, BLOCK, arrivals_at, extend


@kernel
def _extend_dual(dual, old, p, pull, new):
    """Multiply by 1 - p + p z and add ``pull`` times ``old``, the polynomial without this item."""
    for q in range(BLOCK):
        new[0, q] = dual[0, q] * (1.0 - p[q]) + pull[q] * old[0, q]
    for d in range(1, old.shape[0]):
        for q in range(BLOCK):
            new[d, q] = dual[d, q] + p[q] * (dual[d - 1, q] - dual[d, q]) + pull[q] * old[d, q]


@kernel
def gradient_kernel(theta, k, c, nodes, node_weights, low):
    """Integrate c_j p_j'' P(N_{-j} <= k-1) - p_j' sum_a c_a p_a' P(N_{-a,-j} = k-1).

    The first term is c_j d pi_j / d theta_j, up to p_j' at the beginning ``low`` of the clock; the second is the
    coefficient of z^(k-1) in the dual part (the competitors a) of prefix times suffix.
    """
    n = theta.size
    lam, p, slope = np.empty((n, BLOCK)), np.empty((n, BLOCK)), np.empty((n, BLOCK))
    pull = np.empty((n, BLOCK))
    prefix, dual_prefix = np.zeros((n + 1, k, BLOCK)), np.zeros((n + 1, k, BLOCK))
    suffix, dual, below = np.zeros((k, BLOCK)), np.zeros((k, BLOCK)), np.zeros((k, BLOCK))
    new, new_dual, new_below = np.empty((k, BLOCK)), np.empty((k, BLOCK)), np.empty((k, BLOCK))
    fewer, competing = np.empty(BLOCK), np.empty(BLOCK)
    first = np.exp(np.minimum(theta + low, ARRIVED))
    gradient = c * first * np.exp(-first)
    for start in range(0, nodes.size, BLOCK):
        arrivals_at(theta, nodes[start : start + BLOCK], lam, p, slope)
        prefix[0, 0, :] = 1.0
        for j in range(n):
            for q in range(BLOCK):
                pull[j, q] = c[j] * slope[j, q]
            extend(prefix[j], p[j], prefix[j + 1])
            _extend_dual(dual_prefix[j], prefix[j], p[j], pull[j], dual_prefix[j + 1])
        suffix[:], dual[:], below[:] = 0.0, 0.0, 1.0
        suffix[0, :] = 1.0
        for j in range(n - 1, -1, -1):
            fewer[:], competing[:] = 0.0, 0.0
            for d in range(k):
                e = k - 1 - d
                for q in range(BLOCK):
                    fewer[q] += prefix[j, d, q] * below[e, q]
                    competing[q] += dual_prefix[j, d, q] * suffix[e, q] + prefix[j, d, q] * dual[e, q]
            for q in range(BLOCK):
                own = c[j] * (1.0 - lam[j, q]) * fewer[q]
                gradient[j] += node_weights[start + q] * slope[j, q] * (own - competing[q])
            _extend_dual(dual, suffix, p[j], pull[j], new_dual)
            extend(suffix, p[j], new)
            extend(below, p[j], new_below)
            suffix, new = new, suffix
            dual, new_dual = new_dual, dual
            below, new_below = new_below, below
    return gradient


@kernel
def _compete(p, slope, push, r, k, own, new, suffix, rows, place):
    """Add what item r and each item after it take from each other; ``own`` begins with the arrivals before r."""
    n, m = p.shape[0], rows.shape[0]
    meeting = np.empty(BLOCK)
    for j in range(r + 1, n):
        meeting[:] = 0.0  # P(k - 1 arrivals among the items but r and j): these two compete for the last place
        for d in range(max(0, k - n + j), min(k, j)):
            for q in range(BLOCK):
                meeting[q] += own[d, q] * suffix[j + 1, k - 1 - d, q]
        taken = 0.0
        for q in range(BLOCK):
            taken += push[q] * slope[j, q] * meeting[q]
        rows[r, place[j]] -= taken
        if j < m:
            rows[j, place[r]] -= taken
        extend(own, p[j], new)
        own, new = new, own


@kernel
def score_kernel(theta, items, k, nodes, node_weights):
    """Return d pi_a / d theta_j, a row for each of ``items``, each entry accurate relative to its own size.

    The matrix is symmetric, so each pair is integrated once; with ``items`` in front, each pair that is needed has one
    of them first, and the arrivals after the second serve all pairs.
    """
    n, m = theta.size, items.size
    asked = np.zeros(n, np.bool_)
    asked[items] = True
    place = np.concatenate((items, np.flatnonzero(~asked)))
    in_front = theta[place]
    rows = np.zeros((m, n))
    lam, p, slope = np.empty((n, BLOCK)), np.empty((n, BLOCK)), np.empty((n, BLOCK))
    suffix, push = np.zeros((n + 1, k, BLOCK)), np.empty(BLOCK)
    before, new, own = np.empty((k, BLOCK)), np.empty((k, BLOCK)), np.empty((k, BLOCK))
    suffix[n, 0, :] = 1.0
    for start in range(0, nodes.size, BLOCK):
        arrivals_at(in_front, nodes[start : start + BLOCK], lam, p, slope)
        for j in range(n - 1, 0, -1):
            extend(suffix[j + 1], p[j], suffix[j])
        before[:] = 0.0
        before[0, :] = 1.0
        for r in range(m):
            for q in range(BLOCK):
                push[q] = node_weights[start + q] * slope[r, q]
            own[:] = before
            _compete(p, slope, push, r, k, own, new, suffix, rows, place)
            extend(before, p[r], new)
            before, new = new, before
    for row in range(m):
        rows[row, items[row]] = -rows[row].sum()
    return rows
