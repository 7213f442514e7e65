"""The panel of notebook 04: one rung of the ladder beside the rung above it, and what each rung costs in bias."""

import ipywidgets as widgets
import numpy as np

from capg_core.classroom.lessons.n00_start_here.numbers import project
from capg_core.classroom.lessons.n00_start_here.panel import show
from capg_core.classroom.lessons.n04_credit_assignment import numbers as numbers_of
from capg_core.classroom.lessons.n04_credit_assignment.numbers import EVENTS, RUNGS, UNBIASED, Setting, rung_above
from capg_core.classroom.panel import Panel, control_rows
from capg_core.look import FONT, GRID, INK, PAPER, PETROFF, SOFT_INK, dress_axes, look_of

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

    Parameters
    ----------
    rung : str
        Where the ladder starts, one of `capg_core.classroom.lessons.n04_credit_assignment.numbers.RUNGS`.
    k : int
        Where the slider of K starts.

    Attributes
    ----------
    rung, k, baseline, zoom : ipywidgets controls
        Set their ``.value`` to drive the panel.
    new_noise : ipywidgets.Button
    numbers : Numbers
        What is shown.

    Examples
    --------
    >>> panel = LadderPanel(k=5)
    >>> panel.rung.value = "CA-PG"
    >>> panel.text.startswith("Rung 4 of 5, CA-PG")
    True
    """

    def __init__(self, rung="V-PG", k=20):
        self._first_rung, self._first_k = rung, k
        self._seed = 0
        self.numbers = None
        super().__init__()

    # Controls.

    def make_controls(self):
        """Make the controls, in the order the Tab key visits them."""
        wide = {"description_width": "105px"}
        self.rung = widgets.SelectionSlider(
            options=[(f"{i + 1}  {EVENTS[rung]}", rung) for i, rung in enumerate(RUNGS)],
            value=self._first_rung,
            description="Rung",
            style=wide,
            layout=widgets.Layout(width="560px"),
        )
        self.k = widgets.IntSlider(
            value=self._first_k,
            min=1,
            max=numbers_of.load_problem(numbers_of.SYNTHETIC).n_items - 1,
            description="Candidates K",
            style=wide,
            layout=widgets.Layout(width="520px"),
        )
        narrow = widgets.Layout(width="auto", margin="0 16px 0 12px")
        self.baseline = widgets.Checkbox(
            value=False, description="Subtract the mean reward", indent=False, layout=narrow
        )
        self.zoom = widgets.Checkbox(value=False, description="Zoom in on the dots", indent=False, layout=narrow)
        self.new_noise = widgets.Button(description="New noise", layout=widgets.Layout(width="120px"))
        self.watch(self.rung, self.k, self.baseline, self.zoom)
        self.new_noise.on_click(self.guard(self._draw_new_noise))
        rows = [[self.rung, self.baseline], [self.k, self.zoom, self.new_noise]]
        return control_rows(rows)

    def _draw_new_noise(self, button):
        self._seed += 1
        self.refresh()

    def settings(self):
        """Read the controls."""
        return Setting(self.rung.value, self.k.value, self.baseline.value, self.zoom.value, self._seed)

    def compute(self, settings):
        """Compute the numbers at these settings."""
        self.numbers = numbers_of.numbers_at(settings)
        return self.numbers

    # The picture.

    def background_key(self, numbers):
        """Return the rung and the window: axes and labels stay while K moves."""
        return (numbers.setting.rung, numbers.window)

    def _make_artists(self):
        self._cloud = self.figure.add_axes(CLOUD_BOX)
        dress_axes(self._cloud, "", "along the true gradient", "across")
        self._cloud.yaxis.set_label_coords(-0.16, 0.5)  # clear of the longest tick label
        self._cloud.axhline(0, color=SOFT_INK, linewidth=0.8)
        self._cloud.axvline(0, color=SOFT_INK, linewidth=0.8)
        self._above, self._rings, self._here = (self._cloud.plot([], [])[0] for _ in range(3))
        (self._average,) = self._cloud.plot([], [], "X", color=INK, markeredgecolor=PAPER, markersize=10)
        (self._item,) = self._cloud.plot([], [], markersize=15, markeredgecolor=INK, markeredgewidth=2)
        (self._truth,) = self._cloud.plot([], [], "*", color=PETROFF["orange"], markeredgecolor=INK, markersize=13)
        self._title = self.figure.text(CLOUD_BOX[0], 0.868, "", fontsize=FONT["label"], color=INK)
        self._columns, self._points, self._values, self._bands = {}, {}, {}, {}
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
                self._values[name, rung] = axes.text(1.0, i + 0.25, "", fontsize=FONT["note"], color=INK, va="center")
        for i, rung in enumerate(RUNGS):
            height = CLOUD_BOX[1] + CLOUD_BOX[3] * (1 - (i + 0.5) / len(RUNGS))
            self.figure.text(0.505, height + 0.018, rung, fontsize=FONT["note"], color=look_of(rung).colour, ha="right")
            text = f"{i + 1}  {EVENTS[rung]}"
            self.figure.text(0.505, height - 0.03, text, fontsize=FONT["note"], color=INK, ha="right")

    def draw_background(self, numbers):
        """Update what depends on the rung: the cloud's window and looks, and the band that marks the rung."""
        if not hasattr(self, "_cloud"):
            self._make_artists()
        rung, half = numbers.setting.rung, numbers.window
        self._cloud.set(xlim=(-half, half), ylim=(-half, half))
        ticks = [-half, 0, half]
        self._cloud.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        self._cloud.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
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
            dots = numbers.rungs[above].dots
            self._above.set_data(*project(dots, gradient))
            moving.append(self._above)
        self._here.set_data(*project(here.dots, gradient))
        moving.append(self._here)
        # From the outcome rung on, all lists that show the same item share one point.
        if above and setting.rung != "Set-PG" and numbers.chosen.any():
            same = dots[numbers.chosen]
            self._rings.set_data(*project(same, gradient))
            self._item.set_data(*project(here.dots[numbers.chosen][:1], gradient))
            moving += [self._rings, self._item]
            if setting.rung == "Outcome-PG":
                self._average.set_data(*project(same.mean(axis=0)[None], gradient))
                moving.append(self._average)
        self._truth.set_data(*project(gradient[None], gradient))
        moving.append(self._truth)
        for rung in RUNGS:
            for name in self._columns:
                moving += self._place(name, rung, getattr(numbers.rungs[rung], name))
        return moving

    def _place(self, name, rung, value):
        """Move a rung's point in a column, with its number under it, kept inside the column."""
        low, high = self._columns[name].get_xlim()
        if name == "angle":
            where = (value - low) / (high - low)
        else:
            where = (np.log10(max(value, low)) - np.log10(low)) / (np.log10(high) - np.log10(low))
        point, text = self._points[name, rung], self._values[name, rung]
        point.set_xdata([value])
        text.set(x=value, text=f"{value:.0f}°" if name == "angle" else show(value))
        text.set_ha("left" if where < 0.25 else "right" if where > 0.75 else "center")
        return [point, text]

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
            text += ": their ringed points become the large one." if rung != "CA-PG-SwR" else "."
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
