"""The panel of notebook 10: the first arrivals, each left out in turn, and what that says beside other estimators."""

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D

from capg_core.classroom.controls import button, choice, pick, whole
from capg_core.classroom.drawing import log_level, mark, round_up, write
from capg_core.classroom.lessons.n05_bias_and_alignment.numbers import stage_name
from capg_core.classroom.lessons.n10_the_last_place import numbers as lesson
from capg_core.classroom.lessons.n10_the_last_place.numbers import (
    BLACK_BOX,
    CLICKS,
    CRITICS,
    METHODS,
    MOST,
    REWARDS,
    STAGES,
    late_stage_name,
)
from capg_core.classroom.outlines import Lines
from capg_core.classroom.panel import Panel
from capg_core.classroom.words import join, show
from capg_core.look import FONT, GRID, INK, PETROFF, SOFT_INK, dress_axes, look_of

LEFT, WIDTH = 0.075, 0.355
WORTH, PUSH = (0.545, 0.315), (0.13, 0.315)  # bottom and height of the two axes on the left
ROWS_BOX = (0.13, 0.73)
# name, title, horizontal place, limits, log scale
COLUMNS = (
    ("variance", "variance", 0.62, (1e-7, 1e3), True),
    ("snr", "signal / noise", 0.7475, (1e-4, 10.0), True),
    ("angle", "angle", 0.875, (-16.0, 188.0), False),
)
COLUMN_WIDTH = 0.1
EDGE = 0.94  # of the height of the axes on the left, that the longest bar takes


def _name(stage):
    return stage if stage == BLACK_BOX else stage_name(stage).rpartition(", ")[2]


