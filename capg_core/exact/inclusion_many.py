r"""Inclusion probabilities of very many items, and their gradient: O(n) for each node of the clock, whatever K.

At a node of the race clock an item counts only through its p = 1 - exp(-w t), and smoothly, so that sums over items
need few numbers. With G the generating function of the arrivals N, z = exp(i phi) and sigma^2 = Var N::

    log G(z) = i phi E[N] + sum_j p_j (1 - p_j) chi(p_j),    chi(p) = (log(1 - p + p z) - i phi p) / (p (1 - p))
    P(N_{-i} = K-1) = 1/M sum_z z^(1-K) G(z) / (1 - p_i + p_i z)            over the M-th roots of unity
    P(N_{-i} <= K-1) = P(N <= K-1) + p_i P(N_{-i} = K-1)

Both chi and 1 / (1 - p + p z) are interpolated in p at Chebyshev's points of [0, 1]. They are singular at
p = 1/2 +- i cot(phi/2) / 2, so that C points leave an error of tan(phi/4)^C; and as abs(G) is at most
exp(-2 sigma^2 sin(phi/2)^2), only small phi matter where sigma^2 is not small. That makes some 25 roots and 10 to 25
points. M covers the counts that N can have, but for a negligible part.

The sum over roots of unity is Fernandez and Williams (2010), "Closed-form expression for the Poisson-binomial
probability density function"; that the items enter by Chebyshev moments alone is derived here.
"""

from dataclasses import dataclass

import numpy as np

from capg_core._kernel import kernel, summing_kernel
from capg_core.batch.exp import arrive_into, exp_into
from capg_core.exact.arrivals import WHOLE
from capg_core.exact.race import clock_range

_PIECE = 512  # items worked on at once, in the fastest cache
_NEGLIGIBLE = 40.0  # e^-40 is 4e-18
_LEAST_VARIANCE = 21.0  # below this z near -1 matters too, where the interpolation fails
_SURE = 50.0  # at such a rate from the beginning of the clock it is surely a candidate: e^-50 is 2e-22
_GONE = 3000.0  # at such a rate the item has arrived


@summing_kernel
def _arrive(theta, s, rate, p, slope, variance):
    """Fill w t, p, dp/ds and p (1 - p) at t = e^s; return the mean and the variance of the number of arrivals."""
    mean, total = 0.0, 0.0
    exp_into(theta, 1.0, s, rate)
    for j in range(theta.size):
        rate[j] = min(rate[j], _GONE)
    arrive_into(rate, p, slope)
    for j in range(theta.size):
        mean += p[j]
        variance[j] = p[j] * slope[j]
        total += variance[j]
        slope[j] *= rate[j]
    return mean, total


@kernel
def _arrivals(theta, s, rate, p, slope, variance):
    """As `_arrive`, piece by piece."""
    mean, total = 0.0, 0.0
    for start in range(0, theta.size, _PIECE):
        end = min(start + _PIECE, theta.size)
        found = _arrive(
            theta[start:end], s, rate[start:end], p[start:end], slope[start:end], variance[start:end],
        )  # fmt: skip
        mean += found[0]
        total += found[1]
    return mean, total


@summing_kernel
def _add_moments(p, amount, now, before, moments):
    """Add sum_j amount_j T_c(2 p_j - 1) to moments[c], T_c Chebyshev's polynomials."""
    for j in range(p.size):
        now[j], before[j] = 1.0, 2.0 * p[j] - 1.0  # T_0 and T_-1
    for c in range(moments.size):
        total = 0.0
        for j in range(p.size):
            total += amount[j] * now[j]
        moments[c] += total
        for j in range(p.size):
            following = 2.0 * (2.0 * p[j] - 1.0) * now[j] - before[j]
            before[j] = now[j]
            now[j] = following


@kernel
def _gather(p, amount, matrix):
    """Return how much of ``amount`` each point stands for: sums over points are then those over items."""
    now, before = np.empty(_PIECE), np.empty(_PIECE)
    moments, result = np.zeros(matrix.shape[0]), np.zeros(matrix.shape[0])
    for start in range(0, p.size, _PIECE):
        end = min(start + _PIECE, p.size)
        _add_moments(p[start:end], amount[start:end], now[: end - start], before[: end - start], moments)
    for c in range(moments.size):
        result += moments[c] * matrix[c]
    return result


@kernel
def _series(p, coefficients, out, before, spare):
    """Fill out with sum_c coefficients[c] T_c(2 p - 1), by Clenshaw's recurrence."""
    out[:], before[:] = 0.0, 0.0
    for c in range(coefficients.size - 1, 0, -1):
        for j in range(p.size):
            spare[j] = 2.0 * (2.0 * p[j] - 1.0) * out[j] - before[j] + coefficients[c]
            before[j] = out[j]
            out[j] = spare[j]
    for j in range(p.size):
        out[j] = (2.0 * p[j] - 1.0) * out[j] - before[j] + coefficients[0]


