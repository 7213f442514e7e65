"""Parts of pictures that several panels have: labels beside the ends of lines, axes through 0, stars, legends."""

import numpy as np
from matplotlib.lines import Line2D

from capg_core.look import FONT, INK, PETROFF, SOFT_INK, dress_axes

FINE_STEPS = (1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9)  # for `round_up`, where axes fit what is drawn


def spread(positions, gap, low, high):
    """Move label positions apart so that neighbours are at least `gap` apart.

    Parameters
    ----------
    positions : sequence of float
        Where each label would like to be.
    gap : float
        The least distance between two labels.
    low, high : float
        The range the labels must stay in.

    Returns
    -------
    list of float
        Where each label goes, in the order given.

    Examples
    --------
    >>> spread([0.5, 0.5], 0.25, 0.0, 1.0)
    [0.5, 0.75]
    """
    order = sorted(range(len(positions)), key=lambda i: positions[i])
    placed = []
    for i in order:
        wanted = min(max(positions[i], low), high)
        placed.append(wanted if not placed else max(wanted, placed[-1] + gap))
    # What was pushed above the top comes back down, and pushes the others before it.
    ceiling = high
    for j in range(len(placed) - 1, -1, -1):
        placed[j] = min(placed[j], ceiling)
        ceiling = placed[j] - gap
    result = [0.0] * len(placed)
    for i, value in zip(order, placed, strict=True):
        result[i] = value
    return result


class EndLabels:
    """Labels beside the right ends of the lines in an axes, none over another.

    A label that had to move away from its line's end is tied to it by a thin line; one whose line ends above or below
    the axes says so with an arrow, and is tied to where the line leaves them.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    box : tuple of float
        Left, bottom, width and height of the axes, in parts of the figure.
    space : float
        Between the axes and the labels.
    """

    def __init__(self, figure, box, space=0.006):
        self._figure, self._box, self._space = figure, box, space
        self._texts, self._ties = {}, {}

    def set(self, ends):
        """Show these labels and no others; return them and their ties.

        Parameters
        ----------
        ends : sequence of (float, str, str, str) or (float, str, str, str, float)
            The end's level, from 0 at the bottom to 1 at the top; words, colour, weight; of a line that leaves the axes
            before their end, where, from 0 at the left to 1 at the right.
        """
        left, bottom, width, height = self._box
        for artist in (*self._texts.values(), *self._ties.values()):
            artist.set_visible(False)
        wanted = [bottom + height * min(max(level, 0.0), 1.0) for level, *_ in ends]
        leaves = [end[4] if len(end) > 4 else 1.0 for end in ends]
        # of those that leave at the bottom the first has the highest label: so no tie crosses another
        ranked = [end - 1e-6 * at for end, at in zip(wanted, leaves, strict=True)]
        placed = spread(ranked, 0.055, bottom + 0.02, bottom + height - 0.02)
        edge = left + width
        for y, end, at, (level, words, colour, weight, *_) in zip(placed, wanted, leaves, ends, strict=True):
            if words not in self._texts:
                self._texts[words] = write(self._figure, 0, 0, va="center")
                self._ties[words] = self._figure.add_artist(Line2D([], [], linewidth=1))
            arrow = " ↓" if level <= 0.0 else " ↑" if level > 1.0 else ""
            text = {"text": words + arrow, "color": colour, "weight": weight}
            self._texts[words].set(x=edge + self._space, y=y, visible=True, **text)
            tied = at < 1.0 or (not arrow and abs(y - end) > 0.025)
            start = left + at * width
            self._ties[words].set(xdata=[start, edge + 0.85 * self._space], ydata=[end, y], color=colour, visible=tied)
        return [*self._texts.values(), *self._ties.values()]


def log_level(value, low, high):
    """Return where a value is between two others on a log axis: 0 at the lower one and below, 1 at the higher."""
    bottom, top = np.log10([low, high])
    return (np.log10(max(value, low)) - bottom) / (top - bottom)


def leaves_at(x, y, floor):
    """Return where a line on log axes sinks below a floor for good: 0 at its first point, 1 at its last or never.

    Examples
    --------
    >>> round(leaves_at([1, 10, 100], [1.0, 1.0, 0.01], 0.1), 3)
    0.75
    """
    x, y = np.log10(x), np.log10(np.maximum(y, 1e-300))
    floor = np.log10(floor)
    above = np.flatnonzero(y > floor)
    if not above.size or above[-1] == len(y) - 1:
        return 1.0
    i = above[-1]
    at = x[i] + (x[i + 1] - x[i]) * (y[i] - floor) / (y[i] - y[i + 1])
    return float((at - x[0]) / (x[-1] - x[0]))


def round_up(reach, steps=(1, 2, 4, 6, 8)):
    """Return the least of these steps times a power of ten that is not below a number; 1 for 0.

    Examples
    --------
    >>> round_up(0.35), round_up(850.0)
    (0.4, 1000.0)
    """
    if reach <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(reach))
    return float(next(step for step in (*steps, 10) if step * power >= reach) * power)


def cross_at_zero(axes):
    """Draw the two lines through 0."""
    axes.axhline(0, color=SOFT_INK, linewidth=0.8)
    axes.axvline(0, color=SOFT_INK, linewidth=0.8)


def cloud_axes(figure, box):
    """Add the axes on which gradients are projected, and its title's text, and return both."""
    axes = figure.add_axes(box)
    dress_axes(axes, "", "along the true gradient", "across")
    axes.yaxis.set_label_coords(-0.16, 0.5)  # clear of the longest tick label
    cross_at_zero(axes)
    return axes, write(figure, box[0], 0.868, size="label")


def square_window(axes, half):
    """Let both axes go from -half to half, with ticks at the ends and at 0."""
    axes.set(xlim=(-half, half), ylim=(-half, half))
    ticks = [-half, 0, half]
    names = [f"{at:g}".replace("-", "−") for at in ticks]
    axes.set_xticks(ticks, names)
    axes.set_yticks(ticks, names)


def log_axis(axes, low=0.9, high=110, ticks=(1, 10, 100)):
    """Give an axes a horizontal log scale, as of K, with a few ticks."""
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_xticks(ticks, [f"{at:g}" for at in ticks])
    axes.minorticks_off()


def mark(axes, look, size, **more):
    """Add a marker of an estimator's look, to be moved, and return it."""
    own = {"linestyle": "none", "color": look.colour, "markersize": size, **look.markers}
    return axes.plot([], [], **{**own, **more})[0]


def write(where, x, y, words="", size="note", **more):
    """Write in an axes or a figure, in a size of `FONT`, and return the text."""
    return where.text(x, y, words, **{"fontsize": FONT[size], "color": INK, **more})


def star(axes, size=13, **more):
    """Add the star that marks what is true, and nothing else, and return it."""
    look = {"color": PETROFF["orange"], "markeredgecolor": INK, "markersize": size}
    return axes.plot([], [], "*", **look, **more)[0]


def legend(figure, handles, place, columns, **more):
    """Add a legend to a figure, without a frame; its upper left corner is at `place`, unless ``loc`` says otherwise."""
    more = {"loc": "upper left", "fontsize": FONT["note"], "frameon": False, "handletextpad": 0.4, **more}
    return figure.legend(handles=handles, bbox_to_anchor=place, ncols=columns, **more)
