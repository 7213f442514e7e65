"""The exponential race and its clock: where in time to look, and with which quadrature.

Plackett-Luce sampling is a race: item i arrives at T_i ~ Exp(w_i), w = exp(logits), and the K earliest are the
candidates. Every exact quantity is an integral over s = log t. Here is found the stretch of the clock that
matters (bounds on the Poisson-binomial number of arrivals), Gauss-Legendre panels are laid on it, and Rosén's
asymptotic clock to the last bit (`batch.clock` has a faster one, for many contexts). Logits enter only as
exp(logit + s), so a spread of 1e3 neither over- nor underflows.

Source: Yellott (1977) for the race; Rosén (1997), "Asymptotic theory for order sampling", for the clock.
"""

import functools

import numpy as np

from capg_core._kernel import kernel, summing_kernel
from capg_core.batch.exp import arrive_into, exp_into, fast_sum

# e^-40 is 4e-18: what lies beyond is below rounding.
_NEGLIGIBLE = 40.0
_NODES_PER_PANEL = 32
# Items whose exponentials are computed at once: they stay in the fastest cache.
_PIECE = 1024
# Beyond this the clock, which stands at minus a logit, has few digits left for what is near it.
_FAR = 1e4
# exp(-800) is zero: an item so far below the next is never before it, and a larger distance says no more.
_GAP = 800.0


def near_logits(logits):
    """
    Return logits with the same probabilities and scores that are not far from zero; -inf stays.

    A shift of all changes nothing, and a gap between neighbours counts for no more than _GAP. Logits of a usual size
    come back as they are.
    """
    if logits.max() <= _FAR and logits.min() >= -_FAR:
        return logits
    finite = np.isfinite(logits)
    values, place = np.unique(logits[finite], return_inverse=True)
    if values[-1] <= _FAR and values[0] >= -_FAR:
        return logits
    near = np.zeros(values.size)
    near[:-1] = -np.cumsum(np.minimum(np.diff(values), _GAP)[::-1])[::-1]
    result = np.full(logits.size, -np.inf)
    result[finite] = near[place]
    return result


@kernel
def log_add(a, b):
    """Return log(e^a + e^b)."""
    if a < b:
        a, b = b, a
    return a if b == -np.inf else a + np.log1p(np.exp(b - a))


@summing_kernel
def _sums(rate, arrived, stay):
    """Return the sums of `_expected_arrivals`."""
    early, late, unlikely, flow = 0.0, 0.0, 0.0, 0.0
    for j in range(rate.size):
        here = 1.0 if arrived[j] > 0.5 else 0.0
        early += here
        late += (1.0 - here) * arrived[j]
        unlikely += here * stay[j]
        flow += rate[j] * stay[j]
    return early, late, unlikely, flow


@kernel
def _expected_arrivals(theta, s):
    """
    Return (early, late, unlikely, rate of arrival in s): early - unlikely + late are expected by e^s.

    ``early`` items are more likely than not to have arrived, of them ``unlikely`` is expected to be missing, and of the
    others ``late`` to have arrived: beside a whole number a small difference keeps its digits.
    """
    size = min(theta.size, _PIECE)
    rate, arrived, stay = np.empty(size), np.empty(size), np.empty(size)
    sums = np.zeros(4)
    for start in range(0, theta.size, _PIECE):
        piece = theta[start : start + _PIECE]
        m = piece.size
        exp_into(piece, 1.0, s, rate[:m])
        arrive_into(rate[:m], arrived[:m], stay[:m])
        early, late, unlikely, flow = _sums(rate[:m], arrived[:m], stay[:m])
        sums[0] += early
        sums[1] += late
        sums[2] += unlikely
        sums[3] += flow
    return sums[0], sums[1], sums[2], sums[3]


@kernel
def _arrived_and_missing(theta, s):
    """Return the expected number that arrived by e^s, that did not, and the rate of arrival in s."""
    early, late, unlikely, rate = _expected_arrivals(theta, s)
    return early - unlikely + late, theta.size - early - late + unlikely, rate


