"""Automatic checks of the exercises, with four answers: not attempted, not yet, almost, correct.

An answer is compared with the right one case by case and array by array, then with every wrong one that is known.
What is wrong is shown on the smallest case on which it is.
"""

import html

import numpy as np

from capg_core.classroom.answers import (
    NotAttempted,
    Unreadable,
    agree,
    changed,
    is_rounded,
    known,
    line_of,
    outcome_of,
    outcomes_of,
    written_case,
    written_values,
)
from capg_core.classroom.exercises import EXERCISES

NOT_ATTEMPTED, NOT_YET, ALMOST, CORRECT = "not attempted", "not yet", "almost", "correct"
STATES = (NOT_ATTEMPTED, NOT_YET, ALMOST, CORRECT)
_MARKS = {NOT_ATTEMPTED: "○", NOT_YET: "✗", ALMOST: "≈", CORRECT: "✓"}
# no estimator's colour: in a picture blue and red are methods, not verdicts
_COLOURS = {NOT_ATTEMPTED: "#8a8f98", NOT_YET: "#9c2c77", ALMOST: "#8c6d00", CORRECT: "#15803d"}
_MOST_OFF = 0.1  # how far a simulation may be from the right answer, in units of the largest entry


class Result:
    """What a check found.

    Attributes
    ----------
    state : str
        One of `STATES`.
    summary : str
        What the verdict is about.
    rows : tuple of (str, str)
        The smallest case that fails: what goes in, what came out, what should; or where an error was raised.
    hint : str
        What points at a mistake that is known; folded away in a notebook.
    text : str
        All of it as plain text.
    """

    def __init__(self, key, state, summary, rows=(), hint=""):
        self.key, self.state, self.summary, self.rows, self.hint = key, state, summary, tuple(rows), hint
        shown = "".join(f"\n  {name}: {' '.join(value.split())}" for name, value in self.rows)
        self.text = f"Exercise {key}: {state}. {summary}{shown}" + (f"\n  A hint: {hint}" if hint else "")

    def __repr__(self):
        return self.text

    def _repr_html_(self):
        body = html.escape(self.summary)
        if self.rows:
            cells = "".join(
                f'<tr><th scope="row" style="text-align:left;vertical-align:top;padding:1px 12px 1px 0">'
                f'{html.escape(name)}</th><td style="text-align:left;padding:1px 0"><code style="white-space:pre-wrap">'
                f"{html.escape(value)}</code></td></tr>"
                for name, value in self.rows
            )
            body += f'<table style="margin:4px 0;font-size:14px">{cells}</table>'
        if self.hint:
            body += f'<details style="margin-top:4px"><summary>Show a hint</summary>{html.escape(self.hint)}</details>'
        return (
            f'<div style="border-left:4px solid {_COLOURS[self.state]};padding:4px 10px;font-size:15px">'
            f"<b>{_MARKS[self.state]} Exercise {self.key}: {self.state}.</b> {body}</div>"
        )


def _size(case):
    return sum(np.size(argument) for argument in case)


def _smallest(exercise, failing):
    return min(failing, key=lambda i: (_size(exercise.cases[i]), i))


def _said(error):
    """Write what was raised as a student reads it."""
    return str(error) if isinstance(error, Unreadable) else f"{type(error).__name__}: {error}"


def _rows(exercise, i, value, wanted):
    """Return the case as rows; of a number the right answer is not shown, an easier question is."""
    if not exercise.call:
        rows = [("yours", written_values(value))] if value.parts else []
        label = "what is possible" if exercise.choices else "an easier one"
        return rows + ([(label, exercise.nearby())] if exercise.nearby else [])
    rows = [("input", written_case(exercise, exercise.cases[i]))]
    if value.error:
        line = line_of(value.error)
        rows += [("your code", line)] if line else []
        return [*rows, ("expected", written_values(wanted))]
    digits = 4 if written_values(value) != written_values(wanted) else 10
    return [*rows, ("yours", written_values(value, digits)), ("expected", written_values(wanted, digits))]


def _broken(exercise, value, case):
    """Return the first invariant that a result breaks, in words."""
    if value.error or not all(np.all(np.isfinite(part)) for part in value.parts):
        return ""
    result = value.parts[0] if len(value.parts) == 1 else value.parts
    for invariant in exercise.invariants:
        try:
            words = invariant(result, *case)
        except (ValueError, IndexError):  # it has another size than a result
            words = ""
        if words:
            return words
    return ""


def _mistake(exercise, values, wanted):
    """Return the wrong answer that is known and is the nearest to this one, or None."""
    found, error = [], max(exercise.rtol, exercise.loose)  # a wrong number is as noisy as the right one
    for mistake in exercise.misconceptions:
        if mistake.shows is not None:
            if not any(v.error for v in values) and mistake.shows([v.parts[0] for v in values], wanted):
                return mistake
            continue
        wrong = known(exercise, mistake.wrong)
        some = any(w.error is None for w in wrong)
        if some and all(agree(v, w, error) or is_rounded(v, w) for v, w in zip(values, wrong, strict=True)):
            found.append((_distance(values, wrong), len(found), mistake))
    return min(found)[2] if found else None


