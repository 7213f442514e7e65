"""Plackett-Luce probabilities of candidate lists (ordered) and candidate sets (unordered), and their scores.

A list is a product of softmaxes over what is left. A set is one integral over the race clock::

    P(A) = integral of W_R exp(-W_R t) prod_{i in A} (1 - exp(-w_i t)) dt,   W_R = weight outside A

whose logarithm is concave in s = log t, so that one peak is found and integrated.
"""

import numpy as np

from capg_core._checks import as_candidates, as_k, as_logits
from capg_core._kernel import kernel
from capg_core._types import ArrayLike, Floats
from capg_core.batch.exp import weigh
from capg_core.batch.scores import add_list_score
from capg_core.exact.race import gauss_legendre, log_add, near_logits

_DROP = 42.0  # the integrand is followed down to e^-42 of its peak


@kernel
def _log_rest(logits, taken):
    """Return the log of the weight of items not taken, -inf if none is left."""
    top = -np.inf
    for j in range(logits.size):
        if not taken[j]:
            top = max(top, logits[j])
    if top == -np.inf:
        return top
    total = 0.0
    for j in range(logits.size):
        if not taken[j]:
            total += np.exp(logits[j] - top)
    return top + np.log(total)


@kernel
def _list_log_prob_kernel(logits, candidates, log_prob):
    """Fill log P(list) for each row of ``candidates``."""
    taken = np.zeros(logits.size, np.bool_)
    top = logits.max()
    weight = np.exp(logits - top)
    untaken = np.empty(logits.size)
    for row in range(candidates.shape[0]):
        untaken[:] = weight
        for a in candidates[row]:
            taken[a] = True
            untaken[a] = 0.0
        # what is left before each draw is added up from the end: subtracting would lose a small remainder
        rest = untaken.sum()
        # else the rest is so far below the top that it is added up relative to its own
        left = top + np.log(rest) if rest > 1e-200 else _log_rest(logits, taken)
        log_prob[row] = 0.0
        for r in range(candidates.shape[1] - 1, -1, -1):
            left = log_add(left, logits[candidates[row, r]])
            log_prob[row] += logits[candidates[row, r]] - left
        for a in candidates[row]:
            taken[a] = False


@kernel
def _list_score_kernel(logits, candidates, score):
    """Add the gradient of log P(list) to each row of ``score``."""
    exp_theta, open_, left = np.empty(logits.size), np.empty(logits.size), np.empty(logits.size)
    taken = np.empty(logits.size, np.bool_)
    weigh(logits, exp_theta)
    for row in range(candidates.shape[0]):
        taken[:] = False
        add_list_score(logits, exp_theta, taken, candidates[row], 1.0, open_, left, score[row])


@kernel
def _log_arrived(x):
    """Return log(1 - exp(-e^x)) and its derivative in x, stable everywhere."""
    if x > 5.0:
        lam = np.exp(min(x, 7.0))
        return -np.exp(-lam), lam * np.exp(-lam)
    lam = np.exp(x)
    if lam < 1e-8:
        return x - 0.5 * lam, 1.0 - 0.5 * lam
    return np.log(-np.expm1(-lam)), lam / np.expm1(lam)


@kernel
def _set_integrand(s, log_rest, theta):
    """Return the log of the integrand in s = log t, and its slope."""
    rest = np.exp(min(log_rest + s, 700.0))
    value, slope = log_rest + s - rest, 1.0 - rest
    for x in theta:
        log_p, slope_p = _log_arrived(x + s)
        value += log_p
        slope += slope_p
    return value, slope


@kernel
def _set_limits(log_rest, theta):
    """Return (peak value, low, high): where the concave log-integrand stands at most _DROP below its peak."""
    # the slope is positive while e^(s + log_rest) < 1, and negative once it exceeds 1 + K
    low, high = -log_rest, -log_rest + np.log(1.0 + theta.size)
    while high - low > 1e-3:
        middle = 0.5 * (low + high)
        if middle == low or middle == high:
            break
        if _set_integrand(middle, log_rest, theta)[1] > 0.0:
            low = middle
        else:
            high = middle
    peak = low
    top = _set_integrand(peak, log_rest, theta)[0]
    limits = np.empty(2)
    for side in range(2):
        step = -1.0 if side == 0 else 1.0
        near, far = peak, peak + step
        while _set_integrand(far, log_rest, theta)[0] > top - _DROP:
            near, far = far, far + step
        for _ in range(6):
            middle = 0.5 * (near + far)
            if _set_integrand(middle, log_rest, theta)[0] > top - _DROP:
                near = middle
            else:
                far = middle
        limits[side] = far
    return top, limits[0], limits[1]


@kernel
def _set_kernel(logits, candidates, x, w, log_prob, score):
    """Fill log P(set) and its gradient for each row of ``candidates``."""
    n, k = logits.size, candidates.shape[1]
    taken = np.zeros(n, np.bool_)
    share = np.empty(k)
    for row in range(candidates.shape[0]):
        theta = logits[candidates[row]]
        for a in candidates[row]:
            taken[a] = True
        log_rest = _log_rest(logits, taken)
        if log_rest == -np.inf:  # every item is a candidate: certain
            log_prob[row] = 0.0
            for a in candidates[row]:
                taken[a] = False
            continue
        top, low, high = _set_limits(log_rest, theta)
        n_panels = int(np.ceil((high - low) / 1.5)) + int(np.sqrt(k) / 4)
        half = 0.5 * (high - low) / n_panels
        total = 0.0
        share[:] = 0.0
        for panel in range(n_panels):
            for q in range(x.size):
                s = low + half * (2 * panel + 1 + x[q])
                mass = half * w[q] * np.exp(_set_integrand(s, log_rest, theta)[0] - top)
                total += mass
                for r in range(k):
                    share[r] += mass * _log_arrived(theta[r] + s)[1]
        log_prob[row] = min(top + np.log(total), 0.0)  # rounding can pass it
        pull = 0.0
        for r in range(k):
            score[row, candidates[row, r]] = share[r] / total
            pull += share[r] / total
        for j in range(n):
            if not taken[j]:  # scale invariance: the others lose together what the candidates gain
                score[row, j] = -pull * np.exp(logits[j] - log_rest)
        for a in candidates[row]:
            taken[a] = False


