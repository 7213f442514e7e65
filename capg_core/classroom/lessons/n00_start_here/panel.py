"""The headline panel: V-PG's variance explodes with K; credit assignment stops it."""

from functools import partial

import numpy as np

from capg_core.classroom.controls import button, candidates, choice, log_number, tick, ticks
from capg_core.classroom.drawing import (
    EndLabels,
    cross_at_zero,
    leaves_at,
    legend,
    log_axis,
    log_level,
    mark,
    write,
)
from capg_core.classroom.lessons.n00_start_here import numbers as lesson
from capg_core.classroom.lessons.n00_start_here.dial import Dial, keys
from capg_core.classroom.lessons.n00_start_here.numbers import ESTIMATORS, N_DOTS
from capg_core.classroom.panel import Panel
from capg_core.classroom.problem import (
    CLICKS,
    REWARDS,
    STEADY,
    SYNTHETIC,
    cosine,
    data_names,
    load_problem,
    most_reward,
    project,
)
from capg_core.classroom.words import join, show
from capg_core.look import FONT, INK, SOFT_INK, dress_axes, look_of

CLOUD_LEFT, CLOUD_RIGHT, CLOUD_GAP = 0.075, 0.545, 0.018
CLOUD_BOTTOM, CLOUD_HEIGHT = 0.465, 0.425
DIAL_BOTTOM, DIAL_HEIGHT = 0.02, 0.245
CURVE_BOX = (0.645, 0.145, 0.215, 0.745)


