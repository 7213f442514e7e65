"""The panel of 02: Plackett-Luce is a race; the candidates are the first K to arrive."""

import weakref
from dataclasses import replace

import ipywidgets as widgets
import numpy as np
from matplotlib.collections import LineCollection

from capg_core.classroom.controls import Control, button, candidates, choice, number, whole
from capg_core.classroom.drawing import legend, write
from capg_core.classroom.lessons.n02_the_race import numbers as lesson
from capg_core.classroom.lessons.n02_the_race.numbers import MARKED, MOMENTS, N_ITEMS, N_RACES, logits_with
from capg_core.classroom.outlines import Lines
from capg_core.classroom.panel import Panel
from capg_core.classroom.words import count, join
from capg_core.look import INK, PAPER, PETROFF, SOFT_INK, dress_axes

LANES_BOX = (0.115, 0.20, 0.425, 0.66)
BARS_BOX = (0.615, 0.20, 0.355, 0.66)
RUNS, IN, MARK = PETROFF["grey"], PETROFF["tan"], PETROFF["cyan"]
ROWS = np.arange(N_ITEMS)
HALVES, WIDE = (0, 0.5, 1), 1.08  # ticks, and the width of the histogram
TOPS = (10, 20, 50, 100, 200, 500, 1000, 2000)  # races at the right end of the histogram's axis
LOOK = {"label_width": 125, "width": 420}
# how far the clock goes in a tick, and how many races go by
PACES = {"moment by moment": (2, 0), "race by race": (0, 1), "25 races at a time": (0, 25)}
_OPEN = weakref.WeakSet()


def _make_play(value):
    look = {"show_repeat": False, "layout": widgets.Layout(width="140px", margin="0 16px 0 12px")}
    return widgets.Play(value=0, min=0, max=10**6, step=1, interval=150, description="Play", **look)


