"""Outcome and inclusion probabilities by Rosén's clock, in logs: one context per record, O(n) each.

The clock tau of some items C solves sum_C (1 - exp(-w_j tau)) = K: about then the K-th of them arrives. So pi_a is
about 1 - exp(-w_a tau), and with B the items that the late stage ranks above a, C those below::

    rho_a = P(none of B) - P(none of B and a),    P(none of B) = E exp(-W_B T),    T = the K-th arrival of the others

Here T counts as gamma-distributed, with mean tau and the variance of order sampling::

    E exp(-W T) = (1 + W tau / shape)^-shape,    shape = (sum w_j tau e^(-w_j tau))^2 / sum p_j (1 - p_j)

With T = tau alone, exp(-W tau), an item that is rarely shown comes out far too rare: for n = 100 and K = 5 by a factor
of e^4 where rho is 1e-3 to 1e-4, against 1.5 % with the gamma. A gradient hardly meets such items. A log divides by
their probability.

Source: Rosén (1997) for the clock; the gamma was derived here. It is exact for many items of equal weight.
"""

import numpy as np

from capg_core._kernel import kernel
from capg_core.exact.race import asymptotic_clock

_MAX_STEPS = 200
_FAR = 1e4  # beyond, a clock that stands at minus a logit has few digits left for what is near it
_LEAST_VARIANCE = 1.0  # of the number of arrivals by the clock: below, single items decide and it is no approximation
_GONE = 700.0  # exp(-exp(6.5)) is already zero: the item has arrived


@kernel
def _count_near(theta):
    """Return the number of finite logits, or 0 where some are too far from zero for the clock."""
    count = 0
    for value in theta:
        if abs(value) <= _FAR:
            count += 1
        elif value > -np.inf:
            return 0
    return count


@kernel
def _log_pi(theta, item, k):
    """Return log pi of an item with a finite logit, NaN where the clock has no answer."""
    n_finite = _count_near(theta)
    if n_finite == 0:
        return np.nan
    if n_finite == k:
        return 0.0
    x = theta[item] + asymptotic_clock(theta, float(k))
    if x > 6.5:
        return 0.0
    return x if x < -40.0 else np.log(-np.expm1(-np.exp(x)))


@kernel
def _later(lam, missing):
    """Return x with sum_j e^-lam_j (1 - e^(-lam_j x)) = missing: Newton from below, because the sum is concave."""
    x = 0.0
    for _ in range(_MAX_STEPS):
        arrived, slope = 0.0, 0.0
        for rate in lam:
            stay = np.exp(-rate)
            arrived += stay * -np.expm1(-rate * x)
            slope += stay * rate * np.exp(-rate * x)
        step = (missing - arrived) / slope if slope > 0.0 else np.inf
        x += step
        if not x < 1e100 or abs(step) <= 1e-13 * x:
            break
    return x


@kernel
def _log_rho(theta, item, k, seen, racing, lam):
    """Return log rho of an item with a finite logit, NaN where the clock has no answer."""
    if _count_near(theta) == 0:
        return np.nan
    n_worse = 0
    for j in range(theta.size):
        better = seen[j] > seen[item] or (seen[j] == seen[item] and j < item)
        racing[j] = -np.inf if better else theta[j]
        if racing[j] > -np.inf and j != item:
            n_worse += 1
    if n_worse < k - 1:
        return -np.inf
    if n_worse <= k:  # all of the worse ones must arrive, or all but one: there is no clock for that
        return np.nan
    s = asymptotic_clock(racing, float(k))
    better, slope, variance = 0.0, 0.0, 0.0
    for j in range(theta.size):
        if racing[j] == -np.inf:
            better += np.exp(theta[j] + s)  # zero where it is masked
        lam[j] = np.exp(min(racing[j] + s, _GONE))
        stay = np.exp(-lam[j])
        slope += lam[j] * stay
        variance += stay * -np.expm1(-lam[j])
    if variance < _LEAST_VARIANCE:
        return np.nan
    own = lam[item]
    lam[item] = 0.0
    later = _later(lam, -np.expm1(-own))
    shape = slope * slope / variance
    # one shape for both terms, so that their difference is a logarithm of 1 + what is small
    gone = shape * np.log1p((better * later + own * (1.0 + later)) / (shape + better))
    if not (0.0 < gone < np.inf and better < np.inf):
        return np.nan
    return -shape * np.log1p(better / shape) + np.log(-np.expm1(-gone))


@kernel
def log_pi_rows(theta, rows, items, k, log_pi):
    """Fill log pi of each record's item; its logits are theta[rows[i]]."""
    for i in range(items.size):
        log_pi[i] = _log_pi(theta[rows[i]], items[i], k)


@kernel
def log_rho_rows(theta, rows, items, k, seen, seen_rows, log_rho):
    """Fill log rho of each record's item, under a late stage that ranks by seen[seen_rows[i]]."""
    racing, lam = np.empty((2, theta.shape[1]))
    for i in range(items.size):
        log_rho[i] = _log_rho(theta[rows[i]], items[i], k, seen[seen_rows[i]], racing, lam)
