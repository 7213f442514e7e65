"""Outcome-PG for a batch of contexts, by the asymptotic clock.

The late stage shows a when a is a candidate and none of B, the items it ranks higher, is::

    rho_a = P(none of B) - P(none of B and a) = exp(-W_B tau_B) - exp(-(W_B + w_a) tau_Ba)

each tau the clock of the items outside. A uniform late stage gives rho = pi / K, a mixture the mixture of its parts. A
noisy one is strict once its noise is drawn, so its part looks at the utility with the very noise that chose: that keeps
the estimator unbiased up to the clock's approximation. Imports the batch clock and the late-stage codes.
"""

import numpy as np
from numba import njit

from capg_core.batch.clock import GONE, clock_slope, solve_clock
from capg_core.batch.draw import ANTI, NOISY, UNIFORM
from capg_core.batch.exp import fast_sum


@njit(cache=True, error_model="numpy", fastmath={"reassoc", "contract"})
def _rate_of_the_rest(lam, share):
    rate = 0.0
    for j in range(lam.size):
        rate += (1.0 - share[j]) * lam[j]
    return rate


@njit(cache=True, error_model="numpy")
def _none_of(theta, weights, shift, share, k, start, lam, stay, scratch, score):
    """
    Fill the gradient of log P(no item with share 0 arrives), by the clock of the others; return (that log, log clock).

    Items masked out have no weight, and count in neither group.
    """
    n_other = int(fast_sum(share))
    if n_other < k:
        score[:] = 0.0
        return -np.inf, -np.inf
    # with exactly K others all must arrive: the clock stands at the median of the last one
    s = solve_clock(theta, share, min(float(k), n_other - 0.5), start, weights, shift, lam, stay, scratch)
    rate = _rate_of_the_rest(lam, share)
    slope = max(clock_slope(lam, share, stay), 1e-300)
    for j in range(theta.size):
        # the quotient first: on a plateau of the clock the slope can be all but zero
        score[j] = rate * (share[j] * lam[j] * stay[j] / slope) - (1.0 - share[j]) * lam[j]
    return -rate, s


@njit(cache=True, error_model="numpy")
def _strict_part(theta, weights, shift, seen, sign, k, a, share, lam, stay, scratch, first, second):
    """Fill ``first`` with the gradient of log rho_a for a strict late stage; return log rho_a, or NaN."""
    for j in range(theta.size):
        better = sign * seen[j] > sign * seen[a] or (seen[j] == seen[a] and j < a)
        share[j] = 0.0 if better or theta[j] == -np.inf else 1.0
    none, s = _none_of(theta, weights, shift, share, k, -np.inf, lam, stay, scratch, first)
    if none == -np.inf:  # so few are worse that this late stage never shows it: another part of a mixture did
        return -np.inf
    if none < -GONE:  # beyond what a double holds; a mixture has its other parts
        return -np.inf
    share[a] = 0.0
    fewer, _ = _none_of(theta, weights, shift, share, k, s, lam, stay, scratch, second)
    if not fewer < none:
        return np.nan
    ratio = np.exp(fewer - none)
    for j in range(theta.size):
        first[j] = (first[j] - ratio * second[j]) / (1.0 - ratio)
    return none + np.log1p(-ratio)


@njit(cache=True, error_model="numpy")
def _uniform_part(theta, weights, shift, k, a, share, lam, stay, scratch, first):
    """Fill ``first`` with the gradient of log pi_a and return log(pi_a / K)."""
    n = 0
    for j in range(theta.size):
        share[j] = 1.0 if theta[j] > -np.inf else 0.0
        n += share[j] > 0.0
    if k >= n:
        first[:] = 0.0
        return -np.log(k)
    solve_clock(theta, share, float(k), -np.inf, weights, shift, lam, stay, scratch)
    slope = max(clock_slope(lam, share, stay), 1e-300)
    pi = -np.expm1(-lam[a])
    f = lam[a] * stay[a] / pi if pi > 0.0 else 1.0
    for j in range(theta.size):
        first[j] = -f * (lam[j] * stay[j] / slope)
    first[a] += f
    return np.log(pi / k)


@njit(cache=True, error_model="numpy")
def outcome_rows_batch(theta, weights, shifts, outputs, k, utility, rows_of, codes, shares, noisy, gain, rows, beyond):
    """
    Fill rows (B, n) with gain times the gradient of log rho_a; theta and weights (B, n), shifts and outputs (B,).

    ``utility[rows_of[b]]`` and, for a noisy part, ``noisy[b]`` is what the late stage saw. ``beyond[b]`` is set where
    the clock gives the output no probability: the caller takes the exact score there.
    """
    batch, n = theta.shape
    share, lam, stay, scratch = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    parts, second = np.empty((codes.size, n)), np.empty(n)
    log_rho = np.empty(codes.size)
    for b in range(batch):
        a = outputs[b]
        for part in range(codes.size):
            if codes[part] == UNIFORM:
                log_rho[part] = _uniform_part(
                    theta[b], weights[b], shifts[b], k, a, share, lam, stay, scratch, parts[part]
                )
            else:
                seen = noisy[b] if codes[part] == NOISY else utility[rows_of[b]]
                sign = -1.0 if codes[part] == ANTI else 1.0
                log_rho[part] = _strict_part(
                    theta[b], weights[b], shifts[b], seen, sign, k, a, share, lam, stay, scratch, parts[part], second
                )
        total = -np.inf
        for part in range(codes.size):
            log_rho[part] += np.log(shares[part])
            total = np.logaddexp(total, log_rho[part])
        beyond[b] = not total > -np.inf  # NaN too
        rows[b, :] = 0.0
        if beyond[b]:
            continue
        for part in range(codes.size):
            scale = gain[b] * np.exp(log_rho[part] - total)
            if scale != 0.0:
                for j in range(n):
                    rows[b, j] += scale * parts[part, j]
