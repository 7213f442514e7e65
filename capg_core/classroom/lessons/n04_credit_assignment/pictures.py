"""The pictures of 04_credit_assignment."""

import numpy as np

from capg_core.classroom.drawing import log_axis, star, write
from capg_core.classroom.picture import Picture
from capg_core.classroom.words import join, show
from capg_core.look import FONT, INK, SOFT_INK, dress_axes, look_of


def _row(figure, n, left=0.07, right=0.985, gap=0.045, bottom=0.2, height=0.64):
    """Add axes side by side."""
    width = (right - left - gap * (n - 1)) / n
    return [figure.add_axes((left + i * (width + gap), bottom, width, height)) for i in range(n)]


def _beside(axes, x, y, words, colour):
    """Write beside the end of a line."""
    place = {"textcoords": "offset points", "va": "center", "annotation_clip": False}
    axes.annotate(words, (x, y), (12, 0), color=colour, fontsize=FONT["label"], weight="bold", **place)


def order(ks, vanilla, sets):
    """Draw the variance of V-PG and of Set-PG against K.

    Parameters
    ----------
    ks : sequence of int
        Numbers of candidates.
    vanilla, sets : sequence of float
        Variances of V-PG and of Set-PG.

    Returns
    -------
    Picture

    Examples
    --------
    >>> order((20, 80), (20.0, 80.0), (19.0, 40.0)).text
    'Variance of V-PG and of Set-PG: K = 20: 20.0 and 19.0, 5 % less; K = 80: 80.0 and 40.0, 50 % less.'
    """

    def draw(figure):
        axes = figure.add_axes((0.07, 0.2, 0.78, 0.7))
        dress_axes(axes, "", "candidates K, of 100 items", "variance of one estimate")
        for name, values in (("V-PG", vanilla), ("Set-PG", sets)):
            look = look_of(name)
            axes.plot(ks, values, look.line, color=look.colour, marker=look.marker, markersize=9, linewidth=3)
            _beside(axes, ks[-1], values[-1], name, look.colour)
        axes.set_xlim(0, 101)
        axes.set_ylim(0, None)
        rows = zip(ks, vanilla, sets, strict=True)
        said = (f"K = {k}: {show(v)} and {show(s)}, {100 * (1 - s / v):.0f} % less" for k, v, s in rows)
        return "Variance of V-PG and of Set-PG: " + "; ".join(said) + "."

    return Picture(4, draw)


def rungs(chance, shown, estimates, truth, on):
    """Draw every list's estimate on three rungs, one component of it, in columns by the item shown.

    Parameters
    ----------
    chance : (N,) array
        Probabilities of the lists.
    shown : (N,) array of int
        The item shown from each.
    estimates : dict
        Estimator to its estimates, (N, n).
    truth : (n,) array
        The true gradient.
    on : int
        The component drawn.

    Returns
    -------
    Picture
    """

    def draw(figure):
        items = np.unique(shown)
        said = []
        for axes, (name, found) in zip(_row(figure, len(estimates), 0.09, gap=0.03), estimates.items(), strict=True):
            variance = chance @ np.sum((found - chance @ found) ** 2, axis=1)
            distinct = len(np.unique(found.round(9), axis=0))
            _draw_rung(axes, name, (chance, shown, items, found[:, on]), truth[on])
            axes.set_title(f"{name}: variance {variance:.2f}", fontsize=FONT["label"], color=look_of(name).colour)
            said.append(f"{name} has {distinct} different estimates and the variance {variance:.2f}")
        low, high = np.min([g[:, on] for g in estimates.values()]), np.max([g[:, on] for g in estimates.values()])
        for i, axes in enumerate(figure.axes):
            axes.set_ylim(low - 0.1, high + 0.1)
            axes.set_xlabel("item shown", fontsize=FONT["label"])
            axes.set_ylabel("" if i else f"estimate, item {on}", fontsize=FONT["label"])
            axes.tick_params(labelleft=not i)
        return (
            f"The estimates of {len(chance)} lists, from {low:.2f} to {high:.2f} at item {on}: {join(said)}. "
            f"The mean is {truth[on]:.3f} on each, as the star has it."
        )

    return Picture(4.2, draw)


