"""What an exercise is: a question, the cases an answer is tried on, the right answer, and wrong ones with hints.

An answer is a function of a case. Where a student writes code it is that code, and the cases are its arguments; where
a number is asked there is one case without arguments.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Misconception:
    """A wrong answer that students give, and what to tell them.

    Attributes
    ----------
    name : str
        What went wrong, in a few words.
    wrong : callable
        The wrong answer: what the student wrote, or a function of nothing that returns the number.
    hint : str
        One or two sentences that point at the mistake and do not give the answer.
    shows : callable or None
        Called as ``shows(values, wanted)`` with one array for each case, where the wrong answer is noise that differs
        from one way of writing it to the next. Without it, what `wrong` gives is compared.
    """

    name: str
    wrong: callable
    hint: str
    shows: callable = None


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise.

    Attributes
    ----------
    key : str
        Notebook and number, such as ``"00.1"``.
    question : str
        The question in one sentence.
    expected : callable
        The right answer: what a student should write, or a function of nothing that returns the number.
    misconceptions : tuple of Misconception
    call : str
        How the student's function is called, such as ``"score(logits, candidates)"``; empty where a number is asked.
    cases : tuple of tuple
        The arguments of each call.
    returns : str
        What an answer is, in words.
    invariants : tuple of callable
        Each is called as ``invariant(result, *case)`` with a finite result, and returns what is broken in words, or
        nothing.
    nearby : callable or None
        Of a number, a function of nothing that returns an easier question and its answer, in words.
    choices : tuple of str
        Where names are to be chosen: what is offered. Then `expected` and a wrong answer return names.
    measured : callable or None
        Takes the names chosen and returns the numbers that are measured with them, which are compared.
    rtol : float
        Relative error, in units of an array's largest entry, up to which an answer is correct. Single precision is.
    loose : float
        Where an answer may be measured, simulated or summed over a grid: the error up to which it is almost right.
    praise : str
        What to say when it is correct.
    """

    key: str
    question: str
    expected: callable
    misconceptions: tuple
    call: str = ""
    cases: tuple = ((),)
    returns: str = "one number"
    invariants: tuple = ()
    nearby: callable = None
    choices: tuple = ()
    measured: callable = None
    rtol: float = 1e-5
    loose: float = 0.0
    praise: str = "That is right."

    def answer(self, function):
        """Return `expected` or a wrong answer in the form in which a student hands it in: as code or as a number."""
        return function if self.call else function()


def written(number):
    """Write a number as a check does.

    Examples
    --------
    >>> written(0.69999999), written(-1e-18), written(2)
    ('0.7', '0', '2')
    """
    return f"{0.0 if abs(number) < 1e-9 else float(number):.4g}"


def sums_to(total, things, yours="yours sums to"):
    """Return an invariant: what comes out has this sum.

    Parameters
    ----------
    total : float or callable
        The sum, or a function of the case that returns it.
    things : str
        What has the sum, with its verb, such as ``"A score sums to"``.
    yours : str
        The same of the student's.

    Returns
    -------
    callable

    Examples
    --------
    >>> sums_to(0.0, "A score sums to")(np.array([0.5, 0.2]))
    'A score sums to 0; yours sums to 0.7.'
    """

    def broken(result, *case):
        wanted = total(*case) if callable(total) else total
        found = np.sum(result)
        if abs(found - wanted) <= 1e-3 * max(1.0, np.max(np.abs(result))):
            return ""
        return f"{things} {written(wanted)}; {yours} {written(found)}."

    return broken


def between(low, high, things):
    """Return an invariant: no entry leaves this range.

    Examples
    --------
    >>> between(0.0, 1.0, "A probability")(np.array([0.5, 1.2]))
    'A probability lies between 0 and 1; yours has 1.2.'
    """

    def broken(result, *case):
        out = result[(result < low - 1e-6) | (result > high + 1e-6)]
        return f"{things} lies between {low:g} and {high:g}; yours has {written(out[0])}." if out.size else ""

    return broken