class RacePanel(Panel):
    """A race of twelve items on a clock, and in how many races each was among the first K.

    Examples
    --------
    >>> panel = RacePanel(clock=100)
    >>> panel.k.value = 3
    >>> panel.text.startswith("K = 3, race 1")
    True
    """

    shows = "Left, a race of twelve items on a clock; right, in how many of the races each was a candidate."
    cut = 0.57
    size = (12.0, 5.8)

    lesson = lesson
    play = Control("Play", _make_play)
    step_button = button("Step", "step")
    pace = replace(choice("Play goes", "moment by moment", PACES, label_width=75, width=260), read=None)
    other_races = button("Other races", "draw_again")
    clock = whole("Clock", 0, 0, MOMENTS, **LOOK)
    k = candidates(5, N_ITEMS - 1, **LOOK)
    races = whole("Races before", 0, 0, N_RACES - 1, **LOOK)
    logit = number(f"Logit of item {MARKED}", 0.0, -4.0, 4.0, 0.1, form=".1f", **LOOK)
    rows = ("play step_button pace other_races", "clock k", "races logit")

    def __init__(self, **start):
        super().__init__(**start)
        for other in list(_OPEN):  # a cell that runs again makes a new panel, and the old one would go on unseen
            other.pause()
        _OPEN.add(self)
        self.play.observe(self.guard(self._tick), names="value")
        self._make_lanes()
        self._make_bars()
        self._words = Lines(self.figure)
        self.refresh()

    # What runs.

    def step(self):
        """Let the clock go on to the next arrival; once the race has closed, start the next one."""
        self._go(*lesson.step(self.settings()))

    def pause(self):
        """Stop playing."""
        trait = "playing" if self.play.has_trait("playing") else "_playing"  # as older versions call it
        setattr(self.play, trait, False)

    def _tick(self, change):
        """Go on by what `pace` says; the button that stops sets the count of ticks to 0, and the race begins again."""
        if change["new"] == 0:
            self._go(0, self.races.value)
            return
        before = self.clock.value, self.races.value
        self._go(*lesson.play(self.settings(), *PACES[self.pace.value]))
        if before == (self.clock.value, self.races.value):
            self.pause()

    def _go(self, clock, races):
        with self.quietly():
            self.clock.value, self.races.value = clock, races
        self.refresh()

    # The picture.

    def _make_lanes(self):
        axes = self.figure.add_axes(LANES_BOX)
        dress_axes(axes)
        # in parts of their ends: the words at the ticks change, and the background stays
        axes.set(xlim=(0, 1), ylim=(N_ITEMS - 0.4, -0.6), xticks=HALVES, xticklabels=[], yticks=ROWS, yticklabels=[])
        axes.grid(False, axis="y")
        write(self.figure, LANES_BOX[0], 0.94, "a race: item, weight, arrival", "title", va="center")
        write(self.figure, LANES_BOX[0] + LANES_BOX[2] / 2, 0.105, "time t", "label", ha="center", va="center")
        self._lanes = axes.add_collection(LineCollection([], capstyle="butt", zorder=2))
        (self._first,) = axes.plot([], [], "o", color=INK, markersize=10, zorder=4)
        (self._late,) = axes.plot([], [], "o", color=PAPER, markeredgecolor=SOFT_INK, markersize=9, zorder=4)
        (self._close,) = axes.plot([], [], "--", color=INK, linewidth=2.4, zorder=3)
        (self._now,) = axes.plot([], [], "-", color=SOFT_INK, linewidth=1.6, zorder=1)
        labels = ["in: a candidate", "too late", "the race closes"]
        handles, place = [self._first, self._late, self._close], (LANES_BOX[0] - 0.03, 0.07)
        legend(self.figure, handles, place, 3, labels=labels, handlelength=1.6, columnspacing=1.2)

    def _make_bars(self):
        axes = self.figure.add_axes(BARS_BOX)
        dress_axes(axes)
        axes.set(xlim=(0, WIDE), ylim=(N_ITEMS - 0.4, -0.6), xticks=HALVES, xticklabels=[])
        axes.set_yticks(ROWS, [f"{item}" for item in ROWS])
        axes.grid(False, axis="y")
        colours = [MARK if item == MARKED else IN for item in ROWS]
        self._bars = axes.add_collection(LineCollection([], colors=colours, linewidths=15, capstyle="butt", zorder=2))
        (self._exact,) = axes.plot([], [], "-", color=INK, linewidth=2.6, zorder=4)
        handles, place = [self._exact], (BARS_BOX[0] - 0.01, 0.07)
        legend(self.figure, handles, place, 1, labels=["exact: races × π"], handlelength=1.6)
        write(self.figure, BARS_BOX[0] + BARS_BOX[2] / 2, 0.105, "races", "label", ha="center", va="center")
        write(self.figure, BARS_BOX[0], 0.94, "how often it was a candidate", "title", va="center")

    def draw_moving(self, numbers):
        """Move the items, the clock, the bars and the line."""
        times, t, top = numbers.times / numbers.end, numbers.t / numbers.end, _top(numbers)
        first, late = np.split(numbers.arrived, [numbers.setting.k])
        weights = np.exp(logits_with(numbers.setting.logit))
        self._lanes.set_segments([[(0, item), (min(times[item], t), item)] for item in ROWS])
        colours = np.full(N_ITEMS, RUNS, dtype=object)
        colours[first] = IN
        colours[MARKED] = MARK
        self._lanes.set_colors(list(colours))
        self._lanes.set_linewidths(np.minimum(1.5 + 3.0 * np.sqrt(weights), 14))
        self._first.set_data(times[first], first)
        self._late.set_data(times[late], late)
        height = [-0.6, N_ITEMS - 0.4]
        self._now.set_data([t, t], height)
        closing = [numbers.closing / numbers.end] * 2
        self._close.set_data(*((closing, height) if numbers.closed else ([], [])))
        self._bars.set_segments([[(0, item), (n / top, item)] for item, n in enumerate(numbers.counts)])
        edges = np.column_stack([ROWS - 0.5, ROWS + 0.5]).ravel()
        self._exact.set_data(np.repeat(numbers.expected / top, 2), edges)
        lanes = *_head(numbers), *_weights(weights), *_places(numbers, first)
        words = self._words.write([*lanes, *_ticks(numbers), *_counts(numbers)])
        return [self._now, self._lanes, self._close, self._late, self._first, self._bars, self._exact, words]

    # The sentence.

    def describe(self, numbers):
        """Say in numbers what the picture shows."""
        setting, arrived = numbers.setting, [str(item) for item in numbers.arrived]
        if numbers.closed:
            now = f"has closed at t = {numbers.closing:.3f}, and its candidates, in order of arrival, are items "
            now += join(arrived[: setting.k])
        else:
            now = f"is open at t = {numbers.t:.3f}, and {_who(arrived)} in"
        said = f"K = {setting.k}, race {setting.races + 1}: it {now}. "
        if not numbers.n_closed:
            return said + "No race has closed yet."
        off = np.max(np.abs(numbers.counts - numbers.expected)) / numbers.n_closed
        return said + (
            f"In {count(numbers.n_closed, 'race')}, item 0 was a candidate {count(numbers.counts[0], 'time')} and item "
            f"{MARKED} (logit {setting.logit:.1f}) {count(numbers.counts[MARKED], 'time')}; expected are "
            f"{numbers.expected[0]:.1f} and {numbers.expected[MARKED]:.1f}. The largest distance from the exact line "
            f"is {off:.3f} of the races."
        )


