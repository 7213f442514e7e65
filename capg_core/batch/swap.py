"""Swap-PG for a batch of contexts: the whole gradient lives on the exchange of the last candidate and the next arrival.

Let C be the K+1 first arrivals, W the weight of all others, R_c the reward to be expected from the late stage on C
without c. On the race clock s = log t, with lam_c = w_c t, p_c = 1 - exp(-lam_c) and h_c = d log p_c / ds, given C::

    G_j = sum_i omega_ij (R_i - R_j),   omega_ij = integral of M h_i h_j ds / integral of M S ds,
    M = exp(-W t) prod_C p_c,           S = sum_C h_c

M S is the chance that C are the first and the last of them arrives now; omega_ij that i and j race for the last place.
Each node adds a matrix of rank one, so a context costs O(K) a node. The integrands are entire functions of s that fall
off exponentially to the left and faster to the right, so the trapezoid rule converges geometrically; it starts at the
peak and goes outward until nothing is left to add. Only ratios to the peak are formed, so nothing under- or overflows.

Derived here.
"""

import math

import numpy as np

from capg_core._kernel import kernel, summing_kernel
from capg_core.batch.draw import best_places
from capg_core.batch.exp import exp_into, exp_of, fast_max, fast_sum

_NEGLIGIBLE = 1e-14
# The rule's error falls like the Fourier transform of the peak: with these steps it is below 1e-12 at any K. Where
# hardly anything else is left to arrive the peak is steeper on its left, and takes finer ones.
_STEP_OF_WIDTH, _LONGEST_STEP, _FINER, _LITTLE_ELSE = 0.64, 0.23, 0.6, 8.0
_P = tuple((-1.0) ** d / math.factorial(d + 1) for d in range(1, 6))  # (1 - exp(-x)) / x = 1 + sum P_d x^d
_FEWEST_DIGITS = 1.0 / 64  # below this rate 1 - exp(-rate) loses more than six bits
# An item that rarely arrives has p proportional to t: how rarely makes no difference.
_RAREST, _SUREST = -600.0, 600.0
_ARRIVED = 720.0  # exp of minus it is zero, and no denormal number, which would be slow
_MAX_SEARCH, _MAX_NODES = 100, 5_000
_FAR = 30.0  # from the peak, in log time: Newton's steps lead nowhere there
# Above this share of the weight what is left may be what was there less what is taken: it keeps twelve digits.
_PLENTY = 0.05
# A loop over few items is as slow as its remainder, so there is none.
LANES = 8


@kernel
def log_rest(theta, exp_theta, shift, arrivals, w):
    """Return log of the weight outside ``arrivals``, relative to exp(-shift); -inf where nothing is left."""
    total = rest = fast_sum(exp_theta)
    for c in arrivals:
        rest -= exp_theta[c]
    if rest > _PLENTY * total:
        return np.log(rest)
    w[:] = theta  # so little is left that the difference has lost digits: add it up, relative to its own largest
    for c in arrivals:
        w[c] = -np.inf
    top = fast_max(w)
    if top == -np.inf:
        return top
    rests = np.empty(w.size)
    exp_into(w, 1.0, -top, rests)
    return np.log(fast_sum(rests)) + top + shift


@summing_kernel
def _at_clock(start, factor, inverse, even, h):
    """
    Fill h at the rates lam = start x factor; return (prod of p times ``inverse`` and ``even``, sum h, sum of dh/ds).
    """
    product, total, slope = 1.0, 0.0, 0.0
    for c in range(start.size):
        x = min(start[c] * factor, _ARRIVED)
        e = exp_of(-x)
        series = x * (1.0 + x * (_P[0] + x * (_P[1] + x * (_P[2] + x * (_P[3] + x * _P[4])))))
        p = series if x < _FEWEST_DIGITS else 1.0 - e
        h[c] = x * e / p
        product *= p * inverse[c] * even
        total += h[c]
        slope += h[c] * (1.0 - x - h[c])
    return product, total, slope


@summing_kernel
def _weighted(h, values):
    """Return sum h values."""
    total = 0.0
    for c in range(h.size):
        total += h[c] * values[c]
    return total


@kernel
def _peak(theta, count, log_w, lam, inverse, h):
    """Return (log time, width) of the peak of M S, with the rates there in ``lam``: Newton within a bracket."""
    w, own = np.exp(log_w), 0.0
    for c in range(count):
        own += exp_of(theta[c])
    low, high = np.log(0.5) - np.log(w + own), np.log(3.0 + np.log(count)) - theta.min()
    if log_w > -np.inf:
        high = min(high, np.log(count) - log_w)
    s = min(max(np.log(count) - np.log(w + 0.5 * own), low), high)
    width = 1.0
    for _ in range(_MAX_SEARCH):
        for c in range(theta.size):
            lam[c] = exp_of(min(max(theta[c] + s, _RAREST), _SUREST))
        _, total, slope = _at_clock(lam, 1.0, inverse, 1.0, h)
        gone = np.exp(min(log_w + s, 700.0))
        # where all have arrived nothing is left to say where the peak was: it is earlier
        climb = total - gone + slope / total if total > 0.0 else -np.inf
        bend = max(gone - slope, 1e-3)
        width = 1.0 / np.sqrt(bend)
        if climb > 0.0:
            low = s
        else:
            high = s
        step = climb / bend
        if abs(step) < 0.7 * width or not low < 0.5 * (low + high) < high:  # the rule may begin anywhere near the peak
            break
        s = s + step if abs(step) < _FAR and low < s + step < high else 0.5 * (low + high)
    return s, width


