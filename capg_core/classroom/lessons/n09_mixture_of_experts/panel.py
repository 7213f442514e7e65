"""The panel of the experts: several towers share the K places, and each draws from what the others left."""

import numpy as np
from matplotlib.patches import Rectangle

from capg_core.classroom.controls import button, candidates, choice, whole
from capg_core.classroom.drawing import write
from capg_core.classroom.lessons.n09_mixture_of_experts import numbers as lesson
from capg_core.classroom.lessons.n09_mixture_of_experts.numbers import (
    ADDED,
    COMPARISONS,
    DIRECTIONS,
    FIRST_LAST,
    N_ITEMS,
    N_LISTS,
    NEAR,
    NOTHING,
    ORDERS,
    TASTES,
)
from capg_core.classroom.panel import Panel
from capg_core.look import FONT, GRID, INK, PAPER, PETROFF, SOFT_INK, dress_axes

MOST_EXPERTS = 4
GREEN = "#8cc08c"  # pale; the cycle's orange is the truth's
# Colours that no estimator has, and a hatch each, for readers without colour vision.
EXPERT_LOOKS = (
    (GREEN, ""),
    (PETROFF["cyan"], "//"),
    (PETROFF["grey"], ".."),
    (PETROFF["tan"], "xx"),
)
ITEM_BOX, COVER_BOX = (0.07, 0.15, 0.58, 0.63), (0.735, 0.15, 0.255, 0.63)
EDGES = np.append(DIRECTIONS - 2.5, DIRECTIONS[-1] + 2.5)
BAR_EDGES = (np.array([-0.36, 0.36]), np.array([0.64, 1.36]), np.array([1.64, 2.36]))
LOOK = {"label_width": 165, "width": 405}