def _who(items):
    if not items:
        return "nobody is"
    return f"item {items[0]} is" if len(items) == 1 else f"items {join(items)} are"


def _top(numbers):
    return next(top for top in TOPS if top >= numbers.n_closed)


def _head(numbers):
    """Return the words over the lanes, in parts of the figure."""
    setting = numbers.setting
    state = f"closed at {numbers.closing:.3f}" if numbers.closed else f"{len(numbers.arrived)} of {setting.k} are in"
    words = f"race {setting.races + 1} of {N_RACES}      t = {numbers.t:.3f}      {state}"
    return [(LANES_BOX[0], 0.885, words, 0.0), (BARS_BOX[0], 0.885, f"in {count(numbers.n_closed, 'race')}", 0.0)]


def _at(box, row):
    """Return the height of a row in parts of the figure."""
    return box[1] + box[3] * (1.0 - (row + 0.6) / (N_ITEMS + 0.2))


def _weights(weights):
    """Return each item and its weight, left of its lane."""
    for item, weight in enumerate(weights):
        yield LANES_BOX[0] - 0.01, _at(LANES_BOX, item), f"{item}: w = {weight:.2f}", 1.0


def _ticks(numbers):
    """Return what stands under both axes."""
    for part in HALVES:
        yield LANES_BOX[0] + LANES_BOX[2] * part, LANES_BOX[1] - 0.035, f"{numbers.end * part:.3g}", 0.5
    for part in HALVES:
        yield BARS_BOX[0] + BARS_BOX[2] * part / WIDE, BARS_BOX[1] - 0.035, f"{_top(numbers) * part:.0f}", 0.5


def _places(numbers, first):
    """Return the places of those who are in, each beside its dot."""
    left, _, width, _ = LANES_BOX
    for place, item in enumerate(first, 1):
        yield left + width * numbers.times[item] / numbers.end + 0.011, _at(LANES_BOX, item), f"{place}", 0.0


def _counts(numbers):
    """Return the counts, each right of bar and line."""
    left, _, width, _ = BARS_BOX
    for item, n in enumerate(numbers.counts if numbers.n_closed else []):
        reach = max(n, numbers.expected[item]) / (WIDE * _top(numbers))
        yield left + width * reach + 0.006, _at(BARS_BOX, item), f"{n}", 0.0
