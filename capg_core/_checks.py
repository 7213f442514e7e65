"""Validation shared by every public function: clean contiguous arrays in, or a ``ValueError``.

Each helper returns what a kernel may rely on, an array that can be written to included: for a read-only one Numba would
compile every kernel anew. An error names the argument, the value and what was expected.
"""

import contextlib
import functools
import math
import numbers
import os
import reprlib
from collections.abc import Callable
from typing import TypeVar

import numpy as np

_Function = TypeVar("_Function", bound=Callable[..., object])

# Beyond this a square, summed over items, may leave what a double holds.
_LARGEST = 1e100
# Beyond this doubles are more than 0.1 apart, and exp(logit + log t) has no meaning left.
_FURTHEST = 1e15
# No array is this long; a seed may be any whole number.
_MOST = 2**40


def renamed(**new_names: str) -> Callable[[_Function], _Function]:
    """Make a function refuse keywords that have been renamed, given as old="new", by a message that names the new."""

    def decorate(function):
        @functools.wraps(function)
        def checked(*args, **options):
            for old in options.keys() & new_names.keys():
                raise TypeError(f"{function.__name__}: the keyword {old!r} is now called {new_names[old]!r}")
            return function(*args, **options)

        return checked

    return decorate


_SHORT = reprlib.Repr()
_SHORT.maxother = _SHORT.maxstring = 80


def said(value):
    """Return what was given in one short line, for an error."""
    return " ".join(_SHORT.repr(value).split())


def _is_masked(values, depth=4):
    """True where NumPy's own conversion would drop a mask: a masked array with masked entries, or lists of such."""
    if isinstance(values, np.ma.MaskedArray):
        return bool(np.ma.is_masked(values))
    if not isinstance(values, (list, tuple)) or depth == 0:
        return False
    # a long list of plain numbers has one or two kinds of entries
    if not any(issubclass(kind, (list, tuple, np.ma.MaskedArray)) for kind in set(map(type, values))):
        return False
    return any(_is_masked(value, depth - 1) for value in values)


def as_plain(values, name, expected):
    """Return an array of what was given; refuse masked entries, and what NumPy cannot read, by name."""
    if type(values) is np.ndarray:
        return values
    if _is_masked(values):
        raise ValueError(f"{name} has masked entries; expected {expected}: fill them, or leave them out")
    try:
        return np.asarray(values)
    except (ValueError, TypeError, OverflowError, RuntimeError) as error:  # the last: a torch tensor with a gradient
        raise ValueError(f"{name} = {said(values)} is not an array ({error}); expected {expected}") from error


def _as_real_array(values, name, ndim, expected):
    array = as_plain(values, name, expected)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} has dtype {array.dtype}; expected real numbers, {expected}")
    if array.ndim != ndim:
        raise ValueError(f"{name} has shape {array.shape}; expected {expected}")
    if array.dtype.itemsize > 8:
        with np.errstate(over="ignore"):  # a long double that is no double becomes infinite, and the checks see that
            return np.require(array, np.float64, "CAW")
    return np.require(array, np.float64, "CAW")


def _refuse(bad, values, name, expected):
    """Raise for the first entry of ``values`` marked in ``bad``."""
    if bad.any():
        where = np.unravel_index(int(bad.argmax()), bad.shape)
        place = f"[{', '.join(str(int(i)) for i in where)}]" if where else ""
        raise ValueError(f"{name}{place} = {values[where]}; expected {expected}")


def refuse_unbounded(array, name):
    """Refuse what is not finite, or so large that its squares are not."""
    # where all is well the extremes say so without an array beside; NaN is not within anything
    if array.size and not (-_LARGEST <= array.min() and array.max() <= _LARGEST):
        _refuse(~np.isfinite(array), array, name, "a finite number")
        _refuse(np.abs(array) > _LARGEST, array, name, f"a size of at most {_LARGEST:g}")


def as_logits(logits):
    """Return logits as (n,) float64; -inf masks an item, NaN and +inf are refused."""
    array = _as_real_array(logits, "logits", 1, "one logit for each item, shape (n,)")
    if array.size == 0:
        raise ValueError("logits is empty, shape (0,); expected at least one item")
    refuse_no_logits(array, "logits")
    return array


def refuse_no_logits(array, name):
    """Refuse what is no logit: NaN, +inf, or a size at which exp means nothing; -inf masks an item."""
    _refuse(np.isnan(array) | (array == np.inf), array, name, "a finite number, or -inf for a masked item")
    huge = np.isfinite(array) & (np.abs(array) > _FURTHEST)
    _refuse(huge, array, name, "a size of at most 1e15; -inf masks an item")


def _is_whole(value):
    return isinstance(value, numbers.Integral) and not isinstance(value, (bool, np.bool_))


def as_count(value, name, low=1, high=_MOST):
    """Return a whole number from ``low`` to ``high``."""
    if not _is_whole(value) or value < low:
        raise ValueError(f"{name} = {said(value)}; expected a whole number of at least {low}")
    if value > high:
        raise ValueError(f"{name} = {said(value)}; expected at most {high}")
    return int(value)


def as_seed(value, name="seed"):
    """Return a whole number of at least 0, of any size."""
    return as_count(value, name, 0, np.inf)


def as_k(k, logits):
    """Return k as int, between 1 and the number of items that are not masked."""
    n_finite = int(np.count_nonzero(np.isfinite(logits)))
    if not _is_whole(k) or not 1 <= k <= n_finite:
        raise ValueError(f"k = {said(k)}; expected a whole number from 1 to {n_finite}, the number of finite logits")
    return int(k)