@kernel
def _chernoff(mean, count):
    """Return the Poisson exponent: P(N on the far side of count) <= exp(-exponent) for a Poisson-binomial N."""
    if count <= 0.0:
        return mean
    if mean <= 0.0:
        return np.inf
    return mean - count + count * np.log(count / mean)


@kernel
def _surely_below(theta, s, count):
    """True where fewer than ``count`` have arrived by e^s but for a negligible probability."""
    arrived, missing, _ = _arrived_and_missing(theta, s)
    m = theta.size - count  # N >= count means that at most m are missing
    return (arrived < count and _chernoff(arrived, count) > _NEGLIGIBLE) or (
        missing > m and _chernoff(missing, m) > _NEGLIGIBLE
    )


@kernel
def _surely_past(theta, s, count):
    """True where more than ``count`` have arrived by e^s but for a negligible probability."""
    arrived, missing, _ = _arrived_and_missing(theta, s)
    m = theta.size - count
    return (arrived > count and _chernoff(arrived, count) > _NEGLIGIBLE) or (
        missing < m and _chernoff(missing, m) > _NEGLIGIBLE
    )


@kernel
def clock_range(theta, k):
    """Return (low, high, sd): the stretch of s where the K-th arrival can fall, and its rough width."""
    bottom = -theta.max() - _NEGLIGIBLE - np.log(theta.size)
    top = -theta.min() + _NEGLIGIBLE
    low, other = bottom, top
    while other - low > 0.02:
        middle = 0.5 * (low + other)
        if middle == low or middle == other:  # logits so far apart that doubles cannot divide the range
            break
        if _surely_below(theta, middle, k):
            low = middle
        else:
            other = middle
    high, below = top, low
    while high - below > 0.02:
        middle = 0.5 * (below + high)
        if middle == below or middle == high:
            break
        # one more than k: leaving out an item, and the item the integral is about, cost one each
        if _surely_past(theta, middle, min(k + 1, theta.size - 1)):
            high = middle
        else:
            below = middle
    below, past = low, high
    while past - below > 1e-3:
        middle = 0.5 * (below + past)
        if middle == below or middle == past:
            break
        if _arrived_and_missing(theta, middle)[0] < k - 0.5:
            below = middle
        else:
            past = middle
    arrived, missing, rate = _arrived_and_missing(theta, past)
    sd = np.sqrt(min(arrived, missing) + 0.25) / max(rate, 0.5)
    return low, high, sd


@functools.cache
def gauss_legendre():
    """Return the nodes and weights of one panel, on [-1, 1]."""
    return np.polynomial.legendre.leggauss(_NODES_PER_PANEL)


def _active_stretches(theta, low, high, k):
    """Split [low, high] into stretches where some item can still arrive, and the gaps between them."""
    transitions = np.sort(-theta)
    starts = transitions - _NEGLIGIBLE
    # an integrand that grows like t^K while one item has yet to arrive ends where e^x = 50 + 2K
    ends = transitions + np.log(50.0 + 2.0 * k)
    new = np.concatenate(([True], starts[1:] > np.maximum.accumulate(ends)[:-1]))
    starts, ends = starts[new], np.maximum.accumulate(ends)[np.append(np.flatnonzero(new)[1:] - 1, theta.size - 1)]
    starts, ends = np.clip(starts, low, high), np.clip(ends, low, high)
    return [(a, b) for a, b in zip(starts, ends, strict=True) if b > a]


