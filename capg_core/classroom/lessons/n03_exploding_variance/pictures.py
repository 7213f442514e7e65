"""The small pictures of 03_exploding_variance: the walk, the surprises, the factors of the variance, and its parts."""

import numpy as np
from matplotlib.patches import PathPatch

from capg_core.classroom.drawing import cloud_axes, log_level, round_up, spread, square_window, write
from capg_core.classroom.lessons.n03_exploding_variance.arrows import arrow_path
from capg_core.classroom.picture import Picture
from capg_core.classroom.problem import project
from capg_core.classroom.words import show
from capg_core.look import GRID, INK, SOFT_INK, dress_axes, look_of

_STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8)
_RED = look_of("V-PG").colour


def _axes(figure, box, title="", xlabel="candidates K", ylabel=""):
    axes = figure.add_axes(box)
    dress_axes(axes, title, xlabel, ylabel)
    return axes


def _write_at_ends(axes, ends, gap):
    """Write beside the right ends of lines, none over another: words, level from 0 to 1, colour of each."""
    places = spread([level for _, level, _ in ends], gap, 0.0, 1.0)
    for place, (words, _, colour) in zip(places, ends, strict=True):
        write(axes, 1.025, place, words, transform=axes.transAxes, color=colour, va="center", linespacing=1.2)


def walk(surprises, gradient):
    """Draw the score of one list as a walk, an arrow for each draw, and its squared length after each.

    Parameters
    ----------
    surprises : (K, n) array
        The surprise of each draw.
    gradient : (n,) array
        The true gradient: the walk is seen along it and across it.

    Returns
    -------
    Picture

    Examples
    --------
    >>> walk(np.eye(3)[:2], np.array([1.0, 0.0, 0.0])).text
    'The score of one list, 2 draws: its squared length after draws 1 and 2 is 1.0 and 2.0; the squared lengths of the surprises add up to 2.0.'
    """  # noqa: E501
    surprises = np.asarray(surprises, dtype=float)
    sums = np.cumsum(surprises, axis=0)
    squared, each = np.sum(sums**2, axis=1), np.cumsum(np.sum(surprises**2, axis=1))
    points = np.concatenate([np.zeros((1, 2)), np.stack(project(sums, np.asarray(gradient)), axis=1)])
    k = len(surprises)

    def draw(figure):
        left, title = cloud_axes(figure, (0.085, 0.17, 0.32, 0.8))
        title.remove()
        half = round_up(1.15 * np.abs(points).max(), _STEPS)
        square_window(left, half)
        left.set_aspect("equal", anchor="SW")
        left.add_patch(PathPatch(arrow_path(points, 0.05 * half), color=_RED, linewidth=1.6))
        x, y = points[-1] + 0.08 * half * np.sign(points[-1])
        write(left, x, y, f"draw {k}", color=_RED, ha="center", va="center")
        right = _axes(figure, (0.53, 0.17, 0.28, 0.7), "", "draw d")
        draws = np.arange(1, k + 1)
        right.plot(draws, squared, "o-", color=_RED, linewidth=2.6, markersize=6)
        right.plot(draws, each, "-", color=INK, linewidth=2)
        right.set(xlim=(0, 1.04 * k), ylim=(0, 1.12 * max(squared.max(), each.max())))
        top = right.get_ylim()[1]
        _write_at_ends(right, [("of the sum", squared[-1] / top, _RED), ("of each, added", each[-1] / top, INK)], 0.09)
        write(figure, 0.53, 0.92, "squared length, in all directions", "label")
        return (
            f"The score of one list, {k} draws: its squared length after draws 1 and {k} is {squared[0]:.1f} and "
            f"{squared[-1]:.1f}; the squared lengths of the surprises add up to {each[-1]:.1f}."
        )

    return Picture(4.6, draw)


