"""What the panels that show a training have in common: start, stop, and words on how far it is."""

import math
import time

import ipywidgets as widgets

from capg_core.classroom.controls import Control, button
from capg_core.classroom.panel import Panel
from capg_core.classroom.racing import stop_all
from capg_core.classroom.words import duration, small

_SAY_EVERY = 2.0  # seconds between two sentences while training: a screen reader reads each of them


def _make_bar(value):
    bar = widgets.FloatProgress(value=0.0, min=0.0, max=1.0, layout=widgets.Layout(width="260px"))
    bar.add_class("capg-progress")
    return bar


def _make_status(value):
    # a line of its own, high enough for two: words that come and go must not move the figure
    status = widgets.HTML(layout=widgets.Layout(width="100%", min_height="44px"))
    status.add_class("capg-status")
    return status


class RacingPanel(Panel):
    """A panel with a training in the background, which keeps the values it was started with.

    A subclass gives `asked`, `new_race`, and `sentence` in place of `describe`. Its button that starts and the one
    that stops stay enabled: one that is disabled while it has the focus takes the keyboard's place away.

    Attributes
    ----------
    stop_button : ipywidgets.Button
    bar, status : ipywidgets
        The progress, and the time left.
    """

    verb = "Start"  # on the button that starts
    stop_button = button("Stop", "stop")
    bar = Control("", _make_bar)
    status = Control("", _make_status)

    def __init__(self, **start):
        # a cell that runs again makes a new panel, and nobody could stop the race of the old one any more
        stop_all("stopped, because another panel was opened,")
        super().__init__(**start)
        self._race = self._asked = None  # the present race or the last one, and what it was asked for
        self._said, self._said_of = 0.0, None  # when the last sentence was written, and of what setting

    # What a subclass gives, or may give.

    def asked(self):
        """Return all that a training with the controls' present values depends on."""
        raise NotImplementedError

    def new_race(self):
        """Return a `Race` with the controls' present values, not started yet."""
        raise NotImplementedError

    def sentence_of(self, numbers):
        """Say in numbers what the picture shows."""
        raise NotImplementedError

    def missing(self):
        """Return what the controls' present values lack for a training, in a sentence; empty if nothing."""
        return ""

    def keep(self):
        """Keep what was learned: the race has ended."""

    def remark(self):
        """Return what else is to be said of the race in the status line."""
        return ""

    # What both do the same way.

    def start(self):
        """Train with the controls' present values, in the background; a training that runs is stopped and replaced."""
        with self._lock:
            race = self.new_race()  # one that cannot start leaves the present one alone
            self.stop()
            self._race, self._asked, self._said = race, self.asked(), 0.0
            self.bar.value, self.bar.bar_style = 0.0, ""
            self.status.value = small("preparing …")
            self._race.start()

    def frames(self, stops):
        """Train with the controls' present values in this thread, and yield these numbers of steps as they are shown.

        Parameters
        ----------
        stops : iterable of int
            In ascending order, the last not above the steps of the training.

        Yields
        ------
        int
        """
        self.stop()
        self._race, self._asked = self.new_race(), self.asked()
        for done in self._race.walk(stops):
            self._said, self._shown = 0.0, None
            self.refresh()
            yield done

    def stop(self):
        """Ask the training to end; what was learned stays. Returns at once: see `wait`."""
        race = self._race
        if race is not None:
            race.stop()

    def wait(self, timeout=None):
        """Wait for the training to end, at most some seconds; return whether it has ended.

        An interrupt (Ctrl-C, or Lab's stop button) ends the training too, and the status line says so.
        """
        race = self._race
        if race is not None:
            try:
                race.over.wait(timeout)
            except KeyboardInterrupt:
                race.stop("interrupted")
                race.over.wait(5.0)  # for the last picture
                raise
        return not self.running

    @property
    def running(self):
        """True while it trains."""
        race = self._race
        return race is not None and not race.over.is_set()

    def close(self):
        """Stop, and take the panel's widgets out of the notebook."""
        self.stop()
        for widget in _with_children(self.widget):
            widget.close()

    def changed(self, name):
        """Draw anew, and say whether the race is still what the controls ask for."""
        self.refresh()
        self._say_status()

    def describe(self, numbers):
        """Say in numbers what the picture shows; while it trains, a new sentence every two seconds."""
        race, now = self._race, time.monotonic()
        if race is not None and race.running and numbers.setting == self._said_of and now - self._said < _SAY_EVERY:
            return self.text
        self._said, self._said_of = now, numbers.setting
        return self.sentence_of(numbers)

    def report(self, race):
        """Show how far the race is; called in the race's thread."""
        with self._lock:
            if race is not self._race:
                return  # replaced by a newer one
            if race.error is not None:
                self._race = race if race.runs else None
                self._say_error(race.error)
                self.bar.bar_style = "danger"
                self.status.value = ""
                return
            if not race.running:
                self.keep()
                self.bar.bar_style = "" if race.stopped else "success"
            self.refresh()
            self.bar.value = race.progress
            self._say_status()

    def _say_status(self):
        race = self._race
        if race is None:
            self.status.value = ""
            return
        left = race.seconds_left
        words = f"step {race.done:,} of {race.setting.n_steps:,}"
        if race.running:
            words += f", {duration(left)} left" if math.isfinite(left) else ""
        else:
            words += f", {race.why or 'stopped' if race.progress < 1.0 else 'done'} after {duration(race.elapsed)}"
        words += self.remark()
        if self.asked() != self._asked:
            changed = f"The settings were changed: {self.verb} trains with the new ones."
            words += f". {self.missing() or changed}"[:-1]
        self.status.value = small(words + ".")


def _with_children(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from _with_children(child)
