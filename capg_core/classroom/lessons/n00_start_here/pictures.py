"""The small pictures of 00_start_here: three films by hand, what multiplies, the one surprise, clicks, flat rewards."""

import numpy as np

from capg_core.classroom.drawing import mark, write
from capg_core.classroom.lessons.n00_start_here.dial import Dial
from capg_core.classroom.picture import Picture
from capg_core.classroom.problem import cosine, degrees
from capg_core.classroom.words import join, show
from capg_core.look import FONT, GRID, INK, PETROFF, SOFT_INK, dress_axes, look_of

RATIOS_AT = 20  # the K of signal-to-noise in `baseline`
_TRUTH = {"facecolor": "none", "edgecolor": PETROFF["orange"], "linewidth": 2.4}


def _axes(figure, box, title="", xlabel="", ylabel=""):
    axes = figure.add_axes(box)
    dress_axes(axes, title, xlabel, ylabel)
    return axes


def three_films(p, reward, scores):
    """Draw REINFORCE on a few films: what each film's estimate adds, times its chance, and their sum, the gradient.

    Parameters
    ----------
    p : (n,) array
        The softmax.
    reward : (n,) array
    scores : (n, n) array
        Row a: the gradient of log p_a.

    Returns
    -------
    Picture

    Examples
    --------
    >>> three_films([0.5, 0.5], [1.0, 0.0], [[0.5, -0.5], [-0.5, 0.5]]).text
    'Shown film 1: its estimate is +0.50, −0.50 and comes with chance 0.50. Shown film 2: its estimate is 0.00, 0.00 and comes with chance 0.50. Their mean is the gradient: +0.25, −0.25.'
    """  # noqa: E501
    p, reward = np.asarray(p, float), np.asarray(reward, float)
    estimates = reward[:, None] * np.asarray(scores, float)
    mean = p @ estimates

    def draw(figure):
        n = len(p)
        width = 0.72 / (n + 1)
        top = 1.15 * np.abs(estimates).max()
        for i in range(n + 1):
            title = f"film {i + 1} shown" if i < n else "their mean"
            axes = _axes(figure, (0.06 + i * (width + 0.065), 0.1, width, 0.58), title)
            axes.set(ylim=(-top, top), xlim=(-0.6, n - 0.4))
            axes.set_xticks(range(n), [f"film {j + 1}" for j in range(n)])
            axes.axhline(0, color=SOFT_INK, linewidth=1)
            axes.bar(range(n), estimates[i] if i < n else mean, 0.5, color=look_of("V-PG").colour, zorder=3)
            for j in range(n):
                axes.bar(j, mean[j], 0.76, zorder=4, **_TRUTH)
            words = f"chance {p[i]:.2f}, reward {reward[i]:.1f}" if i < n else "each times its chance"
            write(figure, 0.06 + i * (width + 0.065) + width / 2, 0.815, words, ha="center", color=SOFT_INK)
        write(figure, 0.06, 0.93, "each estimate: reward × (1 for the film shown, minus p)", "label")
        write(figure, 0.98, 0.93, "orange: the true gradient", ha="right")
        said = [
            f"Shown film {i + 1}: its estimate is {_list(estimates[i])} and comes with chance {p[i]:.2f}."
            for i in range(n)
        ]
        return f"{' '.join(said)} Their mean is the gradient: {_list(mean)}."

    return Picture(3.9, draw)


def _list(numbers):
    return ", ".join("0.00" if abs(x) < 0.005 else f"{x:+.2f}".replace("-", "−") for x in numbers)


