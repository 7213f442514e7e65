"""The headline panel: V-PG's variance explodes with K; credit assignment stops it."""

import ipywidgets as widgets
import numpy as np

from capg_core.classroom.lessons.n00_start_here import numbers as variance_numbers
from capg_core.classroom.lessons.n00_start_here.numbers import ESTIMATORS, N_DOTS, SYNTHETIC, Setting
from capg_core.classroom.panel import Panel, control_rows
from capg_core.look import FONT, INK, PAPER, SOFT_INK, dress_axes, look_of, spread

CLOUD_LEFT, CLOUD_RIGHT, CLOUD_GAP = 0.075, 0.545, 0.018
CLOUD_BOTTOM, CLOUD_HEIGHT = 0.145, 0.715
CURVE_BOX = (0.645, 0.145, 0.215, 0.715)
LABEL_X = 0.868


def show(number):
    """Write a number with three significant digits, without an exponent where it can be read without.

    Examples
    --------
    >>> show(18.31), show(0.0551), show(1234.6), show(2.34e-6)
    ('18.3', '0.0551', '1235', '2.3e-06')
    """
    if number == 0:
        return "0"
    if not np.isfinite(number):
        return "∞"
    if abs(number) < 1e-4 or abs(number) >= 1e6:
        return f"{number:.1e}"
    if abs(number) >= 100:
        return f"{number:.0f}"
    digits = 2 - int(np.floor(np.log10(abs(number))))
    return f"{number:.{max(digits, 0)}f}"


