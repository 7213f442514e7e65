"""The panel on cheap marginals: their error item by item, what it does to a gradient, and what they cost."""

import numpy as np

from capg_core.classroom.controls import button, candidates, log_number, pick
from capg_core.classroom.drawing import mark
from capg_core.classroom.lessons.n06_cheap_marginals import numbers as lesson
from capg_core.classroom.lessons.n06_cheap_marginals.numbers import (
    CHEAP,
    METHODS,
    MOST_FOR_DIRECTIONS,
    N_ITEMS,
    OUTCOME_BASELINE,
    OUTCOME_PLAIN,
)
from capg_core.classroom.panel import Panel
from capg_core.classroom.words import percent
from capg_core.look import FONT, INK, PAPER, SOFT_INK, Look, dress_axes, look_of

OUTCOME = look_of("Outcome-PG")
LOOKS = {
    "exact": Look(INK, "o", "-", "exact"),
    "asymptotic": Look("#2e7d32", "s", "-", "Rosén's clock"),
    "paper": Look("#c2185b", "v", "--", "paper's formula"),
    # K times the softmax: its score is CA-PG-SwR's
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


class MarginalsPanel(Panel):
    """Exact, asymptotic, the paper's formula, with replacement: error, direction of the gradient, cost.

    Examples
    --------
    >>> panel = MarginalsPanel(k=10)
    >>> panel.k.value = 20
    >>> panel.text.startswith("n = 100, K = 20: the worst relative error")
    True
    """

    shows = "The error of each way to compute inclusion probabilities, the direction of its gradient, and its cost."
    cut = 0.556
    lesson = lesson
    k = candidates(20, 100, label_width=100)
    n = pick("Items n", 100, N_ITEMS, lazy=True, label_width=70, width=360)
    peakedness = log_number("Peakedness", 1.0, -1, 1, label_width=100)
    new_draw = button("New draw", "draw_again")
    measure = button("Measure the cost here", "measure_costs", width=200)
    rows = ("k n", "peakedness new_draw measure")

    def __init__(self, **start):
        super().__init__(**start)
        self.costs = {}  # method to a list of (n, seconds)
        self._costs_k, self._measured = 0, 0
        self._make_errors()
        self._make_directions()
        self._make_cost()
        self._fit_k()
        self.refresh()

    def _fit_k(self):
        """Let the slider end where the items end."""
        with self.quietly():
            self.k.max = min(100, self.n.value - 1)

    def changed(self, name):
        """Draw anew; there may be fewer items."""
        if name == "n":
            self._fit_k()
        super().changed(name)

    def measure_costs(self):
        """Time every method on this machine at the present K."""
        self.measure.description, self.measure.disabled = "Measuring …", True
        try:
            self.costs, self._costs_k = lesson.measure_costs(self.k.value), self.k.value
            self._measured += 1
        finally:
            self.measure.description, self.measure.disabled = type(self).measure.label, False
        self.refresh()

    def settings(self):
        """Return the controls' values, and how often the cost was measured."""
        return lesson.Setting(**self.values(), costs=self._measured)

    # The picture.

    def background_key(self, numbers):
        """Axes, labels and the measured cost stay while the sliders move."""
        return numbers.setting.costs

    def draw_background(self, numbers):
        """Draw the measured cost."""
        for method, line in self._cost_lines.items():
            found = np.array(self.costs.get(method, [])).reshape(-1, 2)
            line.set_data(found[:, 0], found[:, 1])
        if self.costs:
            self._cost_note.set(text=f"here, K = {self._costs_k}\nblack: exact", y=0.92)
        else:
            self._cost_note.set(text="press\n“Measure the\ncost here”", y=0.6)

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
        dress_axes(axes, "direction", "angle")
        axes.set_xlim(-9, 189)
        axes.set_ylim(-0.3, 6.6)
        axes.set_xticks([0, 90, 180], ["0°", "90°", "180°"])
        axes.set_yticks([])
        axes.axvline(90, color=SOFT_INK, linewidth=1.2)
        self._dots, self._notes = {}, {}
        place = {"fontsize": FONT["note"], "ha": "left", "va": "center", "transform": axes.get_yaxis_transform()}
        left = -1.58
        axes.text(left, 6.35, "CA-PG", color=INK, **place)
        axes.text(left, 2.05, "Outcome-PG", color=INK, **place)
        for row in ROWS:
            look = LOOKS[row]
            first_line = HEIGHTS[row] + (0.24 if row in CHEAP else 0.0)
            axes.text(left, first_line, look.label, weight="bold", color=look.colour, **place)
            self._dots[row] = mark(axes, look, 12, zorder=5, clip_on=False)
            if row in CHEAP:
                self._notes[row] = axes.text(left, HEIGHTS[row] - 0.2, "", color=INK, **place)
        note = {"fontsize": FONT["note"], "color": SOFT_INK, "ha": "center", "va": "center", "zorder": 8}
        self._no_direction = axes.text(90, 3.2, "", **note, backgroundcolor=PAPER)

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

    def draw_moving(self, numbers):
        """Move the errors, the angles and the mark at n."""
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
        text += self._say_costs()
        if not numbers.directions:
            return text + f"Directions are shown up to n = {MOST_FOR_DIRECTIONS}."
        if not np.all(np.isfinite(list(numbers.directions.values()))):
            return text + "The exact mean gradient is zero here, so there is no direction to compare."
        angles = ", ".join(f"{numbers.directions[m]:.1f}° for {SAID[m]}" for m in CHEAP)
        return (
            f"{text}Angle between CA-PG's mean and the one of exact π: {angles}. Outcome-PG with Rosén's clock: angle "
            f"to the true gradient {numbers.directions[OUTCOME_PLAIN]:.0f}° without a baseline, "
            f"{numbers.directions[OUTCOME_BASELINE]:.0f}° with the mean reward subtracted."
        )


    def _say_costs(self):
        """Say what was measured, for the most items of each way; a notebook stores none of it."""
        if not self.costs:
            return ""
        last = {SAID[method]: found[-1] for method, found in self.costs.items() if found}
        said = [f"{name} {1e3 * seconds:.3g} ms for {n:,} items" for name, (n, seconds) in last.items()]
        return f"Cost, measured here at K = {self._costs_k}: {', '.join(said)}. "


def _why_no_direction(numbers):
    if not numbers.directions:
        return f"only up to\nn = {MOST_FOR_DIRECTIONS}"
    return "" if np.all(np.isfinite(list(numbers.directions.values()))) else "nothing\nto learn"
