"""The pictures between the cells of 01."""

import numpy as np

from capg_core.classroom.drawing import EndLabels, log_axis, write
from capg_core.classroom.picture import Picture
from capg_core.classroom.words import count, join, shorten
from capg_core.look import INK, PAPER, PETROFF, SOFT_INK, dress_axes

MISS, MISTAKE = PETROFF["tan"], PETROFF["cyan"]  # the two ways to miss, in the panel too
_PALE = PETROFF["grey"]


def one_draw(titles, stars, candidates, shown):
    """Draw all films of one person as dots over their stars, the candidates, and the one that is shown.

    Parameters
    ----------
    titles : sequence of str
    stars : (n,) array
    candidates : (K,) array
    shown : int

    Returns
    -------
    Picture

    Examples
    --------
    >>> print(one_draw(["Alien", "Heat", "Up"], np.array([5.0, 3.0, 4.0]), [1, 2], 2).text)
    3 films; 2 candidates, of which Up with 4 stars is shown. The best of all films has 5 stars.
    """
    candidates, left = np.asarray(candidates), 0.52

    def draw(figure):
        axes = figure.add_axes((0.045, 0.2, 0.42, 0.66))
        heights = _stacked(stars)
        axes.plot(stars, heights, "o", color=_PALE, markersize=7, markeredgewidth=0)
        axes.plot(stars[candidates], heights[candidates], "o", color=INK, markersize=9)
        axes.plot(stars[shown], heights[shown], "D", color=INK, markersize=14, markeredgecolor=PAPER)
        dress_axes(axes, f"{len(stars)} films of one person", "stars", "")
        axes.set(xlim=(0.2, 5.3), ylim=(-1, heights.max() + 2), yticks=[], xticks=np.arange(1, 6))
        axes.spines["left"].set_visible(False)
        axes.grid(False)
        write(figure, left, 0.89, "the early stage lets through", "title")
        for row, film in enumerate(candidates):
            y, words = 0.74 - 0.125 * row, f"{shorten(titles[film], 32)}, {count(stars[film], 'star')}"
            weight = "bold" if film == shown else "normal"
            write(figure, left + 0.02, y, words, "label", va="center", weight=weight)
            if film == shown:
                write(figure, left - 0.005, y, "◆", "label", va="center")
        write(figure, left, 0.04, "◆ shown by the late stage", "label", va="bottom")
        return (
            f"{len(stars)} films; {count(len(candidates), 'candidate')}, of which {titles[shown]} with "
            f"{count(stars[shown], 'star')} is shown. The best of all films has {count(stars.max(), 'star')}."
        )

    return Picture(3.6, draw)


def _stacked(values):
    """Return how many of the same values come before each."""
    return np.array([np.sum(values[:i] == value) for i, value in enumerate(values)])


def _lines(figure, box, ks, curves, title, level, words):
    """Draw values against K, and a dashed level; return the axes."""
    axes = figure.add_axes(box)
    dress_axes(axes, title, "candidates K", "stars shown, on average")
    ticks = [k for k in (1, 2, 5, 10, 20, 50, 100) if k <= ks[-1]]
    log_axis(axes, ks[0], ks[-1], ticks)
    low, high = min(np.min(c) for c in curves.values()), max(np.max(c) for c in curves.values())
    low, high = low - 0.08 * (high - low), high + 0.08 * (high - low)
    axes.set_ylim(low, high)
    axes.axhline(level, color=SOFT_INK, linewidth=1.5, linestyle="--")
    write(axes, ks[0] * 1.08, level, words, color=SOFT_INK, va="bottom")
    for curve, style in zip(curves.values(), ("-", "-.", ":"), strict=False):
        axes.plot(ks, curve, style, color=INK, linewidth=3)
    return axes


def late_stages(ks, values, mean):
    """Draw what is shown on average against K, a line for each late stage.

    Parameters
    ----------
    ks : sequence of int
    values : dict
        What the late stage does, to its value at each K.
    mean : float
        The mean over all films.

    Returns
    -------
    Picture

    Examples
    --------
    >>> late_stages([1, 2], {"picks at random": [4.2, 4.0]}, 3.5).text
    'From K = 1 to 2, what is shown goes from 4.20 to 4.00 stars if the late stage picks at random.'
    """
    box = (0.07, 0.19, 0.75, 0.69)

    def draw(figure):
        title = "the same good early stage, three late stages"
        axes = _lines(figure, box, ks, values, title, mean, "the mean of all films")
        low, high = axes.get_ylim()
        ends = [((curve[-1] - low) / (high - low), name, INK, "normal") for name, curve in values.items()]
        EndLabels(figure, box, 0.02).set(ends)
        said = [f"from {v[0]:.2f} to {v[-1]:.2f} stars if the late stage {name}" for name, v in values.items()]
        return f"From K = {ks[0]} to {ks[-1]}, what is shown goes {join(said)}."

    return Picture(4.2, draw)


