"""Plackett-Luce top-K sampling: the K first arrivals of the exponential race, exactly, at O(K) per list.

Items likely to have arrived when the race closes ("heavy") draw their own arrival times, in logs. The others are the
events of one Poisson process whose items come from an alias table (Walker 1977; Vose 1991); an item met again is
skipped. No light item is met often, so a few events too many are all that skipping costs, however peaked the logits.
Setting this up pays for many lists of one context; `batch.draw` draws one list for each of many contexts.
"""

import numpy as np

from capg_core._checks import as_count, as_generator, as_k, as_logits
from capg_core._interrupt import in_one_piece
from capg_core._kernel import kernel
from capg_core._types import ArrayLike, Items
from capg_core.exact.race import asymptotic_clock

# Above this rate at the close of the race an item more likely than not has arrived: it draws its own time.
_HEAVY_RATE = 0.7


@kernel
def _alias_table(weight, chance, alias):
    """Fill the alias table of ``weight`` (overwritten): keep slot i with chance[i], else go to alias[i]."""
    n = weight.size
    weight *= n / weight.sum()
    pending = np.empty(n, np.int32)  # small slots from the left, large ones from the right
    small, large = 0, n
    for i in range(n):
        if weight[i] < 1.0:
            pending[small] = i
            small += 1
        else:
            large -= 1
            pending[large] = i
    while small > 0 and large < n:
        small -= 1
        i, j = pending[small], pending[large]
        chance[i], alias[i] = weight[i], j
        weight[j] -= 1.0 - weight[i]
        if weight[j] < 1.0:
            large += 1
            pending[small] = j
            small += 1
    for r in range(small):  # left over by rounding only: full slots
        chance[pending[r]], alias[pending[r]] = 1.0, pending[r]
    for r in range(large, n):
        chance[pending[r]], alias[pending[r]] = 1.0, pending[r]


@kernel
def _split(logits, s):
    """Return (heavy items, light items) by their rate when the race closes at log time s."""
    n_heavy, n_light = 0, 0
    for i in range(logits.size):
        if logits[i] + s > np.log(_HEAVY_RATE):
            n_heavy += 1
        elif logits[i] + s > -740.0:  # below that the rate is zero in double precision
            n_light += 1
    heavy, light = np.empty(n_heavy, np.int32), np.empty(n_light, np.int32)
    n_heavy, n_light = 0, 0
    for i in range(logits.size):
        if logits[i] + s > np.log(_HEAVY_RATE):
            heavy[n_heavy] = i
            n_heavy += 1
        elif logits[i] + s > -740.0:
            light[n_light] = i
            n_light += 1
    return heavy, light


@kernel
def _sample_kernel(logits, s, rng, out):
    """Fill each row of ``out`` with the first arrivals in order; s is the asymptotic closing time."""
    heavy, light = _split(logits, s)
    rate = np.exp(logits[light] + s)
    total = rate.sum()
    chance, alias = np.empty(light.size), np.empty(light.size, np.int32)
    if light.size > 0:
        _alias_table(rate, chance, alias)
    seen = np.zeros(light.size, np.int32)
    log_time = np.empty(heavy.size)
    k = out.shape[1]
    for row in range(out.shape[0]):
        for h in range(heavy.size):
            log_time[h] = np.log(rng.standard_exponential()) - logits[heavy[h]] - s
        order = np.argsort(log_time)
        clock = rng.standard_exponential() / total if light.size > 0 else np.inf
        next_heavy, filled, met = 0, 0, 0
        while filled < k:
            if next_heavy < heavy.size and (met == light.size or np.exp(log_time[order[next_heavy]]) <= clock):
                out[row, filled] = heavy[order[next_heavy]]
                next_heavy += 1
                filled += 1
                continue
            position = rng.random() * light.size
            slot = int(position)
            if position - slot >= chance[slot]:
                slot = alias[slot]
            if seen[slot] != row + 1:
                seen[slot] = row + 1
                out[row, filled] = light[slot]
                filled += 1
                met += 1
            clock += rng.standard_exponential() / total


_sample = in_one_piece(_sample_kernel)


def sample_candidates(logits: ArrayLike, k: int, rng: np.random.Generator, n_samples: int | None = None) -> Items:
    """
    Draw candidates from the Plackett-Luce top-K without replacement.

    Parameters
    ----------
    logits : (n,) array_like
        Early-stage logits; -inf masks an item.
    k : int
        Number of candidates.
    rng : numpy.random.Generator
        Source of all randomness; the same state gives the same lists.
    n_samples : int, optional
        Number of independent lists.

    Returns
    -------
    (k,) or (n_samples, k) int64
        Items in the order in which they were drawn.

    Raises
    ------
    ValueError
        For bad logits, k, rng or n_samples.

    Notes
    -----
    Exact. O(n) to set up, O(k) a list for flat logits, O(k log k) for very peaked ones; 37 bytes an item of memory.

    Examples
    --------
    >>> import numpy as np
    >>> import capg_core as capg
    >>> capg.sample_candidates([1000.0, 0.0, -1000.0], 3, np.random.default_rng(0))
    array([0, 1, 2])
    """
    logits = as_logits(logits)
    k = as_k(k, logits)
    rng = as_generator(rng)
    lists = sample_of(logits, k, rng, 1 if n_samples is None else as_count(n_samples, "n_samples"))
    return lists[0] if n_samples is None else lists


def sample_of(logits, k, rng, n_lists):
    """Return lists (N, k), of arguments that are checked."""
    finite = logits[np.isfinite(logits)]
    # When every item must arrive the race never closes: all are heavy (unless masked).
    s = asymptotic_clock(logits, float(k)) if k < finite.size else 1.0 - finite.min()
    out = np.empty((n_lists, k), np.int64)
    _sample(logits, s, rng, out)
    return out