def as_vector(values, n_items, name):
    """Return finite values, one for each item, as (n,) float64."""
    array = _as_real_array(values, name, 1, f"one number for each of {n_items} items")
    if array.size != n_items:
        raise ValueError(f"{name} has shape {array.shape}; expected ({n_items},), one number for each item")
    refuse_unbounded(array, name)
    return array


def as_indices(values, n_items, name, one="an item"):
    """Return whole numbers in 0 … n-1, any shape, as contiguous int64; ``one`` says what each is."""
    array = as_plain(values, name, f"whole numbers, each {one}")
    if array.size == 0:
        raise ValueError(f"{name} is empty, shape {array.shape}; expected at least one {one.split()[1]}")
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name} has dtype {array.dtype}; expected whole numbers (int64)")
    flat = array.reshape(-1)
    _refuse((flat < 0) | (flat >= n_items), flat, name, f"{one} in 0 … {n_items - 1}")
    return np.require(np.atleast_1d(array), np.int64, "CAW")


def as_items(items, logits, name="items"):
    """Return a one-dimensional array of items that can be drawn (finite logit)."""
    items = as_plain(items, name, "a list of items, shape (m,)")
    if items.ndim != 1:  # before as_indices: making it contiguous turns a scalar into a vector
        raise ValueError(f"{name} has shape {items.shape}; expected a list of items, shape (m,)")
    array = as_indices(items, logits.size, name)
    _refuse(~np.isfinite(logits[array]), array, name, "an item with a finite logit (this one is masked)")
    return array


def as_candidates(candidates, logits, name="candidates"):
    """Return candidate lists as (..., k) int64: in range, not masked, none repeated within a list."""
    given, candidates = candidates, as_plain(candidates, name, "whole numbers, shape (..., k)")
    if candidates.ndim == 0:
        raise ValueError(f"{name} = {said(given)}; expected at least one dimension, shape (..., k)")
    array = as_indices(candidates, logits.size, name)
    as_items(array.reshape(-1), logits, name)
    ordered = np.sort(array, axis=-1).reshape(-1, array.shape[-1])
    repeated = ordered[:, 1:] == ordered[:, :-1]
    if repeated.any():
        row, column = np.argwhere(repeated)[0]
        raise ValueError(f"{name} repeats item {ordered[row, column]}; expected distinct items within a list")
    return array


def refuse_outsiders(outputs, candidates):
    """Refuse outputs (N, L) that are not among their candidates (N, k)."""
    outside = (outputs[:, :, None] != candidates[:, None, :]).all(axis=2)
    if outside.any():
        row, place = np.argwhere(outside)[0]
        among = said(candidates[row].tolist())
        raise ValueError(f"outputs[{row}] = {outputs[row, place]}; expected one of its candidates {among}")


def as_pools(available, shape):
    """Return a boolean array of this shape: True where an item is in the pool. Numbers are refused: ~1 is not False."""
    array = as_plain(available, "available", f"bool, shape {shape}")
    if array.dtype != np.bool_ or array.shape != shape:
        raise ValueError(f"available has dtype {array.dtype} and shape {array.shape}; expected bool, shape {shape}")
    return array


def as_name(value, name, allowed):
    """Return ``value`` if it is one of the ``allowed`` names."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} = {said(value)}; expected one of {', '.join(map(repr, allowed))}")
    return value


def as_number(value, name, low=-np.inf, high=np.inf):
    """Return a finite float within [low, high]."""
    number = np.nan
    if isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_)):
        with contextlib.suppress(OverflowError):  # a whole number that no double holds
            number = float(value)
    if not math.isfinite(number) or not low <= number <= high:
        raise ValueError(f"{name} = {said(value)}; expected a finite number from {low} to {high}")
    if abs(number) > _LARGEST:
        raise ValueError(f"{name} = {said(value)}; expected a size of at most {_LARGEST:g}")
    return number


def as_instance(value, name, kind, hint=""):
    """Return a ``value`` of this class."""
    if not isinstance(value, kind):
        raise ValueError(f"{name} = {said(value)}; expected a {kind.__name__}{hint}")
    return value


def as_path(value, ending=""):
    """Return a path as text, with ~ for the home folder."""
    try:
        path = os.fspath(value)
    except TypeError:
        path = None
    if not isinstance(path, str):
        raise ValueError(f"path = {said(value)}; expected the name of a file, a str or path-like")
    if not path.endswith(ending):
        raise ValueError(f"path = {path!r}; expected a name that ends in {ending!r}")
    return os.path.expanduser(path)


def as_generator(rng):
    """Return the ``numpy.random.Generator`` given."""
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng = {said(rng)}; expected a numpy.random.Generator (np.random.default_rng(seed))")
    return rng


def as_batch_logits(logits):
    """
    Return logits (B, n) as float64, how many items the smallest pool has, and whether they came as float32.

    NaN and +inf are refused.
    """
    expected = "a row of logits per context, shape (B, n)"
    given = as_plain(logits, "logits", expected)
    array = _as_real_array(given, "logits", 2, expected)
    if array.size == 0:
        raise ValueError(f"logits is empty, shape {array.shape}; expected {expected}")
    is_single, pool, low = given.dtype == np.float32, array.shape[1], array.min()
    # where all is well the extremes say so without an array beside; NaN is not within anything
    if not (-_FURTHEST <= low and array.max() <= _FURTHEST):
        refuse_no_logits(array, "logits")
        pool = int(np.isfinite(array).sum(axis=1).min())
    return array, pool, is_single


def as_rows(values, name, shape):
    """Return finite numbers of this shape, a row per context; (B,) will do for (B, 1)."""
    array = as_plain(values, name, f"shape {shape}")
    if array.shape == shape[:1] and shape[1:] == (1,):
        array = array.reshape(shape)
    array = _as_real_array(array, name, len(shape), f"shape {shape}")
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}; expected {shape}")
    refuse_unbounded(array, name)
    return array