@kernel
def exchange(theta, count, log_w, values, scratch, out):
    """
    Fill ``out`` with G for ``count`` first arrivals, K+1 of them, of logits ``theta`` and the values without each.

    ``log_w`` is the log of the weight of all others. A shift of theta and log_w together changes nothing. All arrays
    are (P,), ``scratch`` (3, P), P a multiple of LANES: what is beyond the first arrivals has theta inf and value 0.
    """
    start, inverse, h = scratch[0], scratch[1], scratch[2]
    size = theta.size
    inverse[:] = 1.0
    s, width = _peak(theta, count, log_w, start, inverse, h)
    for c in range(size):
        inverse[c] = 1.0 / -np.expm1(-start[c])
    gone = np.exp(min(log_w + s, 700.0))
    step = min(_STEP_OF_WIDTH * width, _LONGEST_STEP) * (_FINER if gone < _LITTLE_ELSE else 1.0)
    out[:] = 0.0
    mass = 0.0
    for side in range(2):
        ratio = np.exp(step if side == 0 else -step)
        factor = 1.0 if side == 0 else ratio  # the peak itself once
        for _ in range(_MAX_NODES):
            # the others' factor in equal parts, so that no partial product leaves what a double holds
            even = np.exp((gone - gone * factor) / size)
            weight, total, _ = _at_clock(start, factor, inverse, even, h)
            mass += weight * total
            shared = _weighted(h, values)
            for c in range(size):
                out[c] += weight * h[c] * (shared - values[c] * total)
            if side == 0:
                # M falls once more are gone than come, and S always falls
                falls = gone * factor > total and weight * total * max(total, 1.0) < _NEGLIGIBLE * mass
                if falls or total < _NEGLIGIBLE:
                    break
            elif weight * size * total < _NEGLIGIBLE * mass:  # to the left M rises all the way
                break
            factor *= ratio
    for c in range(size):
        out[c] /= mass


@kernel
def _add_part(items, seen, critic, position_weights, chance, best, out):
    """Add chance times the value without each item where the late stage ranks by ``seen``; ``best`` is (L + 1,)."""
    best_places(items, seen, best)
    base = 0.0
    for place in range(position_weights.size):
        base += position_weights[place] * critic[best[place]]
    for c in range(items.size):
        out[c] += chance * base
    moved = 0.0  # what the later places gain by moving up
    for place in range(position_weights.size - 1, -1, -1):
        moved += position_weights[place] * (critic[best[place + 1]] - critic[best[place]])
        out[best[place]] += chance * moved


@kernel
def values_without(arrivals, utility, noise, signs, betas, chances, critic, position_weights, out):
    """
    Fill out (B, K+1) with the reward to be expected from the late stage on the first arrivals without each of them.

    All arrays but the parts' and the position weights (L,), which sum to one, are (B, K+1): the critic is the predicted
    reward of each item. A noisy part sees the ``noise`` added, and so has one value once it is drawn; (0, 0) without
    one. L is at most K.
    """
    batch, n_first = arrivals.shape
    seen, best = np.empty(n_first), np.empty(position_weights.size + 1, np.int64)
    for b in range(batch):
        out[b] = 0.0
        for part in range(chances.size):
            if signs[part] == 0.0:
                total = critic[b].sum()
                for c in range(n_first):
                    out[b, c] += chances[part] * (total - critic[b, c]) / (n_first - 1)
                continue
            for c in range(n_first):
                seen[c] = signs[part] * utility[b, c]
                if betas[part] < np.inf:
                    seen[c] += noise[b, c]
            _add_part(arrivals[b], seen, critic[b], position_weights, chances[part], best, out[b])


@kernel
def add_swap_rows(theta, exp_theta, shifts, arrivals, values, rows):
    """Add G to rows (B, n), given the K+1 first arrivals and the values without each; theta is (B, n), or (1, n)."""
    batch, n_first = arrivals.shape
    size = -(-n_first // LANES) * LANES
    w, near, worth = np.empty(theta.shape[1]), np.full(size, np.inf), np.zeros(size)
    out, scratch = np.empty(size), np.empty((3, size))
    for b in range(batch):
        m = b if theta.shape[0] > 1 else 0
        log_w = log_rest(theta[m], exp_theta[m], shifts[m], arrivals[b], w)
        for c in range(n_first):
            near[c] = theta[m, arrivals[b, c]] + shifts[m]
            worth[c] = values[b, c]
        exchange(near, n_first, log_w, worth, scratch, out)
        for c in range(n_first):
            rows[b, arrivals[b, c]] += out[c]
