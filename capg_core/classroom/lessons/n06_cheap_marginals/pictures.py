"""The pictures of 06_cheap_marginals."""

import numpy as np

from capg_core.classroom.drawing import spread, write
from capg_core.classroom.lessons.n06_cheap_marginals.panel import LOOKS, SAID
from capg_core.classroom.picture import Picture
from capg_core.classroom.words import show
from capg_core.look import FONT, INK, PETROFF, SOFT_INK, dress_axes, look_of

LIGHT = PETROFF["grey"]


def _plot(axes, x, y, method, **more):
    look = LOOKS[method]
    more = {"color": look.colour, "marker": look.marker, "markersize": 8, "linewidth": 2.5, **more}
    return axes.plot(x, y, look.line, **more)


def _name_ends(axes, ends):
    """Write the methods' names to the right of the axes, at the heights of their lines' ends and apart."""
    axes.get_ylim()  # fits the axes to the lines, on which the places below depend
    levels = [axes.transAxes.inverted().transform(axes.transData.transform((1.0, y)))[1] for y in ends.values()]
    for (method, _), level in zip(ends.items(), spread(levels, 0.1, 0.03, 0.97), strict=True):
        look = LOOKS[method]
        write(axes, 1.02, level, look.label, color=look.colour, weight="bold", va="center", transform=axes.transAxes)


def errors(ks, worst, too_many):
    """Draw the worst relative error of each cheap way against K, and by how much the paper's formula sums to too many.

    Parameters
    ----------
    ks : sequence of int
    worst : dict
        Method to one error per K, in per cent.
    too_many : sequence of float
        The formula's sum minus K.

    Returns
    -------
    Picture

    Examples
    --------
    >>> errors((1, 20), {"paper": [0.0, 21.6]}, [0.0, 3.3]).text
    "Worst relative error of π: the paper's formula 0.0 % at K = 1, 22 % at K = 20. Its sum exceeds K by 0.0, 3.3."
    """

    def draw(figure):
        left, right = figure.add_axes((0.095, 0.19, 0.34, 0.71)), figure.add_axes((0.67, 0.19, 0.31, 0.71))
        dress_axes(left, "", "candidates K, of 100 items", "worst error of π")
        left.set_yscale("symlog", linthresh=1, linscale=0.5)
        for method, values in worst.items():
            _plot(left, ks, values, method)
        left.set(ylim=(0, 500), yticks=[0, 1, 10, 100], yticklabels=["0", "1 %", "10 %", "100 %"])
        left.minorticks_off()
        _name_ends(left, {method: values[-1] for method, values in worst.items()})
        dress_axes(right, "", "candidates K, of 100 items", "the sum, minus K")
        _plot(right, ks, too_many, "paper")
        right.set_ylim(0, None)
        said = []
        for method, values in worst.items():
            found = [f"{_percent(value)} at K = {k}" for k, value in zip(ks, values, strict=True)]
            said.append(f"{SAID[method]} {', '.join(found)}")
        sums = ", ".join(f"{value:.1f}" for value in too_many)
        return f"Worst relative error of π: {'; '.join(said)}. Its sum exceeds K by {sums}."

    return Picture(4.1, draw)


def _percent(value):
    return f"{value:.1f} %" if value < 10 else f"{value:.0f} %"


def what_is_left(formula, found):
    """Draw the share of the weight left before each draw: as the paper's formula has it, and in lists.

    Parameters
    ----------
    formula : (K,) array
    found : (N, K) array
        One row per list.

    Returns
    -------
    Picture
    """

    def draw(figure):
        axes = figure.add_axes((0.075, 0.2, 0.66, 0.74))
        k = len(formula)
        draws = np.arange(1, k + 1)
        dress_axes(axes, "", "draw", "share of weight left")
        axes.fill_between(draws, found.min(axis=0), found.max(axis=0), color=LIGHT, alpha=0.35, linewidth=0)
        axes.plot(draws, found.mean(axis=0), color=INK, linewidth=2.5)
        _plot(axes, draws, formula, "paper", markersize=6)
        axes.set(ylim=(0, 1.04), xlim=(1, k), xticks=[1, *range(5, k + 1, 5)])
        ends = ((found[:, -1].mean(), "mean of the lists", INK), (found[:, -1].min(), "all lists", SOFT_INK),
                (formula[-1], "the paper's formula", LOOKS["paper"].colour))  # fmt: skip
        heights = spread([y for y, *_ in ends], 0.08, 0, 1)
        for y, (_, words, colour) in zip(heights, ends, strict=True):
            axes.annotate(words, (k, y), (10, 0), textcoords="offset points", va="center", color=colour,
                          fontsize=FONT["label"], annotation_clip=False)  # fmt: skip
        return (
            f"Before draw {k}, {len(found)} lists have {found[:, -1].mean():.2f} of the weight left on average and "
            f"{found[:, -1].min():.2f} at least; the paper's formula says {formula[-1]:.2f}."
        )

    return Picture(3.8, draw)