@kernel
def _roots(mean, variance, k):
    """Return (M, first count of the M that N can have, angles of the roots of unity that matter, but for 1)."""
    # Bernstein: P(abs(N - mean) > reach) <= 2 exp(-40)
    reach = _NEGLIGIBLE / 3.0 + np.sqrt(_NEGLIGIBLE**2 / 9.0 + 2.0 * _NEGLIGIBLE * variance)
    half = int(np.ceil(reach)) + 2  # leaving out an item costs one
    m = 2 * half + 1
    angles = 2.0 * np.pi / m * np.arange(1, half + 1)
    matter = 2.0 * variance * np.sin(0.5 * angles) ** 2 < _NEGLIGIBLE
    return m, int(np.floor(mean)) - half, angles[matter]


@kernel
def _points(n_points):
    """Return (Chebyshev's points of [0, 1], matrix from values there to coefficients of the series)."""
    angle = np.pi * (np.arange(n_points) + 0.5) / n_points
    matrix = np.empty((n_points, n_points))
    for c in range(n_points):
        matrix[c] = np.cos(c * angle) * (1.0 if c == 0 else 2.0) / n_points
    return np.cos(0.5 * angle) ** 2, matrix


@kernel
def _degree(variance, angles):
    r"""Return how many points make the error of log G, times abs(G), rounding at every angle."""
    n_points = 4.0
    for phi in angles:
        left = _NEGLIGIBLE - 2.0 * variance * np.sin(0.5 * phi) ** 2
        n_points = max(n_points, left / -np.log(np.tan(0.25 * phi)))
    return int(np.ceil(n_points)) + 2


@kernel
def _generate(amounts, points, mean, k, angles):
    """Return z^(1-K) G(z) at the roots; ``amounts`` is the variance that each point stands for."""
    result = np.empty(angles.size, np.complex128)
    for r in range(angles.size):
        phi = angles[r]
        real, imaginary = 0.0, (mean - (k - 1)) * phi
        for c in range(points.size):
            x = points[c]
            # |1 - x + x z|^2 = 1 - 4 x (1 - x) sin^2(phi/2)
            each = amounts[c] / (x * (1.0 - x))
            real += each * 0.5 * np.log1p(-4.0 * x * (1.0 - x) * np.sin(0.5 * phi) ** 2)
            imaginary += each * (np.arctan2(x * np.sin(phi), 1.0 - x + x * np.cos(phi)) - x * phi)
        result[r] = np.exp(real) * (np.cos(imaginary) + 1j * np.sin(imaginary))
    return result


@kernel
def _at_most(generated, angles, m, n_counts):
    """Return P(N <= K-1) by the sum of the last ``n_counts`` probabilities up to K-1."""
    if n_counts <= 0:
        return 0.0
    if n_counts >= m:
        return 1.0
    total = float(n_counts)
    for r in range(angles.size):
        half = 0.5 * angles[r]
        turn = np.cos((n_counts - 1) * half) + 1j * np.sin((n_counts - 1) * half)
        total += 2.0 * (generated[r] * turn).real * np.sin(n_counts * half) / np.sin(half)
    return total / m


@kernel
def _without(generated, of_others, angles, points, m, dual):
    """Return three values at each point: P(N_{-i} = K-1) for an item there, and where ``dual`` the parts of the slopes.

    Those are the coefficients of z^(K-1) in G D / g and G / g^2, g = 1 - p + p z, where ``of_others`` are the D; the
    first is that at z = 1.
    """
    values = np.empty((3, points.size))
    for c in range(points.size):
        x = points[c]
        values[0, c], values[1, c], values[2, c] = 1.0, of_others[0].real, 1.0
        for r in range(angles.size):
            z = np.cos(angles[r]) + 1j * np.sin(angles[r])
            inverse = 1.0 / (1.0 - x + x * z)
            alone = generated[r] * inverse
            values[0, c] += 2.0 * alone.real
            if dual:
                values[1, c] += 2.0 * (alone * of_others[r + 1]).real
                values[2, c] += 2.0 * (alone * inverse).real
    return values / m


@kernel
def _sum_over_items(amounts, points, angles):
    """Return D(z) = sum_a amount_a / (1 - p_a + p_a z) at z = 1 and at the roots, the items gathered at the points."""
    result = np.zeros(angles.size + 1, np.complex128)
    for c in range(points.size):
        x = points[c]
        result[0] += amounts[c]
        for r in range(angles.size):
            result[r + 1] += amounts[c] / (1.0 - x + x * (np.cos(angles[r]) + 1j * np.sin(angles[r])))
    return result


