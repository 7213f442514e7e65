"""Validation shared by every public function: clean contiguous arrays in, or a ``ValueError``.

Each helper returns what a kernel may rely on, an array that can be written to included: for a read-only one Numba would
compile every kernel anew. An error names the argument, the value and what was expected.
"""

import functools
import numbers

import numpy as np


def renamed(**new_names):
    """Make a function refuse keywords that have been renamed, given as old="new", by a message that names the new."""

    def decorate(function):
        @functools.wraps(function)
        def checked(*args, **options):
            for old in options.keys() & new_names.keys():
                raise TypeError(f"{function.__name__}: the keyword {old!r} is now called {new_names[old]!r}")
            return function(*args, **options)

        return checked

    return decorate


def _as_real_array(values, name, ndim, expected):
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} has dtype {array.dtype}; expected real numbers, {expected}")
    if array.ndim != ndim:
        raise ValueError(f"{name} has shape {array.shape}; expected {expected}")
    return np.require(array, np.float64, "CAW")


def _refuse(bad, values, name, expected):
    """Raise for the first entry of ``values`` marked in ``bad``."""
    if bad.any():
        where = int(np.flatnonzero(bad)[0])
        raise ValueError(f"{name}[{where}] = {values[where]}; expected {expected}")


def as_logits(logits):
    """Return logits as (n,) float64; -inf masks an item, NaN and +inf are refused."""
    array = _as_real_array(logits, "logits", 1, "one logit for each item, shape (n,)")
    if array.size == 0:
        raise ValueError("logits is empty, shape (0,); expected at least one item")
    _refuse(np.isnan(array) | (array == np.inf), array, "logits", "a finite number, or -inf for a masked item")
    # beyond this doubles are more than 0.1 apart, and exp(logit + log t) has no meaning left
    huge = np.isfinite(array) & (np.abs(array) > 1e15)
    _refuse(huge, array, "logits", "a size of at most 1e15; -inf masks an item")
    return array


def as_count(value, name, low=1):
    """Return a whole number of at least ``low``."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral) or value < low:
        raise ValueError(f"{name} = {value!r}; expected a whole number of at least {low}")
    return int(value)


def as_k(k, logits):
    """Return k as int, between 1 and the number of items that are not masked."""
    n_finite = int(np.count_nonzero(np.isfinite(logits)))
    if isinstance(k, (bool, np.bool_)) or not isinstance(k, numbers.Integral) or not 1 <= k <= n_finite:
        raise ValueError(f"k = {k!r}; expected a whole number from 1 to {n_finite}, the number of finite logits")
    return int(k)


def as_vector(values, n_items, name):
    """Return finite values, one for each item, as (n,) float64."""
    array = _as_real_array(values, name, 1, f"one number for each of {n_items} items")
    if array.size != n_items:
        raise ValueError(f"{name} has shape {array.shape}; expected ({n_items},), one number for each item")
    _refuse(~np.isfinite(array), array, name, "a finite number")
    return array


def as_indices(values, n_items, name):
    """Return whole numbers in 0 … n-1, any shape, as contiguous int64."""
    array = np.asarray(values)
    if array.size == 0:
        raise ValueError(f"{name} is empty, shape {array.shape}; expected at least one item")
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name} has dtype {array.dtype}; expected whole numbers (int64)")
    flat = array.reshape(-1)
    _refuse((flat < 0) | (flat >= n_items), flat, name, f"an item in 0 … {n_items - 1}")
    return np.require(np.atleast_1d(array), np.int64, "CAW")


def as_items(items, logits, name="items"):
    """Return a one-dimensional array of items that can be drawn (finite logit)."""
    if np.ndim(items) != 1:  # before as_indices: making it contiguous turns a scalar into a vector
        raise ValueError(f"{name} has shape {np.shape(items)}; expected a list of items, shape (m,)")
    array = as_indices(items, logits.size, name)
    _refuse(~np.isfinite(logits[array]), array, name, "an item with a finite logit (this one is masked)")
    return array


def as_candidates(candidates, logits):
    """Return candidate lists as (..., k) int64: in range, not masked, none repeated within a list."""
    if np.ndim(candidates) == 0:
        raise ValueError(f"candidates = {candidates!r}; expected at least one dimension, shape (..., k)")
    array = as_indices(candidates, logits.size, "candidates")
    as_items(array.reshape(-1), logits, "candidates")
    ordered = np.sort(array, axis=-1).reshape(-1, array.shape[-1])
    repeated = ordered[:, 1:] == ordered[:, :-1]
    if repeated.any():
        row, column = np.argwhere(repeated)[0]
        raise ValueError(f"candidates repeats item {ordered[row, column]}; expected distinct items within a list")
    return array


def as_name(value, name, allowed):
    """Return ``value`` if it is one of the ``allowed`` names."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} = {value!r}; expected one of {', '.join(map(repr, allowed))}")
    return value


def as_number(value, name, low=-np.inf, high=np.inf):
    """Return a finite float within [low, high]."""
    ok = isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_)) and np.isfinite(value)
    if not ok or not low <= value <= high:
        raise ValueError(f"{name} = {value!r}; expected a finite number from {low} to {high}")
    return float(value)


def as_generator(rng):
    """Return the ``numpy.random.Generator`` given."""
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng = {rng!r}; expected a numpy.random.Generator (np.random.default_rng(seed))")
    return rng
