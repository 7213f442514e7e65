"""The panel of notebook 03: a score is a sum of K surprises, and what its noise does to the signal."""

import numpy as np
from matplotlib.patches import PathPatch

from capg_core.classroom.controls import button, candidates, choice, pick, tick
from capg_core.classroom.drawing import (
    EndLabels,
    cloud_axes,
    leaves_at,
    log_axis,
    log_level,
    mark,
    square_window,
    star,
    write,
)
from capg_core.classroom.lessons.n03_exploding_variance import numbers as lesson
from capg_core.classroom.lessons.n03_exploding_variance.arrows import arrow_path
from capg_core.classroom.lessons.n03_exploding_variance.numbers import MAX_BATCH, METHODS, N_WALKS
from capg_core.classroom.panel import Panel
from capg_core.classroom.problem import CLICKS, N_SYNTHETIC, REWARDS, STEADY
from capg_core.classroom.words import count, show
from capg_core.look import INK, SOFT_INK, dress_axes, look_of

WALK_BOX = (0.08, 0.14, 0.315, 0.687)  # square: the arrows' heads want equal scales
LENGTH_BOX = (0.477, 0.14, 0.15, 0.687)
RATIO_BOX = (0.798, 0.14, 0.12, 0.687)
LENGTHS = (5e-4, 50.0)  # the same at every setting, so that every control is seen to move the lines
RATIOS = (1e-4, 100.0)