def _distance(values, others):
    pairs = [(a, b) for v, w in zip(values, others, strict=True) for a, b in zip(v.parts, w.parts, strict=True)]
    with np.errstate(all="ignore"):
        return float(sum(np.nansum(np.abs(a - b)[np.isfinite(b)]) for a, b in pairs))


def _almost(exercise, values, wanted):
    """Say what an answer that is right but for sign, shape, rounding or sample size lacks; None if it is not."""
    pairs = list(zip(values, wanted, strict=True))

    def all_agree(how, rtol=exercise.rtol):
        return all(not v.error and agree(changed(v, how), w, rtol) for v, w in pairs)

    if all_agree(np.negative):
        return "The size is right and the sign is wrong."
    for how in (np.ravel, np.transpose):
        turned = [(changed(v, how), changed(w, np.ravel) if how is np.ravel else w) for v, w in pairs]
        if all(not v.error and agree(v, w, exercise.rtol) for v, w in turned):
            i = next(i for i, (v, w) in enumerate(pairs) if not agree(v, w, exercise.rtol))
            have, want = (x.parts[0].shape for x in pairs[i])
            return f"The numbers are right, and they stand in shape {have} in place of {want}."
    if any(v.error for v in values):
        return None
    off = [(v, w) for v, w in pairs if not agree(v, w, exercise.rtol)]
    if all(is_rounded(v, w) for v, w in off):
        return "These are the right numbers, rounded. Hand in all the digits."
    return None


def _simulated(exercise, answer, values, wanted, i):
    """Say so where an answer is right but for its sample or its grid."""
    pairs = list(zip(values, wanted, strict=True))
    if exercise.loose and all(agree(v, w, exercise.loose) for v, w in pairs):
        return "Close: a larger sample, or a finer grid, would do."
    if exercise.call and all(agree(v, w, _MOST_OFF) for v, w in pairs):
        again = outcome_of(exercise, answer, exercise.cases[i], len(values[i].parts))
        if not agree(again, values[i], 1e-12):
            return "Close, and another number at every call: it is simulated. The exact one is asked."
    return None


def _judge(exercise, answer, values):
    wanted = known(exercise, exercise.expected)
    failing = [i for i, (v, w) in enumerate(zip(values, wanted, strict=True)) if not agree(v, w, exercise.rtol)]
    if not failing:
        return CORRECT, exercise.praise, (), ""
    errors = [i for i in failing if values[i].error]
    i = _smallest(exercise, errors or failing)
    rows = _rows(exercise, i, values[i], wanted[i])
    almost = _almost(exercise, values, wanted)
    if almost:
        return ALMOST, almost, rows if exercise.call else (), ""
    mistake = _mistake(exercise, values, [w.parts[0] for w in wanted])
    if mistake is None and not errors:
        almost = _simulated(exercise, answer, values, wanted, i)
        if almost:
            return ALMOST, almost, rows if exercise.call else (), ""
    broken = _broken(exercise, values[i], exercise.cases[i])
    rows += [("what must hold", broken)] if broken else []
    return NOT_YET, _summary(exercise, values, wanted, failing, i), rows, mistake.hint if mistake else ""


def _summary(exercise, values, wanted, failing, i):
    """Say in a sentence what is wrong with the case that is shown."""
    value = values[i]
    if value.error:
        return _said(value.error)
    shapes = [(v.shape, w.shape) for v, w in zip(value.parts, wanted[i].parts, strict=True) if v.shape != w.shape]
    if shapes:
        return f"Yours has shape {shapes[0][0]} here; expected {exercise.returns}, shape {shapes[0][1]}."
    if not exercise.call:
        have, want = np.atleast_1d(value.parts[0]), np.atleast_1d(wanted[i].parts[0])
        right = np.sum(np.abs(have - want) <= exercise.rtol * np.max(np.abs(want)))
        if exercise.choices:
            return f"Measured: {right} of {want.size} choices is as good as the best."
        return f"{right} of {want.size} numbers are right." if want.size > 1 else "This is another number."
    if len(exercise.cases) == 1:
        return "It fails on this case."
    return f"It fails on {len(failing)} of {len(exercise.cases)} cases. This is the smallest of them."


def check(key, answer=None):
    """Check an answer to an exercise.

    Parameters
    ----------
    key : str
        The exercise, such as ``"00.1"``.
    answer : object
        A number, an array or a function, as the exercise asks; ``None`` or ``...`` for none yet, and a function that
        returns ``...``.

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
    if answer is None or answer is ...:
        return Result(key, NOT_ATTEMPTED, exercise.question)
    if exercise.call and not callable(answer):
        return Result(key, NOT_YET, f"Expected a function {exercise.call}, not {type(answer).__name__}.")
    if not exercise.call and callable(answer):
        words = f"Expected {exercise.returns}, not a function: call it, and hand in what it returns."
        return Result(key, NOT_YET, words)
    try:
        values = outcomes_of(exercise, answer)
    except NotAttempted:
        return Result(key, NOT_ATTEMPTED, exercise.question)
    return Result(key, *_judge(exercise, answer, values))
