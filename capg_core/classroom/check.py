"""Automatic checks of the exercises, with four answers: not attempted, a hint, almost, correct.

A student's function is called on a copy of every case, and what it returns is compared with what the right answer
returns there, case by case and array by array; then with what each known wrong answer returns.
"""

import html
import math
from copy import deepcopy
from functools import cache

import numpy as np

from capg_core.classroom.exercises import EXERCISES

NOT_ATTEMPTED, HINT, ALMOST, CORRECT = "not attempted", "hint", "almost", "correct"
STATES = (NOT_ATTEMPTED, HINT, ALMOST, CORRECT)
_MARKS = {NOT_ATTEMPTED: "○", HINT: "✗", ALMOST: "≈", CORRECT: "✓"}
_COLOURS = {NOT_ATTEMPTED: "#717581", HINT: "#bd1f01", ALMOST: "#e76300", CORRECT: "#3f90da"}


class Result:
    """What a check found.

    Attributes
    ----------
    state : str
        One of `STATES`.
    text : str
        The same as plain text, hint included.
    """

    def __init__(self, key, state, summary, hint=""):
        self.key, self.state, self.summary, self.hint = key, state, summary, hint
        self.text = f"Exercise {key}: {state}. {summary}" + (f" Hint: {hint}" if hint else "")

    def __repr__(self):
        return self.text

    def _repr_html_(self):
        body = html.escape(self.summary)
        if self.hint:
            body += (
                f'<details style="margin-top:4px"><summary>Show the hint</summary>{html.escape(self.hint)}</details>'
            )
        return (
            f'<div style="border-left:4px solid {_COLOURS[self.state]};padding:4px 10px;font-size:15px">'
            f"<b>{_MARKS[self.state]} Exercise {self.key}: {self.state}.</b> {body}</div>"
        )


def _given(answer):
    if answer is None or answer is ...:
        raise NotImplementedError
    return answer


@cache
def _shapes(exercise):
    """Return the shapes of what the right answer returns: a tuple for each case, with one shape for each array."""
    results = [exercise.expected(*deepcopy(case)) for case in exercise.cases]
    return [tuple(np.shape(part) for part in (r if isinstance(r, tuple) else (r,))) for r in results]


def _fitted(exercise, case, result, wanted):
    """Return a result in the shape in which it is compared, or refuse it."""
    result, size = np.asarray(result, dtype=float), math.prod(wanted)
    fits = result.shape == wanted if exercise.other_shape == "refuse" else result.size == size
    if exercise.wrong_shape and not fits:
        raise ValueError(exercise.wrong_shape.format(found=result.shape, wanted=wanted, size=size, case=case))
    if exercise.other_shape == "accept" or size == 1:
        return result.ravel()
    return result if result.ndim == 1 else result.reshape(1, -1)


def _values(exercise, answer):
    """Return what an answer gives: a list of arrays, all those of the first case, then of the second, and so on."""
    if not exercise.call:
        return [np.asarray(answer, dtype=float)]
    if not callable(answer):
        raise TypeError(f"expected a function {exercise.call}, not {type(answer).__name__}")
    values = []
    for case, shapes in zip(exercise.cases, _shapes(exercise), strict=True):
        with np.errstate(all="ignore"):  # a case may be hard on purpose, and a wrong answer may overflow
            result = _given(answer(*deepcopy(case)))
        parts = result if len(shapes) > 1 else (result,)
        if not isinstance(parts, tuple) or len(parts) != len(shapes):
            raise ValueError(f"expected {exercise.returns}")
        values += [_fitted(exercise, case, part, shape) for part, shape in zip(parts, shapes, strict=True)]
    return exercise.read(values)


@cache
def _known(exercise, function):
    """Return what the right answer gives, or a wrong one that is known."""
    return _values(exercise, exercise.answer(function))


def _close(value, wanted, tolerance):
    """Compare array by array, in units of the largest entry of all.

    A gradient has entries near zero, where relative errors say nothing.
    """
    pairs = list(zip(value, wanted, strict=True))
    if any(v.shape != w.shape or not np.all(np.isfinite(v)) for v, w in pairs):
        return False
    # an exact zero that is computed in two ways is zero twice
    error = max(tolerance * max(np.max(np.abs(w)) for w in wanted), 1e-10)
    return all(np.max(np.abs(v - w)) <= error for v, w in pairs)


def _shape(value):
    """Return the shape that the arrays have side by side."""
    if len(value) == 1:
        return value[0].shape
    return (1,) * (max(part.ndim for part in value) - 1) + (sum(part.size for part in value),)


def _judge(exercise, value):
    wanted = _known(exercise, exercise.expected)
    if _close(value, wanted, exercise.rtol):
        return CORRECT, exercise.praise, ""
    if _close([-part for part in value], wanted, exercise.rtol):
        return ALMOST, "The size is right and the sign is wrong.", ""
    found, right = _shape(value), _shape(wanted)
    same_size = all(v.size == w.size for v, w in zip(value, wanted, strict=True))
    if same_size and _close([v.reshape(w.shape) for v, w in zip(value, wanted, strict=True)], wanted, exercise.rtol):
        return ALMOST, f"The numbers are right, the shape is {found} and should be {right}.", ""
    for mistake in exercise.misconceptions:
        if _close(value, _known(exercise, mistake.wrong), exercise.rtol):
            return HINT, "Not yet.", mistake.hint
    if _close(value, wanted, exercise.loose):
        return ALMOST, "Close, and not within the tolerance. Look for a rounded or simulated number.", ""
    if found != right:
        return HINT, "Not yet.", f"The answer has shape {found}; expected {right}."
    return HINT, "Not yet.", f"This is none of the usual mistakes. Read the question again: {exercise.question}"


def check(key, answer=None):
    """Check an answer to an exercise.

    Parameters
    ----------
    key : str
        The exercise, such as ``"00.1"``.
    answer : object
        A number, an array or a function, as the exercise asks; ``None`` or ``...`` for none yet.

    Returns
    -------
    Result
        With ``.state`` and ``.text``. Only an unknown `key` raises; a wrong or broken answer never does.

    Raises
    ------
    ValueError
        If there is no such exercise.

    Examples
    --------
    >>> check("00.1", ...).state
    'not attempted'
    """
    if key not in EXERCISES:
        raise ValueError(f"exercise is {key!r}; expected one of {', '.join(EXERCISES)}")
    exercise = EXERCISES[key]
    try:
        value = _values(exercise, _given(answer))
    except NotImplementedError:
        return Result(key, NOT_ATTEMPTED, exercise.question)
    except Exception as error:
        # A student's code may raise anything; the check says so instead of stopping the notebook.
        return Result(key, HINT, "The answer could not be used.", f"{type(error).__name__}: {error}")
    return Result(key, *_judge(exercise, value))