class LastPlacePanel(Panel):
    """What the late stage would earn without each of the first arrivals, the push that each gets, and its noise.

    Examples
    --------
    >>> panel = LastPlacePanel(k=5)
    >>> panel.text.startswith("K = 5, late stage optimal, critic right")
    True
    """

    shows = (
        "Left, the first arrivals of one race: what is predicted for each, what is earned without it, and its push; "
        "right, variance, signal-to-noise and angle of six estimators."
    )
    cut = 0.448
    lesson = lesson
    k = whole("Candidates K", 8, 1, MOST, width=390)
    stage = pick("Late stage", 0.0, [(_name(at), at) for at in STAGES], width=430)
    critic = pick("Critic", "right", [(name, name) for name in CRITICS], width=390)
    reward = choice("Rewards", CLICKS, REWARDS, label_width=70, width=230)
    new_noise = button("New noise", "draw_again")
    rows = ("k stage", "critic reward new_noise")

    def __init__(self, **start):
        super().__init__(**start)
        self._make_arrivals()
        self._make_columns()
        self.refresh()

    # The picture.

    def _make_arrivals(self):
        self._axes = {}
        titles = ("▮ predicted reward    — earned without it", "push on its logit")
        for name, (bottom, height), title in zip(("worth", "push"), (WORTH, PUSH), titles, strict=True):
            axes = self.figure.add_axes((LEFT, bottom, WIDTH, height))
            dress_axes(axes)
            axes.set(xlim=(0.0, 1.0), ylim=(0.0, 1.0) if name == "worth" else (-1.0, 1.0), xticks=[], yticks=[])
            axes.grid(False)
            write(self.figure, LEFT, bottom + height + 0.015, title)
            self._axes[name] = axes
        self._axes["push"].axhline(0.0, color=SOFT_INK, linewidth=1.0)
        look = look_of("Swap-PG")
        self._worth = PolyCollection([], edgecolors=INK, linewidths=0.0, zorder=3)
        self._pushes = PolyCollection([], facecolors=look.colour, linewidths=0.0, zorder=3)
        self._without = PolyCollection([], facecolors=INK, linewidths=0.0, zorder=5)
        for name, bars in (("worth", self._worth), ("push", self._pushes), ("worth", self._without)):
            self._axes[name].add_collection(bars, autolim=False)
        self._levels = [self._axes["worth"].plot([0, 1], [0, 0], color=GRID, linewidth=1)[0] for _ in range(2)]
        bottom, top = PUSH[0], WORTH[0] + WORTH[1]
        self._place = self.figure.add_artist(Line2D([0, 0], [bottom, top], color=INK, linewidth=1.5, linestyle=":"))
        write(self.figure, LEFT, 0.035, "in the order of arrival", "label")
        self._words = Lines(self.figure)
        self._heading = write(self.figure, LEFT, 0.945, size="title", weight="bold")

    def _make_columns(self):
        self._columns, self._points = {}, {}
        bottom, height = ROWS_BOX
        for name, title, left, limits, log in COLUMNS:
            axes = self.figure.add_axes((left, bottom, COLUMN_WIDTH, height))
            dress_axes(axes)
            axes.set_title(title, fontsize=FONT["label"], color=INK)
            axes.set(xlim=limits, ylim=(len(METHODS) - 0.5, -0.5), xscale="log" if log else "linear", yticks=[])
            if log:
                axes.set_xticks([10.0**i for i in (range(-6, 3, 4) if name == "variance" else range(-4, 2, 4))])
                axes.minorticks_off()
            else:
                axes.set_xticks([0, 90, 180], ["0°", "90°", "180°"])
            self._columns[name] = axes
            for i, method in enumerate(METHODS):
                self._points[name, method] = mark(axes, look_of(method), 11)
                self._points[name, method].set_ydata([i - 0.15])
        for i, method in enumerate(METHODS):
            colour = look_of(method).colour
            write(self.figure, 0.61, self._row(i, 0.38), method, color=colour, ha="right")

    @staticmethod
    def _row(i, part):
        """Return the height, in parts of the figure, of a place in row i: 0 at its top, 1 at its bottom."""
        return ROWS_BOX[0] + ROWS_BOX[1] * (1.0 - (i + part) / len(METHODS))

    def draw_moving(self, numbers):
        """Move bars, marks and words."""
        lines = self._move_arrivals(numbers) + self._move_columns(numbers)
        s = numbers.setting
        self._heading.set_text(f"K = {s.k}, critic {s.critic}")
        points = [point for point in self._points.values() if point.get_visible()]
        bars = [*self._levels, self._worth, self._without, self._pushes, self._place]
        return [*bars, *points, self._heading, self._words.write(lines)]

    def _move_arrivals(self, numbers):
        """Set the bars of the first arrivals; return the words beside them."""
        size, (low, high) = numbers.items.size, numbers.limits
        left = (np.arange(size) + 0.14) / size
        right = left + 0.72 / size

        def level(worth):
            return EDGE * (np.asarray(worth) - low) / (high - low)

        zero = np.full(size, level(0.0))
        self._worth.set_verts(_boxes(left, right, zero, level(numbers.critic)))
        shown = np.append(numbers.chances, 0.0)
        self._worth.set_facecolor([PETROFF["tan"] if chance > 0.0 else PETROFF["grey"] for chance in shown])
        earned, wider = level(numbers.without), 0.1 / size
        self._without.set_verts(_boxes(left - wider, right + wider, earned - 0.012, earned + 0.012))
        reach = round_up(float(np.abs(numbers.push).max()))
        self._pushes.set_verts(_boxes(left, right, np.zeros(size), EDGE * numbers.push / reach))
        for line, at in zip(self._levels, (0.0, 1.0), strict=True):
            line.set_ydata([level(at)] * 2)
        edge = LEFT + WIDTH * (size - 1) / size
        self._place.set_xdata([edge, edge])
        words = [(LEFT - 0.008, WORTH[0] + WORTH[1] * level(at), f"{at:g}", 1.0) for at in (0.0, 1.0)]
        middle = PUSH[0] + PUSH[1] / 2
        for part, text in ((EDGE, f"+{reach:g}"), (0.0, "0"), (-EDGE, f"−{reach:g}")):
            words.append((LEFT - 0.008, middle + PUSH[1] / 2 * part, text, 1.0))
        words.append((LEFT + WIDTH, 0.09, "next", 1.0))
        seen = np.flatnonzero(numbers.chances)
        if seen.size <= 2:
            words += [(LEFT + WIDTH * (i + 0.5) / size, WORTH[0] - 0.025, "shown", 0.5) for i in seen]
        return [*words, *((LEFT + WIDTH * (i + 0.5) / size, 0.09, str(i + 1), 0.5) for i in _ticks(size - 1))]

    def _move_columns(self, numbers):
        """Move the marks of the estimators; return the numbers under them."""
        words = []
        for i, method in enumerate(METHODS):
            found = numbers.methods[method]
            for name, *_ in COLUMNS:
                value = getattr(found, name) if found else np.nan
                nothing = not np.isfinite(value) or (name != "angle" and value == 0.0)
                self._points[name, method].set_visible(not nothing)
                if not nothing:
                    self._points[name, method].set_xdata([value])
                    words.append(self._under(name, i, value))
            if found is None:
                words.append((0.625, self._row(i, 0.38), "refused", 0.0))
            elif found.snr == 0.0:
                words.append((0.625, self._row(i, 0.38), "no push", 0.0))
        return words

    def _under(self, name, row, value):
        """Return a number and its place under its mark: kept inside the column."""
        low, high = self._columns[name].get_xlim()
        where = (value - low) / (high - low) if name == "angle" else min(log_level(value, low, high), 1.0)
        left, _, width, _ = self._columns[name].get_position().bounds
        text = f"{value:.0f}°" if name == "angle" else show(value)
        return left + width * where, self._row(row, 0.72), text, 0.0 if where < 0.3 else 1.0 if where > 0.7 else 0.5

    # The sentence.

    def describe(self, numbers):
        """Say in numbers what the picture shows."""
        s, found = numbers.setting, numbers.methods
        text = f"K = {s.k}, late stage {late_stage_name(s.stage)}, critic {s.critic}, rewards {s.reward}. "
        text += f"{_say_shown(numbers)} {_say_pushes(numbers)}"
        parts = [f"{name} {_say_method(found[name])}" for name in METHODS]
        text += f" Signal-to-noise, and degrees off the true gradient: {'; '.join(parts)}."
        return text


