"""A widget that records a student's guess, and answers it at once.

Nothing that a notebook stores holds the answer: the text beside the widget is the question and the options. Guesses
are kept as long as the kernel runs, so that Run All does not forget them.
"""

import html
import threading
import time

import ipywidgets as widgets

from capg_core.classroom.page import in_page
from capg_core.classroom.panel import mime_bundle
from capg_core.classroom.prediction import prediction_of

_RECORDED = {}  # key to the words that were recorded in this kernel
_LATE = 0.15  # seconds


class Predict:
    """Ask for a guess; once it is recorded, say what holds, and why a wrong one does not.

    Parameters
    ----------
    key : str
        The notebook's number, and a letter from its second prediction on, such as ``"01b"``.

    Attributes
    ----------
    guess : str or None
        What the student recorded, in this kernel.
    text : str
        The question, the options and, once a guess is recorded, what is said of it.

    Raises
    ------
    ValueError
        If there is no such prediction.

    Examples
    --------
    >>> ask = Predict("01")
    >>> ask.choice.value = "better on average"
    >>> ask.button.click()
    >>> ask.guess
    'better on average'
    >>> print(ask.said.partition(".")[0])
    You guessed: better on average
    >>> Predict("01").guess  # as after Run All
    'better on average'
    """

    def __init__(self, key):
        self.prediction = prediction_of(key)
        wide = widgets.Layout(width="auto", max_width="900px")
        self.choice = widgets.RadioButtons(
            options=[option.words for option in self.prediction.options],
            value=self.guess,
            layout=wide,
            description="Your guess",
            style={"description_width": "initial"},
        )
        self.button = widgets.Button(description="Record my guess", layout=widgets.Layout(width="200px"))
        self.state = widgets.HTML()
        self.state.add_class("capg-said")
        self.button.on_click(self._record)
        self.choice.observe(self._chosen, names="value")
        question = html.escape(self.prediction.question)
        title = widgets.HTML(f'<div style="font-size:16px"><b>Predict.</b> {question}</div>')
        self.widget = in_page(widgets.VBox([title, self.choice, self.button, self.state]))
        self._say(self.said)

    @property
    def guess(self):
        """What was recorded, or None."""
        return _RECORDED.get(self.prediction.key)

    @property
    def said(self):
        """What there is to say of the recorded guess; empty before there is one."""
        return "" if self.guess is None else self.prediction.said_of(self.guess)

    @property
    def text(self):
        """Question, options and what is said, as plain text."""
        marks = ((option.words, "x" if option.words == self.guess else " ") for option in self.prediction.options)
        lines = [f"Predict. {self.prediction.question}", *(f"  ({mark}) {words}" for words, mark in marks)]
        return "\n".join(lines + ([self.said] if self.said else []))

    def _say(self, words):
        self.state.value = f'<div role="status" style="font-size:15px;line-height:1.45">{html.escape(words)}</div>'

    def _record(self, button):
        # Lab handles each widget in a thread of its own: an option chosen just before the click may come after it.
        if threading.current_thread() is not threading.main_thread():
            time.sleep(_LATE)
        if self.guess is None and self.choice.value is None:
            self._say("Choose one of the options first.")
            return
        # the first guess counts: afterwards one knows
        _RECORDED.setdefault(self.prediction.key, self.choice.value)
        self._say_of_choice()

    def _chosen(self, change):
        if self.guess is None:
            self._say("")
        else:
            self._say_of_choice()

    def _say_of_choice(self):
        """Say what holds; where another option than the recorded one is chosen, what is said of that one too."""
        self._say(self.prediction.said_of(self.guess, self.choice.value))

    def reveal(self):
        """Print what was guessed and what holds; nothing if no guess is recorded."""
        if self.said:
            print(self.said)

    def _repr_mimebundle_(self, include=None, exclude=None):
        return mime_bundle(self.widget, self.text)