class ExpertsPanel(Panel):
    """Who brings which item in when several experts share the K places, and what that covers.

    Examples
    --------
    >>> panel = ExpertsPanel(n_experts=2, k=24)
    >>> panel.moved.value = 3
    >>> panel.text.startswith("2 experts, 180° apart, share K = 24 places as 15 + 9")
    True
    """

    shows = (
        "Each item's chance to be a candidate, stacked by the expert that brings it in, and what the candidates cover."
    )
    cut = 0.669
    lesson = lesson
    n_experts = whole("Experts M", 2, 1, MOST_EXPERTS, **LOOK)
    k = candidates(24, 40, **LOOK)
    angle = whole("Angle between tastes", 180, 0, 180, 15, **LOOK)
    moved = whole("More for expert 1", 0, -20, 20, **LOOK)
    order = choice("Order", FIRST_LAST, ORDERS, **LOOK)
    compare = choice("Compare with", NOTHING, COMPARISONS, **LOOK)
    new_noise = button("New noise", "draw_again")
    rows = ("n_experts k", "angle moved", "order compare", "new_noise")

    def __init__(self, **start):
        super().__init__(**start)
        self._make_axes()
        self._make_moving()
        self.refresh()

    # The picture.

    def background_key(self, numbers):
        """Only the scale of the left axes stays for some of the settings."""
        return numbers.setting.compare == ADDED

    def draw_background(self, numbers):
        """Draw the axes; a sum that is no probability needs a higher scale."""
        top = 2.1 if numbers.setting.compare == ADDED else 1.02
        self._items.set_ylim(0, top)
        self._items.set_yticks(np.arange(0, top, 0.5 if top > 1.5 else 0.25))

    def _make_axes(self):
        self._items, self._cover = self.figure.add_axes(ITEM_BOX), self.figure.add_axes(COVER_BOX)
        dress_axes(self._items, "", "direction of the item (degrees)", "chance to be a candidate")
        self._items.set_xlim(-180, 180)
        self._items.set_xticks(range(-180, 181, 45), [f"{d}".replace("-", "−") for d in range(-180, 181, 45)])
        for taste, name in zip(TASTES, "AB", strict=True):
            self._items.axvspan(taste - NEAR, taste + NEAR, color=GRID, alpha=0.6, linewidth=0, zorder=0)
            # Under the marks of the experts, over the axes.
            place = ITEM_BOX[0] + ITEM_BOX[2] * (taste + 180) / 360
            write(self.figure, place, 0.845, f"near taste {name}", "label", ha="center")
        self._items.axhline(1, color=SOFT_INK, linewidth=1.5)
        dress_axes(self._cover, "", "", "part of the candidates")
        self._cover.set_xlim(-0.5, 2.5)
        self._cover.set_ylim(0, 1.08)
        self._cover.set_yticks([0, 0.25, 0.5, 0.75, 1])
        self._cover.set_xticks([0, 1, 2], ["near A", "near B", "elsewhere"], fontsize=FONT["label"])

    def _make_moving(self):
        self._stacks, self._bars, self._marks, self._names, self._swatches = [], [], [], [], []
        for m, (colour, hatch) in enumerate(EXPERT_LOOKS):
            fill = {"fill": True, "facecolor": colour, "edgecolor": INK, "hatch": hatch, "linewidth": 0.6}
            self._stacks.append(self._items.stairs(np.zeros(len(DIRECTIONS)), EDGES, baseline=0, **fill))
            self._bars.append([self._cover.stairs([0.0], edges, baseline=0, **fill) for edges in BAR_EDGES])
            (mark,) = self._items.plot(
                [0], [1.05], "v", color=colour, markeredgecolor=INK, markersize=12, clip_on=False,
                transform=self._items.get_xaxis_transform(),
            )  # fmt: skip
            self._marks.append(mark)
            x = 0.175 + 0.12 * m
            patch = self.figure.add_artist(swatch(x, 0.925, colour, hatch))
            self._swatches.append(patch)
            self._names.append(write(self.figure, x + 0.033, 0.934))
        self._mark_names = [
            write(self._items, 0, 1.03, ha=side, weight="bold", transform=self._items.get_xaxis_transform())
            for side in ("right", "left")
        ]
        (self._dots,) = self._items.plot(
            DIRECTIONS, np.zeros_like(DIRECTIONS), "o", color=PAPER, markeredgecolor=INK, markersize=5, zorder=5
        )
        self._wrong = self._items.stairs(
            np.zeros(len(DIRECTIONS)), EDGES, baseline=None, color=INK, linewidth=2.5, linestyle="--"
        )
        (self._cover_dots,) = self._cover.plot(
            [0, 1, 2], [0, 0, 0], "o", color=PAPER, markeredgecolor=INK, markersize=8, zorder=5
        )
        self._counts = [
            write(self._cover, x, 0, size="label", ha="center", va="bottom", weight="bold") for x in range(3)
        ]
        write(self.figure, 0.02, 0.934, "places of expert")
        write(self.figure, 0.79, 0.932, "○ simulated", "label")
        self._key = write(self.figure, 0.905, 0.932, size="label")
        self._title = write(self.figure, COVER_BOX[0] + COVER_BOX[2] / 2, 0.845, size="label", ha="center")
        # What an absent expert has must not stay in the background.
        experts = [*self._stacks, *self._marks, *self._swatches, *self._names, *sum(self._bars, [])]
        for artist in (*experts, *self._mark_names, self._wrong):
            artist.set_animated(True)

    def draw_moving(self, numbers):
        """Stack what each expert brings in, and put the simulated lists beside it."""
        setting, n_experts = numbers.setting, numbers.setting.n_experts
        moving = self._move_experts(numbers)
        self._dots.set_ydata(numbers.simulated)
        self._cover_dots.set_ydata(numbers.covered / setting.k)
        total = numbers.coverage.sum(axis=1)
        for x, text in enumerate(self._counts):
            text.set_text(f"{total[x]:.1f}")
            text.set_y(max(total[x], numbers.covered[x]) / setting.k + 0.03)
        moving += [self._dots, self._cover_dots, *self._counts]
        if numbers.compared is not None:
            self._wrong.set_data(numbers.compared, EDGES)
            moving.append(self._wrong)
        self._key.set_text("" if numbers.compared is None else "╌ alone")
        self._title.set_text(f"M = {n_experts}, K = {setting.k}")
        return [*moving, self._key, self._title]

    def _move_experts(self, numbers):
        """Set each expert's layer, bars, mark and name; return those that are shown."""
        setting, moving = numbers.setting, []
        base, bottom = np.zeros(len(DIRECTIONS)), np.zeros(3)
        for m in range(setting.n_experts):
            self._stacks[m].set_data(base + numbers.stacks[m], EDGES, base)
            base = base + numbers.stacks[m]
            share = numbers.coverage[:, m] / setting.k
            for bar, edges, low, more in zip(self._bars[m], BAR_EDGES, bottom, share, strict=True):
                bar.set_data([low + more], edges, [low])
            bottom = bottom + share
            self._marks[m].set_xdata([TASTES[0] + (setting.angle if m % 2 else 0.0)])
            places = numbers.places[m]
            self._names[m].set_text(f"{m + 1}: {places}")
            moving += [self._stacks[m], *self._bars[m], self._marks[m], self._swatches[m], self._names[m]]
        gap = 8.0
        for side, text in enumerate(self._mark_names):
            numbers_here = [str(m + 1) for m in range(setting.n_experts) if m % 2 == side]
            text.set_text(", ".join(numbers_here))
            text.set_x(TASTES[0] + (setting.angle + gap if side else -gap))
            moving.append(text)
        return moving

    # The sentence.

    def describe(self, numbers):
        """Say in numbers what the picture shows."""
        setting, cover = numbers.setting, numbers.coverage
        split = " + ".join(str(count) for count in numbers.places)
        if setting.n_experts == 1:
            text = f"1 expert fills K = {setting.k} places from {N_ITEMS} items"
        else:
            text = f"{setting.n_experts} experts, {setting.angle:.0f}° apart, share K = {setting.k} places as "
            text += f"{split}; n = {N_ITEMS} items; {setting.order}"
        where = [f"{_each(cover[i])} {name}" for i, name in enumerate(("near taste A", "near taste B", "elsewhere"))]
        inclusion = numbers.stacks.sum(axis=0)
        off = np.abs(inclusion - numbers.simulated).max()
        text += f". Expected candidates: {where[0]}, {where[1]}, {where[2]}; Σπ = {inclusion.sum():.2f}."
        text += f" Of {N_LISTS} simulated lists, {100 * numbers.empty[0]:.1f} % have nothing near A and "
        text += f"{100 * numbers.empty[1]:.1f} % nothing near B. "
        chance = np.sqrt((inclusion * (1.0 - inclusion)).max() / N_LISTS)
        text += f"The clock and these lists differ by at most {off:.3f}; "
        text += f"chance alone gives so few lists a standard error of up to {chance:.3f}."
        if setting.compare != NOTHING:
            text += f" Dashed ({setting.compare}): sums to {numbers.compared.sum():.2f}, "
            text += f"the largest is {numbers.compared.max():.2f}."
        return text


def _each(counts):
    """Write a sum, and its parts if there are several."""
    if len(counts) == 1:
        return f"{counts.sum():.1f}"
    return f"{counts.sum():.1f} ({' + '.join(f'{c:.1f}' for c in counts)})"


def swatch(x, y, colour, hatch):
    """Return a small patch of an expert's colour, in figure coordinates."""
    return Rectangle((x, y), 0.027, 0.045, facecolor=colour, edgecolor=INK, hatch=hatch, linewidth=0.6)
