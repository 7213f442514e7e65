"""The derivatives of inclusion probabilities, by quadrature over the race clock.

With p_j = 1 - exp(-w_j t), s = log t and N_{-a,-j} = arrivals by t among the items other than a and j::

    d pi_a / d theta_j = - integral of p_a' p_j' P(N_{-a,-j} = K-1) ds        (a != j; rows sum to zero)

This is pi_a = integral of dp_a P(N_{-a} <= K-1), differentiated and integrated by parts: moving runner j matters only
in the moments when j and a compete for the last place.
"""

import numpy as np

from capg_core._kernel import kernel
from capg_core.exact.arrivals import (
    ARRIVED,
    arrivals_at,
    block_size,
    extend,
    extend_back,
    multiply_at_top,
    prefixes,
    segment_length,
    weighted_sum,
)  # fmt: skip


@kernel
def _extend_dual(dual, old, p, pull, new):
    """Multiply by 1 - p + p z and add ``pull`` times ``old``, the polynomial without this item."""
    for q in range(p.size):
        new[0, q] = dual[0, q] * (1.0 - p[q]) + pull[q] * old[0, q]
    for d in range(1, old.shape[0]):
        for q in range(p.size):
            new[d, q] = dual[d, q] + p[q] * (dual[d - 1, q] - dual[d, q]) + pull[q] * old[d, q]


@kernel
def _extend_dual_back(dual, old, p, pull, new):
    """As `_extend_dual`, for polynomials whose coefficients stand in falling order."""
    last = old.shape[0] - 1
    for d in range(last):
        for q in range(p.size):
            new[d, q] = dual[d, q] + p[q] * (dual[d + 1, q] - dual[d, q]) + pull[q] * old[d, q]
    for q in range(p.size):
        new[last, q] = dual[last, q] * (1.0 - p[q]) + pull[q] * old[last, q]


@kernel
def _dual_prefixes(before, p, pull, inside, dual_inside):
    """Fill the dual parts of `prefixes`, which has filled ``inside``."""
    dual_inside[0] = before
    for j in range(p.shape[0] - 1):
        _extend_dual(dual_inside[j], inside[j], p[j], pull[j], dual_inside[j + 1])


@kernel
def _dual_past(mark, dual_mark, p, pull, work, after, dual_after):
    """Fill ``after`` and ``dual_after`` with what comes after all items; ``work`` holds four polynomials."""
    last = p.shape[0] - 1
    old, dual, new, new_dual = work[0], work[1], work[2], work[3]
    old[:], dual[:] = mark, dual_mark
    for j in range(last):
        _extend_dual(dual, old, p[j], pull[j], new_dual)
        extend(old, p[j], new)
        old, dual, new, new_dual = new, new_dual, old, dual
    _extend_dual(dual, old, p[last], pull[last], dual_after)
    extend(old, p[last], after)


@kernel
def _gradient_block(p, pull, k, marks, dual_marks, inside, dual_inside, fewer, competing):
    """Fill fewer[j] = P(N_{-j} <= k-1) and competing[j] = sum_a pull_a P(N_{-a,-j} = k-1) at the nodes of a block."""
    length, n_nodes, n_segments = inside.shape[0], p.shape[1], marks.shape[0]
    marks[0], dual_marks[0] = 0.0, 0.0
    marks[0, 0, :] = 1.0
    work = np.zeros((5, k, n_nodes))
    for s in range(n_segments - 1):
        items = slice(s * length, (s + 1) * length)
        _dual_past(marks[s], dual_marks[s], p[items], pull[items], work, marks[s + 1], dual_marks[s + 1])
    # of the items after j, in falling order
    suffix, dual, below, spare, other = work[0], work[1], work[2], work[3], work[4]
    suffix[:], dual[:], below[:] = 0.0, 0.0, 1.0
    suffix[k - 1, :] = 1.0
    part = np.empty(n_nodes)
    for s in range(n_segments - 1, -1, -1):
        begin, end = s * length, min((s + 1) * length, p.shape[0])
        prefixes(marks[s], p[begin:end], inside)
        _dual_prefixes(dual_marks[s], p[begin:end], pull[begin:end], inside, dual_inside)
        for j in range(end - 1, begin - 1, -1):
            multiply_at_top(inside[j - begin], below, fewer[j])
            multiply_at_top(dual_inside[j - begin], suffix, competing[j])
            multiply_at_top(inside[j - begin], dual, part)
            competing[j] += part
            _extend_dual_back(dual, suffix, p[j], pull[j], spare)
            dual, spare = spare, dual
            extend_back(suffix, p[j], spare)
            suffix, spare = spare, suffix
            extend_back(below, p[j], other)
            below, other = other, below


