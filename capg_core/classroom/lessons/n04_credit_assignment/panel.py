"""The panel of notebook 04: dots that fly into their means, rung by rung, and how far that makes the noise shrink."""

import ipywidgets as widgets
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from capg_core.classroom.controls import button, candidates, choice, pick, play, tick, whole
from capg_core.classroom.drawing import cloud_axes, square_window, star, write
from capg_core.classroom.lessons.n04_credit_assignment import numbers as lesson
from capg_core.classroom.lessons.n04_credit_assignment.numbers import (
    EVENTS,
    N_LISTS,
    RUNGS,
    UNBIASED,
    next_rung,
    rung_above,
    way_to,
)
from capg_core.classroom.outlines import Lines
from capg_core.classroom.panel import Panel
from capg_core.classroom.problem import CLICKS, N_SYNTHETIC, REWARDS, STEADY, project
from capg_core.classroom.words import percent, show
from capg_core.look import INK, SOFT_INK, dress_axes, look_of

CLOUD_BOX = (0.078, 0.145, 0.29, 0.68)
NAMES = 0.425  # where the rungs' names begin
BARS_BOX = (0.537, 0.145, 0.223, 0.68)
SNR, ANGLE = 0.868, 0.965  # the middles of two columns of numbers
MEANING = {
    "V-PG": "the ordered list",
    "Set-PG": "all orders of the set",
    "Outcome-PG": "all lists from which the late stage shows the item",
    "CA-PG": "all lists that contain the item",
    "CA-PG-SwR": "one draw that gives the item, put back afterwards",
}
FLIGHT = {
    "Set-PG": "its mean over all orders of the set",
    "Outcome-PG": "its mean over all lists that show the same item",
    "CA-PG": "CA-PG's estimate for the item shown, which is no mean of what was above",
    "CA-PG-SwR": "CA-PG-SwR's estimate for the item shown, which is no mean of what was above",
}


