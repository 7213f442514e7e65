"""Outcome-PG by the asymptotic clock, for a batch of contexts.

The late stage shows a when a is a candidate and none of B, the items it ranks higher, is::

    rho_a = P(none of B) - P(none of B and a) = exp(-W_B tau_B) - exp(-(W_B + w_a) tau_Ba)

each tau the clock of the items outside. A uniform late stage gives rho = pi / K, a mixture the mixture of its parts. A
noisy one is strict once its noise is drawn, so its part looks at the utility with the very noise that chose: that keeps
the estimator unbiased up to the clock's approximation.
"""

import numpy as np

from capg_core._kernel import kernel, summing_kernel
from capg_core.batch.clock import GONE, solve_clock
from capg_core.batch.exp import fast_sum
from capg_core.batch.scores import fill_inclusion_score


@summing_kernel
def _rate_of_the_rest(lam, racing):
    rate = 0.0
    for j in range(lam.size):
        rate += (1.0 - racing[j]) * lam[j]
    return rate


@kernel
def _none_of(theta, exp_theta, shift, racing, k, start, lam, stay, scratch, score):
    """
    Fill the gradient of log P(none outside the race arrives), by the clock of the others; return (that log, log clock).

    ``racing`` is 1 or 0. Items masked out have no weight, and count in neither group.
    """
    n_other = int(fast_sum(racing))
    if n_other < k:
        score[:] = 0.0
        return -np.inf, -np.inf
    # with exactly K others all must arrive: the clock stands at the median of the last one
    count = min(float(k), n_other - 0.5)
    s, slope = solve_clock(theta, racing, count, start, exp_theta, shift, lam, stay, scratch)
    rate = _rate_of_the_rest(lam, racing)
    slope = max(slope, 1e-300)
    for j in range(theta.size):
        # the quotient first: on a plateau of the clock the slope can be all but zero
        score[j] = rate * (racing[j] * lam[j] * stay[j] / slope) - (1.0 - racing[j]) * lam[j]
    return -rate, s


@kernel
def _strict_part(theta, exp_theta, shift, seen, k, a, racing, lam, stay, scratch, first, second):
    """Fill ``first`` with the gradient of log rho_a where the late stage ranks by ``seen``; return that log, or NaN."""
    for j in range(theta.size):
        better = seen[j] > seen[a] or (seen[j] == seen[a] and j < a)
        racing[j] = 0.0 if better or theta[j] == -np.inf else 1.0
    none, s = _none_of(theta, exp_theta, shift, racing, k, -np.inf, lam, stay, scratch, first)
    if none == -np.inf:  # so few are worse that this late stage never shows it: another part of a mixture did
        return -np.inf
    if none < -GONE:  # beyond what a double holds; a mixture has its other parts
        return -np.inf
    racing[a] = 0.0
    fewer, _ = _none_of(theta, exp_theta, shift, racing, k, s, lam, stay, scratch, second)
    if not fewer < none:
        return np.nan
    ratio = np.exp(fewer - none)
    for j in range(theta.size):
        first[j] = (first[j] - ratio * second[j]) / (1.0 - ratio)
    return none + np.log1p(-ratio)


@kernel
def _uniform_part(theta, exp_theta, shift, k, a, racing, lam, stay, scratch, first, second):
    """Fill ``first`` with the gradient of log pi_a and return log(pi_a / K)."""
    one, places = (1, 1, theta.size), np.array([k])
    row = (1, theta.size)
    fill_inclusion_score(
        theta.reshape(one), exp_theta.reshape(one), np.array([[shift]]), 0, np.array([a]), places, np.ones(1),
        lam.reshape(row), stay.reshape(row), racing.reshape(row), scratch, second, first.reshape(one),
    )  # fmt: skip
    return np.log(-np.expm1(-lam[a]) / k)


@kernel
def mix_scores(log_rho, chances, scores, gain, out):
    """
    Fill out (n,) with gain times the gradient of log sum_i chance_i rho_i, by the parts' log rho_i and scores (P, n).

    Each part counts by how likely it is to have given this outcome. Returns False, and zeros, where none can have.
    """
    total = -np.inf
    for part in range(log_rho.size):
        total = np.logaddexp(total, log_rho[part] + np.log(chances[part]))
    out[:] = 0.0
    if not total > -np.inf:  # NaN too
        return False
    for part in range(log_rho.size):
        scale = gain * np.exp(log_rho[part] + np.log(chances[part]) - total)
        if scale != 0.0:
            for j in range(out.size):
                out[j] += scale * scores[part, j]
    return True


@kernel
def outcome_rows(theta, exp_theta, shifts, outputs, k, utility, noise, signs, betas, chances, gain, rows, beyond):
    """
    Fill rows (B, n) with gain times the gradient of log rho_a; theta and exp_theta (B, n), shifts and outputs (B,).

    The parts of the late stage rank by sign * utility (B, n), a noisy one with its ``noise`` (B, n) added.
    ``beyond[b]`` is set where the clock gives the output no probability: the caller takes the exact score there.
    """
    batch, n = theta.shape
    racing, lam, stay, scratch = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    parts, second, seen = np.empty((chances.size, n)), np.empty(n), np.empty(n)
    log_rho = np.empty(chances.size)
    for b in range(batch):
        a = outputs[b]
        for part in range(chances.size):
            if signs[part] == 0.0:
                log_rho[part] = _uniform_part(
                    theta[b], exp_theta[b], shifts[b], k, a, racing, lam, stay, scratch, parts[part], second
                )
                continue
            for j in range(n):
                seen[j] = signs[part] * utility[b, j]
            if betas[part] < np.inf:
                for j in range(n):
                    seen[j] += noise[b, j]
            log_rho[part] = _strict_part(
                theta[b], exp_theta[b], shifts[b], seen, k, a, racing, lam, stay, scratch, parts[part], second
            )
        beyond[b] = not mix_scores(log_rho, chances, parts, gain[b], rows[b])