def _draw_rung(axes, name, what, true):
    chance, shown, items, values = what
    look = look_of(name)
    dress_axes(axes)
    for place, item in enumerate(items):
        here = np.flatnonzero(shown == item)
        across = place + np.linspace(-0.3, 0.3, len(here))
        axes.scatter(across, values[here], 40 + 3000 * chance[here], color=look.colour, alpha=0.55, linewidths=0)
        mean = chance[here] @ values[here] / chance[here].sum()
        axes.plot([place - 0.38, place + 0.38], [mean, mean], color=INK, linewidth=2)
    axes.axhline(0, color=SOFT_INK, linewidth=0.8)
    star(axes, 15).set_data([len(items) - 0.4], [true])
    axes.set(xlim=(-0.5, len(items) - 0.1), xticks=range(len(items)), xticklabels=[str(item) for item in items])


def dropped(items, as_candidate, as_shown):
    """Draw how long the mean of the dropped score is, given a candidate and given shown.

    Parameters
    ----------
    items : sequence of int
        Best first.
    as_candidate, as_shown : sequence of float

    Returns
    -------
    Picture

    Examples
    --------
    >>> dropped((4, 1), (0.0, 0.0), (0.0, 0.24)).text[:46]
    'Length of the mean of the score that CA-PG dro'
    """

    def draw(figure):
        axes = figure.add_axes((0.09, 0.22, 0.66, 0.74))
        dress_axes(axes, "", "length of the mean of the dropped score")
        places = np.arange(len(items))
        for shift, values, colour, words in (
            (-0.19, as_candidate, SOFT_INK, "given that it is a candidate"),
            (0.19, as_shown, INK, "given that it is shown"),
        ):
            axes.barh(places + shift, values, 0.34, color=colour)
            for place, value in zip(places, values, strict=True):
                text = f"{value:.2f}  {words}"
                axes.annotate(text, (value, place + shift), (8, 0), textcoords="offset points", va="center",
                              fontsize=FONT["note"], color=colour, annotation_clip=False)  # fmt: skip
        axes.set(yticks=places, yticklabels=[f"item {item}" for item in items], ylim=(len(items) - 0.5, -0.5))
        axes.set_xlim(0, 1.05 * max(*as_shown, 0.1))
        axes.grid(False, axis="y")
        rows = zip(items, as_candidate, as_shown, strict=True)
        said = (f"item {i} {c:.2f} and {s:.2f}" for i, c, s in rows)
        return (
            "Length of the mean of the score that CA-PG drops, given that the item is a candidate, and given that "
            f"it is shown: {'; '.join(said)}."
        )

    return Picture(3.6, draw)


def item_order(mean_reward, cases):
    """Draw the true gradient and CA-PG's mean item by item, best item first, each in units of its largest component.

    Parameters
    ----------
    mean_reward : (n,) array
    cases : dict
        A title to the true gradient and CA-PG's mean.

    Returns
    -------
    Picture
    """

    def draw(figure):
        best_first = np.argsort(-mean_reward, kind="stable")
        said = []
        for axes, (title, (true, mean)) in zip(_row(figure, len(cases), gap=0.03), cases.items(), strict=True):
            dress_axes(axes)
            axes.set_title(title, fontsize=FONT["label"], color=INK)
            parts = [x[best_first] / np.abs(x).max() for x in (true, mean)]
            axes.bar(range(len(true)), parts[1], 0.6, color=look_of("CA-PG").colour)
            star(axes, 15, linestyle="").set_data(range(len(true)), parts[0])
            axes.axhline(0, color=SOFT_INK, linewidth=0.8)
            axes.set(ylim=(-1.15, 1.15), yticks=[-1, 0, 1], xticks=range(len(true)), xticklabels=best_first)
            words = [", ".join(f"{x + 0.0:.2f}".replace("-0.00", "0.00") for x in part) for part in parts]
            said.append(f"{title}: true {words[0]}; CA-PG {words[1]}")
        for axes in figure.axes[1:]:
            axes.tick_params(labelleft=False)
        write(figure, 0.5, 0.04, "items, best first     ★ true gradient     bars: CA-PG's mean", ha="center")
        return (
            f"Items {', '.join(map(str, best_first))}, best first, in units of the largest component. "
            + ". ".join(said)
            + "."
        )

    return Picture(4, draw)


