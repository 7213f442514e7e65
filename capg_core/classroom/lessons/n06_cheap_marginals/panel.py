"""The panel on cheap marginals: their error item by item, what it does to a gradient, and what they cost."""

import ipywidgets as widgets
import numpy as np

from capg_core.classroom.lessons.n06_cheap_marginals import numbers as marginals_numbers
from capg_core.classroom.lessons.n06_cheap_marginals.numbers import (
    CHEAP,
    METHODS,
    MOST_FOR_DIRECTIONS,
    N_ITEMS,
    OUTCOME_BASELINE,
    OUTCOME_PLAIN,
    Setting,
)
from capg_core.classroom.panel import Panel, control_rows
from capg_core.look import FONT, INK, PAPER, PETROFF, SOFT_INK, Look, dress_axes, look_of

OUTCOME = look_of("Outcome-PG")
LOOKS = {
    "exact": Look(INK, "o", "-", "exact"),
    "asymptotic": Look(look_of("CA-PG").colour, "s", "-", "Rosén's clock"),
    "paper": Look(PETROFF["orange"], "v", "--", "paper's formula"),
    "with_replacement": Look(look_of("CA-PG-SwR").colour, look_of("CA-PG-SwR").marker, "-.", "with replacement"),
    OUTCOME_PLAIN: Look(OUTCOME.colour, OUTCOME.marker, "-", "clock, no baseline"),
    OUTCOME_BASELINE: Look(OUTCOME.colour, OUTCOME.marker, "-", "clock, with baseline"),
}
ROWS = (*CHEAP, OUTCOME_PLAIN, OUTCOME_BASELINE)
HEIGHTS = {m: height for m, height in zip(ROWS, (5.4, 4.2, 3.0, 1.2, 0.3), strict=True)}
ERROR_TICKS = {
    -1: "−100 %",
    -0.1: "−10 %",
    -0.01: "−1 %",
    0: "0",
    0.01: "+1 %",
    0.1: "+10 %",
    1: "+100 %",
    10: "+1000 %",
}
SAID = {**{m: look.label for m, look in LOOKS.items()}, "paper": "the paper's formula", "with_replacement": "K·softmax"}


def percent(error):
    """Write a relative error as a signed percentage with two digits.

    Examples
    --------
    >>> percent(0.2157), percent(-0.0099), percent(0.0), percent(35.07)
    ('+22 %', '−0.99 %', '0 %', '+3507 %')
    """
    size = abs(100.0 * error)
    if size < 0.005:
        return "0 %"
    digits = 0 if size >= 10 else 1 if size >= 1 else 2
    return f"{'+' if error > 0 else '−'}{size:.{digits}f} %"


