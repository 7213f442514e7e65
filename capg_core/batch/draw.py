"""A batch of contexts at once: draw each one's candidates, then let the late stage choose.

One list per context does not pay for the set-up of `sample_candidates`, so here few candidates are drawn one by one, by
sums over blocks of items, and many by the race itself (an arrival time each, then a selection), whose cost does not
grow with K. Several experts draw in turn, each from what the others left.
"""

import numpy as np

from capg_core._interrupt import in_one_piece
from capg_core._kernel import kernel, summing_kernel
from capg_core.batch.exp import weigh

# Above this share of the items the race is faster than draws one by one (measured at 1,000 and 4,000 items).
_RACE_SHARE = 0.08
# What is left is summed anew when so little of it is left; till then it keeps twelve digits.
_WORN = 1e-3
# When so little of the weight remains, what is left is weighed again, relative to its own largest; and a race in which
# an item is so light is run in logs.
_TINY = 1e-200


@kernel
def _sum_up(left, upto):
    """Fill upto[c] with the weight in blocks 0 ... c and return the total."""
    total, size = 0.0, left.size // upto.size
    for c in range(upto.size):
        block = 0.0
        for j in range(c * size, (c + 1) * size, 8):  # in pairs: one sum need not wait for another
            first = (left[j] + left[j + 1]) + (left[j + 2] + left[j + 3])
            block += first + ((left[j + 4] + left[j + 5]) + (left[j + 6] + left[j + 7]))
        total += block
        upto[c] = total
    return total


@kernel
def _weigh_again(theta, taken, open_, left, upto):
    """Fill the weights of what is left, relative to its own largest, and their sums; return the total."""
    for j in range(theta.size):
        open_[j] = -np.inf if taken[j] else theta[j]
    weigh(open_, left[: theta.size])
    return _sum_up(left, upto)


@kernel
def _draw_one(left, upto, x):
    """
    Take the item at cumulative weight x out of what is left and return it; or -1 where rounding leads to none.

    It counts what is to be passed, blocks and then items of a block, where looking for the first that is not would have
    the processor guess: wrongly, since the draws are random.
    """
    size = left.size // upto.size
    block = 0
    for c in range(upto.size):
        block += np.int64(upto[c] <= x)
    if block == upto.size:
        return -1
    if block > 0:
        x -= upto[block - 1]
    item, run = block * size, 0.0
    for j in range(block * size, (block + 1) * size):
        run += left[j]
        item += np.int64(run <= x)
    if item == (block + 1) * size or left[item] == 0.0:
        return -1
    weight, left[item] = left[item], 0.0
    for c in range(upto.size):
        upto[c] -= weight if c >= block else 0.0
    return item


@kernel
def _draw_in_turn(theta, exp_theta, taken, open_, left, upto, rng, out):
    """Fill ``out`` draw by draw, without replacement; what is left is summed anew before rounding is seen in it."""
    for j in range(theta.size):
        left[j] = 0.0 if taken[j] else exp_theta[j]
    total = exact = _sum_up(left, upto)
    if total < _TINY:
        total = exact = _weigh_again(theta, taken, open_, left, upto)
    for r in range(out.size):
        if total < _WORN * exact:
            total = _sum_up(left, upto)
            if total < _TINY:
                total = _weigh_again(theta, taken, open_, left, upto)
            exact = total
        item = _draw_one(left, upto, rng.random() * total)
        while item < 0:
            total = exact = _weigh_again(theta, taken, open_, left, upto)
            item = _draw_one(left, upto, rng.random() * total)
        out[r] = item
        taken[item] = True
        total = upto[upto.size - 1]


@summing_kernel
def _count_up_to(times, x):
    count = 0
    for j in range(times.size):
        count += times[j] <= x
    return count


@kernel
def _kth_time(times, n, low, high, k, linear):
    """
    Return a time up to which exactly k items arrive, of n that do, from low to high.

    It counts, which is faster than any selection.
    """
    if n == k:
        return high
    if linear:  # arrivals are more even in log time
        low, high = np.log(low), np.log(high)
    few, many = 0, n
    for i in range(90):
        part = 0.5 if i % 3 == 2 else (k - few) / (many - few)
        middle = low + min(max(part, 0.05), 0.95) * (high - low)
        time = np.exp(middle) if linear else middle
        count = _count_up_to(times, time)
        if count == k:
            return time
        if count < k:
            low, few = middle, count
        else:
            high, many = middle, count
    return np.partition(times, k - 1)[k - 1]


@kernel
def _key(times, bits, item, linear):
    """Return what is more evenly spread than times: the bits of a positive number grow like its logarithm."""
    return float(bits[item]) if linear else times[item]


@kernel
def _sort_by_time(items, times, linear, other, begins):
    """Sort items by their times: first into as many classes of equal width, then among neighbours."""
    bits, low, high = times.view(np.int64), np.inf, -np.inf
    for a in items:
        key = _key(times, bits, a, linear)
        low, high = min(low, key), max(high, key)
    scale = (items.size - 1) / (high - low) if high > low else 0.0
    begins[: items.size + 1] = 0
    for a in items:
        begins[int((_key(times, bits, a, linear) - low) * scale) + 1] += 1
    for c in range(items.size):
        begins[c + 1] += begins[c]
    for a in items:
        c = int((_key(times, bits, a, linear) - low) * scale)
        other[begins[c]] = a
        begins[c] += 1
    for r in range(items.size):
        a, place = other[r], r
        while place > 0 and times[items[place - 1]] > times[a]:
            items[place] = items[place - 1]
            place -= 1
        items[place] = a


