"""The pictures of 05_bias_and_alignment, from what the notebook has computed."""

import numpy as np

from capg_core.classroom.drawing import write
from capg_core.classroom.lessons.n05_bias_and_alignment.numbers import DIFFERENT, STEP_LENGTHS, curve, end_of_truth
from capg_core.classroom.lessons.n05_bias_and_alignment.parts import (
    CREDIT,
    SQUARE,
    STAR,
    TRUTH,
    angle_axis,
    arrow,
    columns,
    key,
    label,
)  # fmt: skip
from capg_core.classroom.picture import Picture
from capg_core.classroom.problem import cosine, degrees
from capg_core.classroom.words import join, show
from capg_core.look import INK, PAPER, SOFT_INK, dress_axes

# for the notebook, beside the pictures
__all__ = ["DIFFERENT", "STEP_LENGTHS", "curve", "end_of_truth"]

def angle_between(first, second):
    """Return the angle between two vectors in degrees; NaN where one of them is zero.

    Examples
    --------
    >>> round(angle_between(np.array([1.0, 0.0]), np.array([0.0, 2.0])))
    90
    """
    return degrees(cosine(first, second))


def _in_plane(vector, truth):
    """Return a vector's length along the truth, and the length of what is across."""
    along = vector @ truth / np.linalg.norm(truth)
    return along, np.sqrt(max(vector @ vector - along**2, 0.0))


def preference(shown):
    """Draw how likely a candidate is to be shown.

    Parameters
    ----------
    shown : dict
        Late stage to (n,) chances, best item first.

    Returns
    -------
    Picture

    Examples
    --------
    >>> preference({"uniform": np.full(4, 0.5)}).text
    'P(shown, once a candidate). uniform: best item 0.50, middle 0.50, worst 0.50.'
    """

    def draw(figure):
        for axes, chances in zip(columns(figure, list(shown)), shown.values(), strict=True):
            axes.bar(np.arange(1, len(chances) + 1), chances, 0.8, color=SOFT_INK)
            axes.set_ylim(0, 1.03)
            label(axes, "item, best reward first")
        label(figure.axes[0], "item, best reward first", "P(shown | candidate)")
        said = (
            f"{name}: best item {c[0]:.2f}, middle {c[len(c) // 2]:.2f}, worst {c[-1]:.2f}" for name, c in shown.items()
        )
        return f"P(shown, once a candidate). {'; '.join(said)}."

    return Picture(3.4, draw)


def two_sums(pairs):
    """Draw CA-PG's mean and what it leaves out, end to end: together they are the true gradient.

    Parameters
    ----------
    pairs : dict
        Late stage to CA-PG's mean and the true gradient.

    Returns
    -------
    Picture
    """

    def draw(figure):
        said = []
        for axes, (name, (mean, truth)) in zip(columns(figure, list(pairs)), pairs.items(), strict=True):
            length, tip = np.linalg.norm(truth), _in_plane(mean, truth)
            half = 1.15 * max(abs(tip[0]), tip[1], length)
            axes.set(xlim=(-half, half), ylim=(-0.5 * half, 1.34 * half))
            arrow(axes, tip, (length, 0.0), SOFT_INK, "--")
            arrow(axes, (0.0, 0.0), tip, CREDIT.colour)
            axes.plot([0, length], [0, 0], color=TRUTH, linewidth=3, zorder=3)
            axes.plot(*tip, CREDIT.marker, markersize=12, **SQUARE)
            axes.plot(length, 0, "*", **STAR)
            label(axes, "along the true gradient")
            rest = truth - mean
            said.append(
                f"{name}: CA-PG's mean has length {np.linalg.norm(mean):.3f}, what it leaves out "
                f"{np.linalg.norm(rest):.3f}, the true gradient {length:.3f}; angle {angle_between(mean, truth):.0f}°"
            )
        label(figure.axes[0], "along the true gradient", "across")
        key(figure, 0.57, 0.965, "true gradient", "CA-PG's mean")
        write(figure, 0.87, 0.965, "– – left out", va="center", color=SOFT_INK, weight="bold")
        return "; ".join(said) + "."

    return Picture(4.2, draw)