def two_factors(ks, squared, reward_squared, variance):
    """Draw the two factors of V-PG's variance against K, and their product.

    Parameters
    ----------
    ks : (m,) array
        Numbers of candidates, the first of them 1.
    squared, reward_squared, variance : (m,) array
        The mean squared length of the score, the mean squared reward, and the variance.

    Returns
    -------
    Picture
    """
    ks = np.asarray(ks)
    columns = (
        ("squared length of the score", np.asarray(squared, float), "one surprise per draw"),
        ("squared reward", np.asarray(reward_squared, float), "better films are shown"),
        ("variance of V-PG", np.asarray(variance, float), "about the product"),
    )

    def draw(figure):
        look = look_of("V-PG")
        for i, (title, values, words) in enumerate(columns):
            axes = _axes(figure, (0.055 + 0.335 * i, 0.2, 0.24, 0.6), title, "candidates K")
            axes.set(xlim=(0, 1.06 * ks[-1]), ylim=(0, 1.18 * values.max()))
            colour = look.colour if i == 2 else INK
            axes.plot(ks, values, "-", color=colour, linewidth=3)
            axes.plot(ks, values, look.marker if i == 2 else "o", color=colour, markersize=7)
            end = f"{values[-1] / values[0]:.1f} times\nthat of K = 1"
            write(axes, 0.97, 0.06, end, transform=axes.transAxes, ha="right", color=colour, linespacing=1.3)
            write(axes, 0.03, 0.93, words, transform=axes.transAxes, color=SOFT_INK, va="top")
            if i < 2:
                write(figure, 0.055 + 0.335 * i + 0.262, 0.5, "×" if i == 0 else "≈", "title", weight="bold")
        said = [f"{title} {values[-1] / values[0]:.1f} times" for title, values, _ in columns]
        return f"From K = {ks[0]} to K = {ks[-1]}: {join(said)}."

    return Picture(3.9, draw)


def surprises(ks, vanilla, credit):
    """Draw the mean squared length of two scores against K: V-PG's list and CA-PG's one film.

    Parameters
    ----------
    ks, vanilla, credit : (m,) array

    Returns
    -------
    Picture
    """
    ks, found = np.asarray(ks), {"V-PG": np.asarray(vanilla, float), "CA-PG": np.asarray(credit, float)}

    def draw(figure):
        axes = _axes(figure, (0.075, 0.19, 0.72, 0.66), "mean squared length of the score", "candidates K")
        axes.set(xlim=(0, 1.02 * ks[-1]), ylim=(0, 1.1 * found["V-PG"].max()))
        axes.plot([0, ks[-1]], [2, 2], ":", color=INK, linewidth=2)
        write(axes, 0.98 * ks[-1], 2.4, "2, the most CA-PG can have", va="bottom", ha="right")
        for name, values in found.items():
            look = look_of(name)
            axes.plot(ks, values, color=look.colour, linewidth=3)
            mark(axes, look, 9).set_data(ks, values)
            words = f"  {look.label} {values[-1]:.{1 if values[-1] > 10 else 2}f}"
            va = "center" if name == "V-PG" else "top"
            write(axes, 1.02 * ks[-1], values[-1], words, "label", color=look.colour, weight="bold", va=va)
        v, c = found["V-PG"], found["CA-PG"]
        return (
            f"Mean squared length of the score, from K = {ks[0]} to K = {ks[-1]}: V-PG from {v[0]:.2f} to {v[-1]:.1f}, "
            f"CA-PG from {c[0]:.2f} to {c[-1]:.2f}."
        )

    return Picture(3.9, draw)


def baseline(ks, variances, ratios):
    """Draw what subtracting the mean reward does to V-PG, without noise and with clicks; and signal-to-noise at one K.

    Parameters
    ----------
    ks : (m,) array
    variances : dict of str to (m,) array
        Of V-PG: words to its variance at each K; drawn from the solid line on to the most broken.
    ratios : dict of str to (float, float)
        Estimator to its signal-to-noise, without noise and with clicks.

    Returns
    -------
    Picture
    """
    ks = np.asarray(ks)
    variances = {words: np.asarray(values, float) for words, values in variances.items()}

    def draw(figure):
        red = look_of("V-PG").colour
        left = _axes(figure, (0.075, 0.18, 0.33, 0.66), "variance of V-PG", "candidates K")
        left.set(yscale="log", xlim=(0, 1.02 * ks[-1]))
        left.minorticks_off()
        for line, (words, values) in zip(("-", "--", ":"), variances.items(), strict=False):
            left.plot(ks, values, line, marker="o", color=red, linewidth=2.6, markersize=6)
            write(left, 1.05 * ks[-1], values[-1], words, color=red, va="center")
        right = _axes(figure, (0.72, 0.12, 0.26, 0.66), f"signal-to-noise, K = {RATIOS_AT}")
        write(figure, 0.85, 0.81, "full: same each time; outline: clicks", ha="center")
        right.set_title(right.get_title(), fontsize=FONT["title"], pad=34)
        right.set(xlim=(0, 1.3 * max(map(max, ratios.values()))), ylim=(len(ratios) - 0.4, -0.6))
        right.set_yticks(range(len(ratios)), ratios)
        right.grid(False, axis="y")
        for y, (name, pair) in enumerate(ratios.items()):
            colour = look_of(name).colour
            right.get_yticklabels()[y].set(color=colour, weight="bold")
            right.barh([y - 0.19, y + 0.19], pair, 0.3, color=colour)
            right.patches[-1].set(facecolor="none", edgecolor=colour, linewidth=2)
            for at, value in zip((y - 0.19, y + 0.19), pair, strict=True):
                write(right, value, at, f" {value:.3f}", va="center")
        ends = [f"{words}, from {show(v[0])} to {show(v[-1])}" for words, v in variances.items()]
        pairs = [f"{name} {a:.2f} and {b:.2f}" for name, (a, b) in ratios.items()]
        return (
            f"Variance of V-PG from K = {ks[0]} to K = {ks[-1]}: {'; '.join(ends)}. Signal-to-noise at "
            f"K = {RATIOS_AT}, the same reward each time and clicks: {join(pairs)}."
        )

    return Picture(3.9, draw)


