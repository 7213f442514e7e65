"""How many have arrived by a time of the race: the Poisson-binomial counts that inclusion and outcome share.

Polynomials in z, whose coefficient of z^d is the probability of d arrivals, are carried for a block of nodes at once
and cut at degree K-1. Only positive terms are added, so nothing cancels.

The kernels that call these are cached on disk by their own file: after a change here, remove ``__pycache__``.
"""

import numpy as np

from capg_core._kernel import kernel

BLOCK = 8  # nodes worked on together: one vector register, and the prefixes of 1,000 items stay in cache
ARRIVED = 8.0  # exp(-e^8) is zero in double precision: the item has arrived


@kernel
def arrivals_at(theta, nodes, lam, p, slope):
    """Fill lam = w t, p = 1 - exp(-lam) and slope = dp/ds at each node, for each item."""
    step = np.exp(nodes - nodes[0])
    for j in range(theta.size):
        first = np.exp(min(theta[j] + nodes[0], ARRIVED))
        for q in range(nodes.size):
            x = min(first * step[q], 3000.0)
            lam[j, q] = x
            if x > 0.5:
                e = np.exp(-x)
                p[j, q] = 1.0 - e
            else:  # 1 - e would lose the digits of a small p
                p[j, q] = -np.expm1(-x)
                e = 1.0 - p[j, q]
            slope[j, q] = x * e


@kernel
def extend(old, p, new):
    """Multiply the polynomials ``old`` (degree, node), truncated, by 1 - p + p z."""
    for q in range(BLOCK):
        new[0, q] = old[0, q] * (1.0 - p[q])
    for d in range(1, old.shape[0]):
        for q in range(BLOCK):
            new[d, q] = old[d, q] + p[q] * (old[d - 1, q] - old[d, q])


@kernel
def extend_flow(flow, pmf, lam, p, new):
    """Add an item to flow[d] = -d/ds P(N <= d) = sum_c p_c' P(N without c = d); ``pmf`` is that before the item."""
    for q in range(BLOCK):
        new[0, q] = (1.0 - p[q]) * (flow[0, q] + lam[q] * pmf[0, q])
    for d in range(1, flow.shape[0]):
        for q in range(BLOCK):
            new[d, q] = p[q] * flow[d - 1, q] + (1.0 - p[q]) * (flow[d, q] + lam[q] * pmf[d, q])


@kernel
def prefix_rates(lam, rates):
    """Fill rates[m] = total rate (w t) of the m best items; T_B is exp of minus it."""
    for q in range(BLOCK):
        rates[0, q] = 0.0
    for j in range(lam.shape[0]):
        for q in range(BLOCK):
            rates[j + 1, q] = rates[j, q] + lam[j, q]