def cross_terms(products):
    """Draw the mean products of the surprises of any two draws as a square of shades.

    Parameters
    ----------
    products : (K, K) array
        The mean of the product of the surprises of draws c and d.

    Returns
    -------
    Picture
    """
    products = np.asarray(products, dtype=float)
    own, k = np.diag(products), len(products)
    others = products[~np.eye(k, dtype=bool)]

    def draw(figure):
        axes = _axes(figure, (0.09, 0.16, 0.36, 0.8), "", "draw d", "draw d′")
        shades = axes.imshow(products, cmap="Greys", vmin=0, vmax=1, extent=(0.5, k + 0.5, k + 0.5, 0.5))
        axes.grid(False)
        axes.set(xticks=[1, k], yticks=[1, k])
        bar = figure.add_axes((0.44, 0.16, 0.015, 0.8))
        figure.colorbar(shades, cax=bar)
        bar.tick_params(labelsize=13)
        write(figure, 0.53, 0.72, f"a surprise with itself: {own.min():.2f} to {own.max():.2f}", "label")
        write(figure, 0.53, 0.6, f"two different ones: within {np.abs(others).max():.3f} of 0", "label")
        write(figure, 0.53, 0.48, "so squared lengths add up", "label", weight="bold")
        return (
            f"Mean product of two surprises: with itself {own.min():.2f} to {own.max():.2f}, of two different draws "
            f"within {np.abs(others).max():.3f} of 0."
        )

    return Picture(4.0, draw)