@kernel
def gradient_kernel(theta, k, c, nodes, node_weights, low):
    """Integrate c_j p_j'' P(N_{-j} <= k-1) - p_j' sum_a c_a p_a' P(N_{-a,-j} = k-1).

    The first term is c_j d pi_j / d theta_j, up to p_j' at the beginning ``low`` of the clock; the second is the
    coefficient of z^(k-1) in the dual part (the competitors a) of prefix times suffix.
    """
    n, length = theta.size, segment_length(theta.size)
    block = block_size(6 * n + 4 * length * k)
    lam, p, slope = np.empty((n, block)), np.empty((n, block)), np.empty((n, block))
    pull, fewer, competing = np.empty((n, block)), np.empty((n, block)), np.empty((n, block))
    marks, inside = np.empty(((n - 1) // length + 1, k, block)), np.empty((length, k, block))
    dual_marks, dual_inside = np.empty_like(marks), np.empty_like(inside)
    first = np.exp(np.minimum(theta + low, ARRIVED))
    gradient = c * first * np.exp(-first)
    for start in range(0, nodes.size, block):
        arrivals_at(theta, nodes[start : start + block], lam, p, slope)
        for j in range(n):
            for q in range(block):
                pull[j, q] = c[j] * slope[j, q]
        _gradient_block(p, pull, k, marks, dual_marks, inside, dual_inside, fewer, competing)
        for j in range(n):
            for q in range(block):
                fewer[j, q] = c[j] * (1.0 - lam[j, q]) * fewer[j, q] - competing[j, q]
            gradient[j] += weighted_sum(node_weights[start : start + block], slope[j], fewer[j])
    return gradient


@kernel
def _compete(p, slope, push, r, k, own, new, suffix, rows, place):
    """Add what item r and each item after it take from each other; ``own`` begins with the arrivals before r."""
    n, m = p.shape[0], rows.shape[0]
    meeting = np.empty(push.size)
    for j in range(r + 1, n):
        # P(k - 1 arrivals among the items but r and j): these two compete for the last place
        begin, end = max(0, k - n + j), min(k, j)
        meeting[:] = 0.0
        multiply_at_top(own[begin:end], suffix[j + 1, begin:end], meeting)
        taken = weighted_sum(push, slope[j], meeting)
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
    block = block_size(n * k)
    lam, p, slope = np.empty((n, block)), np.empty((n, block)), np.empty((n, block))
    suffix, push = np.zeros((n + 1, k, block)), np.empty(block)  # in falling order
    before, new, own = np.empty((k, block)), np.empty((k, block)), np.empty((k, block))
    suffix[n, k - 1, :] = 1.0
    for start in range(0, nodes.size, block):
        arrivals_at(in_front, nodes[start : start + block], lam, p, slope)
        for j in range(n - 1, 0, -1):
            extend_back(suffix[j + 1], p[j], suffix[j])
        before[:] = 0.0
        before[0, :] = 1.0
        for r in range(m):
            for q in range(block):
                push[q] = node_weights[start + q] * slope[r, q]
            own[:] = before
            _compete(p, slope, push, r, k, own, new, suffix, rows, place)
            extend(before, p[r], new)
            before, new = new, before
    for row in range(m):
        rows[row, items[row]] = -rows[row].sum()
    return rows
