"""The base class of the slider figures.

One reused figure becomes PNG bytes in an ``ipywidgets.Image``. Pyplot is never used: it keeps global state,
and JupyterLab may run a callback on any thread. What moves with the slider is drawn over a stored background,
so that a key press costs a few milliseconds of drawing.
"""

import base64
import contextlib
import html
import threading

import ipywidgets as widgets
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from capg_core.classroom.controls import Control, lay_out, widgets_of
from capg_core.classroom.page import in_page, page_says
from capg_core.classroom.pixels import as_png, fold
from capg_core.classroom.problem import ToDo
from capg_core.look import PAPER

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
# One for all panels and pictures: Matplotlib shares fonts between figures, and two threads that draw at once end
# the process.
DRAWING = threading.RLock()
_IN_NUMBERS = "The sentence below says it in numbers."
_NARROW = 600  # CSS pixels: a picture shown in less is folded, so that its words can still be read
_SCALES = (1.0, 1.5, 2.0)  # pixels of the picture for one at `Panel.dpi`; four times as many take thrice the time


def has_front_end():
    """Say whether a Jupyter kernel runs this code, so that a widget can be shown.

    Returns
    -------
    bool
    """
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and getattr(shell, "kernel", None) is not None


def mime_bundle(widget, text, png=None):
    """Build what a notebook stores for a widget: the widget, and what to show where no kernel runs.

    Parameters
    ----------
    widget : ipywidgets.Widget or None
        None for what has no controls.
    text : str
        The plain text.
    png : bytes, optional
        The picture.

    Returns
    -------
    dict
        MIME type to content.
    """
    bundle = {"text/plain": text}
    if png is not None:
        bundle["image/png"] = base64.b64encode(png).decode("ascii")
    if widget is not None and has_front_end():
        bundle[WIDGET_VIEW] = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    return bundle