def sizes(by_logits):
    """Draw the mean squared length of each draw's surprise.

    Parameters
    ----------
    by_logits : dict of str to (K,) array
        Words for the logits, to the size of the surprise of each draw.

    Returns
    -------
    Picture
    """
    found = {words: np.asarray(values, dtype=float) for words, values in by_logits.items()}

    def draw(figure):
        axes = _axes(figure, (0.075, 0.2, 0.66, 0.65), "expected squared length of one surprise", "draw d")
        for line, values in zip(("-", "--", ":"), found.values(), strict=False):
            axes.plot(np.arange(1, len(values) + 1), values, line, color=INK, linewidth=2.8)
        k = max(map(len, found.values()))
        axes.set(ylim=(0, 1.06), xlim=(0, 1.01 * k), xticks=[1, k // 2, k])
        ends = [(f"{words}:\nadds up to {v.sum():.1f}", v[-1] / 1.06, INK) for words, v in found.items()]
        _write_at_ends(axes, ends, 0.24)
        said = [f"{words}, {v[0]:.2f} at the first draw, {v.sum():.1f} in all" for words, v in found.items()]
        return f"Expected squared length of a surprise: {'; '.join(said)}."

    return Picture(3.8, draw)


def factors(ks, squared, reward_squared, both):
    """Draw the two factors of V-PG's variance, and their product beside the mean of the product.

    Parameters
    ----------
    ks, squared, reward_squared, both : (m,) array
        The mean squared length of the score, the mean squared reward, and the mean of their product.

    Returns
    -------
    Picture
    """
    ks, squared, reward_squared, both = (np.asarray(v, dtype=float) for v in (ks, squared, reward_squared, both))
    product = squared * reward_squared

    def draw(figure):
        columns = (
            ("squared length of the score", squared, INK),
            ("squared reward", reward_squared, INK),
            ("the mean of the product", both, _RED),
        )
        for i, (title, values, colour) in enumerate(columns):
            axes = _axes(figure, (0.05 + 0.335 * i, 0.2, 0.26, 0.62), title)
            axes.plot(ks, values, "o-", color=colour, linewidth=2.8, markersize=7)
            axes.set(xlim=(0, 1.04 * ks[-1]), ylim=(0, 1.15 * values.max()))
            if i == 2:
                axes.plot(ks, product, "x", color=INK, markersize=11, markeredgewidth=2, zorder=4)
                write(axes, 0.96, 0.06, "×: product of\nthe two means", transform=axes.transAxes, ha="right")
        ends = [f"{show(v[0])} to {show(v[-1])}" for v in (squared, reward_squared, both)]
        return (
            f"From K = {ks[0]:g} to K = {ks[-1]:g}: the squared length of the score from {ends[0]}, the squared reward "
            f"from {ends[1]}, the mean of their product from {ends[2]}. The product of the means ends at "
            f"{show(product[-1])}."
        )

    return Picture(3.7, draw)


def counterexample(ks, variance, squared):
    """Draw a variance that falls with K although the score grows.

    Parameters
    ----------
    ks, variance, squared : (m,) array
        The variance of V-PG, and the mean squared length of its score.

    Returns
    -------
    Picture
    """
    ks, variance, squared = (np.asarray(v, dtype=float) for v in (ks, variance, squared))

    def draw(figure):
        columns = ("squared length of the score", squared, INK), ("variance of V-PG", variance, _RED)
        for i, (title, values, colour) in enumerate(columns):
            axes = _axes(figure, (0.1 + 0.47 * i, 0.21, 0.36, 0.62), title)
            axes.bar(ks, values, 0.6, color=colour, zorder=3)
            axes.set(xticks=ks, ylim=(0, 1.2 * values.max()))
            axes.grid(False, axis="x")
            for k, value in zip(ks, values, strict=True):
                write(axes, k, value, f"{value:.2f}", ha="center", va="bottom")
        return (
            f"A late stage that shows the worst candidate: from K = {ks[0]:g} to K = {ks[-1]:g} the score's squared "
            f"length grows from {squared[0]:.2f} to {squared[-1]:.2f}, the variance falls from {variance[0]:.2f} to "
            f"{variance[-1]:.2f}."
        )

    return Picture(3.6, draw)


def explained(ks, variance, by_output):
    """Draw V-PG's variance as two areas: what the shown film explains, and the rest.

    Parameters
    ----------
    ks, variance, by_output : (m,) array

    Returns
    -------
    Picture
    """
    ks, variance, by_output = (np.asarray(v, dtype=float) for v in (ks, variance, by_output))

    def draw(figure):
        axes = _axes(figure, (0.075, 0.19, 0.6, 0.66), "variance of one V-PG estimate")
        axes.fill_between(ks, by_output, variance, color=_RED, alpha=0.35, linewidth=0)
        axes.fill_between(ks, 0, by_output, color=look_of("Outcome-PG").colour, linewidth=0)
        axes.plot(ks, variance, color=_RED, linewidth=2.8)
        axes.set(xlim=(ks[0], ks[-1]), ylim=(0, 1.05 * variance.max()))
        share = 100 * by_output[-1] / variance[-1]
        words = f"which other films\ncame along: {100 - share:.0f} %"
        write(axes, 1.015 * ks[-1], 0.55 * variance[-1], words, "label", color=_RED, va="center")
        words = f"which film was shown: {share:.0f} %"
        write(axes, 1.015 * ks[-1], by_output[-1], words, "label", color=look_of("Outcome-PG").colour, va="center")
        return (
            f"At K = {ks[-1]:g} the variance of V-PG is {show(variance[-1])}; the film shown explains "
            f"{show(by_output[-1])} of it, {share:.0f} %."
        )

    return Picture(3.9, draw)


def curves(title, ks, by_words, estimator=""):
    """Draw some numbers against K on a log scale, each line with its words and its last value.

    Parameters
    ----------
    title : str
    ks : (m,) array
    by_words : dict of str to (m,) array
    estimator : str
        Whose numbers they all are, if they are one's.

    Returns
    -------
    Picture
    """
    found = {words: np.asarray(values, dtype=float) for words, values in by_words.items()}
    colour = look_of(estimator).colour if estimator else INK

    def draw(figure):
        axes = _axes(figure, (0.085, 0.19, 0.5, 0.66), title)
        axes.set(yscale="log", xlim=(0, 1.02 * ks[-1]))
        axes.minorticks_off()
        for line, values in zip(("-", "--", ":", "-."), found.values(), strict=False):
            axes.plot(ks, values, line, marker="o", color=colour, linewidth=2.6, markersize=6)
        low, high = axes.get_ylim()
        ends = [(f"{words}: {show(v[-1])}", log_level(v[-1], low, high), colour) for words, v in found.items()]
        _write_at_ends(axes, ends, 0.11)
        said = [f"{words}, from {show(v[0])} to {show(v[-1])}" for words, v in found.items()]
        return f"{title}, from K = {ks[0]} to K = {ks[-1]}: {'; '.join(said)}."

    return Picture(3.9, draw)


def lists_needed(ks, needed):
    """Draw how many lists bring signal over noise to 1, a bar for each estimator, K and kind of reward.

    Parameters
    ----------
    ks : sequence of int
    needed : dict of (str, str) to (m,) array
        Estimator and words for the rewards, to the number of lists at each K.

    Returns
    -------
    Picture
    """
    kinds = list(dict.fromkeys(kind for _, kind in needed))
    estimators = list(dict.fromkeys(name for name, _ in needed))

    def draw(figure):
        top = 10 ** np.ceil(np.log10(max(np.max(v) for v in needed.values())))
        for i, kind in enumerate(kinds):
            axes = _axes(figure, (0.085 + 0.47 * i, 0.18, 0.4, 0.6), f"rewards: {kind}")
            axes.set(yscale="log", ylim=(1, 4 * top), xlim=(-0.6, len(ks) - 0.4))
            axes.set_xticks(range(len(ks)), ks)
            axes.grid(False, axis="x")
            axes.minorticks_off()
            for j, name in enumerate(estimators):
                at = np.arange(len(ks)) + 0.38 * (j - (len(estimators) - 1) / 2)
                axes.bar(at, needed[name, kind], 0.36, color=look_of(name).colour, zorder=3)
                for x, value in zip(at, needed[name, kind], strict=True):
                    write(axes, x, 1.15 * value, f"{float(f'{value:.2g}'):,.0f}", ha="center", va="bottom")
        for j, name in enumerate(estimators):
            words = f"{name} + b"
            write(figure, 0.085 + 0.14 * j, 0.92, words, "label", color=look_of(name).colour, weight="bold")
        said = [f"{n}, {kind}: {_numbers(needed[n, kind])}" for kind in kinds for n in estimators]
        return f"Lists for a ratio of 1 at K = {_numbers(ks)}: {'; '.join(said)}."

    return Picture(4.1, draw)


def _numbers(values):
    return ", ".join(f"{float(f'{value:.2g}'):,.0f}" for value in values)


def overflow(gaps, single, double, stable):
    """Draw the log-probability of a list as computed in three ways, against the gap between the logits.

    Parameters
    ----------
    gaps, single, double, stable : (m,) array
        By one minus what is gone, in single and in double precision, and by a running sum.

    Returns
    -------
    Picture
    """
    gaps, single, double, stable = (np.asarray(v, dtype=float) for v in (gaps, single, double, stable))

    def draw(figure):
        box, below = (0.085, 0.2, 0.62, 0.66), "gap between the first logit and the next"
        axes = _axes(figure, box, "log-probability of one list", below)
        axes.set(xlim=(gaps[0], 1.01 * gaps[-1]), ylim=(-2.4, 0.1))
        axes.axhline(stable[-1], color=GRID)
        axes.plot(gaps, stable, "-", color=INK, linewidth=5, alpha=0.35)
        for line, values, words in (("--", double, "one minus, float64"), (":", single, "one minus, float32")):
            fine = np.isfinite(values)
            axes.plot(gaps[fine], values[fine], line, color=INK, linewidth=2.4)
            last = np.flatnonzero(fine)[-1]
            if last < len(gaps) - 1:
                axes.plot(gaps[last], values[last], "x", color=INK, markersize=13, markeredgewidth=3)
                write(axes, gaps[last], values[last] + 0.16, words, va="bottom", ha="center")
        write(axes, 1.03 * gaps[-1], stable[-1], "running sum", "label", va="center", weight="bold")
        write(axes, 1.03 * gaps[-1], stable[-1] - 0.35, "×: from here on infinite", color=SOFT_INK, va="center")
        ends = [int(gaps[np.flatnonzero(np.isfinite(v))[-1]]) for v in (single, double)]
        return (
            f"By one minus what is gone the log-probability is infinite beyond a gap of {ends[0]} in single precision "
            f"and {ends[1]} in double; the running sum gives {stable[-1]:.3f} everywhere."
        )

    return Picture(3.8, draw)