class VariancePanel(Panel):
    """Single-sample gradient estimates beside their variance against K.

    Examples
    --------
    >>> panel = VariancePanel(k=1)
    >>> panel.k.value = 20
    >>> panel.text.startswith("K = 20, n = 100")
    True
    """

    shows = (
        "Left, a cloud of single gradient estimates of each method, and below it a dial with the direction of their "
        "mean; right, their variance and signal against K."
    )
    cut = 0.56
    lesson = lesson
    k = candidates(20, 100, width=410)
    new_noise = button("New noise", "draw_again")
    rewards = choice("Rewards", STEADY, REWARDS, label_width=62, width=255)
    baseline = tick("Subtract the mean reward")
    data = choice("Data", SYNTHETIC, data_names, width=380)
    peakedness = log_number("Peakedness", 1.0, -1, 1, lazy=True, width=380)
    toggles = ticks("Show", ESTIMATORS, ("V-PG", "CA-PG"), "shown")
    rows = ("k new_noise rewards", "data peakedness", "toggles baseline")

    def __init__(self, **start):
        super().__init__(**start)
        self._make_clouds()
        self._make_curves()
        self._fit_k()
        self.refresh()

    def _fit_k(self):
        """Let the slider end where the items end."""
        with self.quietly():
            self.k.max = min(100, load_problem(self.data.value).n_items - 1)

    def changed(self, name):
        """Draw anew; other data may have fewer items."""
        if name == "data":
            self._fit_k()
        super().changed(name)

    # The picture.

    def background_key(self, numbers):
        """Everything but K: axes, labels and curves stay while K moves, but for the first step."""
        s = numbers.setting
        return (s.k == 1, s.data, s.peakedness, s.rewards, s.baseline, s.shown, s.seed)

    def _make_clouds(self):
        self._clouds = {}
        for estimator in ESTIMATORS:
            look = look_of(estimator)
            axes = self.figure.add_axes((0.1, CLOUD_BOTTOM, 0.2, CLOUD_HEIGHT))
            dress_axes(axes)
            cross_at_zero(axes)
            dots = mark(axes, look, 5, markeredgewidth=0, alpha=0.45, zorder=3)
            self._clouds[estimator] = (axes, dots, Dial(self.figure, look.colour))
        middle = (CLOUD_LEFT + CLOUD_RIGHT) / 2
        # One label under all the clouds, and one over all the dials.
        write(self.figure, middle, 0.375, "along the true gradient", "label", ha="center")
        legend(self.figure, keys(f"mean of the {N_DOTS}"), (middle, 0.35), 3, loc="upper center", columnspacing=1.4)

    def _make_curves(self):
        self._curve_axes = self.figure.add_axes(CURVE_BOX)
        dress_axes(self._curve_axes, "noise and signal", "candidates K", "variance, squared length")
        self._curve_axes.set_yscale("log")
        log_axis(self._curve_axes)
        self._now = self._curve_axes.axvline(1, color=INK, linewidth=1.5)
        self._lines, self._signals, self._points = {}, {}, {}
        for estimator in ESTIMATORS:
            look = look_of(estimator)
            (line,) = self._curve_axes.plot([], [], look.line, color=look.colour, linewidth=3)
            (signal,) = self._curve_axes.plot([], [], "--", color=look.colour, linewidth=2)
            self._lines[estimator], self._signals[estimator] = line, signal
            self._points[estimator] = mark(self._curve_axes, look, 12, zorder=6)
        self._labels = EndLabels(self.figure, CURVE_BOX, space=0.008)
        self._note = write(self._curve_axes, 0.5, 0.72, "curves from\nK = 2 on", transform=self._curve_axes.transAxes,
                           ha="center", color=SOFT_INK)  # fmt: skip
        self._k_text = write(self.figure, 0.755, 0.945, size="title", ha="center", weight="bold")

    def draw_background(self, numbers):
        """Place the axes of the estimators shown, and draw the curves and their labels."""
        self._place_clouds(numbers)
        self._draw_curves(numbers)

    def _place_clouds(self, numbers):
        shown = numbers.setting.shown
        width = (CLOUD_RIGHT - CLOUD_LEFT - CLOUD_GAP * (len(shown) - 1)) / len(shown)
        limit = numbers.limit
        for estimator, (axes, _, dial) in self._clouds.items():
            axes.set_visible(estimator in shown)
            dial.axes.set_visible(estimator in shown)
            if estimator not in shown:
                continue
            place = shown.index(estimator)
            left = CLOUD_LEFT + place * (width + CLOUD_GAP)
            axes.set_position((left, CLOUD_BOTTOM, width, CLOUD_HEIGHT))
            dial.axes.set_position((left, DIAL_BOTTOM, width, DIAL_HEIGHT))
            axes.set_xlim(-limit, limit)
            axes.set_ylim(-limit, limit)
            where = [-limit / 2, 0, limit / 2]
            names = [f"{at:.2g}".replace("-", "−") for at in where]
            axes.set_xticks(where, names)
            axes.set_yticks(where, names if place == 0 else [])
            axes.set_title(look_of(estimator).label, fontsize=FONT["title"], color=look_of(estimator).colour)
            axes.set_ylabel("across it" if place == 0 else "", fontsize=FONT["label"], labelpad=0)

    def _draw_curves(self, numbers):
        ks = numbers.ks
        shown = numbers.setting.shown
        # One range for baseline on and off, so that its effect is seen.
        top = 10 ** np.ceil(np.log10(100 * np.mean(numbers.problem.mean_reward**2)))
        axes = self._curve_axes
        axes.set_xlim(0.9, max(ks) * 1.1)
        axes.set_ylim(top * 1e-7, top)
        exponents = np.arange(int(np.log10(top)) - 6, int(np.log10(top)) + 1, 2)
        axes.set_yticks(10.0**exponents, [f"$10^{{{e}}}$" for e in exponents])
        axes.minorticks_off()
        # At K = 1 there are no curves yet: they would tell what the reader is asked to guess.
        opened = numbers.setting.k > 1
        self._note.set_visible(not opened)
        ends, level, sinks = [], partial(log_level, low=top * 1e-7, high=top), partial(leaves_at, floor=top * 1e-7)
        for estimator in ESTIMATORS:
            on = estimator in shown
            # V-PG and Outcome-PG have the same mean, the true gradient: one dashed line for both.
            first_unbiased = estimator != "Outcome-PG" or "V-PG" not in shown
            self._lines[estimator].set_visible(on and opened)
            self._signals[estimator].set_visible(on and opened and first_unbiased)
            self._points[estimator].set_visible(on)
            if not on:
                continue
            variances, signals = numbers.curves[estimator]
            self._lines[estimator].set_data(ks, variances)
            self._signals[estimator].set_data(ks, signals)
            self._signals[estimator].set_color(look_of(estimator).colour if estimator == "CA-PG" else INK)
            look = look_of(estimator)
            ends.append((level(variances[-1]), look.label, look.colour, "bold", sinks(ks, variances)))
            if first_unbiased:
                name = "CA-PG signal" if estimator == "CA-PG" else "true signal"
                colour = self._signals[estimator].get_color()
                ends.append((level(signals[-1]), name, colour, "normal", sinks(ks, signals)))
        self._labels.set(ends if opened else [])

    def draw_moving(self, numbers):
        """Move the dots, the dials and the marks to the current K."""
        setting, gradient = numbers.setting, numbers.exact.gradient
        moving = []
        for estimator in setting.shown:
            _, dots, dial = self._clouds[estimator]
            estimate = numbers.estimates[estimator]
            dots.set_data(*project(estimate.samples, gradient))
            moving += [dots, *dial.point(numbers.off[estimator], lesson.off_truth(estimate.mean, gradient))]
        self._now.set_xdata([setting.k, setting.k])
        moving.append(self._now)
        for estimator in setting.shown:
            self._points[estimator].set_data([setting.k], [numbers.estimates[estimator].variance])
            moving.append(self._points[estimator])
        self._k_text.set_text(f"K = {setting.k}")
        moving.append(self._k_text)
        return moving

    # The sentence.

    def describe(self, numbers):
        """Say in numbers what the picture shows."""
        setting, estimates = numbers.setting, numbers.estimates
        spread = {e: estimates[e].variance for e in setting.shown}
        variances = [f"{show(v) if v else 'less than 1e-12'} for {e}" for e, v in spread.items()]
        text = f"K = {setting.k}, n = {numbers.problem.n_items}: the variance of one gradient estimate is "
        text += join(variances)
        if "V-PG" in estimates and "CA-PG" in estimates:
            text += _compare(estimates["V-PG"].variance, estimates["CA-PG"].variance)
        measured = [f"{e} {show(estimates[e].snr)}" for e, v in spread.items() if v]
        text += f". Signal-to-noise, ‖E g‖ / √variance: {', '.join(measured)}" if measured else ""
        text += ". What is left at less than 1e-12 is rounding" if len(measured) < len(spread) else ""
        off = {e: f"{degrees:.0f}° for {e}" for e, degrees in numbers.off.items() if np.isfinite(degrees)}
        if off:
            text += f". The mean of {N_DOTS} estimates is off the true gradient by " + join(list(off.values()))
        text += "."
        if "CA-PG" in estimates and setting.k > 1:
            text += _say_bias(cosine(estimates["CA-PG"].mean, numbers.exact.gradient, zero=0.0))
        elif "CA-PG" in estimates:
            text += " With one candidate, CA-PG is V-PG."
        text += " The mean reward is subtracted" if setting.baseline else " No baseline"
        if setting.rewards == CLICKS:
            most = most_reward(numbers.problem.mean_reward)
            return f"{text}; a reward is a click, worth {most:g} or nothing."
        return f"{text}; a film gives the same reward each time."


def _compare(vanilla, credit):
    if credit <= 0 or vanilla <= 0:
        return ""  # a variance of zero: no ratio to give
    ratio = vanilla / credit
    # V-PG's variance is measured on some thousand lists: a few per cent are not a difference.
    if ratio >= 1.05:
        return f", {show(ratio)} times less than V-PG"
    if ratio <= 0.95:
        return f", {show(1 / ratio)} times more than V-PG"
    return ", about the same as V-PG"


def _say_bias(cosine):
    if not np.isfinite(cosine):
        return " CA-PG is biased; one of the two gradients is zero here, so there is no angle between them."
    return (
        f" CA-PG, here with exact inclusion probabilities, is biased: "
        f"the cosine of its mean with the true gradient is {cosine:.3f}."
    )
