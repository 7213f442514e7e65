"""The panel on old logs: how many records count under each weight, and the value that each weight gives."""

import numpy as np

from capg_core.classroom.controls import button, candidates, choice, pick, tick
from capg_core.classroom.drawing import EndLabels, log_level, mark, star, write
from capg_core.classroom.lessons.n11_old_logs_new_policy import numbers as lesson
from capg_core.classroom.lessons.n11_old_logs_new_policy.looks import LOOKS
from capg_core.classroom.lessons.n11_old_logs_new_policy.numbers import (
    AXES,
    BY_K,
    MOST_K,
    MOVES,
    N_RECORDS,
    REWARDS,
    WEIGHTS,
    Z,
)
from capg_core.classroom.panel import Panel
from capg_core.classroom.words import join, show
from capg_core.look import FONT, INK, PETROFF, dress_axes

SHARE_BOX = (0.082, 0.145, 0.36, 0.715)
VALUE_BOX = (0.575, 0.145, 0.22, 0.715)
LOW, HIGH = 0.004, 150.0  # percent
SHARES = {0.01: "0.01 %", 0.1: "0.1 %", 1: "1 %", 10: "10 %", 100: "100 %"}
MOST, TOP, RIGHT = 1.6, 2.75, 1.64  # where the value axis ends, the star's height, where the words begin
HEIGHTS = {name: height for name, height in zip(WEIGHTS, (2, 1, 0), strict=True)}