class SignalNoisePanel(Panel):
    """Batch means as walks of K surprises; signal, noise and their ratio against K.

    Examples
    --------
    >>> panel = SignalNoisePanel(k=1)
    >>> panel.k.value = 20
    >>> panel.text.startswith("K = 20, a batch of 1 list")
    True
    """

    shows = "Left, gradient estimates as walks of K steps; then signal, noise and their ratio against K."
    cut = 0.4225
    lesson = lesson
    k = candidates(20, N_SYNTHETIC - 1, width=410)
    batch = pick("Batch size N", 1, [2**i for i in range(MAX_BATCH.bit_length())], width=400)
    new_noise = button("New noise", "draw_again")
    rewards = choice("Rewards", STEADY, REWARDS, width=300)
    baseline = tick("Subtract the mean reward")
    rows = ("k batch", "rewards baseline new_noise")

    def __init__(self, **start):
        super().__init__(**start)
        self._make_walks()
        self._make_lines()
        self.refresh()

    # The picture.

    def background_key(self, numbers):
        """Everything but K: axes, labels and curves stay while K moves, but for the first step."""
        s = numbers.setting
        return (s.k == 1, s.batch, s.rewards, s.baseline, numbers.window, s.seed)

    def _make_walks(self):
        self._walk_axes, self._walk_title = cloud_axes(self.figure, WALK_BOX)
        vanilla, credit = look_of("V-PG"), look_of("CA-PG")
        self._paths = [
            self._walk_axes.plot([], [], "-", color=vanilla.colour, linewidth=1, alpha=0.4)[0]
            for _ in range(N_WALKS - 1)
        ]
        self._arrows = self._walk_axes.add_patch(
            PathPatch(arrow_path(np.zeros((1, 2)), 1.0), color=vanilla.colour, linewidth=1.6)
        )
        (self._ends,) = self._walk_axes.plot([], [], vanilla.marker, color=vanilla.colour, markersize=7)
        self._credit = mark(self._walk_axes, credit, 7)
        self._truth = star(self._walk_axes, 12, zorder=6)

    def _make_lines(self):
        self._length_axes = self.figure.add_axes(LENGTH_BOX)
        self._ratio_axes = self.figure.add_axes(RATIO_BOX)
        for axes, limits, title in (
            (self._length_axes, LENGTHS, "noise and signal"),
            (self._ratio_axes, RATIOS, "signal / noise"),
        ):
            dress_axes(axes, title, "candidates K")
            axes.set(yscale="log", ylim=limits)
            log_axis(axes)
        self._ratio_axes.axhline(1, color=INK, linewidth=1.2, linestyle=":")
        self._now = [axes.axvline(1, color=INK, linewidth=1.5) for axes in (self._length_axes, self._ratio_axes)]
        self._lines, self._points = {}, {}
        for estimator in METHODS:
            look = look_of(estimator)
            for kind, axes, line, width in (
                ("noise", self._length_axes, "-", 3),
                ("signal", self._length_axes, "--", 2.2),
                ("ratio", self._ratio_axes, "-", 3),
            ):
                self._lines[estimator, kind] = axes.plot([], [], line, color=look.colour, linewidth=width)[0]
                self._points[estimator, kind] = mark(axes, look, 9, zorder=6)
        self._notes = [
            write(axes, 0.5, 0.86, "lines from\nK = 2 on", transform=axes.transAxes, ha="center", color=SOFT_INK)
            for axes in (self._length_axes, self._ratio_axes)
        ]
        self._lengths = EndLabels(self.figure, LENGTH_BOX)
        self._ratios = EndLabels(self.figure, RATIO_BOX)

    def draw_background(self, numbers):
        """Update axes, curves and labels."""
        square_window(self._walk_axes, numbers.window)
        lengths, ratios = [], []
        # At K = 1 there are no lines yet: they would tell what the reader is asked to guess.
        opened = numbers.setting.k > 1
        for note in self._notes:
            note.set_visible(not opened)
        for estimator in METHODS:
            look = look_of(estimator)
            ks, signal, noise = numbers.curves[estimator]
            noise = noise / np.sqrt(numbers.setting.batch)
            ratio = np.divide(signal, noise, out=np.full(len(ks), np.inf), where=noise > 0)
            for kind, heights, limits, words, weight in (
                ("noise", noise, LENGTHS, f"{look.label} noise", "bold"),
                ("signal", signal, LENGTHS, f"{look.label} signal", "normal"),
                ("ratio", ratio, RATIOS, look.label, "bold"),
            ):
                self._lines[estimator, kind].set_data(ks, heights)
                self._lines[estimator, kind].set_visible(opened)
                level, leaves = log_level(heights[-1], *limits), leaves_at(ks, heights, limits[0])
                (ratios if kind == "ratio" else lengths).append((level, words, look.colour, weight, leaves))
        self._lengths.set(lengths if opened else [])
        self._ratios.set(ratios if opened else [])

    def draw_moving(self, numbers):
        """Move the walks and the marks to the current K."""
        setting, moving = numbers.setting, [self._walk_title]
        draws = count(setting.k, "draw")
        self._walk_title.set_text(
            f"{N_WALKS} lists, {draws} each"
            if setting.batch == 1
            else f"{N_WALKS} means of {setting.batch} lists, {draws}"
        )
        for path, walk in zip(self._paths, numbers.walks[1:], strict=True):
            path.set_data(walk[:, 0], walk[:, 1])
            moving.append(path)
        self._arrows.set_path(arrow_path(numbers.walks[0], 0.035 * numbers.window))
        moving.append(self._arrows)
        self._ends.set_data(numbers.walks[:, -1, 0], numbers.walks[:, -1, 1])
        self._credit.set_data(numbers.credit[:, 0], numbers.credit[:, 1])
        self._truth.set_data([numbers.gradient[0]], [numbers.gradient[1]])
        moving += [self._ends, self._credit, self._truth, *self._now]
        for line in self._now:
            line.set_xdata([setting.k, setting.k])
        for estimator, moments in numbers.moments.items():
            heights = {
                "noise": moments.noise / np.sqrt(setting.batch),
                "signal": moments.signal,
                "ratio": moments.snr(setting.batch),
            }
            for kind, height in heights.items():
                self._points[estimator, kind].set_data([setting.k], [height])
                moving.append(self._points[estimator, kind])
        return moving

    # The sentence.

    def describe(self, numbers):
        """Say in numbers what the picture shows."""
        setting = numbers.setting
        text = f"K = {setting.k}, a batch of {count(setting.batch, 'list')}."
        for estimator in METHODS:
            m = numbers.moments[estimator]
            text += (
                f" {estimator}: signal {show(m.signal)}, noise {show(m.noise / np.sqrt(setting.batch))}, "
                f"ratio {show(m.snr(setting.batch))}; a ratio of 1 takes {_count(m.needed)}."
            )
        if setting.k > 1:
            text += (
                f" CA-PG's signal is the length of its own mean, which is biased: "
                f"its cosine with the true gradient is {numbers.moments['CA-PG'].cosine:.3f}."
            )
        text += " The mean reward is subtracted" if setting.baseline else " No baseline"
        return text + ("; rewards are clicks." if setting.rewards == CLICKS else "; a reward is the same each time.")


def _count(needed):
    """Write a number of lists with two significant digits."""
    if not np.isfinite(needed):
        return "more lists than there are"
    lists = max(1, int(float(f"{needed:.2g}")))
    return f"about {lists:,} list" + ("" if lists == 1 else "s")