class VariancePanel(Panel):
    """Single-sample gradient estimates beside their variance against K.

    Parameters
    ----------
    k : int
        Where the slider starts.
    data : str
        The name of the problem, one of `capg_core.classroom.lessons.n00_start_here.numbers.data_names`.

    Attributes
    ----------
    k, peakedness, baseline, data : ipywidgets controls
        Set their ``.value`` to drive the panel.
    toggles : dict
        Estimator to checkbox.
    new_noise : ipywidgets.Button
    numbers : Numbers
        What is shown.

    Examples
    --------
    >>> panel = VariancePanel(k=1)
    >>> panel.k.value = 20
    >>> panel.text.startswith("K = 20, n = 100")
    True
    """

    def __init__(self, k=20, data=SYNTHETIC):
        self._first_k, self._first_data = k, data
        self._seed = 0
        self.numbers = None
        super().__init__()

    # Controls.

    def make_controls(self):
        """Make the controls, in the order the Tab key visits them."""
        wide = {"description_width": "105px"}
        names = variance_numbers.data_names()
        n_items = variance_numbers.load_problem(self._first_data).n_items
        self.k = widgets.IntSlider(
            value=self._first_k,
            min=1,
            max=min(100, n_items - 1),
            description="Candidates K",
            style=wide,
            layout=widgets.Layout(width="520px"),
        )
        self.peakedness = widgets.FloatLogSlider(
            value=1.0,
            base=10,
            min=-1,
            max=1,
            step=0.1,
            description="Peakedness",
            readout_format=".2f",
            style=wide,
            continuous_update=False,
            layout=widgets.Layout(width="380px"),
        )
        self.data = widgets.Dropdown(
            options=names,
            value=self._first_data,
            description="Data",
            style=wide,
            layout=widgets.Layout(width="380px"),
        )
        narrow = widgets.Layout(width="auto", margin="0 16px 0 0")
        self.baseline = widgets.Checkbox(
            value=False, description="Subtract the mean reward", indent=False, layout=narrow
        )
        self.toggles = {
            e: widgets.Checkbox(value=e != "Outcome-PG", description=look_of(e).label, indent=False, layout=narrow)
            for e in ESTIMATORS
        }
        self.new_noise = widgets.Button(description="New noise", layout=widgets.Layout(width="120px"))
        self.watch(self.k, self.peakedness, self.baseline, *self.toggles.values())
        self.data.observe(self.guard(self._change_data), names="value")
        self.new_noise.on_click(self.guard(self._draw_new_noise))
        label = widgets.HTML('<span style="font-size:14px">Show</span>', layout=widgets.Layout(margin="0 10px 0 12px"))
        rows = [
            [self.k, self.new_noise],
            [self.peakedness, self.data],
            [label, *self.toggles.values(), self.baseline],
        ]
        return control_rows(rows)

    def _change_data(self, change):
        # The slider's end follows the number of items; moving it may itself refresh, which is harmless.
        self.k.max = min(100, variance_numbers.load_problem(self.data.value).n_items - 1)
        self.refresh()

    def _draw_new_noise(self, button):
        self._seed += 1
        self.refresh()

    def settings(self):
        """Read the controls."""
        shown = tuple(e for e, box in self.toggles.items() if box.value)
        return Setting(
            self.data.value,
            self.k.value,
            round(self.peakedness.value, 6),
            self.baseline.value,
            shown,
            self._seed,
        )

    def compute(self, settings):
        """Compute the numbers at these settings."""
        self.numbers = variance_numbers.numbers_at(settings)
        return self.numbers

    # The picture.

    def background_key(self, numbers):
        """Everything but K: axes, labels and curves stay while K moves."""
        s = numbers.setting
        return (s.data, s.peakedness, s.baseline, s.shown, s.seed)

    def _make_artists(self):
        self._clouds = {}
        for estimator in ESTIMATORS:
            look = look_of(estimator)
            axes = self.figure.add_axes((0.1, CLOUD_BOTTOM, 0.2, CLOUD_HEIGHT))
            dress_axes(axes)
            axes.axhline(0, color=SOFT_INK, linewidth=0.8)
            axes.axvline(0, color=SOFT_INK, linewidth=0.8)
            (dots,) = axes.plot(
                [], [], look.marker, color=look.colour, markersize=6, markeredgewidth=0, alpha=0.45, zorder=3
            )
            (mean,) = axes.plot(
                [], [], "D", color=PAPER, markeredgecolor=INK, markersize=9, markeredgewidth=1.8, zorder=5
            )
            (truth,) = axes.plot(
                [],
                [],
                "*",
                color="#ffa90e",
                markeredgecolor=INK,
                markersize=13,
                markeredgewidth=1.0,
                zorder=6,
            )
            self._clouds[estimator] = (axes, dots, mean, truth)
        self._curve_axes = self.figure.add_axes(CURVE_BOX)
        dress_axes(self._curve_axes, "noise and signal", "candidates K", "variance, squared length")
        self._curve_axes.set_xscale("log")
        self._curve_axes.set_yscale("log")
        self._curve_axes.set_xticks([1, 10, 100], ["1", "10", "100"])
        self._curve_axes.minorticks_off()
        self._now = self._curve_axes.axvline(1, color=INK, linewidth=1.5)
        self._lines, self._signals, self._points, self._labels = {}, {}, {}, {}
        for estimator in ESTIMATORS:
            look = look_of(estimator)
            (line,) = self._curve_axes.plot([], [], look.line, color=look.colour, linewidth=3)
            (signal,) = self._curve_axes.plot([], [], "--", color=look.colour, linewidth=2)
            (point,) = self._curve_axes.plot(
                [], [], look.marker, color=look.colour, markersize=12, markeredgecolor=PAPER, zorder=6
            )
            self._lines[estimator], self._signals[estimator], self._points[estimator] = line, signal, point
        middle = (CLOUD_LEFT + CLOUD_RIGHT) / 2
        note = {"fontsize": FONT["note"], "color": INK, "ha": "center"}
        # One label under all the clouds, at the height of the other axis' label.
        self.figure.text(middle, 0.042, "along the true gradient", **{**note, "fontsize": FONT["label"]})
        self.figure.text(middle, 0.945, "★ true gradient     ◇ mean of the estimates", **note)
        self._k_text = self.figure.text(0.755, 0.945, "", fontsize=FONT["title"], color=INK, ha="center", weight="bold")

    def draw_background(self, numbers):
        """Place the axes of the estimators shown, and draw the curves and their labels."""
        if not hasattr(self, "_clouds"):
            self._make_artists()
        self._place_clouds(numbers)
        self._draw_curves(numbers)

    def _place_clouds(self, numbers):
        shown = numbers.setting.shown
        width = (CLOUD_RIGHT - CLOUD_LEFT - CLOUD_GAP * (len(shown) - 1)) / len(shown)
        limit = numbers.limit
        for estimator, (axes, *_) in self._clouds.items():
            axes.set_visible(estimator in shown)
            if estimator not in shown:
                continue
            place = shown.index(estimator)
            axes.set_position((CLOUD_LEFT + place * (width + CLOUD_GAP), CLOUD_BOTTOM, width, CLOUD_HEIGHT))
            axes.set_xlim(-limit, limit)
            axes.set_ylim(-limit, limit)
            ticks = [-limit / 2, 0, limit / 2]
            names = [f"{tick:.2g}".replace("-", "−") for tick in ticks]
            axes.set_xticks(ticks, names)
            axes.set_yticks(ticks, names if place == 0 else [])
            axes.set_title(look_of(estimator).label, fontsize=FONT["title"], color=look_of(estimator).colour)
            axes.set_ylabel("across it" if place == 0 else "", fontsize=FONT["label"], labelpad=0)

    def _draw_curves(self, numbers):
        ks, lines = numbers.curve
        shown = numbers.setting.shown
        # One range for baseline on and off, so that its effect is seen.
        top = 10 ** np.ceil(np.log10(100 * np.mean(numbers.problem.mean_reward**2)))
        axes = self._curve_axes
        axes.set_xlim(0.9, max(ks) * 1.1)
        axes.set_ylim(top * 1e-7, top)
        exponents = np.arange(int(np.log10(top)) - 6, int(np.log10(top)) + 1, 2)
        axes.set_yticks(10.0**exponents, [f"$10^{{{e}}}$" for e in exponents])
        axes.minorticks_off()
        ends = []
        for estimator in ESTIMATORS:
            variances, signals = lines[estimator]
            on = estimator in shown
            # V-PG and Outcome-PG have the same mean, the true gradient: one dashed line for both.
            first_unbiased = estimator != "Outcome-PG" or "V-PG" not in shown
            self._lines[estimator].set_data(ks, variances)
            self._signals[estimator].set_data(ks, signals)
            self._lines[estimator].set_visible(on)
            self._signals[estimator].set_visible(on and first_unbiased)
            self._points[estimator].set_visible(on)
            self._signals[estimator].set_color(look_of(estimator).colour if estimator == "CA-PG" else INK)
            if on:
                ends.append((variances[-1], look_of(estimator).label, look_of(estimator).colour, "bold"))
            if on and first_unbiased:
                name = "CA-PG signal" if estimator == "CA-PG" else "true signal"
                ends.append((signals[-1], name, self._signals[estimator].get_color(), "normal"))
        self._label_ends(ends, top)

    def _label_ends(self, ends, top):
        for text in self._labels.values():
            text.set_visible(False)
        low, high = CURVE_BOX[1] + 0.02, CURVE_BOX[1] + CURVE_BOX[3] - 0.02
        heights = [CURVE_BOX[1] + CURVE_BOX[3] * (np.log10(max(value, top * 1e-7) / top) + 7) / 7 for value, *_ in ends]
        for height, (_, name, colour, weight) in zip(spread(heights, 0.055, low, high), ends, strict=True):
            if name not in self._labels:
                self._labels[name] = self.figure.text(0, 0, "", fontsize=FONT["note"], va="center")
            self._labels[name].set(x=LABEL_X, y=height, text=name, color=colour, weight=weight, visible=True)

    def draw_moving(self, numbers):
        """Move the dots and the marks to the current K."""
        setting, gradient = numbers.setting, numbers.exact.gradient
        moving = []
        for estimator in setting.shown:
            _, dots, mean, truth = self._clouds[estimator]
            estimate = numbers.estimates[estimator]
            for artist, vectors in (
                (dots, estimate.samples[:N_DOTS]),
                (mean, estimate.mean[None]),
                (truth, gradient[None]),
            ):
                artist.set_data(*variance_numbers.project(vectors, gradient))
                moving.append(artist)
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
        variances = [f"{show(estimates[e].variance)} for {e}" for e in setting.shown]
        text = f"K = {setting.k}, n = {numbers.problem.n_items}: the variance of one gradient estimate is "
        text += ", ".join(variances[:-1]) + (" and " if len(variances) > 1 else "") + variances[-1]
        if "V-PG" in estimates and "CA-PG" in estimates:
            text += _compare(estimates["V-PG"].variance, estimates["CA-PG"].variance)
        ratios = [f"{e} {show(estimates[e].snr)}" for e in setting.shown]
        text += ". Signal-to-noise, ‖E g‖ / √variance: " + ", ".join(ratios) + "."
        if "CA-PG" in estimates and setting.k > 1:
            text += _say_bias(_cosine(estimates["CA-PG"].mean, numbers.exact.gradient))
        elif "CA-PG" in estimates:
            text += " With one candidate, CA-PG is V-PG."
        text += " The mean reward is subtracted." if setting.baseline else " No baseline."
        return text


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


def _cosine(first, second):
    lengths = np.linalg.norm(first) * np.linalg.norm(second)
    return float(first @ second / lengths) if lengths > 0 else float("nan")
