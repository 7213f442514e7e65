"""The base class of the slider figures.

One reused figure becomes PNG bytes in an ``ipywidgets.Image``. Pyplot is never used: it keeps global state,
and JupyterLab may run a callback on any thread. What moves with the slider is drawn over a stored background,
so that a key press costs a few milliseconds of drawing.
"""

import base64
import html
import io
import threading

import ipywidgets as widgets
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image as PillowImage

from capg_core.look import PAPER

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


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
    widget : ipywidgets.Widget
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
    if has_front_end():
        bundle[WIDGET_VIEW] = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    return bundle


def control_rows(rows):
    """Lay controls out in rows that wrap where the page is narrow.

    Parameters
    ----------
    rows : sequence of sequences of ipywidgets.Widget

    Returns
    -------
    ipywidgets.VBox
    """
    wrap = widgets.Layout(flex_flow="row wrap", align_items="center")
    return widgets.VBox([widgets.HBox(list(row), layout=wrap) for row in rows])


def run_controls(panel, word):
    """Make what starts, stops and follows a run of a panel that has `start` and `stop`.

    Both buttons stay enabled: one that is disabled while it has the focus takes the keyboard's place away.

    Parameters
    ----------
    panel : Panel
    word : str
        On the button that starts.

    Returns
    -------
    tuple of ipywidgets.Widget
        Start button, stop button, progress bar, status line.
    """
    wide = widgets.Layout(width="120px")
    start = widgets.Button(description=word, button_style="primary", layout=wide)
    stop = widgets.Button(description="Stop", layout=wide)
    bar = widgets.FloatProgress(value=0.0, min=0.0, max=1.0, layout=widgets.Layout(width="260px"))
    bar.add_class("capg-progress")
    status = widgets.HTML()
    status.add_class("capg-status")
    start.on_click(panel.guard(lambda button: panel.start()))
    stop.on_click(panel.guard(lambda button: panel.stop()))
    return start, stop, bar, status


class Panel:
    """A figure, its controls, and a sentence that says what it shows.

    A subclass makes its controls in `make_controls`, and gives `settings`, `compute`, `draw_background`,
    `draw_moving` and `describe`. It can be driven without a browser: set a control's ``.value``, then
    read ``.text`` and ``.png``.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        The one figure, reused.
    widget : ipywidgets.VBox
        What a notebook shows.
    png : bytes
        The picture at the current setting.
    text : str
        The sentence under the figure, as plain text.
    error : str
        What went wrong in the last callback; empty if nothing did.
    """

    size = (12.0, 5.5)  # inches
    dpi = 100

    def __init__(self):
        self._lock = threading.RLock()
        self._shown = None
        self._background = None
        self._background_key = None
        self.png = b""
        self.text = ""
        self.error = ""
        self.figure = Figure(figsize=self.size, dpi=self.dpi, facecolor=PAPER)
        self.canvas = FigureCanvasAgg(self.figure)
        self.picture = widgets.Image(format="png", layout=widgets.Layout(width="100%", max_width="1200px"))
        self.picture.add_class("capg-picture")
        self.sentence = widgets.HTML()
        self.sentence.add_class("capg-sentence")
        self.message = widgets.HTML()
        self.message.add_class("capg-message")
        controls = self.make_controls()
        self.widget = widgets.VBox([controls, self.message, self.picture, self.sentence])
        self.refresh()

    # What a subclass gives.

    def make_controls(self):
        """Make the controls, watch them, and return the box that holds them."""
        raise NotImplementedError

    def settings(self):
        """Return the controls' values as one hashable object."""
        raise NotImplementedError

    def compute(self, settings):
        """Return the numbers to show at these settings."""
        raise NotImplementedError

    def background_key(self, numbers):
        """Return what the background depends on; it is drawn again when this changes."""
        raise NotImplementedError

    def draw_background(self, numbers):
        """Update everything that stays while the main slider moves."""
        raise NotImplementedError

    def draw_moving(self, numbers):
        """Update what moves, and return those artists in drawing order."""
        raise NotImplementedError

    def describe(self, numbers):
        """Return the sentence under the figure."""
        raise NotImplementedError

    # What every panel does the same way.

    def watch(self, *controls):
        """Refresh the picture when one of these controls changes its value."""
        for control in controls:
            control.observe(self.guard(lambda change: self.refresh()), names="value")

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

    def refresh(self):
        """Compute, draw and describe the current setting; do nothing if it is already shown."""
        with self._lock:
            try:
                # Read inside the lock: a callback that waited draws the newest values, not
                # the ones it was called with.
                settings = self.settings()
                if settings == self._shown:
                    return
                numbers = self.compute(settings)
                self.png = self._render(numbers)
                self.text = self.describe(numbers)
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
        self.error = f"{type(error).__name__}: {error}"
        self.message.value = (
            '<div role="alert" style="border-left:4px solid #bd1f01;padding:4px 10px;font-size:15px">'
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
        pixels = PillowImage.fromarray(np.asarray(self.canvas.buffer_rgba())).convert("RGB")
        out = io.BytesIO()
        pixels.save(out, "png", compress_level=1)
        return out.getvalue()

    def _repr_mimebundle_(self, include=None, exclude=None):
        """Give a notebook the picture, the sentence and, where a kernel runs, the live widget."""
        return mime_bundle(self.widget, self.text, self.png)


class RacingPanel(Panel):
    """A panel with a training in the background: `_race` is the present or last one, or None."""

    _race = None

    def stop(self):
        """Ask the training to end; what was learned stays. Returns at once: see `wait`."""
        race = self._race
        if race is not None:
            race.stop()

    def wait(self, timeout=None):
        """Wait for the training to end, at most some seconds; return whether it has ended."""
        race = self._race
        if race is not None:
            race.thread.join(timeout)
        return not self.running

    @property
    def running(self):
        """True while it trains."""
        race = self._race
        return race is not None and race.thread.is_alive()