def _boxes(left, right, bottom, top):
    """Return the corners (N, 4, 2) of boxes."""
    x, y = np.stack([left, left, right, right], axis=1), np.stack([bottom, top, top, bottom], axis=1)
    return np.stack([x, y], axis=2)


def _ticks(k):
    """Return the places of the candidates that get a number: the first, and every fifth if there are many."""
    return range(k) if k <= 10 else [0, *range(4, k - 1 - k // 20, 5)]


def _say_shown(numbers):
    items, chances = numbers.items, numbers.chances
    if np.count_nonzero(chances) > 2:
        return f"Any of the {chances.size} candidates can be shown."
    shown = [f"item {item}" for item, chance in zip(items[:-1], chances, strict=True) if chance > 0.0]
    return f"Shown is {' or '.join(shown)}; the next arrival is item {items[-1]}."


def _say_pushes(numbers):
    """Name the largest pushes up and down."""
    if not numbers.push.any():
        return "Nothing is pushed: the critic expects the same without any of them."
    up, down = (int(at) for at in (numbers.push.argmax(), numbers.push.argmin()))
    parts = [
        f"item {numbers.items[at]} is pushed {way} by {show(abs(numbers.push[at]))}, without which "
        f"{_worth(numbers.without[at])} would be earned,"
        for at, way in ((up, "up"), (down, "down"))
    ]
    pushed = np.count_nonzero(numbers.push)
    return f"Most of all {join(parts).removesuffix(',')}; the pushes on {pushed} items sum to 0."


def _worth(worth):
    return f"{round(worth, 3) + 0.0:.3f}".replace("-", "−")


def _say_method(method):
    if method is None:
        return "is refused, because the ranking of all items is not known"
    if method.snr == 0.0:
        return "pushes nothing"
    return f"{show(method.snr)}, {method.angle:.0f}°"
