"""The panel of notebook 04: one rung of the ladder beside the rung above it, and what each rung costs in bias."""

import numpy as np

from capg_core.classroom.controls import button, candidates, pick, tick
from capg_core.classroom.drawing import cloud_axes, log_level, square_window, star, write
from capg_core.classroom.lessons.n04_credit_assignment import numbers as lesson
from capg_core.classroom.lessons.n04_credit_assignment.numbers import EVENTS, RUNGS, UNBIASED, rung_above
from capg_core.classroom.outlines import Lines
from capg_core.classroom.panel import Panel
from capg_core.classroom.problem import N_SYNTHETIC, project
from capg_core.classroom.words import show
from capg_core.look import FONT, GRID, INK, PAPER, dress_axes, look_of

CLOUD_BOX = (0.078, 0.145, 0.29, 0.70)
# name, title, horizontal place, limits, log scale
COLUMNS = (
    ("variance", "variance", 0.515, (1e-7, 1e4), True),
    ("snr", "signal / noise", 0.685, (3e-5, 30.0), True),
    ("angle", "angle", 0.855, (-4.0, 94.0), False),
)
COLUMN_WIDTH = 0.132
MEANING = {
    "V-PG": "the ordered list",
    "Set-PG": "all orders of the set",
    "Outcome-PG": "all lists from which the late stage shows the item",
    "CA-PG": "all lists that contain the item",
    "CA-PG-SwR": "one draw that gives the item, put back afterwards",
}