class MarginalsPanel(Panel):
    """Exact, asymptotic, the paper's formula, with replacement: error, direction of the gradient, cost.

    Parameters
    ----------
    n, k : int
        Where the sliders start.

    Attributes
    ----------
    n, k, peakedness : ipywidgets controls
        Set their ``.value`` to drive the panel.
    new_draw, measure : ipywidgets.Button
    costs : dict
        What `measure` found: method to a list of (n, seconds).
    numbers : capg_core.classroom.lessons.n06_cheap_marginals.numbers.Numbers
        What is shown.

    Examples
    --------
    >>> panel = MarginalsPanel(k=10)
    >>> panel.k.value = 20
    >>> panel.text.startswith("n = 100, K = 20: the worst relative error")
    True
    """

    def __init__(self, n=100, k=20):
        self._first_n, self._first_k, self._seed = n, k, 0
        self.costs, self._costs_k, self._measured = {}, 0, 0
        self.numbers = None
        super().__init__()

    # Controls.

    def make_controls(self):
        """Make the controls, in the order the Tab key visits them."""
        self.k = widgets.IntSlider(
            value=self._first_k,
            min=1,
            max=min(100, self._first_n - 1),
            description="Candidates K",
            style={"description_width": "100px"},
            layout=widgets.Layout(width="520px"),
        )
        self.n = widgets.SelectionSlider(
            options=N_ITEMS,
            value=self._first_n,
            description="Items n",
            style={"description_width": "70px"},
            continuous_update=False,
            layout=widgets.Layout(width="360px"),
        )
        self.peakedness = widgets.FloatLogSlider(
            value=1.0,
            base=10,
            min=-1,
            max=1,
            step=0.1,
            description="Peakedness",
            readout_format=".2f",
            style={"description_width": "100px"},
            layout=widgets.Layout(width="520px"),
        )
        self.new_draw = widgets.Button(description="New draw", layout=widgets.Layout(width="120px"))
        self.measure = widgets.Button(description="Measure the cost here", layout=widgets.Layout(width="200px"))
        self.watch(self.k, self.peakedness)
        self.n.observe(self.guard(self._change_n), names="value")
        self.new_draw.on_click(self.guard(self._draw_again))
        self.measure.on_click(self.guard(self._measure_costs))
        rows = [[self.k, self.n], [self.peakedness, self.new_draw, self.measure]]
        return control_rows(rows)

    def _change_n(self, change):
        # The slider's end follows the number of items; moving it may itself refresh, which is harmless.
        self.k.max = min(100, self.n.value - 1)
        self.refresh()

    def _draw_again(self, button):
        self._seed += 1
        self.refresh()

    def _measure_costs(self, button):
        self.measure.description, self.measure.disabled = "Measuring …", True
        try:
            self.costs, self._costs_k = marginals_numbers.measure_costs(self.k.value), self.k.value
            self._measured += 1
        finally:
            self.measure.description, self.measure.disabled = "Measure the cost here", False
        self.refresh()

    def settings(self):
        """Read the controls."""
        return Setting(self.n.value, self.k.value, round(self.peakedness.value, 6), self._seed, self._measured)

    def compute(self, settings):
        """Compute the numbers at these settings."""
        self.numbers = marginals_numbers.numbers_at(settings)
        return self.numbers

    # The picture.

    def background_key(self, numbers):
        """Axes, labels and the measured cost stay while the sliders move."""
        return numbers.setting.costs

    def draw_background(self, numbers):
        """Make the axes and artists the first time, and draw the cost."""
        if not hasattr(self, "_lines"):
            self._make_errors()
            self._make_directions()
            self._make_cost()
        self._draw_cost()

    def _make_errors(self):
        axes = self.figure.add_axes((0.088, 0.145, 0.237, 0.735))
        dress_axes(axes, "error of π", "items, heaviest first")
        axes.set_xlim(-0.02, 1.02)
        axes.set_xticks([0.03, 0.97], ["heaviest", "lightest"])
        axes.set_yscale("symlog", linthresh=0.01, linscale=0.8)
        axes.set_ylim(-1.2, 60)
        axes.set_yticks(list(ERROR_TICKS), list(ERROR_TICKS.values()))
        axes.minorticks_off()
        axes.axhline(0, color=LOOKS["exact"].colour, linewidth=1.5)
        self._lines = {}
        for method in CHEAP:
            look = LOOKS[method]
            (self._lines[method],) = axes.plot(
                [], [], look.line, color=look.colour, linewidth=3, marker=look.marker, markersize=8, zorder=4
            )

    def _make_directions(self):
        axes = self.figure.add_axes((0.575, 0.145, 0.14, 0.735))
        dress_axes(axes, "direction", "cosine with exact")
        axes.set_xlim(-1.1, 1.1)
        axes.set_ylim(-0.3, 6.6)
        axes.set_xticks([-1, 0, 1], ["−1", "0", "1"])
        axes.set_yticks([])
        axes.axvline(0, color=SOFT_INK, linewidth=1.2)
        self._dots, self._notes = {}, {}
        place = {"fontsize": FONT["note"], "ha": "left", "va": "center", "transform": axes.get_yaxis_transform()}
        left = -1.58
        axes.text(left, 6.35, "CA-PG", color=INK, **place)
        axes.text(left, 2.05, "Outcome-PG", color=INK, **place)
        for row in ROWS:
            look = LOOKS[row]
            first_line = HEIGHTS[row] + (0.24 if row in CHEAP else 0.0)
            axes.text(left, first_line, look.label, weight="bold", color=look.colour, **place)
            (self._dots[row],) = axes.plot(
                [], [], look.marker, color=look.colour, markersize=12, markeredgecolor=PAPER, zorder=5, clip_on=False
            )
            if row in CHEAP:
                self._notes[row] = axes.text(left, HEIGHTS[row] - 0.2, "", color=INK, **place)
        note = {"fontsize": FONT["note"], "color": SOFT_INK, "ha": "center", "va": "center", "zorder": 8}
        self._no_direction = axes.text(0, 3.2, "", **note, backgroundcolor=PAPER)

    def _make_cost(self):
        axes = self.figure.add_axes((0.8, 0.145, 0.185, 0.735))
        dress_axes(axes, "cost", "items n", "seconds")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(10, 2e6)
        axes.set_ylim(1e-6, 100)
        axes.set_xticks([1e2, 1e4, 1e6], ["100", "10⁴", "10⁶"])
        axes.set_yticks([1e-6, 1e-4, 1e-2, 1, 100], ["10⁻⁶", "10⁻⁴", "0.01", "1", "100"])
        axes.minorticks_off()
        self._costs_axes = axes
        self._cost_lines, self._cost_labels = {}, {}
        for method in METHODS:
            look = LOOKS[method]
            (self._cost_lines[method],) = axes.plot(
                [], [], look.line, color=look.colour, linewidth=2.5, marker=look.marker, markersize=8
            )
        note = {"fontsize": FONT["note"], "color": SOFT_INK, "ha": "center", "va": "center", "zorder": 8}
        self._cost_note = axes.text(0.5, 0.6, "", **note, transform=axes.transAxes, backgroundcolor=PAPER)
        self._now = axes.axvline(100, color=INK, linewidth=1.5)

    def _draw_cost(self):
        for method, line in self._cost_lines.items():
            found = np.array(self.costs.get(method, [])).reshape(-1, 2)
            line.set_data(found[:, 0], found[:, 1])
        if self.costs:
            self._cost_note.set(text=f"here, K = {self._costs_k}\nblack: exact", y=0.92)
        else:
            self._cost_note.set(text="press\n“Measure the\ncost here”", y=0.6)

    def draw_moving(self, numbers):
        """Move the errors, the cosines and the mark at n."""
        n = numbers.setting.n
        place = np.arange(n) / (n - 1)
        moving = []
        for method, line in self._lines.items():
            line.set_data(place, numbers.errors[method])
            line.set_markevery(max(1, n // 8))
            moving.append(line)
            self._notes[method].set_text(f"Σπ {numbers.sums[method]:.2f}, worst {percent(numbers.worst[method])}")
            moving.append(self._notes[method])
        for row, dot in self._dots.items():
            dot.set_data([numbers.directions.get(row, np.nan)], [HEIGHTS[row]])
            moving.append(dot)
        self._no_direction.set_text(_why_no_direction(numbers))
        self._no_direction.set_visible(bool(_why_no_direction(numbers)))
        self._now.set_xdata([n, n])
        return [*moving, self._no_direction, self._now, self._cost_note]

    # The sentence.

    def describe(self, numbers):
        """Say in numbers what the picture shows."""
        setting = numbers.setting
        worst = ", ".join(f"{percent(numbers.worst[m])} for {SAID[m]}" for m in CHEAP)
        sums = ", ".join(f"{numbers.sums[m]:.2f} for {SAID[m]}" for m in METHODS)
        most = numbers.inclusion["with_replacement"][0]
        text = (
            f"n = {setting.n}, K = {setting.k}: the worst relative error of π is {worst}. Σπ is {sums}. "
            f"The largest K·softmax is {most:.2f}{', more than a probability can be' if most > 1 else ''}. "
        )
        if not numbers.directions:
            return text + f"Directions are shown up to n = {MOST_FOR_DIRECTIONS}."
        if not np.all(np.isfinite(list(numbers.directions.values()))):
            return text + "The exact mean gradient is zero here, so there is no direction to compare."
        cosines = ", ".join(f"{numbers.directions[m]:.3f} for {SAID[m]}" for m in CHEAP)
        return (
            f"{text}Cosine of CA-PG's mean with the one of exact π: {cosines}. Outcome-PG with Rosén's clock: cosine "
            f"with the true gradient {numbers.directions[OUTCOME_PLAIN]:.3f} without a baseline, "
            f"{numbers.directions[OUTCOME_BASELINE]:.3f} with the mean reward subtracted."
        )


def _why_no_direction(numbers):
    if not numbers.directions:
        return f"only up to\nn = {MOST_FOR_DIRECTIONS}"
    return "" if np.all(np.isfinite(list(numbers.directions.values()))) else "nothing\nto learn"
