"""A widget that records a student's guess before the answer is shown."""

import html

import ipywidgets as widgets

from capg_core.classroom.panel import mime_bundle


class Predict:
    """Ask for a guess, and keep it until the reveal.

    Parameters
    ----------
    question : str
    options : sequence of str
        What the student can choose from.

    Attributes
    ----------
    guess : str or None
        What the student recorded.
    text : str
        The question and the state as plain text.

    Examples
    --------
    >>> ask = Predict("Which is larger?", ["the first", "the second"])
    >>> print(ask.reveal("the second"))
    You recorded no guess. The answer: the second.
    >>> ask.choice.value = "the second"
    >>> ask.button.click()
    >>> print(ask.reveal("the second"))
    You guessed: the second. That is what happens.
    """

    def __init__(self, question, options):
        options = list(options)
        if len(options) < 2:
            raise ValueError(f"options is {options!r}; expected at least two")
        self.question, self.options, self.guess = question, options, None
        wide = widgets.Layout(width="auto", max_width="900px")
        self.choice = widgets.RadioButtons(
            options=options,
            value=None,
            layout=wide,
            description="Your guess",
            style={"description_width": "initial"},
        )
        self.button = widgets.Button(description="Record my guess", layout=widgets.Layout(width="200px"))
        self.state = widgets.HTML()
        self.button.on_click(self._record)
        title = widgets.HTML(f'<div style="font-size:16px"><b>Predict.</b> {html.escape(question)}</div>')
        self.widget = widgets.VBox([title, self.choice, self.button, self.state])

    def _record(self, button):
        self.guess = self.choice.value
        said = f"Recorded: {self.guess}." if self.guess is not None else "Choose one of the answers first."
        self.state.value = f'<div role="status" style="font-size:15px">{html.escape(said)}</div>'

    @property
    def text(self):
        lines = [f"Predict. {self.question}", *(f"  ( ) {option}" for option in self.options)]
        return "\n".join(lines)

    def reveal(self, answer):
        """Compare the recorded guess with the answer.

        Parameters
        ----------
        answer : str
            One of the options.

        Returns
        -------
        str
        """
        if answer not in self.options:
            raise ValueError(f"answer is {answer!r}; expected one of {self.options!r}")
        if self.guess is None:
            return f"You recorded no guess. The answer: {answer}."
        if self.guess == answer:
            return f"You guessed: {self.guess}. That is what happens."
        return f"You guessed: {self.guess}. The answer: {answer}."

    def _repr_mimebundle_(self, include=None, exclude=None):
        return mime_bundle(self.widget, self.text)
