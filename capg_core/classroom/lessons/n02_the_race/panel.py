"""The panel of 02: Plackett-Luce is a race; the candidates are the first K to arrive."""

import numpy as np

from capg_core.classroom.controls import button, candidates, log_number, number
from capg_core.classroom.drawing import legend, log_axis, write
from capg_core.classroom.lessons.n02_the_race import numbers as lesson
from capg_core.classroom.lessons.n02_the_race.numbers import CLOCKS, END, MARKED, N_RACES, N_RUNNERS, NAMES, START
from capg_core.classroom.panel import Panel
from capg_core.look import FONT, INK, PAPER, PETROFF, SOFT_INK, dress_axes

LANES_BOX = (0.045, 0.385, 0.50, 0.535)
AREA_BOX = (0.045, 0.115, 0.50, 0.20)
BARS_BOX = (0.585, 0.385, 0.385, 0.535)
IN, OUT, MARK = PETROFF["tan"], PETROFF["grey"], PETROFF["orange"]
ROWS = np.arange(N_RUNNERS)
LOOK = {"label_width": 145, "width": 410}


class RacePanel(Panel):
    """Twelve runners, the clock, the first K to arrive, and how likely each is to be among them.

    Examples
    --------
    >>> panel = RacePanel()
    >>> panel.k.value = 3
    >>> panel.text.startswith("K = 3")
    True
    """

    shows = "One race of twelve items on a clock, the density of one arrival, and each item's chance to be a candidate."
    cut = 0.555
    size = (12.0, 6.2)

    lesson = lesson
    t = log_number("Clock t", 0.1, -2.0, 1.5, 0.05, form=".3f", **LOOK)
    k = candidates(5, N_RUNNERS - 1, **LOOK)
    logit = number(f"Logit of runner {NAMES[MARKED]}", 0.0, -4.0, 4.0, 0.1, form=".1f", **LOOK)
    new_noise = button("New race", "draw_again")
    rows = ("t k", "logit new_noise")

    def __init__(self, **start):
        super().__init__(**start)
        self._make_lanes()
        self._make_area()
        self._make_bars()
        self.refresh()

    # The picture.

    def _make_lanes(self):
        axes = self.figure.add_axes(LANES_BOX)
        dress_axes(axes)
        axes.set_title("one race", fontsize=FONT["title"], color=INK, loc="left")
        note = "dashed: arrival K closes the race; orange: the clock"
        write(axes, 1.0, 1.02, note, ha="right", va="bottom", transform=axes.transAxes)
        log_axis(axes, START, END, (0.01, 0.1, 1, 10))
        axes.set_ylim(N_RUNNERS - 0.4, -0.6)
        axes.set_yticks(ROWS, list(NAMES))
        axes.tick_params(axis="x", labelbottom=False)
        axes.grid(False, axis="y")
        self._lanes = [axes.plot([], [], "-", linewidth=2.2, zorder=2)[0] for _ in NAMES]
        (self._first,) = axes.plot([], [], "o", color=INK, markersize=9, zorder=4)
        (self._late,) = axes.plot([], [], "o", color=PAPER, markeredgecolor=SOFT_INK, markersize=9, zorder=4)
        self._close = axes.axvline(1, color=INK, linewidth=2.0, linestyle="--", zorder=3)
        self._clock = axes.axvline(1, color=MARK, linewidth=3, zorder=1)

    def _make_area(self):
        axes = self.figure.add_axes(AREA_BOX)
        dress_axes(axes, "", "time (log scale)", "")
        axes.grid(False)
        log_axis(axes, START, END, (0.01, 0.1, 1, 10))
        axes.set_ylim(0, 0.42)
        axes.set_yticks([])
        (self._density,) = axes.plot([], [], "-", color=INK, linewidth=1.8)
        self._fill = axes.fill_between(CLOCKS, 0, 0, color=MARK, alpha=0.6, linewidth=0)
        self._area_clock = axes.axvline(1, color=MARK, linewidth=3, zorder=1)
        words = f"{NAMES[MARKED]} arrives now, at most K − 1 before it"
        write(self.figure, AREA_BOX[0] + 0.005, AREA_BOX[1] + AREA_BOX[3] + 0.012, words)

    def _make_bars(self):
        axes = self.figure.add_axes(BARS_BOX)
        dress_axes(axes, "chance to be a candidate", "")
        axes.set_xlim(0, 1.025)
        axes.set_ylim(N_RUNNERS - 0.4, -0.6)
        axes.set_yticks(ROWS, list(NAMES))
        axes.grid(False, axis="y")
        self._bars = [axes.plot([], [], "-", linewidth=11, solid_capstyle="butt", zorder=2)[0] for _ in NAMES]
        (self._dots,) = axes.plot([], [], "D", color=PAPER, markeredgecolor=INK, markersize=7, zorder=5)
        (self._ticks,) = axes.plot([], [], "|", color=INK, markersize=17, markeredgewidth=3, zorder=4)
        (bar,) = axes.plot([], [], "-", linewidth=11, color=IN)
        labels = ["exact", f"simulated, {N_RACES} races", "arrived by t"]
        place = (BARS_BOX[0] - 0.03, BARS_BOX[1] - 0.05)
        handles = [bar, self._dots, self._ticks]
        legend(self.figure, handles, place, 3, labels=labels, handlelength=1.2, columnspacing=0.9)
        self._totals = write(self.figure, BARS_BOX[0] - 0.01, 0.12, linespacing=1.6)

    def draw_moving(self, numbers):
        """Move the runners, the clock, the threshold, the area and the bars."""
        return [*self._move_lanes(numbers), *self._move_area(numbers), *self._move_bars(numbers)]

    def _move_lanes(self, numbers):
        t, times = numbers.setting.t, numbers.times
        for runner, lane in enumerate(self._lanes):
            lane.set_data([START, min(times[runner], t)], [runner, runner])
            lane.set_color(MARK if runner == MARKED else IN if times[runner] <= numbers.threshold else OUT)
            lane.set_linewidth(6 if runner == MARKED else 3.5)
        first = times <= numbers.threshold
        seen = np.clip(times, START, END)
        self._first.set_data(seen[first], ROWS[first])
        self._late.set_data(seen[~first], ROWS[~first])
        self._close.set_xdata([numbers.threshold] * 2)
        self._clock.set_xdata([t, t])
        return [self._clock, *self._lanes, self._close, self._first, self._late]

    def _move_area(self, numbers):
        t = numbers.setting.t
        self._density.set_data(CLOCKS, numbers.density)
        before = CLOCKS <= t
        self._fill.set_data(CLOCKS, 0, np.where(before, numbers.density, 0.0))
        self._area_clock.set_xdata([t, t])
        return [self._fill, self._area_clock, self._density]

    def _move_bars(self, numbers):
        for runner, bar in enumerate(self._bars):
            bar.set_data([0, numbers.exact[runner]], [runner, runner])
            bar.set_color(MARK if runner == MARKED else IN)
        self._dots.set_data(numbers.simulated, ROWS)
        self._ticks.set_data(numbers.arrived, ROWS)
        self._totals.set_text(
            f"K = {numbers.setting.k};  expected arrivals by t: {numbers.arrived.sum():.2f}\n"
            f"{NAMES[MARKED]}: exact {numbers.exact[MARKED]:.3f}, simulated {numbers.simulated[MARKED]:.3f}\n"
            f"{NAMES[MARKED]}: orange area, up to t: {numbers.filled:.3f}"
        )
        return [*self._bars, self._ticks, self._dots, self._totals]

    # The sentence.

    def describe(self, numbers):
        """Say in numbers what the picture shows."""
        setting, name = numbers.setting, NAMES[MARKED]
        order = [NAMES[runner] for runner in np.argsort(numbers.times)[: setting.k]]
        so_far = int(np.sum(numbers.times <= setting.t))
        gap = np.abs(numbers.arrived - numbers.exact).max()
        return (
            f"K = {setting.k}: the race closes at time {numbers.threshold:.3f}, and the candidates, in order of "
            f"arrival, are {', '.join(order)}. At t = {setting.t:.3f}, {so_far} have arrived; "
            f"{numbers.arrived.sum():.2f} are expected. Runner {name} (logit {setting.logit:.1f}) is a candidate with "
            f"probability {numbers.exact[MARKED]:.3f}; in {N_RACES} simulated races, "
            f"{numbers.simulated[MARKED]:.3f}. The area up to t is {numbers.filled:.3f}. Largest difference between "
            f"'arrived by t' and the exact probability: {gap:.3f}."
        )