class Panel:
    """A figure, its controls, and a sentence that says what it shows.

    A subclass declares its controls as class attributes (`capg_core.classroom.controls`) and their places in `rows`;
    the widgets are the panel's attributes of the same names. It gives `draw_moving` and `describe`, and where axes or
    curves change `background_key` and `draw_background`. Its constructor makes the artists and ends with
    ``self.refresh()``: the first picture is drawn when all is there. A panel can be driven without a browser: set a
    control's ``.value``, then read ``.text`` and ``.png``.

    Parameters
    ----------
    **start
        What controls begin with, by the names that `values` gives them.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        The one figure, reused.
    widget : ipywidgets.VBox
        What a notebook shows.
    numbers : object
        What is shown.
    png : bytes
        The picture at the current setting.
    text : str
        The sentence under the figure, as plain text.
    error : str
        What went wrong in the last callback; empty if nothing did.
    """

    size = (12.0, 5.5)  # inches
    dpi = 100
    shows = "A figure."  # in a sentence, for who does not see the picture
    cut = None  # where the picture can be cut in two, in parts of its width: no artist crosses this line
    lesson = None  # the module with the panel's `Setting` and `numbers_at`
    rows = ()  # names of controls, as they stand in a row and as the Tab key visits them

    def __init__(self, **start):
        self._lock = threading.RLock()
        self._seed = 0
        self._quiet = False
        self._shown = None
        self._background = None
        self._background_key = None
        self._scale, self._folded = _SCALES[0], False
        self.numbers = None
        self.png = b""
        self.text = ""
        self.error = ""
        self.figure = Figure(figsize=self.size, dpi=self.dpi, facecolor=PAPER)
        self.canvas = FigureCanvasAgg(self.figure)
        self.picture = widgets.Image(format="png", layout=widgets.Layout(width="100%", max_width="1202px", margin="0"))
        self.picture.add_class("capg-picture")
        self.sentence = widgets.HTML()
        self.sentence.add_class("capg-sentence")
        self.message = widgets.HTML()
        self.message.add_class("capg-message")
        self._make_controls(start)
        rows = [[(self._declared[name], getattr(self, name)) for name in row.split()] for row in self.rows]
        self._page = page_says(self.guard(lambda change: self.fit_page(*map(float, change["new"].split()))))
        box = widgets.VBox([lay_out(rows), self.message, self.picture, self.sentence, self._page])
        self.widget = in_page(box, f"{self.shows} {_IN_NUMBERS}")

    def _make_controls(self, start):
        """Make every control that the class and those above it declare, and watch it."""
        bases = reversed(type(self).__mro__)
        declared = {name: c for base in bases for name, c in vars(base).items() if isinstance(c, Control)}
        self._declared = declared
        self._fields = {control.field or name: name for name, control in declared.items() if control.read}
        for name in start:
            if name not in self._fields:
                raise TypeError(f"{type(self).__name__} has no {name!r}; expected some of {', '.join(self._fields)}")
        for name, control in declared.items():
            made = control.make(start.get(control.field or name, control.value))
            setattr(self, name, made)
            if control.action:
                made.on_click(self.guard(lambda button, action=control.action: getattr(self, action)()))
            elif control.read:
                follow = self.guard(lambda change, name=name: self._quiet or self.changed(name))
                for widget in widgets_of(made):
                    widget.observe(follow, names="value")

    # What a subclass gives, or may give.

    def changed(self, name):
        """Draw anew, because the control of that name has a new value."""
        self.refresh()

    def settings(self):
        """Return what the picture depends on, as one hashable object."""
        return self.lesson.Setting(**self.values())

    def compute(self, settings):
        """Return the numbers to show at these settings."""
        return self.lesson.numbers_at(settings)

    def background_key(self, numbers):
        """Return what the background depends on; it is drawn again when this changes."""
        return ()

    def draw_background(self, numbers):
        """Update everything that stays while the main slider moves."""

    def draw_moving(self, numbers):
        """Update what moves, and return those artists in drawing order."""
        raise NotImplementedError

    def describe(self, numbers):
        """Return the sentence under the figure."""
        raise NotImplementedError

    # What every panel does the same way.

    def values(self):
        """Return the controls' values by the setting's names; the seed of the noise, where no control is the seed."""
        found = {field: self._declared[name].read(getattr(self, name)) for field, name in self._fields.items()}
        return {"seed": self._seed, **found}

    def draw_again(self):
        """Take new noise."""
        self._seed += 1
        self.refresh()

    @contextlib.contextmanager
    def quietly(self):
        """Let controls change without drawing for each of them."""
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False

    def guard(self, callback):
        """Wrap a callback: one at a time, and an exception shows in the panel.

        Lab shows nothing when a widget callback raises, so the panel has to say it.

        Parameters
        ----------
        callback : callable

        Returns
        -------
        callable
        """

        def guarded(*args):
            with self._lock:
                try:
                    callback(*args)
                except Exception as error:
                    self._say_error(error)

        return guarded

    def fit_page(self, width, ratio):
        """Draw as many pixels as the page shows, and fold the picture where the page is narrow.

        Parameters
        ----------
        width : float
            The picture's, in CSS pixels.
        ratio : float
            The page's devicePixelRatio.
        """
        folded = self.cut is not None and width < _NARROW
        share = max(self.cut, 1.0 - self.cut) if folded else 1.0
        wanted = width * ratio / (self.size[0] * self.dpi * share)
        # a few per cent too few are not seen
        scale = next((scale for scale in _SCALES if scale > 0.96 * wanted), _SCALES[-1])
        if (scale, folded) != (self._scale, self._folded):
            self._scale, self._folded = scale, folded
            self.figure.set_dpi(scale * self.dpi)
            self._background_key = self._shown = None
            self.refresh()

    def refresh(self):
        """Compute, draw and describe the current setting; do nothing if it is already shown."""
        with self._lock:
            try:
                # Read inside the lock: a callback that waited draws the newest values, not
                # the ones it was called with.
                settings = self.settings()
                if settings == self._shown:
                    return
                self.numbers = self.compute(settings)
                with DRAWING:
                    self.png = self._render(self.numbers)
                self.text = self.describe(self.numbers)
                self.picture.value = self.png
                # "polite": a screen reader reads the new sentence when the slider rests.
                self.sentence.value = (
                    f'<div role="status" aria-live="polite" style="font-size:16px;line-height:1.45;'
                    f'max-width:1200px;white-space:normal">{html.escape(self.text)}</div>'
                )
                self._shown = settings
                self.error = ""
                self.message.value = ""
            except Exception as error:
                self._say_error(error)

    def _say_error(self, error):
        self._shown = None
        if isinstance(error, ToDo):
            self.error = ""
            self.message.value = (
                '<div role="status" style="border-left:4px solid #8a8f98;padding:4px 10px;font-size:15px">'
                f"{html.escape(str(error))}</div>"
            )
            return
        self.error = f"{type(error).__name__}: {error}"
        self.message.value = (
            '<div role="alert" style="border-left:4px solid #9c2c77;padding:4px 10px;font-size:15px">'
            f"<b>The picture could not be updated.</b> {html.escape(self.error)}</div>"
        )

    def _render(self, numbers):
        key = self.background_key(numbers)
        if key != self._background_key:
            self._background_key = None
            self.draw_background(numbers)
            moving = self.draw_moving(numbers)
            for artist in moving:
                artist.set_animated(True)
            self.canvas.draw()
            self._background = self.canvas.copy_from_bbox(self.figure.bbox)
            self._background_key = key
        else:
            moving = self.draw_moving(numbers)
        self.canvas.restore_region(self._background)
        for artist in moving:
            artist.set_animated(True)
            self.figure.draw_artist(artist)
        pixels = np.asarray(self.canvas.buffer_rgba())
        return as_png(fold(pixels, self.cut) if self._folded else pixels)

    def _repr_mimebundle_(self, include=None, exclude=None):
        """Give a notebook the picture with its text, the sentence and, where a kernel runs, the live widget."""
        return mime_bundle(self.widget, self.text, self.png), {"image/png": {"alt": self.text}}