def turn(truth, mean, drift, marked):
    """Draw how CA-PG's mean turns when a constant is added to every reward.

    Parameters
    ----------
    truth, mean, drift : (n,) array
        The true gradient, CA-PG's mean with nothing added, and its mean for a reward of 1.
    marked : sequence of float
        Constants to mark, smallest first.

    Returns
    -------
    Picture
    """

    def draw(figure):
        plane, curve = columns(figure, ["the arrows", "the angle"], width=0.4, gap=0.1)
        fine = np.linspace(0.0, max(marked), 121)
        path = np.array([_in_plane(mean + c * drift, truth) for c in fine])
        plane.plot(*path.T, color=CREDIT.colour, linewidth=1.5, linestyle=":")
        length = np.linalg.norm(truth)
        plane.plot([0, length], [0, 0], color=TRUTH, linewidth=4)
        plane.plot(length, 0, "*", **STAR)
        reach = 1.25 * np.abs(path).max()
        plane.set(xlim=(-reach, reach), ylim=(-0.15 * reach, 1.05 * reach))
        for c in marked:
            tip = _in_plane(mean + c * drift, truth)
            arrow(plane, (0.0, 0.0), tip, CREDIT.colour)
            plane.plot(*tip, CREDIT.marker, markersize=11, **SQUARE)
            write(plane, tip[0], tip[1] + 0.06 * reach, f"{c:g} added", ha="center")
        write(plane, length, -0.11 * reach, "true gradient", ha="center")
        label(plane, "along the true gradient", "across")
        angles = [angle_between(mean + c * drift, truth) for c in marked]
        angle_axis(curve)
        curve.plot(fine, [angle_between(mean + c * drift, truth) for c in fine], color=CREDIT.colour, linewidth=3)
        curve.plot(marked, angles, CREDIT.marker, linestyle="", markersize=11, **SQUARE)
        label(curve, "added to every reward", "angle to the true gradient")
        return "The angle of CA-PG's mean to the true gradient: " + join(
            [f"{angle:.0f}° with {c:g} added" for c, angle in zip(marked, angles, strict=True)]
        ) + "."  # fmt: skip

    return Picture(4.2, draw)


def healing(values, angles, worst, best_end, most):
    """Draw a walk along CA-PG's mean: what it earns, where it points, and what becomes of the worst item.

    Parameters
    ----------
    values : (T + 1,) array_like
        Value before the first step and after each.
    angles : (T,) array_like
        Angle to the true gradient at each step, in degrees.
    worst : (T + 1,) array_like
        P(the worst item is a candidate).
    best_end : float
        The value after as many steps along the true gradient.
    most : float
        The largest value while the worst item is a candidate for sure.

    Returns
    -------
    Picture
    """

    def draw(figure):
        titles = ["value", "angle of the next step", "the worst item is a candidate"]
        value, angle, item = columns(figure, titles)
        steps, last = np.arange(len(values)), len(values) - 1
        line = {"color": CREDIT.colour, "linewidth": 3, "marker": CREDIT.marker, "markersize": 8}
        value.plot(steps, values, **line)
        value.plot(last, best_end, "*", **STAR)
        write(value, last - 0.9, best_end, "the true gradient ends here", ha="right", va="center")
        value.axhline(most, color=SOFT_INK, linestyle="--", linewidth=1.5)
        write(value, 0, most + 0.01, "the most with the worst item in", va="bottom", color=SOFT_INK)
        value.set_ylim(0.9 * min(values), 1.05 * best_end)
        angle_axis(angle)
        angle.plot(steps[:-1], angles, **line)
        item.set_ylim(-0.03, 1.05)
        item.plot(steps, worst, **line)
        for axes in (value, angle, item):
            axes.set_xlim(-0.5, last + 0.6)
            label(axes, "step")
        low = int(np.argmin(values))
        return (
            f"Along CA-PG's mean the value goes from {values[0]:.2f} down to {values[low]:.2f} at step {low}, and then "
            f"up to {values[-1]:.2f}; along the true gradient it ends at {best_end:.2f}. The angle is {angles[0]:.0f}° "
            f"at first and {min(angles):.0f}° after step {int(np.argmin(angles))}. The worst item is a candidate with "
            f"chance {worst[0]:.2f} at first and {worst[-1]:.2f} at the end; with it, the value cannot pass {most:.2f}."
        )

    return Picture(4.2, draw)