@kernel
def _add_integrand(p, rate, slope, weights, at_most, series, node_weight, out):
    """Add what a node contributes to each item; ``series`` are those of the values of `_without`."""
    work = np.empty((5, _PIECE))
    for start in range(0, p.size, _PIECE):
        end = min(start + _PIECE, p.size)
        m = end - start
        alone, others, twice = work[0, :m], work[1, :m], work[2, :m]
        _series(p[start:end], series[0], alone, work[3, :m], work[4, :m])
        if weights.size == 0:
            for j in range(m):
                out[start + j] += node_weight * slope[start + j] * (at_most + p[start + j] * alone[j])
            continue
        _series(p[start:end], series[1], others, work[3, :m], work[4, :m])
        _series(p[start:end], series[2], twice, work[3, :m], work[4, :m])
        for j in range(m):
            i = start + j
            own = weights[i] * (1.0 - rate[i]) * (at_most + p[i] * alone[j])
            competing = others[j] - weights[i] * slope[i] * twice[j]
            out[i] += node_weight * slope[i] * (own - competing)


@kernel
def _variances(theta, nodes):
    """Return the variance of the number of arrivals at each node."""
    n = theta.size
    rate, p, slope, amount = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    result = np.empty(nodes.size)
    for node in range(nodes.size):
        result[node] = _arrivals(theta, nodes[node], rate, p, slope, amount)[1]
    return result


def open_nodes(theta, nodes):
    """Return at which nodes `many_kernel` can be used, panel by panel; at others the count is nearly certain."""
    variance = _variances(theta, nodes).reshape(-1, WHOLE)
    return np.repeat(variance.min(axis=1) >= _LEAST_VARIANCE, WHOLE)


@kernel
def many_kernel(theta, k, weights, nodes, node_weights, out):
    """Add to ``out`` the integral of dp_i P(N_{-i} <= K-1), or with ``weights`` (not empty) that of `gradient_kernel`.

    For nodes of `open_nodes`.
    """
    n, dual = theta.size, weights.size > 0
    rate, p, slope, amount = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    for node in range(nodes.size):
        mean, variance = _arrivals(theta, nodes[node], rate, p, slope, amount)
        m, first, angles = _roots(mean, variance, k)
        n_counts = k - first
        if n_counts <= 0:  # more than K-1 have arrived
            continue
        points, matrix = _points(_degree(variance, angles))
        generated = _generate(_gather(p, amount, matrix), points, mean, k, angles)
        at_most = _at_most(generated, angles, m, n_counts)
        series = np.zeros((3, points.size))
        if n_counts <= m:  # else fewer than K-1 have arrived, with and without any item
            of_others = np.zeros(angles.size + 1, np.complex128)
            if dual:
                for j in range(n):
                    amount[j] = weights[j] * slope[j]
                of_others = _sum_over_items(_gather(p, amount, matrix), points, angles)
            values = _without(generated, of_others, angles, points, m, dual)
            for c in range(points.size):
                for part in range(3):
                    series[part, c] = (values[part] * matrix[c]).sum()
        _add_integrand(p, rate, slope, weights, at_most, series, node_weights[node], out)


@dataclass(frozen=True, eq=False)
class Undecided:
    """
    The race without the items that are sure to be among the candidates, and without those that next to never are.

    Attributes
    ----------
    items : (m,) int64
        Those still in the race; the first stands for all that are too weak to change anything for the others.
    k : int
        Number of candidates among them.
    sure, weak : (...,) int64
        The items left out.
    ratio : (...,) float64
        Weight of each weak item beside that of the first.
    """

    items: np.ndarray
    k: int
    sure: np.ndarray
    weak: np.ndarray
    ratio: np.ndarray

    def spread(self, pi):
        """Return the probabilities of all items: so weak a one's is proportional to its weight."""
        result = np.empty(self.items.size + self.sure.size + self.weak.size)
        result[self.items], result[self.sure], result[self.weak] = pi, 1.0, self.ratio * pi[0]
        return result

    def spread_gradient(self, gradient, pi, c):
        """Return the gradient of sum c pi for all items: a weak one's is w (c A - B), with pi = w A."""
        result = np.empty(c.size)
        result[self.items], result[self.sure] = gradient, 0.0
        result[self.weak] = self.ratio * (gradient[0] + (c[self.weak] - c[self.items[0]]) * pi[0])
        return result


def undecided(theta, k):
    """Return the `Undecided` race of finite logits, or None where nearly all items are in it."""
    low, high, _ = clock_range(theta, k)
    sure = theta + low > np.log(_SURE)
    weak = theta + high < -_NEGLIGIBLE - np.log(theta.size)
    rest = np.flatnonzero(~sure & ~weak)
    sure, weak = np.flatnonzero(sure), np.flatnonzero(weak)
    if rest.size > 0.9 * theta.size or weak.size == 0 or not 1 <= k - sure.size <= rest.size:
        return None
    first = weak[theta[weak].argmax()]
    weak = weak[weak != first]
    return Undecided(np.append(first, rest), k - sure.size, sure, weak, np.exp(theta[weak] - theta[first]))
