"""How many have arrived by a time of the race: the Poisson-binomial counts that inclusion and outcome share.

Polynomials in z, whose coefficient of z^d is the probability of d arrivals, are carried for a block of nodes at once
and cut at degree K-1. Only positive terms are added, so nothing cancels.
"""

import numpy as np

from capg_core._kernel import kernel, summing_kernel
from capg_core.batch.exp import arrive_into, exp_into

WHOLE, _PART = 32, 8  # nodes worked on together: long loops over them are vectorised
_LARGE = 4e6  # numbers kept for a block: 32 MB
ARRIVED = 8.0  # exp(-e^8) is zero in double precision: the item has arrived
_PIECE = 32  # items whose exponentials are computed at once, all in the fastest cache


@kernel
def block_size(n_kept):
    """Return how many nodes to work on together, where ``n_kept`` numbers are kept for each; it divides WHOLE."""
    return WHOLE if n_kept * WHOLE <= _LARGE else _PART


@kernel
def segment_length(n):
    """Return how many items to go through between the polynomials that are kept, so that few are."""
    return int(np.ceil(np.sqrt(n)))


@kernel
def arrivals_at(theta, nodes, lam, p, slope):
    """Fill lam = w t, p = 1 - exp(-lam) and slope = dp/ds at each node, for each item."""
    step = np.exp(nodes - nodes[0])
    latest = np.exp(ARRIVED)
    first = np.empty(_PIECE)
    for start in range(0, theta.size, _PIECE):
        end = min(start + _PIECE, theta.size)
        m = end - start
        exp_into(theta[start:end], 1.0, nodes[0], first[:m])
        for j in range(m):
            begin, row = min(first[j], latest), lam[start + j]
            for q in range(row.size):
                row[q] = min(begin * step[q], 3000.0)
        rate, rise = lam[start:end].reshape(-1), slope[start:end].reshape(-1)
        arrive_into(rate, p[start:end].reshape(-1), rise)
        for i in range(rate.size):
            rise[i] *= rate[i]


@kernel
def extend(old, p, new):
    """Multiply the polynomials ``old`` (degree, node), truncated, by 1 - p + p z."""
    for q in range(p.size):
        new[0, q] = old[0, q] * (1.0 - p[q])
    for d in range(1, old.shape[0]):
        for q in range(p.size):
            new[d, q] = old[d, q] + p[q] * (old[d - 1, q] - old[d, q])


@kernel
def go_past(before, p, spare, other, after):
    """Fill ``after`` with the polynomial ``before`` times those of all items."""
    last = p.shape[0] - 1
    spare[:] = before
    for j in range(last):
        extend(spare, p[j], other)
        spare, other = other, spare
    extend(spare, p[last], after)


@kernel
def prefixes(before, p, inside):
    """Fill inside[j] with the polynomial ``before`` times those of the first j items."""
    inside[0] = before
    for j in range(p.shape[0] - 1):
        extend(inside[j], p[j], inside[j + 1])


@kernel
def extend_back(old, p, new):
    """As `extend`, coefficients in falling order: beside a rising loop one that runs down is not vectorised."""
    last = old.shape[0] - 1
    for d in range(last):
        for q in range(p.size):
            new[d, q] = old[d, q] + p[q] * (old[d + 1, q] - old[d, q])
    for q in range(p.size):
        new[last, q] = old[last, q] * (1.0 - p[q])


@kernel
def multiply_at_top(prefix, falling, out):
    """Fill out with the coefficient of z^(K-1) in the product of two polynomials, the second in falling order."""
    out[:] = 0.0
    for d in range(prefix.shape[0]):
        for q in range(out.size):
            out[q] += prefix[d, q] * falling[d, q]


@summing_kernel  # in any order: vectorised
def weighted_sum(weights, x, y):
    """Return sum weights * x * y."""
    total = 0.0
    for q in range(weights.size):
        total += weights[q] * x[q] * y[q]
    return total


@kernel
def extend_flow(flow, pmf, lam, p, new):
    """Add an item to flow[d] = -d/ds P(N <= d) = sum_c p_c' P(N without c = d); ``pmf`` is that before the item."""
    for q in range(p.size):
        new[0, q] = (1.0 - p[q]) * (flow[0, q] + lam[q] * pmf[0, q])
    for d in range(1, flow.shape[0]):
        for q in range(p.size):
            new[d, q] = p[q] * flow[d - 1, q] + (1.0 - p[q]) * (flow[d, q] + lam[q] * pmf[d, q])


@kernel
def extend_flow_back(flow, pmf, lam, p, new):
    """As `extend_flow`, coefficients in falling order."""
    last = flow.shape[0] - 1
    for d in range(last):
        for q in range(p.size):
            new[d, q] = p[q] * flow[d + 1, q] + (1.0 - p[q]) * (flow[d, q] + lam[q] * pmf[d, q])
    for q in range(p.size):
        new[last, q] = (1.0 - p[q]) * (flow[last, q] + lam[q] * pmf[last, q])


@kernel
def prefix_rates(lam, rates, none_of):
    """Fill rates[m] = total rate (w t) of the m best items, and none_of[m] = exp(-rates[m]): none of them is there."""
    rates[0] = 0.0
    for j in range(lam.shape[0]):
        for q in range(lam.shape[1]):
            rates[j + 1, q] = rates[j, q] + lam[j, q]
    flat = rates.reshape(-1)
    exp_into(flat, -1.0, 0.0, none_of.reshape(-1))