@kernel
def _race(theta, exp_theta, taken, times, rng, ordered, arrived, begins, out):
    """Fill ``out`` with the first arrivals."""
    too_light = 0
    for j in range(theta.size):
        too_light += np.int64((exp_theta[j] <= _TINY) & (theta[j] > -np.inf))
    near = too_light == 0
    n, low, high = 0, np.inf, -np.inf
    for j in range(theta.size):
        if taken[j] or theta[j] == -np.inf:
            times[j] = np.inf
            continue
        if near:
            time = rng.standard_exponential() / exp_theta[j]
        else:  # the same in logs, which cannot overflow
            time = np.log(rng.standard_exponential()) - theta[j]
        times[j] = time
        n, low, high = n + 1, min(low, time), max(high, time)
    last = _kth_time(times, n, low, high, out.size, near)
    filled = 0
    for j in range(theta.size):  # without a branch: who arrives is random
        arrived[filled] = j
        filled += np.int64(times[j] <= last)
    if filled > out.size:  # several arrive at the very time of the last one: who came before it is in
        filled = 0
        for j in range(theta.size):
            arrived[filled] = j
            filled += np.int64(times[j] < last)
        for j in range(theta.size):
            if times[j] == last and filled < out.size:
                arrived[filled] = j
                filled += 1
    for r in range(out.size):
        out[r] = arrived[r]
        taken[arrived[r]] = True
    if ordered:
        _sort_by_time(out, times, near, arrived, begins)


@kernel
def _draw_kernel(theta, places, rng, ordered, out, exp_theta, shifts):
    """
    Fill out (B, K) with each context's candidates; theta is (M, B, n), places (M,) the places of each expert.

    With ``ordered`` what one expert drew is in the order of the draws; else in any order. Also fills ``exp_theta``
    (M, B, n) = exp(theta + shift), the largest of each row 1, and ``shifts`` (M, B), for the kernels that come after.
    Where these are not wanted ``exp_theta`` is (M, 1, n), which one context after the other overwrites.
    """
    n_experts, batch, n = theta.shape
    size = 8 * max(1, int(np.sqrt(n) / 15.5))  # of a block: many blocks are counted faster than many items
    upto = np.empty((n + size - 1) // size)
    left, times = np.zeros(upto.size * size), np.empty(n)
    arrived, begins = np.empty(n, np.int64), np.empty(n + 1, np.int64)
    taken = np.empty(n, np.bool_)
    for b in range(batch):
        taken[:] = False
        start = 0
        for m in range(n_experts):
            weights = exp_theta[m, b if exp_theta.shape[1] > 1 else 0]
            shifts[m, b] = weigh(theta[m, b], weights)
            seats = out[b, start : start + places[m]]
            start += places[m]
            if seats.size > _RACE_SHARE * n:
                _race(theta[m, b], weights, taken, times, rng, ordered, arrived, begins, seats)
            elif seats.size > 0:
                _draw_in_turn(theta[m, b], weights, taken, times, left, upto, rng, seats)


@kernel
def can_be_drawn(rows, logits):
    """Say whether each row (B, m) holds distinct items of its row of logits (B, n), none masked."""
    seen = np.zeros(logits.shape[1], np.int64)
    for b in range(rows.shape[0]):
        for item in rows[b]:
            if item < 0 or item >= seen.size or logits[b, item] == -np.inf or seen[item] == b + 1:
                return False
            seen[item] = b + 1
    return True


@kernel
def best_places(items, seen, out):
    """Fill ``out`` with the places of the items seen best, best first; ties to the lower item."""
    for rank in range(out.size):
        best = -1
        for c in range(items.size):
            new = True
            for earlier in range(rank):
                new = new and out[earlier] != c
            if new and (best < 0 or seen[c] > seen[best] or (seen[c] == seen[best] and items[c] < items[best])):
                best = c
        out[rank] = best


@kernel
def _choose_kernel(candidates, utility, users, noise, signs, betas, chances, rng, out):
    """
    Fill out (B, L) with what the late stage shows of candidates (B, K), best first; utility[users[b]] is context b's.

    The late stage is one of the parts by their ``chances``; a part ranks by sign * utility + Gumbel noise / beta. A
    noisy part sees ``noise`` (B, K) where that is given (B rows), else noise drawn here.
    """
    batch, k = candidates.shape
    seen, places = np.empty(k), np.empty(out.shape[1], np.int64)
    for b in range(batch):
        part, x = 0, 0.0
        if chances.size > 1:
            x = rng.random()
            while part < chances.size - 1 and x >= chances[part]:
                x -= chances[part]
                part += 1
        for c in range(k):
            if signs[part] == 0.0:
                seen[c] = rng.random()  # where the noise alone decides, any law will do
                continue
            seen[c] = signs[part] * utility[users[b], candidates[b, c]]
            if betas[part] < np.inf:
                seen[c] += noise[b, c] if noise.shape[0] == batch else -np.log(rng.standard_exponential()) / betas[part]
        best_places(candidates[b], seen, places)
        for rank in range(places.size):
            out[b, rank] = candidates[b, places[rank]]


draw_batch = in_one_piece(_draw_kernel)
choose_batch = in_one_piece(_choose_kernel)