class OldLogsPanel(Panel):
    """The share of a log's records that count, and the estimated value, under three weights.

    Examples
    --------
    >>> panel = OldLogsPanel(k=2)
    >>> panel.k.value = 20
    >>> panel.text.startswith("K = 20, moved 1: of 20,000 records")
    True
    """

    shows = "Left, the share of a log's records that count, for three weights; right, the value each of them gives."
    cut = 0.54
    lesson = lesson
    k = candidates(20, MOST_K)
    moved = pick("Moved", 1.0, MOVES, str, lazy=True)
    new_log = button("New log", "draw_again")
    reward = choice("Reward", REWARDS[0], REWARDS, label_width=60, width=240)
    against = choice("Against", AXES[0], AXES, label_width=60, width=240)
    normalised = tick("Self-normalised")
    rows = ("k new_log", "moved", "reward against normalised")

    def __init__(self, **start):
        super().__init__(**start)
        self._make_shares()
        self._make_values()
        self.refresh()

    # The picture.

    def background_key(self, numbers):
        """The axis of the left picture."""
        return numbers.setting.against

    def _make_shares(self):
        self._share_axes = axes = self.figure.add_axes(SHARE_BOX)
        dress_axes(axes, "how many records count")
        axes.set_yscale("log")
        axes.set_ylim(LOW, HIGH)
        axes.set_yticks(list(SHARES), list(SHARES.values()))
        axes.minorticks_off()
        self._bands, self._lines, self._dots = {}, {}, {}
        for name in WEIGHTS:
            look = LOOKS[name]
            (self._bands[name],) = axes.fill([0, 1], [1, 1], color=look.colour, alpha=0.16, linewidth=0)
            (self._lines[name],) = axes.plot([], [], look.line, color=look.colour, linewidth=3, zorder=4)
            self._dots[name] = mark(axes, look, 13, zorder=6)
        self._now = axes.axvline(1, color=INK, linewidth=1.5, zorder=3)
        self._labels = EndLabels(self.figure, SHARE_BOX, space=0.008)

    def _make_values(self):
        axes = self.figure.add_axes(VALUE_BOX)
        dress_axes(axes, "the value they give", "estimated value, 95 % interval")
        axes.set(xlim=(0, MOST), ylim=(-0.6, 3.0), xticks=(0, 0.5, 1, 1.5), yticks=[])
        axes.spines["left"].set_visible(False)
        self._truth_line = axes.axvline(0, color=PETROFF["orange"], linewidth=3, zorder=2)
        self._truth = star(axes, size=20, zorder=7)
        self._truth_note = write(axes, 0, TOP, "true value", va="center", zorder=8)
        self._intervals, self._points, self._notes = {}, {}, {}
        for name in WEIGHTS:
            look = LOOKS[name]
            (self._intervals[name],) = axes.plot([], [], "-", color=look.colour, linewidth=4, zorder=4)
            self._points[name] = mark(axes, look, 13, zorder=6)
            form = {"color": look.colour, "va": "center", "clip_on": False}
            write(axes, RIGHT, HEIGHTS[name] + 0.13, name, "label", weight="bold", **form)
            self._notes[name] = write(axes, RIGHT, HEIGHTS[name] - 0.17, "", **form)

    def draw_background(self, numbers):
        """Draw the axis of the left picture."""
        axes, by_k = self._share_axes, numbers.setting.against == BY_K
        axes.set_xscale("log" if by_k else "linear")
        axes.set_xlim(*((0.93, MOST_K * 1.07) if by_k else (MOVES[0] - 0.05, MOVES[-1] + 0.05)))
        ticks = (1, 2, 5, 10, 20, 50) if by_k else (0.25, 0.5, 1.0, 1.5, 2.0)
        axes.set_xticks(ticks, [f"{at:g}" for at in ticks])
        axes.minorticks_off()
        axes.set_xlabel("candidates K" if by_k else "how far the new policy moved", fontsize=FONT["label"], color=INK)

    def _move_curves(self, numbers):
        ends = []
        for w, name in enumerate(WEIGHTS):
            low, middle, high = np.clip(100 * numbers.curves[:, w], LOW / 2, None)
            outline = np.column_stack([np.append(numbers.at, numbers.at[::-1]), np.append(low, high[::-1])])
            self._bands[name].set_xy(outline)
            self._lines[name].set_data(numbers.at, middle)
            ends.append((log_level(middle[-1], LOW, HIGH), name, LOOKS[name].colour, "bold"))
        return [*self._bands.values(), *self._lines.values(), *self._labels.set(ends)]

    def draw_moving(self, numbers):
        """Move the curves, this log's dots and the intervals."""
        setting, curves = numbers.setting, self._move_curves(numbers)
        now = setting.k if setting.against == BY_K else setting.moved
        self._now.set_xdata([now, now])
        for name, dot in self._dots.items():
            dot.set_data([now], [max(100 * numbers.estimates[name].size / N_RECORDS, LOW)])
        return [*curves, self._now, *self._dots.values(), *self._move_values(numbers)]

    def _move_values(self, numbers):
        moving = [self._truth_line, self._truth, self._truth_note]
        self._truth_line.set_xdata([numbers.truth, numbers.truth])
        self._truth.set_data([numbers.truth], [TOP])
        self._truth_note.set_x(numbers.truth + 0.09)
        for name, found in numbers.estimates.items():
            ends = np.clip([found.value - Z * found.error, found.value + Z * found.error], 0, MOST)
            height = HEIGHTS[name]
            self._intervals[name].set_data(ends, [height, height])
            inside = found.value <= MOST
            self._points[name].set_data([found.value] * inside, [height] * inside)
            biased = ", biased" if name == "inclusion" and numbers.setting.k > 1 else ""
            self._notes[name].set_text("→ " * (not inside) + _written(found) + biased)
            moving += [self._intervals[name], self._points[name], self._notes[name]]
        return moving

    # The sentence.

    def describe(self, numbers):
        """Say in numbers what the picture shows."""
        setting, found = numbers.setting, numbers.estimates
        sizes = join([f"{round(found[name].size):,} by {name}" for name in WEIGHTS])
        column = np.flatnonzero(numbers.at == (setting.k if setting.against == BY_K else setting.moved))[0]
        usual = join([f"{show(100 * numbers.curves[1, w, column])} %" for w in range(len(WEIGHTS))])
        values = join([f"{_written(found[name])} by {name}" for name in WEIGHTS])
        missed = [name for name in WEIGHTS if not found[name].covers(numbers.truth)]
        text = (
            f"K = {setting.k}, moved {setting.moved:g}: of {N_RECORDS:,} records count {sizes}; the medians over 100 "
            f"logs are {usual}. The log earned {numbers.earned:.3f} a record. The new policy is worth "
            f"{numbers.truth:.3f}; estimated: {values}. "
        )
        if setting.k == 1:
            text += "With one candidate the three weights are the same. "
        if missed:
            text += f"The 95 % interval of {join(missed)} misses the true value. "
        text += "Divided by the sum of the weights." if setting.normalised else "Divided by the number of records."
        return text + (" Rewards are clicks." if setting.reward == REWARDS[0] else " Rewards have no noise.")


def _written(found):
    """Write a value with its interval."""
    return f"{found.value:.3f} ± {Z * found.error:.3f}"
