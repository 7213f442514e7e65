"""A log of one policy: who came, what was shown, what it earned, and the logits that chose the candidates."""

from dataclasses import dataclass

import numpy as np

from capg_core._checks import as_indices, as_plain, as_vector, refuse_no_logits
from capg_core._types import Floats, Items
from capg_core.logs.records import first_fault
from capg_core.worlds.world import ReadOnly


def as_context_logits(values):
    """Return (contexts, n) float64, a copy."""
    expected = "one row of logits for each context, shape (contexts, n)"
    array = as_plain(values, "logits", expected)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"logits has dtype {array.dtype}; expected real numbers, {expected}")
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"logits has shape {array.shape}; expected {expected}")
    with np.errstate(over="ignore"):
        array = np.array(array, np.float64, order="C")
    refuse_no_logits(array, "logits")
    return array


def _as_records(values, name, n, one, shape):
    """Return whole numbers below n of this shape, where None is any length; a copy."""
    sizes = [letter if size is None else str(size) for letter, size in zip("NK", shape, strict=False)]
    expected = f"({', '.join(sizes)}{',' * (len(sizes) == 1)})"
    found = as_plain(values, name, f"whole numbers, shape {expected}").shape
    if len(found) != len(shape) or any(size not in (None, there) for size, there in zip(shape, found, strict=True)):
        raise ValueError(f"{name} has shape {found}; expected {expected}")
    return as_indices(values, n, name, one).copy()


@dataclass(frozen=True, eq=False)
class Log(ReadOnly):
    """
    Logged records. `read_log` makes one of a file; all arrays are copied, checked and read-only.

    Parameters
    ----------
    context : (N,) array_like of int
        The context of each record, a row of ``logits``.
    shown : (N,) array_like of int
        The item shown.
    reward : (N,) array_like
        What it earned, any unit.
    logits : (contexts, n) array_like
        The logging policy's logits of every item in each context; -inf masks an item.
    candidates : (N, K) array_like of int, optional
        The candidates in draw order, where they were kept.

    Raises
    ------
    ValueError
        For bad arrays, and by its number for the first record that the logging policy cannot have made: the item shown
        is masked or none of its candidates, a candidate is masked or there twice.

    Examples
    --------
    >>> import capg_core as capg
    >>> log = capg.Log([0, 1, 1], [2, 0, 1], [1.0, 0.0, 0.5], [[0.0, 1.0, 2.0], [1.0, 1.0, 0.0]])
    >>> log.log_logits.shape
    (3, 3)
    >>> new = log.logits[:, ::-1]    # another policy: a row for each context, and with log.context for each record
    >>> utility = [3.0, 2.0, 1.0]
    >>> found = capg.off_policy_value(log.log_logits, new[log.context], log.shown, log.reward, 1, utility=utility)
    >>> round(found.value, 3)
    0.212
    """

    context: Items
    shown: Items
    reward: Floats
    logits: Floats
    candidates: Items | None = None

    def __post_init__(self):
        logits = as_context_logits(self.logits)
        n_contexts, n_items = logits.shape
        shown = _as_records(self.shown, "shown", n_items, "an item", (None,))
        n = shown.size
        context = _as_records(self.context, "context", n_contexts, "a context", (n,))
        reward = as_vector(self.reward, n, "reward").copy()
        candidates = self.candidates
        if candidates is not None:
            candidates = _as_records(candidates, "candidates", n_items, "an item", (n, None))
        fault = first_fault(shown, candidates, lambda items: np.isfinite(logits[context[:, None], items]))
        if fault is not None:
            field, record, value, expected = fault
            raise ValueError(f"{field}[{record}] = {value}; expected {expected}")
        fields = dict(context=context, shown=shown, reward=reward, logits=logits, candidates=candidates)
        for name, array in fields.items():
            if array is not None:
                array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def log_logits(self) -> Floats:
        """The logging logits of each record, (N, n): as `off_policy_value` takes them."""
        return self.logits[self.context]
