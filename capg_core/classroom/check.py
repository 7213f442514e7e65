"""Automatic checks of the exercises, with four answers: not attempted, a hint, almost, correct."""

import html
from dataclasses import dataclass, field

import numpy as np

NOT_ATTEMPTED, HINT, ALMOST, CORRECT = "not attempted", "hint", "almost", "correct"
STATES = (NOT_ATTEMPTED, HINT, ALMOST, CORRECT)
_MARKS = {NOT_ATTEMPTED: "○", HINT: "✗", ALMOST: "≈", CORRECT: "✓"}
_COLOURS = {NOT_ATTEMPTED: "#717581", HINT: "#bd1f01", ALMOST: "#e76300", CORRECT: "#3f90da"}


@dataclass(frozen=True)
class Misconception:
    """A wrong answer that students give, and what to tell them.

    Attributes
    ----------
    name : str
        What went wrong, in a few words.
    wrong : callable
        Takes nothing and returns the wrong answer, in the form a student would give it.
    hint : str
        One or two sentences that point at the mistake and do not give the answer.
    """

    name: str
    wrong: callable
    hint: str


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes
    ----------
    key : str
        Notebook and number, such as ``"00.1"``.
    question : str
        The question in one sentence.
    expected : callable
        Takes nothing and returns the right answer, in the form a student would give it.
    misconceptions : tuple of Misconception
    evaluate : callable
        Turns an answer into an array to compare; for a coding exercise it calls the student's function.
    rtol : float
        Relative error up to which an answer is correct.
    loose : float
        Relative error up to which it is almost right.
    praise : str
        What to say when it is correct.
    """

    key: str
    question: str
    expected: callable
    misconceptions: tuple
    evaluate: callable = field(default=lambda answer: np.asarray(answer, dtype=float))
    rtol: float = 1e-6
    loose: float = 1e-2
    praise: str = "That is right."


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


def _close(value, wanted, tolerance):
    """Compare by the largest entry: a gradient has entries near zero, where relative errors say nothing."""
    if value.shape != wanted.shape or not np.all(np.isfinite(value)):
        return False
    scale = max(float(np.max(np.abs(wanted))), 1e-300)
    return float(np.max(np.abs(value - wanted))) <= tolerance * scale


def _judge(exercise, value):
    wanted = exercise.evaluate(exercise.expected())
    if _close(value, wanted, exercise.rtol):
        return CORRECT, exercise.praise, ""
    if _close(-value, wanted, exercise.rtol):
        return ALMOST, "The size is right and the sign is wrong.", ""
    if value.size == wanted.size and _close(value.reshape(wanted.shape), wanted, exercise.rtol):
        return ALMOST, f"The numbers are right, the shape is {value.shape} and should be {wanted.shape}.", ""
    for mistake in exercise.misconceptions:
        if _close(value, exercise.evaluate(mistake.wrong()), exercise.rtol):
            return HINT, "Not yet.", mistake.hint
    if _close(value, wanted, exercise.loose):
        return ALMOST, "Close, and not within the tolerance. Look for a rounded or simulated number.", ""
    if value.shape != wanted.shape:
        return HINT, "Not yet.", f"The answer has shape {value.shape}; expected {wanted.shape}."
    return (
        HINT,
        "Not yet.",
        f"This is none of the usual mistakes. Read the question again: {exercise.question}",
    )


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
    from capg_core.classroom.exercises import EXERCISES

    if key not in EXERCISES:
        raise ValueError(f"exercise is {key!r}; expected one of {', '.join(EXERCISES)}")
    exercise = EXERCISES[key]
    if answer is None or answer is ...:
        return Result(key, NOT_ATTEMPTED, f"{exercise.question}")
    try:
        value = exercise.evaluate(answer)
    except NotImplementedError:
        return Result(key, NOT_ATTEMPTED, f"{exercise.question}")
    except Exception as error:
        # A student's code may raise anything; the check says so instead of stopping the notebook.
        return Result(key, HINT, "The answer could not be used.", f"{type(error).__name__}: {error}")
    if value is None:
        return Result(key, NOT_ATTEMPTED, f"{exercise.question}")
    return Result(key, *_judge(exercise, value))