class LadderPanel(Panel):
    """Single estimates of one rung over those of the rung above; variance, signal-to-noise and angle of all five.

    Examples
    --------
    >>> panel = LadderPanel(k=5)
    >>> panel.rung.value = "CA-PG"
    >>> panel.text.startswith("Rung 4 of 5, CA-PG")
    True
    """

    shows = "Single estimates of one rung over those of the rung above, and bars for all the rungs."
    cut = 0.4
    lesson = lesson
    rung = pick("Rung", "V-PG", [(f"{i}  {EVENTS[rung]}", rung) for i, rung in enumerate(RUNGS, 1)], width=560)
    baseline = tick("Subtract the mean reward")
    k = candidates(20, N_SYNTHETIC - 1)
    zoom = tick("Fit the axes to this K")
    new_noise = button("New noise", "draw_again")
    rows = ("rung baseline", "k zoom new_noise")

    def __init__(self, **start):
        super().__init__(**start)
        self._make_cloud()
        self._make_columns()
        self.refresh()

    # The picture.

    def background_key(self, numbers):
        """Return the rung and the window: axes and labels stay while K moves."""
        return (numbers.setting.rung, numbers.window)

    def _make_cloud(self):
        self._cloud, self._title = cloud_axes(self.figure, CLOUD_BOX)
        self._above, self._rings, self._here = (self._cloud.plot([], [])[0] for _ in range(3))
        (self._average,) = self._cloud.plot([], [], "X", color=INK, markeredgecolor=PAPER, markersize=10)
        (self._item,) = self._cloud.plot([], [], markersize=15, markeredgecolor=INK, markeredgewidth=2)
        self._truth = star(self._cloud)

    def _make_columns(self):
        self._columns, self._points, self._bands = {}, {}, {}
        self._values = Lines(self.figure)
        for name, title, left, limits, log in COLUMNS:
            axes = self.figure.add_axes((left, CLOUD_BOX[1], COLUMN_WIDTH, CLOUD_BOX[3]))
            dress_axes(axes)
            axes.set_title(title, fontsize=FONT["label"], color=INK)
            axes.set(xlim=limits, ylim=(len(RUNGS) - 0.5, -0.5), xscale="log" if log else "linear", yticks=[])
            if log:
                axes.set_xticks([10.0**i for i in (range(-6, 4, 4) if name == "variance" else range(-4, 2, 2))])
                axes.minorticks_off()
            else:
                axes.set_xticks([0, 45, 90], ["0°", "45°", "90°"])
            self._bands[name] = axes.axhspan(-0.45, 0.45, color=GRID, alpha=0.6, zorder=0)
            self._columns[name] = axes
            for i, rung in enumerate(RUNGS):
                look = look_of(rung)
                marker = {"color": look.colour, "markersize": 11, "markeredgecolor": PAPER}
                self._points[name, rung] = axes.plot([1.0], [i - 0.15], look.marker, **marker)[0]
        for i, rung in enumerate(RUNGS):
            height = CLOUD_BOX[1] + CLOUD_BOX[3] * (1 - (i + 0.5) / len(RUNGS))
            write(self.figure, 0.505, height + 0.018, rung, color=look_of(rung).colour, ha="right")
            write(self.figure, 0.505, height - 0.03, f"{i + 1}  {EVENTS[rung]}", ha="right")

    def draw_background(self, numbers):
        """Update what depends on the rung: the cloud's window and looks, and the band that marks the rung."""
        square_window(self._cloud, numbers.window)
        rung = numbers.setting.rung
        look, above = look_of(rung), rung_above(rung)
        dots = {"linestyle": "", "markeredgewidth": 0, "marker": look.marker, "color": look.colour}
        self._here.set(**dots, markersize=7, alpha=0.75 if above else 0.45)
        self._item.set(linestyle="", marker=look.marker, color=look.colour)
        if above:
            wider = look_of(above)
            self._above.set(linestyle="", marker=wider.marker, color=wider.colour, markersize=6, alpha=0.3)
            self._above.set_markeredgewidth(0)
            self._rings.set(linestyle="", marker=wider.marker, color=wider.colour, markersize=8)
            self._rings.set(markeredgecolor=INK, markeredgewidth=0.8)
        for band in self._bands.values():
            band.set_y(RUNGS.index(rung) - 0.45)
        self._title.set_text(f"{rung} over {above}" if above else f"{rung}: the top of the ladder")

    def draw_moving(self, numbers):
        """Move the dots and the marks to the current K."""
        setting, gradient = numbers.setting, numbers.gradient
        here, above = numbers.rungs[setting.rung], rung_above(setting.rung)
        moving = []
        if above:
            dots = numbers.rungs[above].samples
            self._above.set_data(*project(dots, gradient))
            moving.append(self._above)
        self._here.set_data(*project(here.samples, gradient))
        moving.append(self._here)
        # From the outcome rung on, all lists that show the same item share one point.
        if above and setting.rung != "Set-PG" and numbers.chosen.any():
            same = dots[numbers.chosen]
            self._rings.set_data(*project(same, gradient))
            self._item.set_data(*project(here.samples[numbers.chosen][:1], gradient))
            moving += [self._rings, self._item]
            if setting.rung == "Outcome-PG":
                self._average.set_data(*project(same.mean(axis=0)[None], gradient))
                moving.append(self._average)
        self._truth.set_data(*project(gradient[None], gradient))
        moving.append(self._truth)
        values = []
        for rung in RUNGS:
            for name, *_ in COLUMNS:
                value = getattr(numbers.rungs[rung], name)
                self._points[name, rung].set_xdata([value])
                moving.append(self._points[name, rung])
                values.append(self._under(name, rung, value))
        return [*moving, self._values.write(values)]

    def _under(self, name, rung, value):
        """Return a rung's number, and its place under the point: kept inside the column."""
        low, high = self._columns[name].get_xlim()
        where = (value - low) / (high - low) if name == "angle" else log_level(value, low, high)
        left, bottom, width, height = self._columns[name].get_position().bounds
        y = bottom + height * (1.0 - (RUNGS.index(rung) + 0.75) / len(RUNGS))
        words = f"{value:.0f}°" if name == "angle" else show(value)
        return left + width * where, y, words, 0.0 if where < 0.25 else 1.0 if where > 0.75 else 0.5

    # The sentence.

    def describe(self, numbers):
        """Say in numbers what the picture shows."""
        setting = numbers.setting
        rung, above = setting.rung, rung_above(setting.rung)
        here = numbers.rungs[rung]
        baseline = "the mean reward is subtracted" if setting.baseline else "no baseline"
        text = (
            f"Rung {RUNGS.index(rung) + 1} of {len(RUNGS)}, {rung}: {MEANING[rung]}. K = {setting.k}, {baseline}. "
            f"Variance {show(here.variance)}"
        )
        if above:
            other = numbers.rungs[above]
            text += f"{_compare(other.variance, here.variance)} {above} above it ({show(other.variance)})"
        text += f"; signal-to-noise {show(here.snr)}"
        if above:
            text += f" (above {show(other.snr)})"
        if rung in UNBIASED:
            text += "; unbiased."
        elif setting.k == 1:
            text += "; with one candidate, every rung is V-PG."
        else:
            text += f"; its mean is {here.angle:.1f}° off the true gradient."
        if above and rung != "Set-PG" and numbers.chosen.any():
            lists = int(numbers.chosen.sum())
            text += (
                f" Item {numbers.item}, shown most often, comes from {lists} of the {len(numbers.chosen)} lists drawn"
            )
            if rung == "Outcome-PG":
                text += ": their ringed points become the large one."
            else:
                text += f": the ringed point is {above}'s estimate for it, the large one is {rung}'s."
        return text


def _compare(other, here):
    """Say how a variance compares with another, in words that fit before its name."""
    if here <= 0 or other <= 0:
        return ", beside"
    ratio = other / here
    if abs(np.log(ratio)) < 0.005:
        return ", the same as"
    if ratio > 1:
        return f", {ratio:.3g} times less than" if ratio >= 1.1 else f", {100 * (1 - 1 / ratio):.1f} % less than"
    return f", {1 / ratio:.3g} times more than" if ratio <= 1 / 1.1 else f", {100 * (1 / ratio - 1):.1f} % more than"
