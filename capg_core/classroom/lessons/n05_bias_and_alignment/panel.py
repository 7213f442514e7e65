"""The panel on bias: the angle between the mean of CA-PG and the true gradient, and where each of them leads."""

import numpy as np
from matplotlib.collections import PolyCollection

from capg_core.classroom.controls import button, candidates, choice, number, pick, tick
from capg_core.classroom.drawing import mark, star, write
from capg_core.classroom.lessons.n05_bias_and_alignment import numbers as lesson
from capg_core.classroom.lessons.n05_bias_and_alignment.numbers import (
    DIFFERENT,
    N_ITEMS,
    REWARDS,
    SAME,
    STAGES,
    short_names,
    stage_name,
)
from capg_core.classroom.panel import Panel
from capg_core.classroom.problem import LENGTH_ZERO
from capg_core.look import FONT, GRID, INK, PAPER, PETROFF, SOFT_INK, dress_axes, look_of

TRUE = "true gradient"
COLOURS = {"start": PETROFF["grey"], TRUE: PETROFF["orange"], "CA-PG": look_of("CA-PG").colour}
ROW_BOTTOMS = {"start": 0.68, TRUE: 0.4125, "CA-PG": 0.145}


class AlignmentPanel(Panel):
    """CA-PG's mean beside the true gradient while the late stage goes from optimal through uniform to anti.

    Examples
    --------
    >>> panel = AlignmentPanel()
    >>> panel.stage.value = 1.0
    >>> panel.text.startswith("Late stage uniform, K = 5, n = 20: the mean of CA-PG is the true gradient")
    True
    """

    shows = "The angle between CA-PG's mean and the true gradient, here and at every late stage, and where each leads."
    cut = 0.595
    lesson = lesson
    # from 0, optimal, through 1, uniform, to 2, anti
    stage = pick("Late stage", 0.0, short_names(), label_width=90, width=640)
    k = candidates(5, 15, label_width=100, width=400)
    offset = number("Add to every reward", 0.0, 0.0, 4.0, 0.25, label_width=190, width=480)
    correlation = number("Utility–reward correlation", 1.0, 0.0, 1.0, 0.1, label_width=190, width=480)
    rewards = choice("Rewards", DIFFERENT, REWARDS, label_width=70, width=260)
    baseline = tick("Subtract the mean reward")
    new_items = button("New items", "draw_again")
    rows = ("stage k", "offset correlation", "rewards baseline new_items")

    def __init__(self, **start):
        super().__init__(**start)
        self._make_arrows()
        self._make_curve()
        self._make_bars()
        self._name_stages()
        self.refresh()

    def changed(self, name):
        """Draw anew; a late stage that does not like what the rewards like is not called optimal."""
        if name == "correlation":
            self._name_stages()
        super().changed(name)

    def _name_stages(self):
        place, names = self.stage.value, short_names(self.correlation.value)
        if list(self.stage.options) != names:
            with self.quietly():
                self.stage.options, self.stage.value = names, place

    # The picture.

    def _make_arrows(self):
        axes = self.figure.add_axes((0.01, 0.21, 0.26, 0.62))
        axes.set_xlim(-1.22, 1.22)
        axes.set_ylim(-0.3, 1.32)
        axes.set_aspect("equal")
        axes.axis("off")
        half = np.linspace(0.0, np.pi, 100)
        axes.plot(np.cos(half), np.sin(half), color=GRID, linewidth=2)
        axes.plot([-1, 1], [0, 0], color=GRID, linewidth=2)
        for degrees in (0, 90, 180):
            x, y = np.cos(np.radians(degrees)), 1.16 * np.sin(np.radians(degrees)) - 0.24 * (degrees != 90)
            write(axes, x, y, f"{degrees}°", "tick", color=SOFT_INK, ha="center")
        (self._true_arrow,) = axes.plot([0, 1], [0, 0], "-", color=COLOURS[TRUE], linewidth=5, zorder=3)
        self._true_head = star(axes, 19, zorder=5)
        self._true_head.set_data([1], [0])
        look = look_of("CA-PG")
        (self._arc,) = axes.plot([], [], color=INK, linewidth=2, zorder=2)
        (self._credit_arrow,) = axes.plot([], [], "-", color=look.colour, linewidth=5, zorder=4)
        (self._credit_head,) = axes.plot([], [], look.marker, color=look.colour, markersize=14, zorder=6)
        self._angle = write(self.figure, 0.14, 0.865, size="title", weight="bold", ha="center")
        # What does not change is written once: each letter takes a tenth of a millisecond.
        bold = {"color": look.colour, "weight": "bold"}
        write(self.figure, 0.23, 0.155, "★ true gradient, length ", ha="right")
        write(self.figure, 0.23, 0.09, "■ mean of CA-PG, length ", ha="right", **bold)
        self._true_length = write(self.figure, 0.235, 0.155)
        self._credit_length = write(self.figure, 0.235, 0.09, **bold)

    def _make_curve(self):
        axes = self.figure.add_axes((0.365, 0.145, 0.21, 0.715))
        dress_axes(axes, "", "late stage", "angle to the true gradient")
        axes.set_xlim(-0.06, 2.06)
        axes.set_ylim(-5, 185)
        axes.set_yticks([0, 45, 90, 135, 180], ["0°", "45°", "90°", "135°", "180°"])
        axes.axhline(90, color=SOFT_INK, linewidth=1.2)
        self._stage_axes = axes
        look = look_of("CA-PG")
        (self._line,) = axes.plot([], [], look.line, color=look.colour, linewidth=3)
        self._now = axes.axvline(0, color=INK, linewidth=1.5)
        self._point = mark(axes, look, 12, zorder=6)

    def _make_bars(self):
        self._bars, self._titles = {}, {}
        for name, bottom in ROW_BOTTOMS.items():
            axes = self.figure.add_axes((0.665, bottom, 0.325, 0.18))
            dress_axes(axes)
            axes.set_xlim(0.3, N_ITEMS + 0.7)
            axes.set_ylim(0, 1.02)
            axes.set_yticks([0, 1])
            axes.set_xticks([1, 5, 10, 15, 20], ["1", "5", "10", "15", "20"] if name == "CA-PG" else [])
            # One artist for all the bars of a row: twenty rectangles take twenty times as long to draw.
            self._bars[name] = PolyCollection([], edgecolors=COLOURS[name], linewidths=1.2, zorder=3)
            axes.add_collection(self._bars[name], autolim=False)
            write(self.figure, 0.665, bottom + 0.195, name)
            self._titles[name] = write(self.figure, 0.985, bottom + 0.195, ha="right")
        axes.set_xlabel("item, best reward first", fontsize=FONT["label"])
        up = {"rotation": 90, "va": "center", "ha": "center"}
        write(self.figure, 0.618, 0.5, "P(among the candidates)", "label", **up)
        write(self.figure, 0.665, 0.945, "where each leads; filled: the K largest logits", color=SOFT_INK)

    def background_key(self, numbers):
        """What the late stages are called."""
        return stage_name(0.0, numbers.setting.correlation)

    def draw_background(self, numbers):
        """Call them so."""
        self._stage_axes.set_xticks([0, 1, 2], [self.background_key(numbers), "uniform", "anti"])

    def draw_moving(self, numbers):
        """Turn the arrows, move the mark, and set the bars."""
        return [*self._move_arrows(numbers), *self._move_curve(numbers), *self._move_bars(numbers)]

    def _move_arrows(self, numbers):
        lengths = np.linalg.norm(numbers.gradient), np.linalg.norm(numbers.mean)
        seen = [length > LENGTH_ZERO for length in lengths]
        self._true_arrow.set_visible(seen[0])
        self._true_head.set_visible(seen[0])
        # Without a true gradient there is no angle; CA-PG's arrow then points straight up.
        turn = np.radians(numbers.angle) if all(seen) else np.pi / 2
        tip = np.cos(turn), np.sin(turn)
        self._credit_arrow.set_data([0, tip[0]], [0, tip[1]])
        self._credit_head.set_data([tip[0]], [tip[1]])
        self._credit_arrow.set_visible(seen[1])
        self._credit_head.set_visible(seen[1])
        arc = np.linspace(0.0, turn if all(seen) else 0.0, 60)
        self._arc.set_data(0.4 * np.cos(arc), 0.4 * np.sin(arc))
        self._angle.set_text(f"angle {numbers.angle:.0f}°" if all(seen) else "no angle")
        self._true_length.set_text(f"{lengths[0]:.3f}")
        self._credit_length.set_text(f"{lengths[1]:.3f}")
        arrows = [self._arc, self._true_arrow, self._credit_arrow, self._true_head, self._credit_head]
        return [*arrows, self._angle, self._true_length, self._credit_length]

    def _move_curve(self, numbers):
        stage = numbers.setting.stage
        self._line.set_data(STAGES, numbers.curve)
        self._now.set_xdata([stage, stage])
        self._point.set_data([stage], [numbers.angle])
        return [self._line, self._now, self._point]

    def _move_bars(self, numbers):
        moving = []
        left = np.arange(1, N_ITEMS + 1) - 0.4
        for name, place in numbers.places.items():
            x = np.stack([left, left, left + 0.8, left + 0.8], axis=1)
            y = place.inclusion[:, None] * np.array([0.0, 1.0, 1.0, 0.0])
            self._bars[name].set_verts(np.stack([x, y], axis=2))
            self._bars[name].set_facecolor([COLOURS[name] if top else PAPER for top in place.top])
            self._titles[name].set_text(_row_title(place, numbers.setting))
            moving += [self._bars[name], self._titles[name]]
        return moving

    # The sentence.

    def describe(self, numbers):
        """Say in numbers what the picture shows."""
        setting = numbers.setting
        name = stage_name(setting.stage, setting.correlation)
        text = f"Late stage {name}, K = {setting.k}, n = {N_ITEMS}: {_say_angle(numbers)} "
        start, truth, credit = numbers.places.values()
        if setting.rewards == SAME:
            text += f"Every policy has the value {start.value:.3f}."
        else:
            text += (
                f"The value is {start.value:.3f} at the start, {truth.value:.3f} after following the true gradient and "
                f"{credit.value:.3f} after following CA-PG's mean, as many steps of the same lengths."
            )
        if setting.offset:
            text += f" {setting.offset:g} is added to every reward, and left out of the values."
        return text + (" The mean reward is subtracted." if setting.baseline else " No baseline.")


def _row_title(place, setting):
    if setting.rewards == SAME:
        return ""
    return f"value {place.value:.3f}, {place.best_in_top} of {setting.k} right"


def _say_angle(numbers):
    lengths = np.linalg.norm(numbers.gradient), np.linalg.norm(numbers.mean)
    zero = [length <= LENGTH_ZERO for length in lengths]
    if all(zero):
        return "the true gradient and the mean of CA-PG are both zero."
    if zero[0]:
        return f"there is nothing to learn, and the mean of CA-PG has length {lengths[1]:.3f}."
    if zero[1]:
        return "the mean of CA-PG is zero, and the true gradient is not."
    if np.allclose(numbers.mean, numbers.gradient, rtol=0.0, atol=1e-10):
        return "the mean of CA-PG is the true gradient."
    return f"the angle between the mean of CA-PG and the true gradient is {numbers.angle:.0f}°."