def clock_nodes(theta, k, *, relative=False, refine=1):
    """
    Nodes and weights on the race clock s = log t.

    Parameters
    ----------
    theta : (m,) float64
        Finite logits.
    k : int
        Number of arrivals, 1 <= k < m.
    relative : bool
        Begin where the K-th arrival is negligible *relative to any* outcome, not just in absolute terms. Needed
        for the logarithm of tiny probabilities.
    refine : int
        Number of times finer than the first guess.

    Returns
    -------
    nodes, node_weights : (Q,) float64
        Gauss-Legendre in s, 32 nodes a panel; Q is a multiple of 32.
    gaps : (G + 1, 2) float64
        Intervals of s without a node, in which the number of arrivals is certain. The first is (-inf, low).
    """
    low, high, sd = clock_range(theta, k)
    if relative:
        low = min(low, -log_total(theta) - _NEGLIGIBLE / min(k, 10))
    x, w = gauss_legendre()
    # A panel integrates a bump of 8 sd to rounding, relative to tiny outcomes too. Near-equal rates (sd of about
    # 1/sqrt(K)) make the bump so smooth that 11 do.
    bumps = 11.0 if not relative and sd * np.sqrt(k) < 1.5 else 8.0
    width = min(3.5, bumps * sd) / refine
    nodes, node_weights, gaps, last = [], [], [], -np.inf
    for a, b in _active_stretches(theta, low, high, k):
        gaps.append((last, a))
        edges = np.linspace(a, b, int(np.ceil((b - a) / width)) + 1)
        half, middle = 0.5 * np.diff(edges)[:, None], 0.5 * (edges[1:] + edges[:-1])[:, None]
        nodes.append((middle + half * x).ravel())
        node_weights.append((half * w).ravel())
        last = b
    return np.concatenate(nodes), np.concatenate(node_weights), np.array(gaps)


@kernel
def asymptotic_clock(theta, count):
    """Solve sum_j (1 - exp(-w_j tau)) = count for log tau; -inf logits never arrive. Needs count < finite items.

    Safeguarded Newton in log tau, where the sum is increasing; from Rosén (1997).
    """
    top, bottom = -np.inf, np.inf
    for value in theta:
        top = max(top, value)
        if value > -np.inf:
            bottom = min(bottom, value)
    weight = np.empty(theta.size)
    exp_into(theta, 1.0, -top, weight)
    total = fast_sum(weight)
    low = np.log(count) - top - np.log(total)  # 1 - e^-x <= x: the clock is never earlier
    high = -bottom + 5.0 + np.log(theta.size)
    s = low
    for _ in range(200):
        early, late, unlikely, rate = _expected_arrivals(theta, s)
        missing = (count - early) + unlikely - late
        step = missing / rate if rate > 0.0 else np.copysign(np.inf, missing)
        if abs(missing) <= 1e-16 * count:
            # between groups far apart the sum stands still at a whole number, and any time is as good: the earliest
            if 1e-10 * rate >= 1e-16 * count:
                return s + step
            step = -np.inf
        elif abs(step) <= max(1e-10, 4e-16 * abs(s)):  # Newton squares the error
            return s + step
        if step > 0.0:
            low = s
        else:
            high = s
        following = s + step
        if not low < following < high:
            following = 0.5 * (low + high)
        if abs(following - s) <= 4e-16 * max(1.0, abs(s)) or not low < following < high:
            return following
        s = following
    return s


@kernel
def arrived_by(theta, s):
    """Return 1 - exp(-w t) of each item at t = e^s."""
    rate, arrived, stay = np.empty(theta.size), np.empty(theta.size), np.empty(theta.size)
    exp_into(theta, 1.0, s, rate)
    arrive_into(rate, arrived, stay)
    return arrived


def arrival_rates(theta, s):
    """Return (w t, shares): the rates at e^s, and each item's share of the arrivals about to happen, w t exp(-w t)."""
    x = np.minimum(theta + s, 6.5)  # exp(-e^6.5) is 1e-289: the item has arrived
    lam = np.exp(x)
    log_share = x - lam  # in logs: with logits far apart every w t exp(-w t) may underflow
    shares = np.exp(log_share - log_share.max())
    return lam, shares / shares.sum()


def log_total(theta):
    """Return the log of the total weight."""
    top = theta.max()
    return top + np.log(np.exp(theta - top).sum())