def dials(titles, means, truths, notes):
    """Draw the direction of CA-PG's mean beside the true gradient, a dial for each case.

    Parameters
    ----------
    titles : sequence of str
    means, truths : sequence of (n,) array
        CA-PG's mean and the true gradient of each case.
    notes : sequence of str
        A line below each dial.

    Returns
    -------
    Picture
    """
    angles = [degrees(cosine(mean, truth, zero=0.0)) for mean, truth in zip(means, truths, strict=True)]

    def draw(figure):
        width = 1.0 / len(angles)
        for i, (title, angle, note) in enumerate(zip(titles, angles, notes, strict=True)):
            dial = Dial(figure, look_of("CA-PG").colour)
            dial.axes.set_position((i * width, 0.19, width, 0.64))
            dial.point(angle, float("nan"))
            write(figure, (i + 0.5) * width, 0.87, title, "label", ha="center", weight="bold")
            write(figure, (i + 0.5) * width, 0.1, note, ha="center")
        said = [f"{t}: {a:.0f}° off the true gradient, {n}" for t, a, n in zip(titles, angles, notes, strict=True)]
        return f"The mean of CA-PG, and ★ the true gradient. {'; '.join(said)}."

    return Picture(2.9, draw)


def flat_top(order, reward, truth, mean, most=30):
    """Draw the films that the late stage likes best: their rewards, and how two gradients of length 1 push them.

    Parameters
    ----------
    order : (n,) int array
        Films from the one that the late stage likes best.
    reward, truth, mean : (n,) array
        Mean rewards, the true gradient and CA-PG's mean.
    most : int
        Films to draw.

    Returns
    -------
    Picture
    """
    first = np.asarray(order)[:most]
    stars = np.asarray(reward)[first]
    truth, mean = (np.asarray(v, float) / np.linalg.norm(v) for v in (truth, mean))

    def draw(figure):
        top = _axes(figure, (0.1, 0.66, 0.88, 0.24), ylabel="stars")
        top.bar(range(len(first)), stars, 0.8, color=GRID)
        top.set(ylim=(0, 5.6), yticks=[0, 5])
        below = _axes(figure, (0.1, 0.13, 0.88, 0.43), ylabel="push")
        below.bar(range(len(first)), mean[first], 0.5, color=look_of("CA-PG").colour, zorder=3)
        below.bar(range(len(first)), truth[first], 0.8, zorder=4, **_TRUTH)
        below.axhline(0, color=SOFT_INK, linewidth=1)
        for axes in (top, below):
            axes.set(xlim=(-0.6, len(first) - 0.4), xticks=[])
            axes.grid(False, axis="x")
        write(figure, 0.1, 0.04, "films in the late stage's order, the one it likes best on the left", "label")
        write(figure, 0.98, 0.5, "CA-PG's mean", "label", ha="right", color=look_of("CA-PG").colour, weight="bold")
        write(figure, 0.98, 0.43, "orange: the true gradient; both of length 1", ha="right")
        best = int(np.sum(stars == stars.max()))
        share = [100 * np.maximum(v[first[0]], 0) / np.maximum(v, 0).sum() for v in (mean, truth)]
        return (
            f"The first {best} films have {stars.max():g} stars each. Of all pushes upwards the first film gets "
            f"{share[0]:.0f} % from CA-PG's mean and {share[1]:.0f} % from the true gradient."
        )

    return Picture(4.2, draw)