def closing(races):
    """Draw two histograms per race: how many have arrived by the clock, and when the K-th arrives.

    Parameters
    ----------
    races : dict
        A title to K, the clock, the number arrived by it and the time of the K-th arrival, one of each per race.

    Returns
    -------
    Picture

    Examples
    --------
    >>> closing({"two": (2, 1.0, np.array([1, 2, 3]), np.array([0.5, 1.0, 1.5]))}).text
    'Standard deviation over mean. two: arrivals 41 %, K-th arrival 41 %, which comes at 1.00 of the clock on average.'
    """

    def draw(figure):
        said, width = [], 0.415
        for i, (title, (k, clock, arrived, closes)) in enumerate(races.items()):
            left = 0.04 + i * (width + 0.09)
            for j, (values, words) in enumerate(
                ((arrived / k, "arrived by the clock, in units of K"), (closes / clock, "K-th arrival, in clocks"))
            ):
                axes = figure.add_axes((left, 0.61 - 0.485 * j, width, 0.275))
                dress_axes(axes, "", words)
                axes.hist(values, np.linspace(0.3, 1.9, 81), color=LIGHT)
                axes.axvline(1, color=LOOKS["asymptotic"].colour, linewidth=2.5)
                axes.set(xlim=(0.3, 1.9), yticks=[])
                write(
                    axes,
                    1.88,
                    0.8 * axes.get_ylim()[1],
                    f"spread {100 * values.std() / values.mean():.0f} %",
                    "label",
                    ha="right",
                )
            write(figure, left, 0.94, title, "label", weight="bold")
            spreads = [f"{100 * x.std() / x.mean():.0f} %" for x in (arrived, closes)]
            mean = f"which comes at {np.mean(closes / clock):.2f} of the clock on average"
            said.append(f"{title}: arrivals {spreads[0]}, K-th arrival {spreads[1]}, {mean}")
        return f"Standard deviation over mean. {'; '.join(said)}."

    return Picture(5.2, draw)


def newton(arrivals, k, clocks):
    """Draw Newton's steps: the expected number of arrivals, and the tangent at each clock.

    Parameters
    ----------
    arrivals : callable
        Takes a time and returns the expected number of arrivals.
    k : int
    clocks : sequence of float
        From the start on.

    Returns
    -------
    Picture
    """

    def draw(figure):
        axes = figure.add_axes((0.075, 0.2, 0.88, 0.74))
        dress_axes(axes, "", "time", "expected arrivals")
        times = np.linspace(0, 1.25 * clocks[-1], 200)
        axes.plot(times, [arrivals(t) for t in times], color=INK, linewidth=2.5)
        axes.axhline(k, color=SOFT_INK, linewidth=1)
        for i, (clock, after) in enumerate(zip(clocks, clocks[1:], strict=False)):
            axes.plot([clock, clock, after], [0, arrivals(clock), k], color=LOOKS["asymptotic"].colour, linewidth=1.5)
            axes.plot([clock], [arrivals(clock)], "o", color=LOOKS["asymptotic"].colour, markersize=9)
            if i < 3:
                write(axes, clock, arrivals(clock) - 0.04 * k, f"  step {i}", "label", va="top")
        axes.set(xlim=(0, times[-1]), ylim=(0, arrivals(times[-1])))
        said = ", ".join(f"{clock:.4f} ({arrivals(clock):.4f})" for clock in clocks)
        return f"The clock after each step, and the arrivals expected by then: {said}. Asked for: {k}."

    return Picture(3.6, draw)


