"""What an exercise is: a question, the cases an answer is tried on, the right answer, and wrong ones with hints.

An answer is a function of a case. Where a student writes code it is that code, and the cases are its arguments; where
a number is asked there is one case without arguments.
"""

from dataclasses import dataclass, field


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
    """

    name: str
    wrong: callable
    hint: str


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
        Of a function that returns several arrays, what they are.
    wrong_shape : str
        What to say where a result does not fit, from ``{found}``, ``{wanted}``, ``{size}`` and ``{case}``. Without
        it every shape is compared, because a wrong answer that is known has another one.
    other_shape : {"almost", "accept", "refuse"}
        What an array of the right size and another shape is. One number may always stand in brackets.
    read : callable
        Takes the list of results over the cases and returns what is compared, where a wrong one is mere noise.
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
    call: str = ""
    cases: tuple = ((),)
    returns: str = ""
    wrong_shape: str = ""
    other_shape: str = "almost"
    read: callable = field(default=lambda results: results)
    rtol: float = 1e-6
    loose: float = 1e-2
    praise: str = "That is right."

    def answer(self, function):
        """Return `expected` or a wrong answer in the form in which a student hands it in: as code or as a number."""
        return function if self.call else function()
