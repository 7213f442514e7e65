"""Small pictures between the cells: drawn once, with a sentence that says in numbers what they show.

A lesson's pictures stand in its ``pictures.py``, as functions that take what the notebook has computed and return a
`Picture`. Unlike a `Panel` a picture has no controls, and needs no kernel once it is stored.
"""

import importlib
import io

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image as PillowImage

from capg_core.classroom.exercises import LESSONS, lessons
from capg_core.classroom.panel import DRAWING, mime_bundle
from capg_core.look import PAPER

WIDTH = 1200  # CSS pixels, as a panel's
_SHARP = 1.5  # pixels stored for one of these: crisp on a sharp screen, and half as many bytes as at 2
_COLOURS = 128  # flat colours and the edges of letters need no more; a third of the bytes


class Picture:
    """A figure of the course's width, drawn once, and its sentence.

    Parameters
    ----------
    height : float
        Inches; the width is 12.
    draw : callable
        Takes the `matplotlib.figure.Figure` and returns the sentence: what is seen, with its numbers.

    Attributes
    ----------
    text : str
        The sentence.
    png : bytes
        The picture.

    Examples
    --------
    >>> Picture(3, lambda figure: f"{len(figure.axes)} axes").text
    '0 axes'
    """

    def __init__(self, height, draw):
        figure = Figure(figsize=(WIDTH / 100, height), dpi=100 * _SHARP, facecolor=PAPER)
        canvas = FigureCanvasAgg(figure)
        with DRAWING:
            self.text = draw(figure)
            canvas.draw()
        picture = PillowImage.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
        stored = io.BytesIO()
        picture.quantize(_COLOURS, dither=PillowImage.Dither.NONE).save(stored, "PNG", optimize=True)
        self.png = stored.getvalue()

    def _repr_mimebundle_(self, include=None, exclude=None):
        alt = {"image/png": {"alt": self.text, "width": WIDTH}}
        return mime_bundle(None, self.text, self.png), alt


def pictures_of(number):
    """Return the module with a notebook's pictures.

    Parameters
    ----------
    number : str
        The notebook's number, such as ``"03"``.

    Returns
    -------
    module

    Raises
    ------
    ValueError
        If there is no such notebook.
    """
    if number not in LESSONS:
        raise ValueError(f"number is {number!r}; expected one of {', '.join(LESSONS)}")
    return importlib.import_module(f"{lessons.__name__}.{LESSONS[number]}.pictures")