def directions(peakedness, found):
    """Draw the angle between CA-PG's mean with a cheap score and with the exact one, against peakedness.

    Parameters
    ----------
    peakedness : sequence of float
    found : dict
        Method to one angle per peakedness, in degrees.

    Returns
    -------
    Picture

    Examples
    --------
    >>> directions((1.0, 3.0), {"paper": [12.0, 11.0]}).text
    "Angle at peakedness 1, 3: the paper's formula 12.0°, 11.0°."
    """

    def draw(figure):
        axes = figure.add_axes((0.075, 0.2, 0.7, 0.74))
        dress_axes(axes, "", "peakedness: the logits are multiplied by it", "angle, K = 20")
        for method, values in found.items():
            _plot(axes, peakedness, values, method)
        axes.set(ylim=(-1, None), xlim=(0, 1.02 * peakedness[-1]))
        axes.yaxis.set_major_formatter("{x:g}°")
        _name_ends(axes, {method: values[-1] for method, values in found.items()})
        said = (f"{SAID[method]} " + ", ".join(f"{value:.1f}°" for value in values) for method, values in found.items())
        return f"Angle at peakedness {', '.join(f'{p:g}' for p in peakedness)}: {'; '.join(said)}."

    return Picture(3.8, draw)


def outcome(plain, baseline):
    """Draw the angle of Outcome-PG's mean with the cheap marginal, without and with a baseline.

    Parameters
    ----------
    plain, baseline : dict
        K to one angle per draw of the logits, in degrees.

    Returns
    -------
    Picture

    Examples
    --------
    >>> outcome({5: [100.0, 60.0]}, {5: [10.0, 5.0]}).text
    'Angle to the true gradient. K = 5: without a baseline 60° to 100°, with the mean reward subtracted at most 10°.'
    """

    def draw(figure):
        axes = figure.add_axes((0.09, 0.2, 0.66, 0.76))
        dress_axes(axes, "", "angle to the true gradient")
        look, said = look_of("Outcome-PG"), []
        for place, k in enumerate(plain):
            hollow = {"markerfacecolor": "none", "markeredgewidth": 2}
            axes.plot(plain[k], [place - 0.15] * len(plain[k]), look.marker, color=look.colour, markersize=12, **hollow)
            axes.plot(baseline[k], [place + 0.15] * len(plain[k]), look.marker, color=look.colour, markersize=12)
            ends = f"{min(plain[k]):.0f}° to {max(plain[k]):.0f}°"
            subtracted = f"with the mean reward subtracted at most {max(baseline[k]):.0f}°"
            said.append(f"K = {k}: without a baseline {ends}, {subtracted}")
        axes.axvline(90, color=SOFT_INK, linewidth=1.2)
        axes.set(xlim=(-4, 184), xticks=[0, 45, 90, 135, 180], ylim=(len(plain) - 0.5, -0.5))
        axes.set_yticks(range(len(plain)), [f"K = {k}" for k in plain])
        axes.xaxis.set_major_formatter("{x:g}°")
        axes.grid(False, axis="y")
        for y, words in ((-0.15, "△ no baseline"), (0.15, "▲ minus the mean reward")):
            write(axes, 188, y, words, "label", va="center", color=look.colour)
        return f"Angle to the true gradient. {'; '.join(said)}."

    return Picture(3.8, draw)


def cost(costs, k):
    """Draw what each way costs against the number of items.

    Parameters
    ----------
    costs : dict
        Method to a list of (n, seconds).
    k : int

    Returns
    -------
    Picture

    Examples
    --------
    >>> cost({"exact": [(100, 1e-3)], "asymptotic": [(100, 1e-5), (1000, 2e-5)]}, 20).text[-71:]
    "K = 20: exact 1.00 ms at n = 100; Rosén's clock 0.0200 ms at n = 1,000."
    """

    def draw(figure):
        axes = figure.add_axes((0.095, 0.2, 0.64, 0.74))
        dress_axes(axes, "", "items n", "time of a call")
        said, ends = [], {}
        for method, found in costs.items():
            n, seconds = np.array(found).T
            _plot(axes, n, seconds, method)
            said.append(f"{SAID[method]} {show(1000 * seconds[-1])} ms at n = {n[-1]:,.0f}")
            ends[method] = seconds[-1]
        ticks = [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1]
        axes.set(
            xscale="log", yscale="log", yticks=ticks, yticklabels=["10 µs", "0.1 ms", "1 ms", "10 ms", "0.1 s", "1 s"]
        )
        axes.set_xticks([1e2, 1e3, 1e4, 1e5, 1e6], ["100", "1,000", "10⁴", "10⁵", "10⁶"])
        axes.minorticks_off()
        _name_ends(axes, ends)
        return f"Time of one call at K = {k}: {'; '.join(said)}."

    return Picture(4.2, draw)