def baseline(angles, variances):
    """Draw what subtracting the mean reward does to CA-PG: to its direction, and to its noise.

    Parameters
    ----------
    angles : dict
        Late stage to the angle without and with the baseline, in degrees.
    variances : dict
        Kind of reward to the variance without and with.

    Returns
    -------
    Picture
    """

    def draw(figure):
        left = figure.add_axes((0.16, 0.19, 0.4, 0.66))
        right = figure.add_axes((0.72, 0.19, 0.26, 0.66))
        for axes, words in ((left, "angle to the true gradient"), (right, "variance, late stage optimal")):
            dress_axes(axes, "", words)
        angle_axis(left, vertical=False)
        right.set_xscale("log")
        for axes, found in ((left, angles), (right, variances)):
            for row, (plain, subtracted) in enumerate(found.values()):
                axes.plot([plain, subtracted], [row, row], color=CREDIT.colour, linewidth=1.5, alpha=0.6)
                axes.plot(plain, row, CREDIT.marker, markersize=13, **SQUARE)
                hollow = {"color": PAPER, "markeredgecolor": CREDIT.colour, "markeredgewidth": 3, "zorder": 6}
                axes.plot(subtracted, row, CREDIT.marker, markersize=11, **hollow)
            axes.set_yticks(range(len(found)), list(found))
            axes.set_ylim(len(found) - 0.4, -0.6)
        right.set_xlim(0.5 * min(map(min, variances.values())), 2 * max(map(max, variances.values())))
        write(figure, 0.16, 0.92, "■ no baseline", color=CREDIT.colour, weight="bold")
        write(figure, 0.29, 0.92, "□ mean reward subtracted", color=CREDIT.colour, weight="bold")
        angles_of = {name.replace("\n", " "): found for name, found in angles.items()}
        noises = {name.replace("\n", " "): found for name, found in variances.items()}
        said = [f"{name} {plain:.0f}° and {with_b:.0f}°" for name, (plain, with_b) in angles_of.items()]
        noise = [f"{name} {show(plain)} and {show(with_b)}" for name, (plain, with_b) in noises.items()]
        return (
            f"CA-PG without and with the mean reward subtracted. Angle to the true gradient: {join(said)}. "
            f"Variance, optimal late stage: {join(noise)}."
        )

    return Picture(3.8, draw)


