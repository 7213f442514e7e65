"""What a student's answer gives: the function is called on a copy of every case, and its results are read and compared.

Single precision, a list for an array or a tuple, and axes of length one are as good as any other form.
"""

import sysconfig
import traceback
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

TINY = 1e-10  # what is exactly zero can be computed in two ways
_ELSEWHERE = (str(Path(__file__).resolve().parents[1]), sysconfig.get_path("stdlib"), "site-packages", "dist-packages")


class NotAttempted(Exception):
    """The answer is still the one that stands in the notebook."""


class Unreadable(Exception):
    """The answer is nothing that can be compared; the text says why."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What an answer gave on one case.

    Attributes
    ----------
    parts : tuple of array
        The arrays returned, without axes of length one; empty if there are none.
    raw : tuple of array
        The same with all their axes.
    error : Exception or None
        What was raised.
    """

    parts: tuple = ()
    raw: tuple = ()
    error: Exception | None = field(default=None)


def _kind(thing):
    if isinstance(thing, str):
        return f"the text {thing!r}"
    form = "that is no array of numbers" if isinstance(thing, (list, tuple)) else "that is no number"
    return f"of type {type(thing).__name__} {form}"


def _array(thing, returns):
    try:
        with np.errstate(all="ignore"):
            return np.asarray(thing, dtype=float)
    except Exception:
        raise Unreadable(f"The answer is {_kind(thing)}; expected {returns}.") from None


def _read(exercise, result, n_parts):
    if result is ...:
        raise NotAttempted
    if result is None:
        raise Unreadable("Your function returned nothing: does it end with `return` and what it found?")
    if n_parts == 1:
        raw = (_array(result, exercise.returns),)
    else:
        if not isinstance(result, (tuple, list, np.ndarray)) or len(result) != n_parts:
            raise Unreadable(f"The answer is {_kind(result)}; expected {exercise.returns}.")
        raw = tuple(_array(part, exercise.returns) for part in result)
    return Outcome(tuple(np.squeeze(part) for part in raw), raw)


def _measured(exercise, names):
    """Return what is measured with the names chosen."""
    names = [names] if isinstance(names, str) else names
    fits = isinstance(names, (list, tuple)) and len(names) == len(exercise.expected())
    if not fits or not all(isinstance(name, str) and name in exercise.choices for name in names):
        raise Unreadable(f"Expected {exercise.returns}, each one of: {', '.join(exercise.choices)}.")
    return exercise.measured(names)


def outcome_of(exercise, answer, case, n_parts=1):
    """Call an answer on a copy of one case; where a number is asked, read it.

    Returns
    -------
    Outcome
    """
    try:
        with np.errstate(all="ignore"):  # a case may be hard on purpose, and a wrong answer may overflow
            result = answer(*deepcopy(case)) if exercise.call else answer
            result = _measured(exercise, result) if exercise.choices else result
        return _read(exercise, result, n_parts)
    except NotAttempted:
        raise
    except Exception as error:
        # A student's code may raise anything; the check says so instead of stopping the notebook.
        return Outcome(error=error)


def outcomes_of(exercise, answer):
    """Return what an answer gives on every case: a list of `Outcome`."""
    parts = (1,) * len(exercise.cases) if not exercise.call else _number_of_parts(exercise)
    return [outcome_of(exercise, answer, case, n) for case, n in zip(exercise.cases, parts, strict=True)]


@cache
def _number_of_parts(exercise):
    results = (exercise.expected(*deepcopy(case)) for case in exercise.cases)
    return tuple(len(result) if isinstance(result, tuple) else 1 for result in results)


@cache
def known(exercise, function):
    """Return what the right answer gives, or a wrong one that is known."""
    return outcomes_of(exercise, exercise.answer(function))


def agree(one, other, rtol):
    """Compare two outcomes array by array, in units of each array's largest entry; the same error agrees too.

    A gradient has entries near zero, where relative errors say nothing.
    """
    if one.error or other.error:
        return type(one.error) is type(other.error)
    pairs = zip(one.parts, other.parts, strict=True)
    return len(one.parts) == len(other.parts) and all(_agree(a, b, rtol) for a, b in pairs)


def _agree(value, wanted, rtol):
    if value.shape != wanted.shape:
        return False
    finite = np.isfinite(wanted)
    if not np.array_equal(value[~finite], wanted[~finite], equal_nan=True):
        return False
    value, wanted = value[finite], wanted[finite]
    scale = np.max(np.abs(wanted), initial=0.0)
    return bool(np.all(np.abs(value - wanted) <= max(rtol * scale, TINY)))


def changed(outcome, how):
    """Return an outcome with every array changed by a function; one with an error as it is."""
    return Outcome(tuple(how(part) for part in outcome.parts), outcome.raw, outcome.error)


def is_rounded(value, wanted, most=0.02):
    """Say whether an outcome is another one rounded to some decimals, with an error of at most this share."""
    if value.error or not agree(value, wanted, most):
        return False
    return any(agree(value, changed(wanted, lambda part, d=d: np.round(part, d)), 1e-9) for d in range(1, 9))


def line_of(error):
    """Return the line of the student's own code at which something was raised, in words; empty if it is not there."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.line and not any(place in frame.filename for place in _ELSEWHERE):
            return f"line {frame.lineno}, in {frame.name}: {frame.line.strip()}"
    return ""


def written_case(exercise, case):
    """Write the arguments of a call with their names."""
    names = [name.strip() for name in exercise.call.partition("(")[2].rstrip(")").split(",")]
    return ", ".join(f"{name} = {_written(value)}" for name, value in zip(names, case, strict=True))


def written_values(outcome, digits=4):
    """Write what came out, as it came out."""
    return " and ".join(_written(part, digits) for part in (outcome.raw or outcome.parts))


def _written(value, digits=4):
    value = np.asarray(value, dtype=float)

    def one(x):
        return f"{x:.{digits}g}" if abs(x) >= TINY or x == 0 else "0"

    return np.array2string(value, separator=", ", threshold=60, max_line_width=110, formatter={"float_kind": one})