class LadderPanel(Panel):
    """One estimate of each of 300 lists, on one rung or on the way to the next; the variance of the rungs passed.

    Examples
    --------
    >>> panel = LadderPanel(k=5)
    >>> panel.rung.value = "CA-PG"
    >>> panel.text.startswith("Rung 4 of 5, CA-PG")
    True
    >>> panel.way.value = 14
    >>> panel.text.startswith("40 % of the way from Set-PG to Outcome-PG")
    True
    """

    shows = "Single estimates, which move from one rung to the next, and a bar for the variance of each rung passed."
    cut = 0.4
    lesson = lesson
    rung = pick(
        "Rung", "V-PG", [(f"{i}  {EVENTS[rung]}", rung) for i, rung in enumerate(RUNGS, 1)], label_width=50, width=300
    )
    way = whole("From rung to rung", 0, 0, way_to(RUNGS[-1]), label_width=145, width=350)
    play = play("Play", way_to(RUNGS[-1]))
    k = candidates(20, N_SYNTHETIC - 1)
    rewards = choice("Rewards", STEADY, REWARDS, label_width=70, width=250)
    baseline = tick("Subtract the mean reward")
    new_noise = button("New noise", "draw_again")
    rows = ("rung way play", "k rewards baseline new_noise")

    def __init__(self, **start):
        super().__init__(**start)
        # Play counts in the page, and the page moves the slider
        self._link = widgets.jslink((self.play, "value"), (self.way, "value"))
        self._follow("way" if "way" in start and "rung" not in start else "rung")
        self._make_cloud()
        self._make_bars()
        self.refresh()

    def _follow(self, name):
        """Let one of rung and way follow the other."""
        with self.quietly():
            if name == "rung":
                self.way.value = way_to(self.rung.value)
            elif name == "way":
                self.rung.value = next_rung(self.way.value)

    def changed(self, name):
        """Draw anew; a rung that is chosen is reached at once."""
        self._follow(name)
        super().changed(name)

    # The picture.

    def _make_cloud(self):
        self._cloud, self._title = cloud_axes(self.figure, CLOUD_BOX)
        self._cloud.xaxis.set_label_coords(0.5, -0.115)  # below the numbers, which are no labels of the axis
        self._note = write(self.figure, CLOUD_BOX[0], 0.93)
        self._above, self._trails, self._here, self._chosen = (self._cloud.plot([], [])[0] for _ in range(4))
        self._above.set(linestyle="", markersize=6, alpha=0.25, markeredgewidth=0)
        self._trails.set(color=SOFT_INK, linewidth=0.8, alpha=0.6)
        self._here.set(linestyle="", markersize=7, alpha=0.6, markeredgewidth=0)
        self._chosen.set(linestyle="", markersize=9, markeredgecolor=INK, markeredgewidth=1.2)
        hollow = {"markersize": 15, "markerfacecolor": "none", "markeredgecolor": INK, "markeredgewidth": 1.8}
        (self._mean,) = self._cloud.plot([], [], "D", **hollow)
        self._truth = star(self._cloud, 11)

    def _make_bars(self):
        axes = self.figure.add_axes(BARS_BOX)
        dress_axes(axes)
        axes.set(xlim=(0, 1), ylim=(len(RUNGS) - 0.5, -0.5), xticks=[], yticks=[])
        axes.grid(False)
        axes.spines["bottom"].set_visible(False)
        self._values = Lines(self.figure)
        left, bottom, width, height = BARS_BOX
        row = height / len(RUNGS)
        self._pointer = self.figure.add_artist(Line2D([NAMES - 0.009] * 2, [0, 0], color=INK, linewidth=5))
        self._bars, self._heights = {}, {}
        for i, rung in enumerate(RUNGS):
            look = look_of(rung)
            self._bars[rung] = axes.add_patch(Rectangle((0, i - 0.28), 0, 0.56, color=look.colour, linewidth=0))
            self._heights[rung] = bottom + height - (i + 0.5) * row
            write(self.figure, NAMES, self._heights[rung] + 0.008, rung, color=look.colour, weight="bold")
            write(self.figure, NAMES, self._heights[rung] - 0.038, f"{i + 1}  {EVENTS[rung]}")
        write(self.figure, left, 0.868, "variance", "label")
        write(self.figure, left, 0.085, "bars: a linear scale from 0", color=SOFT_INK)
        for x, words in ((SNR, "signal / noise"), (ANGLE, "angle")):
            write(self.figure, x, 0.868, words, "label", ha="center")

    def draw_moving(self, numbers):
        """Move the dots, the marks and the bars, and write the numbers."""
        # what is behind stays as it is, whatever the window: it is drawn once
        words = self._fit_window(numbers.window)
        moving = [self._move_pointer(numbers), *self._move_cloud(numbers), *self._move_bars(numbers, words)]
        return [*moving, self._values.write(words)]

    def _fit_window(self, half):
        """Let the cloud's axes end there; return the numbers beside them, as lines of text."""
        square_window(self._cloud, half)
        self._cloud.tick_params(labelleft=False, labelbottom=False)
        left, bottom, width, height = CLOUD_BOX
        words = []
        for part, text in enumerate((f"−{half:g}", "0", f"{half:g}")):
            words.append((left + part * width / 2, bottom - 0.032, text, 0.5))
            words.append((left - 0.009, bottom + part * height / 2, text, 1.0))
        return words

    def _move_pointer(self, numbers):
        y, half = self._heights[numbers.setting.rung], 0.42 * BARS_BOX[3] / len(RUNGS)
        self._pointer.set_ydata([y - half, y + half])
        return self._pointer

    def _move_cloud(self, numbers):
        rung, gradient, flown = numbers.setting.rung, numbers.gradient, numbers.flown
        here, above = numbers.rungs[rung], numbers.rungs[rung_above(rung) or rung]
        arrived = flown == 1.0
        look, from_look = look_of(rung if arrived else rung_above(rung)), look_of(rung_above(rung) or rung)
        eased = flown * flown * (3.0 - 2.0 * flown)  # slow at both ends
        start, end = (np.array(project(r.samples, gradient)) for r in (above, here))
        now = start + eased * (end - start)
        chosen = numbers.chosen
        self._above.set(data=start, marker=from_look.marker, color=from_look.colour)
        self._above.set_visible(rung_above(rung) is not None)
        paths = np.stack([start[:, chosen], now[:, chosen], np.full((2, chosen.sum()), np.nan)], axis=2)
        self._trails.set_data(*paths.reshape(2, -1))
        self._here.set(data=now, marker=look.marker, color=look.colour)
        self._chosen.set(data=now[:, chosen], marker=look.marker, color=look.colour, markeredgecolor=INK)
        mean = above.mean + eased * (here.mean - above.mean)
        self._mean.set_data(*project(mean[None], gradient))
        self._truth.set_data(*project(gradient[None], gradient))
        self._title.set_text(rung if arrived else f"{rung_above(rung)} → {rung}")
        self._note.set_text(f"★ true gradient   ◇ mean   ringed: item {numbers.item}")
        marks = (self._above, self._trails, self._here, self._chosen, self._mean, self._truth)
        return [*marks, self._title, self._note]

    def _move_bars(self, numbers, words):
        """Draw a bar for every rung passed, and the one that the dots fly to on its way; add their numbers."""
        widest = max(rung.variance for rung in numbers.rungs.values())
        moving = []
        for rung, bar in self._bars.items():
            found = numbers.rungs.get(rung)
            arrived = rung != numbers.setting.rung or numbers.flown == 1.0
            bar.set_visible(found is not None)
            moving.append(bar)
            if found is None:
                continue
            variance = found.variance
            if not arrived:  # of what is on its way: what is not gone yet is squared
                above = numbers.rungs[rung_above(rung)].variance
                eased = numbers.flown**2 * (3.0 - 2.0 * numbers.flown)
                variance += (1.0 - eased) ** 2 * (above - variance)
            bar.set_width(variance / widest)
            if arrived:
                y, end = self._heights[rung], BARS_BOX[0] + BARS_BOX[2] * variance / widest
                words.append((end + 0.006, y, show(variance), 0.0))
                words.append((SNR, y, show(found.snr), 0.5))
                words.append((ANGLE, y, f"{found.angle:.0f}°", 0.5))
        return moving

    # The sentence.

    def describe(self, numbers):
        """Say in numbers what the picture shows."""
        setting = numbers.setting
        baseline = "the mean reward is subtracted" if setting.baseline else "no baseline"
        clicks = ", and a reward is a click, 1 or 0" if setting.rewards == CLICKS else ""
        where = f"K = {setting.k}, {baseline}{clicks}."
        if numbers.flown < 1.0:
            from_rung = rung_above(setting.rung)
            return (
                f"{100 * numbers.flown:.0f} % of the way from {from_rung} to {setting.rung}. {where} Each of the "
                f"{N_LISTS} dots flies to {FLIGHT[setting.rung]}{', given its reward' if clicks else ''}."
            )
        here, above = numbers.rungs[setting.rung], rung_above(setting.rung)
        text = (
            f"Rung {RUNGS.index(setting.rung) + 1} of {len(RUNGS)}, {setting.rung}: {MEANING[setting.rung]}. {where} "
        )
        text += f"Variance {show(here.variance)}"
        if above:
            other = numbers.rungs[above]
            text += f"{_compare(other.variance, here.variance)} {above} above it ({show(other.variance)})"
        text += f"; signal-to-noise {show(here.snr)}"
        if above:
            text += f" (above {show(other.snr)})"
        if setting.rung in UNBIASED:
            text += "; unbiased."
        elif setting.k == 1:
            text += "; with one candidate, every rung is V-PG."
        else:
            text += f"; its mean is {here.angle:.1f}° off the true gradient."
        return text + _say_item(numbers)


def _say_item(numbers):
    """Say what became of the lists that show the item shown most often."""
    rung, lists = numbers.setting.rung, int(numbers.chosen.sum())
    if not lists:
        return ""
    clicked = " with a click" if numbers.setting.rewards == CLICKS else ""
    text = f" Item {numbers.item}, shown most often, comes{clicked} from {lists} of the {N_LISTS} lists, ringed: "
    if rung in RUNGS[:2]:
        return text + f"{lists} estimates for one and the same item."
    if rung == "Outcome-PG":
        return text + "on this rung they are one point."
    above = rung_above(rung)
    one, other = (numbers.rungs[r].samples[numbers.chosen][0] for r in (rung, above))
    length = np.linalg.norm(one - other)
    if length < 1e-9:
        return text + f"one point, where {above} has it."
    more = percent(np.linalg.norm(one) / np.linalg.norm(other) - 1.0)
    return text + f"one point, {show(length)} from where {above} has it ({more} in length)."


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
