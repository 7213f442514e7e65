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
def _none_of(theta, exp_theta, shift, racing, n_racing, k, start, lam, stay):
    """
    Return (log P(none outside the race arrives), log clock, its slope) by the clock of the others; fill lam and stay.

    ``racing`` is 1 or 0. Items masked out have no weight, and count in neither group.
    """
    if n_racing < k:
        lam[:], stay[:] = 0.0, 0.0
        return -np.inf, -np.inf, 1.0
    # with exactly K others all must arrive: the clock stands at the median of the last one
    count = min(float(k), n_racing - 0.5)
    s, slope = solve_clock(theta, racing, count, start, exp_theta, shift, lam, stay)
    return -_rate_of_the_rest(lam, racing), s, max(slope, 1e-300)


@kernel
def _fill_racing(theta, seen, a, racing):
    """Mark with 1 what the late stage does not rank above item a, a itself too; return how many there are."""
    own = seen[a]
    for j in range(a):  # equal ones go by the index
        racing[j] = 0.0 if (seen[j] >= own) | (theta[j] == -np.inf) else 1.0
    for j in range(a, theta.size):
        racing[j] = 0.0 if (seen[j] > own) | (theta[j] == -np.inf) else 1.0
    return int(fast_sum(racing))


@kernel
def _strict_part(theta, exp_theta, shift, seen, k, a, racing, lam, stay, fewer_lam, fewer_stay, score):
    """
    Fill ``score`` with the gradient of log rho_a where the late stage ranks by ``seen``; return that log, or NaN.

    The gradient of log P(none of B) is W_B tau_B e_j / sum e for the others, e_j = lam_j exp(-lam_j), and -lam_j in B.
    """
    n_racing = _fill_racing(theta, seen, a, racing)
    none, s, slope = _none_of(theta, exp_theta, shift, racing, n_racing, k, -np.inf, lam, stay)
    # so few are worse that this late stage never shows it, or beyond what a double holds; another part of a mixture did
    if none < -GONE:
        return -np.inf
    racing[a] = 0.0
    # near the clock without a: what a brought must come from the others
    missing, left = 1.0 - stay[a], slope - lam[a] * stay[a]
    start = s + min(missing / left, 1.0) if left > 0.0 else s
    fewer, _, fewer_slope = _none_of(
        theta, exp_theta, shift, racing, n_racing - 1, k, start, fewer_lam, fewer_stay
    )
    if not fewer < none:
        return np.nan
    ratio, rest = np.exp(fewer - none), -np.expm1(fewer - none)
    push, fewer_push = 1.0 / slope, 1.0 / fewer_slope
    pull, fewer_pull = -none / rest, -fewer * ratio / rest if ratio > 0.0 else 0.0
    own, fewer_own = 1.0 / rest, ratio / rest
    for j in range(theta.size):
        # the quotient first: on a plateau of the clock the slope can be all but zero
        outside = pull * (lam[j] * stay[j] * push) - fewer_pull * (fewer_lam[j] * fewer_stay[j] * fewer_push)
        score[j] = racing[j] * outside - (1.0 - racing[j]) * (own * lam[j] - fewer_own * fewer_lam[j])
    score[a] = pull * (lam[a] * stay[a] * push) + fewer_own * fewer_lam[a]
    return none + np.log(rest)


@kernel
def _uniform_part(theta, exp_theta, shift, k, a, racing, lam, stay, owed, score):
    """Fill ``score`` with the gradient of log pi_a and return log(pi_a / K)."""
    one, places = (1, 1, theta.size), np.array([k])
    row = (1, theta.size)
    fill_inclusion_score(
        theta.reshape(one), exp_theta.reshape(one), np.array([[shift]]), 0, np.array([a]), places, np.ones(1),
        lam.reshape(row), stay.reshape(row), racing.reshape(row), owed, score.reshape(one),
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
    racing, lam, stay = np.empty(n), np.empty(n), np.empty(n)
    fewer_lam, fewer_stay = np.empty(n), np.empty(n)
    scores, seen, log_rho = np.empty((chances.size, n)), np.empty(n), np.empty(chances.size)
    for b in range(batch):
        a = outputs[b]
        for part in range(chances.size):
            if signs[part] == 0.0:
                log_rho[part] = _uniform_part(
                    theta[b], exp_theta[b], shifts[b], k, a, racing, lam, stay, fewer_lam, scores[part]
                )
                continue
            for j in range(n):
                seen[j] = signs[part] * utility[b, j]
            if betas[part] < np.inf:
                for j in range(n):
                    seen[j] += noise[b, j]
            log_rho[part] = _strict_part(
                theta[b], exp_theta[b], shifts[b], seen, k, a, racing, lam, stay, fewer_lam, fewer_stay,
                scores[part],
            )  # fmt: skip
        beyond[b] = not mix_scores(log_rho, chances, scores, gain[b], rows[b])
