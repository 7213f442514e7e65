"""A batch of contexts at once: draw each one's candidates, then let the late stage choose.

One list a context does not pay for the set-up of `sample_candidates`, so here few candidates are drawn one by one, by
sums over blocks of items, and many by the race itself (an arrival time each, then a selection), whose cost does not
grow with K. Several experts draw in turn, each from what the others left. Imports the fast exp.
"""

import numpy as np
from numba import njit

from capg_core.fast_exp import exp_into, fast_max, fast_sum

OPTIMAL, UNIFORM, ANTI, NOISY = 0, 1, 2, 3  # late-stage codes
_BLOCK = 32
# Above this share of the items the race is faster than draws one by one (measured for 300 to 10,000 items).
_RACE_SHARE = 0.2
# When so little of the weight remains, what is left is weighed again, relative to its own largest.
_TINY = 1e-200
# Logits further apart than this race in logs, so that no arrival time overflows.
_RACE_RANGE = 600.0


@njit(cache=True, error_model="numpy")
def _block_sums(left, sums):
    """Fill the sums of the blocks and return the total."""
    for c in range(sums.size):
        sums[c] = fast_sum(left[c * _BLOCK : (c + 1) * _BLOCK])
    return fast_sum(sums)


@njit(cache=True, error_model="numpy")
def _weigh(theta, taken, open_, left, sums, scratch):
    """Fill the weights of what is left, relative to the largest, and their block sums; return the total."""
    for j in range(theta.size):
        open_[j] = -np.inf if taken[j] else theta[j]
    exp_into(open_, 1.0, -fast_max(open_), left, scratch)
    return _block_sums(left, sums)


@njit(cache=True, error_model="numpy")
def _draw_one(left, sums, x):
    """Return the item at cumulative weight x of what is left; rounding at an edge goes to a neighbour that is left."""
    block, last = 0, sums.size - 1
    while block < last and (x >= sums[block] or sums[block] <= 0.0):
        x -= max(sums[block], 0.0)
        block += 1
    while block > 0 and sums[block] <= 0.0:
        block -= 1
    best = -1
    for j in range(block * _BLOCK, min((block + 1) * _BLOCK, left.size)):
        if left[j] > 0.0:
            best = j
            if x < left[j]:
                break
            x -= left[j]
    return best


@njit(cache=True, error_model="numpy")
def _draw_in_turn(theta, taken, open_, left, sums, scratch, rng, out):
    """Fill ``out`` draw by draw, without replacement; what is left is summed anew whenever it has halved."""
    total = _weigh(theta, taken, open_, left, sums, scratch)
    exact = total
    for r in range(out.size):
        if total < 0.5 * exact:
            total = _block_sums(left, sums)
            if total < _TINY:
                total = _weigh(theta, taken, open_, left, sums, scratch)
            exact = total
        item = _draw_one(left, sums, rng.random() * total)
        if item < 0:  # rounding emptied a block
            total = _weigh(theta, taken, open_, left, sums, scratch)
            exact = total
            item = _draw_one(left, sums, rng.random() * total)
        out[r] = item
        taken[item] = True
        block = item // _BLOCK
        if left[item] > 0.5 * sums[block]:
            left[item] = 0.0
            sums[block] = fast_sum(left[block * _BLOCK : (block + 1) * _BLOCK])
            total = fast_sum(sums)
        else:
            sums[block] -= left[item]
            total -= left[item]
            left[item] = 0.0


@njit(cache=True, error_model="numpy")
def _race(theta, taken, means, times, scratch, rng, ordered, out):
    """Fill ``out`` with the first arrivals."""
    top, bottom = -np.inf, np.inf
    for j in range(theta.size):
        if not taken[j] and theta[j] > -np.inf:
            top, bottom = max(top, theta[j]), min(bottom, theta[j])
    if top - bottom < _RACE_RANGE:
        exp_into(theta, -1.0, top, means, scratch)
        for j in range(theta.size):
            times[j] = means[j] * rng.standard_exponential()
    else:  # the same in logs, which cannot overflow
        for j in range(theta.size):
            times[j] = np.log(rng.standard_exponential()) - theta[j]
    for j in range(theta.size):
        if taken[j] or theta[j] == -np.inf:
            times[j] = np.inf
    last = np.partition(times, out.size - 1)[out.size - 1]
    filled = 0
    for j in range(theta.size):
        if times[j] <= last and filled < out.size:
            out[filled] = j
            taken[j] = True
            filled += 1
    if ordered:
        out[:] = out[np.argsort(times[out])]


@njit(cache=True, error_model="numpy")
def draw_batch(theta, shares, rng, ordered, out):
    """
    Fill out (B, K) with each context's candidates; theta is (M, B, n), shares (M,) the places of each expert.

    With ``ordered`` the places of one expert are in the order of the draws; else in any order.
    """
    n_experts, batch, n = theta.shape
    n_blocks = (n + _BLOCK - 1) // _BLOCK
    left, times, scratch, sums = np.empty(n), np.empty(n), np.empty(n), np.empty(n_blocks)
    taken = np.empty(n, np.bool_)
    for b in range(batch):
        taken[:] = False
        start = 0
        for m in range(n_experts):
            places = out[b, start : start + shares[m]]
            start += shares[m]
            if places.size > _RACE_SHARE * n:
                _race(theta[m, b], taken, left, times, scratch, rng, ordered, places)
            elif places.size > 0:
                _draw_in_turn(theta[m, b], taken, times, left, sums, scratch, rng, places)


@njit(cache=True, error_model="numpy")
def _best_of(candidates, seen, out):
    """Fill ``out`` with the candidates seen best, best first; ties to the lower item."""
    for place in range(out.size):
        best = -1
        for c in range(candidates.size):
            new = True
            for earlier in range(place):
                new = new and out[earlier] != candidates[c]
            if new and (
                best < 0 or seen[c] > seen[best] or (seen[c] == seen[best] and candidates[c] < candidates[best])
            ):
                best = c
        out[place] = candidates[best]


@njit(cache=True, error_model="numpy")
def choose_batch(candidates, utility, rows, codes, shares, noisy, beta, rng, out):
    """
    Fill out (B, L) with what the late stage shows, best first, from candidates (B, K).

    ``utility[rows[b]]`` is the context's utility. The late stage is one of ``codes`` by the chances ``shares``. A noisy
    one sees ``noisy[b]`` where that is given (B rows), else utility + Gumbel noise / beta, drawn for the candidates.
    """
    batch, k = candidates.shape
    seen = np.empty(k)
    for b in range(batch):
        part, x = 0, 0.0
        if codes.size > 1:
            x = rng.random()
            while part < codes.size - 1 and x >= shares[part]:
                x -= shares[part]
                part += 1
        code = codes[part]
        for c in range(k):
            item = candidates[b, c]
            if code == UNIFORM:
                seen[c] = rng.random()
            elif code == ANTI:
                seen[c] = -utility[rows[b], item]
            elif code == NOISY and noisy.shape[0] == batch:
                seen[c] = noisy[b, item]
            else:
                seen[c] = utility[rows[b], item]
                if code == NOISY:
                    seen[c] -= np.log(rng.standard_exponential()) / beta
        _best_of(candidates[b], seen, out[b])