def _checked(logits, candidates):
    """Return the logits, the lists as rows (N, k), and the shape without k."""
    logits = as_logits(logits)
    candidates = as_candidates(candidates, logits)
    as_k(candidates.shape[-1], logits)
    return logits, candidates.reshape(-1, candidates.shape[-1]), candidates.shape[:-1]


def _of_lists(log_prob, shape):
    return log_prob.reshape(shape) if shape else float(log_prob[0])


def _sets(logits, rows):
    """Return log P(set) and its gradient for each row."""
    log_prob, score = np.empty(rows.shape[0]), np.zeros((rows.shape[0], logits.size))
    _set_kernel(logits, rows, *gauss_legendre(), log_prob, score)
    return log_prob, score


def list_log_prob(logits: ArrayLike, candidates: ArrayLike) -> Floats:
    """
    Log-probability of drawing the candidates in this order.

    Parameters
    ----------
    logits : (n,) array_like
        Early-stage logits; -inf masks an item.
    candidates : (..., k) array_like of int
        Items in draw order, none repeated.

    Returns
    -------
    (...,) float64
        Natural logarithms; a float for one list.

    Raises
    ------
    ValueError
        For bad logits, or candidates out of range, masked or repeated.

    Notes
    -----
    sum_d [theta_{a_d} - log(weight left before draw d)]; Plackett (1975), Luce (1959).

    Examples
    --------
    >>> import numpy as np
    >>> import capg_core as capg
    >>> print(round(np.exp(capg.list_log_prob([0.0, 0.0, 0.0], [2, 0])), 6))
    0.166667
    """
    logits, rows, shape = _checked(logits, candidates)
    return _of_lists(list_log_prob_of(logits, rows), shape)


def list_log_prob_of(logits, rows):
    """Return log P of lists (N, k), of arguments that are checked."""
    log_prob = np.empty(rows.shape[0])
    _list_log_prob_kernel(logits, rows, log_prob)
    return log_prob


def list_score(logits: ArrayLike, candidates: ArrayLike) -> Floats:
    """
    Gradient of :func:`list_log_prob` with respect to the logits.

    Parameters
    ----------
    logits : (n,) array_like
        Early-stage logits.
    candidates : (..., k) array_like of int
        Items in draw order.

    Returns
    -------
    (..., n) float64
        O(n + k) a list; each row sums to zero.

    Raises
    ------
    ValueError
        As :func:`list_log_prob`.

    Examples
    --------
    >>> import capg_core as capg
    >>> print(capg.list_score([0.0, 0.0], [1]))
    [-0.5  0.5]
    """
    logits, rows, shape = _checked(logits, candidates)
    return list_score_of(logits, rows).reshape(*shape, logits.size)


def list_score_of(logits, rows):
    """Return the scores of lists (N, k), of arguments that are checked."""
    score = np.zeros((rows.shape[0], logits.size))
    _list_score_kernel(near_logits(logits), rows, score)
    return score


def set_log_prob(logits: ArrayLike, candidates: ArrayLike) -> Floats:
    """
    Log-probability of the candidates in any order.

    Parameters
    ----------
    logits : (n,) array_like
        Early-stage logits; -inf masks an item.
    candidates : (..., k) array_like of int
        Items, none repeated; their order does not matter.

    Returns
    -------
    (...,) float64
        Natural logarithms; a float for one set.

    Raises
    ------
    ValueError
        As :func:`list_log_prob`.

    Notes
    -----
    The integral of this module's docstring, O(K Q); cf. Kool et al. (2020), "Estimating gradients for discrete
    random variables by sampling without replacement".

    Examples
    --------
    >>> import numpy as np
    >>> import capg_core as capg
    >>> print(round(np.exp(capg.set_log_prob([0.0, 0.0, 0.0], [2, 0])), 6))
    0.333333
    """
    logits, rows, shape = _checked(logits, candidates)
    return _of_lists(_sets(logits, rows)[0], shape)


def set_score(logits: ArrayLike, candidates: ArrayLike) -> Floats:
    """
    Gradient of :func:`set_log_prob` with respect to the logits.

    Parameters
    ----------
    logits : (n,) array_like
        Early-stage logits.
    candidates : (..., k) array_like of int
        Items in any order.

    Returns
    -------
    (..., n) float64
        Each row sums to zero.

    Raises
    ------
    ValueError
        As :func:`list_log_prob`.

    Examples
    --------
    >>> import capg_core as capg
    >>> print(capg.set_score([0.0, 0.0], [1]))
    [-0.5  0.5]
    """
    logits, rows, shape = _checked(logits, candidates)
    return set_score_of(logits, rows).reshape(*shape, logits.size)


def set_score_of(logits, rows):
    """Return the scores of sets (N, k), of arguments that are checked."""
    return _sets(near_logits(logits), rows)[1]