def top_one(pi, push):
    """Draw CA-PG's push on an item over top-1's, against the item's inclusion probability.

    Parameters
    ----------
    pi, push : dict
        K to one number per item.

    Returns
    -------
    Picture

    Examples
    --------
    >>> top_one({5: np.array([0.1, 0.2])}, {5: np.array([1.0, 0.9])}).text
    "CA-PG's push on an item over top-1's. K = 5: from 1.00 at a chance of 0.1 to 0.90 at 0.2."
    """

    def draw(figure):
        axes = figure.add_axes((0.07, 0.19, 0.88, 0.75))
        dress_axes(axes, "", "chance to be a candidate", "CA-PG's push / top-1's")
        said = []
        for k in pi:
            order = np.argsort(pi[k], kind="stable")
            x, y = pi[k][order], push[k][order]
            axes.plot(x, y, "s-", color=look_of("CA-PG").colour, markersize=5, linewidth=1.5)
            axes.annotate(f"K = {k}", (x[-1], y[-1]), (7, 9), textcoords="offset points", va="center",
                          fontsize=FONT["label"], annotation_clip=False)  # fmt: skip
            said.append(f"K = {k}: from {y[0]:.2f} at a chance of {x[0]:.2g} to {y[-1]:.2f} at {x[-1]:.2g}")
        axes.axhline(1, color=look_of("CA-PG-SwR").colour, linewidth=2)
        write(axes, 1.06, 1.02, "top-1", "label", color=look_of("CA-PG-SwR").colour, ha="right", va="bottom")
        axes.set(xlim=(0, 1.08), ylim=(0, 1.12))
        return f"CA-PG's push on an item over top-1's. {'; '.join(said)}."

    return Picture(3.9, draw)


def signal_to_noise(ks, found):
    """Draw the signal-to-noise of V-PG, Outcome-PG and CA-PG against K, in axes side by side.

    Parameters
    ----------
    ks : sequence of int
        With 20 among them.
    found : dict
        Two titles to a dict: estimator to one signal-to-noise per K.

    Returns
    -------
    Picture
    """

    def draw(figure):
        said = []
        for axes, ((noise, baseline), lines) in zip(
            _row(figure, len(found), 0.085, right=0.85, gap=0.02, height=0.6), found.items(), strict=True
        ):
            dress_axes(axes, "", "candidates K")
            axes.set_title(f"{noise}\n{baseline}", fontsize=FONT["label"], color=INK)
            axes.set_yscale("log")
            log_axis(axes, 1.7, 100, (2, 10, 50))
            axes.set(ylim=(2e-4, 2), yticks=[1e-3, 1e-2, 0.1, 1], yticklabels=["0.001", "0.01", "0.1", "1"])
            axes.minorticks_off()
            for name, values in lines.items():
                look = look_of(name)
                axes.plot(ks, values, look.line, color=look.colour, marker=look.marker, markersize=8, linewidth=2.5)
            at = list(ks).index(20)
            levels = join([f"{name} {values[at]:.2g}" for name, values in lines.items()])
            said.append(f"{noise.capitalize()}, {baseline}: {levels}")
        for axes in figure.axes[1:]:
            axes.tick_params(labelleft=False)
        figure.axes[0].set_ylabel("signal / noise", fontsize=FONT["label"])
        _name_lines(figure.axes[-1], ks, lines)
        return f"Signal-to-noise at K = 20. {'. '.join(said)}."

    return Picture(4.4, draw)


def _name_lines(axes, ks, lines):
    """Write the estimators' names beside the ends of their lines, apart from each other."""
    floor = 0.0
    for name in sorted(lines, key=lambda name: lines[name][-1]):
        level = max(lines[name][-1], floor)
        _beside(axes, ks[-1], level, name, look_of(name).colour)
        floor = 1.9 * level
