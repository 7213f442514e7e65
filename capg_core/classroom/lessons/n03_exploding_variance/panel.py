"""The panel of notebook 03: a score is a sum of K surprises, and what its noise does to the signal."""

import numpy as np

from capg_core.classroom.controls import button, candidates, choice, number, pick, tick
from capg_core.classroom.drawing import EndLabels, cloud_axes, log_axis, log_level, mark, square_window, star
from capg_core.classroom.lessons.n03_exploding_variance import numbers as lesson
from capg_core.classroom.lessons.n03_exploding_variance.numbers import BASELINES, LADDER, MAX_BATCH, N_WALKS, NONE
from capg_core.classroom.panel import Panel
from capg_core.classroom.problem import N_SYNTHETIC
from capg_core.classroom.words import count, show
from capg_core.look import INK, dress_axes, look_of

WALK_BOX = (0.078, 0.145, 0.275, 0.70)
LENGTH_BOX = (0.425, 0.145, 0.165, 0.70)
RATIO_BOX = (0.755, 0.145, 0.125, 0.70)
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
    cut = 0.375
    lesson = lesson
    k = candidates(20, N_SYNTHETIC - 1)
    batch = pick("Batch size N", 1, [2**i for i in range(MAX_BATCH.bit_length())], width=440)
    new_noise = button("New noise", "draw_again")
    gap = number("Half of the users rate higher by", 0.0, 0.0, 4.0, 0.5, form=".1f", label_width=215)
    baseline = choice("Baseline", NONE, BASELINES, label_width=70, width=300)
    split = tick("Show the part of V-PG's noise that the shown item explains")
    zoom = tick("Fit the axes to these walks")
    rows = ("k batch new_noise", "gap baseline", "split zoom")

    def __init__(self, **start):
        super().__init__(**start)
        self._make_walks()
        self._make_lines()
        self.refresh()

    # The picture.

    def background_key(self, numbers):
        """Everything but K and the noise of the walks: axes, labels and curves stay while K moves."""
        s = numbers.setting
        return (s.batch, s.baseline, s.gap, s.split, numbers.window, s.seed)

    def _make_walks(self):
        self._walk_axes, self._walk_title = cloud_axes(self.figure, WALK_BOX)
        vanilla, credit = look_of("V-PG"), look_of("CA-PG")
        self._paths = [
            self._walk_axes.plot([], [], "-", color=vanilla.colour, linewidth=1.2, alpha=0.75)[0]
            for _ in range(N_WALKS)
        ]
        (self._ends,) = self._walk_axes.plot([], [], vanilla.marker, color=vanilla.colour, markersize=9)
        self._credit = mark(self._walk_axes, credit, 8)
        self._truth = star(self._walk_axes, zorder=6)

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
        for estimator in LADDER:
            look = look_of(estimator)
            for kind, axes, line, width in (
                ("noise", self._length_axes, "-", 3),
                ("signal", self._length_axes, "--", 2.2),
                ("ratio", self._ratio_axes, "-", 3),
            ):
                self._lines[estimator, kind] = axes.plot([], [], line, color=look.colour, linewidth=width)[0]
                self._points[estimator, kind] = mark(axes, look, 9, zorder=6)
        self._lengths = EndLabels(self.figure, LENGTH_BOX)
        self._ratios = EndLabels(self.figure, RATIO_BOX)

    def draw_background(self, numbers):
        """Update axes, curves and labels."""
        square_window(self._walk_axes, numbers.window)
        lengths, ratios = [], []
        for estimator in LADDER:
            on = estimator in numbers.curves
            for kind in ("noise", "signal", "ratio"):
                # Outcome-PG has V-PG's mean: one dashed line for both.
                visible = on and not (estimator == "Outcome-PG" and kind == "signal")
                self._lines[estimator, kind].set_visible(visible)
                self._points[estimator, kind].set_visible(visible)
            if not on:
                continue
            look = look_of(estimator)
            ks, signal, noise = numbers.curves[estimator]
            noise = noise / np.sqrt(numbers.setting.batch)
            self._lines[estimator, "noise"].set_data(ks, noise)
            self._lines[estimator, "signal"].set_data(ks, signal)
            ratio = np.divide(signal, noise, out=np.full(len(ks), np.inf), where=noise > 0)
            self._lines[estimator, "ratio"].set_data(ks, ratio)
            explained = estimator == "Outcome-PG"
            name = "explained" if explained else f"{look.label} noise"
            lengths.append((log_level(noise[-1], *LENGTHS), name, look.colour, "bold"))
            if not explained:
                lengths.append((log_level(signal[-1], *LENGTHS), f"{look.label} signal", look.colour, "normal"))
            ratios.append((log_level(ratio[-1], *RATIOS), look.label, look.colour, "bold"))
        self._lengths.set(lengths)
        self._ratios.set(ratios)

    def draw_moving(self, numbers):
        """Move the walks and the marks to the current K."""
        setting, moving = numbers.setting, [self._walk_title]
        draws = count(setting.k, "draw")
        self._walk_title.set_text(
            f"{N_WALKS} lists, {draws} each"
            if setting.batch == 1
            else f"{N_WALKS} means of {setting.batch} lists, {draws}"
        )
        for path, walk in zip(self._paths, numbers.walks, strict=True):
            path.set_data(walk[:, 0], walk[:, 1])
            moving.append(path)
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
                if self._points[estimator, kind].get_visible():
                    moving.append(self._points[estimator, kind])
        return moving

    # The sentence.

    def describe(self, numbers):
        """Say in numbers what the picture shows."""
        setting = numbers.setting
        lists = count(setting.batch, "list")
        baseline = "no baseline" if setting.baseline == NONE else f"baseline: {setting.baseline}"
        text = f"K = {setting.k}, a batch of {lists}, {baseline}."
        for estimator in ("V-PG", "CA-PG"):
            m = numbers.moments[estimator]
            text += (
                f" {estimator}: signal {show(m.signal)}, noise {show(m.noise / np.sqrt(setting.batch))}, "
                f"ratio {show(m.snr(setting.batch))}; a ratio of 1 takes {_count(m.needed)}."
            )
        if setting.split:
            vanilla, outcome = (numbers.moments[e].noise ** 2 for e in ("V-PG", "Outcome-PG"))
            share = min(outcome / vanilla, 1.0) if vanilla > 0 else 1.0
            text += f" The shown item explains {100 * share:.3g} % of V-PG's variance."
        if setting.k > 1:
            text += (
                f" CA-PG's signal is the length of its own mean, which is biased: "
                f"its cosine with the true gradient is {numbers.moments['CA-PG'].cosine:.3f}."
            )
        if setting.gap:
            text += f" Half of the users rate every item {setting.gap:g} higher."
        return text


def _count(needed):
    """Write a number of lists with two significant digits."""
    if not np.isfinite(needed):
        return "more lists than there are"
    if needed <= 1:
        return "1 list"
    digits = max(int(np.floor(np.log10(needed))) - 1, 0)
    return f"{int(np.ceil(needed / 10**digits)) * 10**digits:,} lists"