def towards_the_mean(ks, good, wrong, mean):
    """Draw the value against K under a late stage that picks at random, for two early stages.

    Parameters
    ----------
    ks : sequence of int
    good, wrong : sequence of float
        The value of an early stage that likes good films, and of one that likes bad ones.
    mean : float
        The mean over all films.

    Returns
    -------
    Picture

    Examples
    --------
    >>> towards_the_mean([1, 9], [4.0, 3.5], [2.0, 3.5], 3.5).text
    'The good early stage goes from 4.00 down to 3.50 stars, the wrong one from 2.00 up to 3.50; the mean is 3.50.'
    """

    def draw(figure):
        curves = {"an early stage that likes good films": good, "one that likes bad films": wrong}
        title, words = "the late stage picks at random", "the mean of all films"
        axes = _lines(figure, (0.07, 0.19, 0.9, 0.69), ks, curves, title, mean, words)
        for name, curve in curves.items():
            write(axes, ks[len(ks) // 8], curve[len(ks) // 8] - 0.15, name, va="top")
        return (
            f"The good early stage goes from {good[0]:.2f} down to {good[-1]:.2f} stars, the wrong one from "
            f"{wrong[0]:.2f} up to {wrong[-1]:.2f}; the mean is {mean:.2f}."
        )

    return Picture(4.2, draw)


def bound(cases):
    """Draw how often each film is a candidate, and how often it is shown, from the best film to the worst.

    Parameters
    ----------
    cases : dict
        A title to (pi, rho), both from the best film to the worst.

    Returns
    -------
    Picture

    Examples
    --------
    >>> bound({"blind": (np.array([0.5, 0.5]), np.array([0.5, 0.25]))}).text
    'blind: the best film is a candidate with probability 0.50 and shown with 0.50, the next one 0.50 and 0.25.'
    """

    def draw(figure):
        said = []
        for place, (title, (pi, rho)) in enumerate(cases.items()):
            axes = figure.add_axes((0.07 + 0.49 * place, 0.2, 0.42, 0.66))
            films = np.arange(1, len(pi) + 1)
            dress_axes(axes, title, "films, from the best on", "probability" if place == 0 else "")
            axes.bar(films, rho, width=0.8, color=INK)
            axes.step(films, pi, where="mid", color=PETROFF["grey"], linewidth=2.5)
            axes.set(xlim=(0, 41), ylim=(0, 1.02), xticks=(1, 10, 20, 30, 40))
            if place == 0:
                write(axes, 20, pi[0] + 0.02, "line, π: it is a candidate", color=SOFT_INK, va="bottom")
                write(axes, 20, 0.03, "bars, ρ: it is shown", va="bottom")
            said.append(
                f"{title}: the best film is a candidate with probability {pi[0]:.2f} and shown with {rho[0]:.2f}, "
                f"the next one {pi[1]:.2f} and {rho[1]:.2f}"
            )
        return "; ".join(said) + "."

    return Picture(4.0, draw)


def area(lost, missed, blind):
    """Draw the regret as an area: the chance to lose more than so many stars, over the stars.

    Parameters
    ----------
    lost : (n,) array
        The stars by which each film falls short of the best, from the best film to the worst.
    missed, blind : (n,) array
        The probability that all of the best h films are missed, h = 1 .. n; and the same for blind candidates.

    Returns
    -------
    Picture

    Examples
    --------
    >>> area(np.array([0.0, 0.5, 2.0]), np.array([0.6, 0.2, 0.0]), np.array([0.7, 0.5, 0.0])).text
    'The area under the steps is the regret: 0.60 stars, and 1.10 with blind candidates.'
    """

    def draw(figure):
        axes = figure.add_axes((0.07, 0.19, 0.9, 0.69))
        dress_axes(axes, "the regret is an area", "stars below the best", "P(all better films missed)")
        here, there = (float(np.diff(lost) @ chances[:-1]) for chances in (missed, blind))
        wide = np.flatnonzero(np.diff(lost) > 0)  # films with the same stars make no step
        edges = np.append(lost[wide], lost[-1])
        axes.stairs(missed[wide], edges, fill=True, color=MISS)
        axes.stairs(missed[wide], edges, color=INK, linewidth=3, baseline=None)
        axes.stairs(blind[wide], edges, color=SOFT_INK, linewidth=3, linestyle=":", baseline=None)
        write(axes, 0.03, 0.4 * missed[wide[0]], f"area {here:.2f}", "label", va="center")
        words = f"dotted: blind candidates, area {there:.2f}"
        write(axes, 0.42 * min(2.5, edges[-1]), 0.6, words, "label", color=SOFT_INK, va="center")
        axes.set(xlim=(0, min(2.5, edges[-1])), ylim=(0, 1.02))
        return f"The area under the steps is the regret: {here:.2f} stars, and {there:.2f} with blind candidates."

    return Picture(3.9, draw)


def needed(qualities, ours, others, blind):
    """Draw how many candidates are needed to lose little, against the early stage's quality.

    Parameters
    ----------
    qualities : sequence of float
    ours : sequence of int
        With the noise of the notebook.
    others : sequence of sequences of int
        With other draws of the noise, for each quality.
    blind : int
        For an early stage that picks at random.

    Returns
    -------
    Picture

    Examples
    --------
    >>> needed([0.5], [11], [[3, 54]], 43).text
    'Candidates needed: blind 43; quality 0.5: 11 here, 3 to 54 with other noise.'
    """

    def draw(figure):
        axes = figure.add_axes((0.07, 0.19, 0.74, 0.69))
        dress_axes(axes, "to lose less than a tenth of a star", "early-stage quality", "candidates needed")
        axes.set_yscale("log")
        for quality, ks in zip(qualities, others, strict=True):
            axes.plot(np.full(len(ks), quality), ks, "o", color=_PALE, markersize=9, markeredgecolor=PAPER)
        axes.plot(qualities, ours, "D-", color=INK, markersize=10, linewidth=2)
        axes.axhline(blind, color=SOFT_INK, linestyle=":", linewidth=3)
        axes.set(xlim=(-0.05, 1.05), ylim=(2, 120))
        axes.set_yticks((2, 5, 10, 20, 50, 100), ("2", "5", "10", "20", "50", "100"))
        axes.minorticks_off()
        write(figure, 0.83, 0.8, "dots: 20 other draws\nof the noise", color=SOFT_INK, va="top", linespacing=1.5)
        write(figure, 0.83, 0.5, "diamonds: the noise\nof this notebook", va="top", linespacing=1.5)
        write(axes, 1.04, blind * 1.06, f"blind: {blind}", color=SOFT_INK, ha="right", va="bottom")
        said = [
            f"quality {quality:g}: {k} here, {min(ks)} to {max(ks)} with other noise"
            for quality, k, ks in zip(qualities, ours, others, strict=True)
        ]
        return f"Candidates needed: blind {blind}; {'; '.join(said)}."

    return Picture(4.2, draw)


def best_k(ks, totals):
    """Draw the regret against K for late stages that err more and more often, and where each is smallest.

    Parameters
    ----------
    ks : (m,) array
    totals : dict
        How often the late stage picks at random, from 0 to 1, to its regret at each K.

    Returns
    -------
    Picture

    Examples
    --------
    >>> best_k(np.array([1, 2, 3]), {0.2: np.array([0.5, 0.3, 0.4])}).text
    'The regret is smallest at K = 2 (0.30 stars) if the late stage picks at random 20 % of the time.'
    """
    box, top = (0.07, 0.19, 0.75, 0.69), 1.4

    def draw(figure):
        axes = figure.add_axes(box)
        dress_axes(axes, "how many candidates are best", "candidates K", "regret in stars")
        log_axis(axes, ks[0], ks[-1], [k for k in (1, 2, 5, 10, 20, 50, 100) if k <= ks[-1]])
        axes.set_ylim(0, top)
        said, ends = [], []
        for chance, total in totals.items():
            least = int(np.argmin(total))
            axes.plot(ks, total, "-", color=INK, linewidth=2.4)
            axes.plot(ks[least], total[least], "v", color=INK, markersize=13, clip_on=False, markeredgecolor=PAPER)
            ends.append((total[-1] / top, f"at random {100 * chance:.0f} %", INK, "normal"))
            said.append(
                f"at K = {ks[least]} ({total[least]:.2f} stars) if the late stage picks at random "
                f"{100 * chance:.0f} % of the time"
            )
        EndLabels(figure, box, 0.02).set(ends)
        return f"The regret is smallest {join(said)}."

    return Picture(4.2, draw)
