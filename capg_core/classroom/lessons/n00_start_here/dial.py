"""A dial: the angle between a gradient and the true one, from 0 degrees on the right to 180 on the left.

Where the true gradient is short beside the noise, it cannot be seen in the cloud of estimates; its direction can.
"""

import numpy as np
from matplotlib.lines import Line2D

from capg_core.classroom.drawing import star, write
from capg_core.look import GRID, INK, PAPER, PETROFF, SOFT_INK


def _at(degrees, radius=1.0):
    angle = np.radians(degrees)
    return radius * np.cos(angle), radius * np.sin(angle)


def keys(hand):
    """Return what a legend has to say of a dial: the star, the hand, which is called `hand`, and the mark."""
    look = {"color": INK, "linewidth": 0}
    return [
        Line2D([], [], **look, marker="*", markersize=14, markerfacecolor=PETROFF["orange"], label="true gradient"),
        Line2D([], [], **look, marker=r"$\rightarrow$", markersize=17, label=hand),
        Line2D([], [], **look, marker="D", markersize=9, markerfacecolor=PAPER, mew=1.6, label="mean of all"),
    ]


class Dial:
    """A half circle with the true gradient at 0 degrees, a hand and a mark.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    colour : str
        Of the hand.

    Attributes
    ----------
    axes : matplotlib.axes.Axes
    """

    def __init__(self, figure, colour):
        self.axes = axes = figure.add_axes((0, 0, 0.1, 0.1), aspect="equal", anchor="C")
        axes.set_axis_off()
        axes.set(xlim=(-1.6, 1.6), ylim=(-0.62, 1.16))
        axes.plot(*_at(np.linspace(0, 180, 91)), color=SOFT_INK, linewidth=1.2)
        axes.plot([-1, 1], [0, 0], color=GRID, linewidth=1.2, zorder=1)
        for degrees in (45, 90, 135):
            axes.plot(*np.transpose([_at(degrees, 0.93), _at(degrees)]), color=SOFT_INK, linewidth=1.2)
        self._hand = axes.annotate(
            "", (1, 0), (0, 0), arrowprops={"arrowstyle": "-|>,head_width=.35,head_length=.7", "color": colour,
                                            "linewidth": 3, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
        (self._mark,) = axes.plot(
            [], [], "D", color=PAPER, markeredgecolor=INK, markersize=11, markeredgewidth=1.8, zorder=5
        )
        self._truth = star(axes, 14, zorder=6)
        self._truth.set_data([1], [0])
        self._words = write(axes, 0, -0.14, ha="center", va="top", color=colour, weight="bold")

    def point(self, hand, mark):
        """Turn the hand and the mark to these angles, in degrees; NaN hides one. Return what moves, in order."""
        self._hand.set_visible(bool(np.isfinite(hand)))
        self._mark.set_visible(bool(np.isfinite(mark)))
        if np.isfinite(hand):
            self._hand.xy = _at(hand, 0.9)
        if np.isfinite(mark):
            self._mark.set_data(*np.transpose([_at(mark)]))
        self._words.set_text(f"{hand:.0f}° off" if np.isfinite(hand) else "no direction")
        return [self._hand, self._mark, self._truth, self._words]
