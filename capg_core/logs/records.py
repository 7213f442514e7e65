"""What a logged record must be: the item shown is one of its candidates, and the logging policy can draw them all.

Arrays come as one row for all records, (n,), or as one row for each, (N, n).
"""

import numpy as np

from capg_core._checks import as_plain, refuse_no_logits, refuse_unbounded

_DISTINCT = "no item twice in a list"
_DRAWN = "an item that the logging policy can draw (its logging logit is -inf)"
_OF_ITS_LIST = "one of the record's candidates"
_SHOWN = "an item that the logging policy can show (its logging logit is -inf)"


def _as_rows(values, name, n_records, n_items):
    """Return real numbers as (n,) or (N, n) float64; ``n_items`` of None takes any n."""
    n = "n" if n_items is None else n_items
    expected = f"({n},), one number for each item, or ({n_records}, {n}), one row for each record"
    array = as_plain(values, name, f"real numbers, shape {expected}")
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} has dtype {array.dtype}; expected real numbers, shape {expected}")
    fits = array.ndim in (1, 2) and array.size > 0 and n_items in (None, array.shape[-1])
    if not fits or (array.ndim == 2 and array.shape[0] != n_records):
        raise ValueError(f"{name} has shape {array.shape}; expected {expected}")
    with np.errstate(over="ignore"):  # a long double that is no double becomes infinite, and is refused
        return np.require(array, np.float64, "CAW")


def as_logit_rows(values, name, n_records, n_items=None):
    """Return logits as (n,) or (N, n) float64; -inf masks an item."""
    array = _as_rows(values, name, n_records, n_items)
    refuse_no_logits(array, name)
    return array


def as_finite_rows(values, name, n_records, n_items):
    """Return finite numbers as (n,) or (N, n) float64."""
    array = _as_rows(values, name, n_records, n_items)
    refuse_unbounded(array, name)
    return array


def entries(rows, items):
    """Return the numbers of some items of each record, both (N, m)."""
    return rows[items] if rows.ndim == 1 else np.take_along_axis(rows, items, axis=1)


def _twice(candidates):
    """Return for each list (N, k) an item that is there twice, or -1."""
    ordered = np.sort(candidates, axis=1)
    again = ordered[:, 1:] == ordered[:, :-1]
    if not again.any():  # nearly always, also for lists of one
        return np.full(candidates.shape[0], -1)
    return np.where(again.any(axis=1), ordered[np.arange(ordered.shape[0]), again.argmax(axis=1)], -1)


def first_fault(shown, candidates, can_draw):
    """
    Return (field, record, value, expected) of the first record that the logging policy cannot have made, or None.

    ``can_draw`` says of items (N, m), m for each record, which have a finite logging logit.
    """
    faults = []
    if candidates is not None:
        again = _twice(candidates)
        faults.append(("candidates", again >= 0, again, _DISTINCT))
        masked = ~can_draw(candidates)
        which = candidates[np.arange(masked.shape[0]), masked.argmax(axis=1)]
        faults.append(("candidates", masked.any(axis=1), which, _DRAWN))
        faults.append(("shown", ~(candidates == shown[:, None]).any(axis=1), shown, _OF_ITS_LIST))
    faults.append(("shown", ~can_draw(shown[:, None])[:, 0], shown, _SHOWN))
    found = [(int(bad.argmax()), order) for order, (_, bad, _, _) in enumerate(faults) if bad.any()]
    if not found:
        return None
    record, order = min(found)
    field, _, values, expected = faults[order]
    return field, record, int(values[record]), expected
