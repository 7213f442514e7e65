"""What a prediction is: a question, options, and what to say of each; the course's stand in their lessons."""

import importlib
from dataclasses import dataclass
from functools import cache

from capg_core.classroom.exercises import LESSONS


@dataclass(frozen=True)
class Option:
    """One answer to choose from.

    Attributes
    ----------
    words : str
    said : str
        What to say to whom guessed it: why it happens, or why it does not.
    holds : bool
        True of the one that is measured.
    """

    words: str
    said: str
    holds: bool = False


@dataclass(frozen=True)
class Prediction:
    """A question that a student answers before the measurement.

    Attributes
    ----------
    key : str
        The notebook's number, and a letter from its second prediction on.
    question : str
    options : tuple of Option
        One of them holds.
    """

    key: str
    question: str
    options: tuple

    @property
    def answer(self):
        """The `Option` that holds."""
        return next(option for option in self.options if option.holds)

    def option(self, words):
        """Return the `Option` with these words."""
        return next(option for option in self.options if option.words == words)

    def said_of(self, guess, chosen=None):
        """Say what holds, and why another option does not.

        Parameters
        ----------
        guess : str
            The words of the option that was recorded.
        chosen : str, optional
            Those of the one that is looked at now.

        Returns
        -------
        str
        """
        guessed, holds = self.option(guess), self.answer
        if chosen in (None, guess):
            if guessed is holds:
                return f"You guessed: {guess}. That is what happens. {holds.said}"
            return f"You guessed: {guess}. {guessed.said} What happens: {holds.words}. {holds.said}"
        option = self.option(chosen)
        about = (
            f"That is what happens. {holds.said}" if option is holds else f"{option.said} What happens: {holds.words}."
        )
        return f"Your recorded guess stays: {guess}. Of “{chosen}”: {about}"


@cache
def predictions_of(number):
    """Return the predictions of a notebook by key: a dict of `Prediction`, empty if there is no such notebook."""
    if number not in LESSONS:
        return {}
    module = importlib.import_module(f"capg_core.classroom.lessons.{LESSONS[number]}.predictions")
    return {prediction.key: prediction for prediction in module.PREDICTIONS}


def prediction_of(key):
    """Return a `Prediction` by its key.

    Raises
    ------
    ValueError
        If there is none.
    """
    found = predictions_of(str(key)[:2])
    if key not in found:
        known = [other for number in LESSONS for other in predictions_of(number)]
        raise ValueError(f"prediction is {key!r}; expected one of {', '.join(known)}")
    return found[key]