def game(q, p, pushes):
    """Draw the game of three items and two places: the value against the first item's chance, and two pushes on it.

    Parameters
    ----------
    q : (3,) array_like
        Rewards of items 0, 1 and 2.
    p : float
        Probability that item 0 gets the place beside item 1.
    pushes : dict
        Late stage to what it shows of {0, 1} and of {1, 2} (a number, or "either"), the true slope and CA-PG's.

    Returns
    -------
    Picture
    """

    def draw(figure):
        worth = dict(zip((0, 1, 2), q, strict=True))
        said = []
        for axes, (name, (first, second, slope, credit)) in zip(columns(figure, list(pushes), top=0.74),
                                                               pushes.items(), strict=True):  # fmt: skip
            ends = [
                worth.get(shown, (worth[1] + worth[other]) / 2)
                for shown, other in ((second, 2), (first, 0))
            ]  # fmt: skip
            axes.plot([0, 1], ends, color=INK, linewidth=2)
            level = ends[0] + p * (ends[1] - ends[0])
            axes.plot(p, level, "o", color=INK, markersize=9, zorder=5)
            axes.set(xlim=(-0.06, 1.06), ylim=(0, 1.32), yticks=[0, 0.5, 1])
            for y, push, colour, words in ((1.14, slope, TRUTH, "★"), (1.01, credit, CREDIT.colour, "■")):
                arrow(axes, (p, y), (p + 0.42 * push, y), colour)
                look = STAR if words == "★" else {**SQUARE, "markersize": 12}
                axes.plot(p, y, "*" if words == "★" else CREDIT.marker, **look)
            axes.set_xticks([0, 0.5, 1], ["2 in", "½", "0 in"])
            words = "shows either" if first == second else f"shows {first} of {{0, 1}}, and {second} of {{1, 2}}"
            write(axes, 0.0, 1.03, words, transform=axes.transAxes, color=SOFT_INK)
            label(axes, "P(item 0 is in)")
            said.append(f"{name}: true push {slope:+.2f}, CA-PG {credit:+.2f}")
        label(figure.axes[0], "P(item 0 is in)", "value")
        key(figure, 0.7, 0.955, "true gradient", "CA-PG's mean")
        units = "Push on the chance of 0, in units of p(1 - p)"
        return f"Item 1 is in for sure, 0 or 2 beside it. {units}: {'; '.join(said)}."

    return Picture(4.0, draw)


def spread_of_angles(left, right):
    """Draw angles of many draws of the items, a row of dots for each name.

    Parameters
    ----------
    left, right : dict
        Name to (draws,) angles in degrees; the two halves of the picture.

    Returns
    -------
    Picture
    """

    def draw(figure):
        said = []
        for found, box in ((left, (0.15, 0.17, 0.33, 0.74)), (right, (0.66, 0.17, 0.33, 0.74))):
            axes = figure.add_axes(box)
            dress_axes(axes, "", "angle to the true gradient")
            angle_axis(axes, vertical=False)
            for row, (name, angles) in enumerate(found.items()):
                axes.plot(
                    angles, np.full(len(angles), row), CREDIT.marker, color=CREDIT.colour, markersize=8, alpha=0.45
                )
                axes.plot([np.median(angles)] * 2, [row - 0.33, row + 0.33], color=INK, linewidth=2.5)
                words = name.replace("\n", " ")
                said.append(f"{words} {np.median(angles):.0f}° ({min(angles):.0f} to {max(angles):.0f}°)")
            axes.set_yticks(range(len(found)), list(found))
            axes.set_ylim(len(found) - 0.4, -0.6)
        write(figure, 0.15, 0.95, "■ a draw of the items", color=CREDIT.colour, weight="bold")
        write(figure, 0.36, 0.95, "| the median")
        return f"Angle of CA-PG's mean, median and range over the draws: {join(said)}."

    return Picture(4.6, draw)


def pushes_on_items(pushes):
    """Draw CA-PG's mean item by item.

    Parameters
    ----------
    pushes : dict
        Name to (n,) mean, best item first.

    Returns
    -------
    Picture
    """

    def draw(figure):
        bars = columns(figure, list(pushes), left=0.085, width=0.165, gap=0.077)
        for axes, push in zip(bars, pushes.values(), strict=True):
            axes.bar(np.arange(1, len(push) + 1), push, 0.8, color=CREDIT.colour)
            axes.axhline(0, color=SOFT_INK, linewidth=1)
            label(axes, "item, best first")
        label(bars[0], "item, best first", "push")
        said = (
            f"{name}: best {push[0]:+.4f}, middle {push[len(push) // 2]:+.4f}, worst {round(push[-1], 4) + 0.0:+.4f}"
            for name, push in pushes.items()
        )
        return f"CA-PG's mean at equal logits. {'; '.join(said)}."

    return Picture(3.6, draw)
