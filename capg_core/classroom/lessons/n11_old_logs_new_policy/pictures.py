"""The small pictures of 11_old_logs_new_policy. Each takes what the notebook computed.

The list's weight, the outcome's and the inclusion's have the colours of the estimators that differentiate the logs of
the same probabilities.
"""

import numpy as np

from capg_core.classroom.drawing import EndLabels, log_level, star, write
from capg_core.classroom.lessons.n11_old_logs_new_policy.looks import LOOKS
from capg_core.classroom.picture import Picture
from capg_core.classroom.words import join, show
from capg_core.look import INK, PETROFF, SOFT_INK, Look, dress_axes
from capg_core.look import LOOKS as ESTIMATORS

TRUTH = PETROFF["orange"]
DOTS = 400  # of the lists, drawn


def _powers(axes, which, low, high):
    """Give an axis a log scale with a tick at each other power of ten."""
    every = 1 if high - low <= 6 else 2
    ticks = np.arange(low, high + 1, every)
    getattr(axes, f"set_{which}scale")("log")
    getattr(axes, f"set_{which}lim")(10.0**low, 10.0**high)
    names = [{-1: "0.1", 0: "1", 1: "10"}.get(int(at), f"$10^{{{at}}}$") for at in ticks]
    getattr(axes, f"set_{which}ticks")(10.0**ticks, names)
    axes.minorticks_off()


def walk(log_ratios, outcome):
    """Show the ratio of some lists after each draw, and beside it the ratio of their outcomes.

    Parameters
    ----------
    log_ratios : (N, K) array
        Log of new over old chance of the first 1, 2, … draws.
    outcome : (N,) array
        New over old chance of the item shown, for the same records.

    Returns
    -------
    Picture
    """
    log_ratios, outcome = np.asarray(log_ratios)[:DOTS], np.asarray(outcome)[:DOTS]
    k = log_ratios.shape[1]
    ratios = np.exp(np.column_stack([np.zeros(len(log_ratios)), log_ratios]))

    def draw(figure):
        left, right = figure.add_axes((0.08, 0.17, 0.56, 0.7)), figure.add_axes((0.7, 0.17, 0.27, 0.7))
        dress_axes(left, "the ratio of a list, draw by draw", "draws", "new chance / old chance")
        reach = int(np.floor(np.log10(ratios.min()) - 0.3)), int(np.ceil(np.log10(ratios.max()))) + 1
        _powers(left, "y", *reach)
        left.set_xlim(0, k)
        left.set_xticks(range(0, k + 1, max(1, k // 4)))
        left.plot(np.arange(k + 1), ratios[:60].T, color=LOOKS["list"].colour, linewidth=1, alpha=0.5)
        left.axhline(1, color=INK, linewidth=1.2)
        dress_axes(right, "the ratio of each record", "", "")
        _powers(right, "y", *reach)
        right.set_yticklabels([])
        right.set(xlim=(-0.5, 1.5))
        right.set_xticks([0, 1], ["of the list", "of the outcome"])
        jitter = np.random.default_rng(0).uniform(-0.25, 0.25, len(outcome))
        for place, (name, values) in enumerate((("list", ratios[:, -1]), ("outcome", outcome))):
            look = LOOKS[name]
            right.plot(place + jitter, values, look.marker, color=look.colour, markersize=4, alpha=0.5)
        right.axhline(1, color=INK, linewidth=1.2)
        return (
            f"Ratios of {len(outcome)} logged lists. After one draw nine in ten lie within a factor of "
            f"{show(_factor(ratios[:, 1]))} of 1, after {k} draws within {_loud(_factor(ratios[:, -1]))}; the ratios "
            f"of the items shown within {show(_factor(outcome))}."
        )

    return Picture(4.6, draw)


def _factor(ratios):
    """Return the factor within which nine in ten ratios are of 1."""
    return float(np.exp(np.percentile(np.abs(np.log(ratios)), 90)))


def _loud(number):
    """Write a large factor with two digits."""
    return f"{float(f'{number:.2g}'):,.0f}"


def heaviest(weights):
    """Show which share of the sum of the weights the heaviest records carry.

    Parameters
    ----------
    weights : dict
        Name to weights (N,).

    Returns
    -------
    Picture
    """
    shares = {name: np.cumsum(np.sort(w)[::-1]) / np.sum(w) for name, w in weights.items()}
    n = len(next(iter(shares.values())))

    def draw(figure):
        axes = figure.add_axes((0.08, 0.19, 0.72, 0.68))
        dress_axes(axes, "who carries the sum", "the heaviest records, so many", "share of the sum")
        axes.set(xscale="log", xlim=(1, n), ylim=(0, 1.03))
        ticks = [10**power for power in range(int(np.log10(n)) + 1)]
        axes.set_xticks(ticks, [f"{at:,}" for at in ticks])
        axes.set_yticks([0, 0.5, 1], ["0", "half", "all"])
        axes.minorticks_off()
        said, halves = [], {}
        for name, share in shares.items():
            look = LOOKS[name]
            axes.plot(np.arange(1, n + 1), share, look.line, color=look.colour, linewidth=3)
            halves[name] = int(np.searchsorted(share, 0.5)) + 1
            axes.plot(halves[name], 0.5, look.marker, color=look.colour, markersize=11, zorder=5)
            bold = {"color": look.colour, "weight": "bold"}
            write(axes, halves[name] * 1.25, 0.4, f"{name}: {halves[name]:,}", "label", **bold)
            said.append(f"{halves[name]:,} of {n:,} records carry half of the sum of the {name} weights")
        return f"{join(said)}."

    return Picture(3.8, draw)


def by_item(weights, chance, shown, outcome):
    """Show the weights of all lists above the item that each shows, and the ratio of outcomes at their mean.

    Parameters
    ----------
    weights, chance : (N,) array
        Of every list: its ratio, and its chance under the old policy.
    shown : (N,) array of int
        The item shown from each.
    outcome : dict
        Item to ratio of outcome probabilities.

    Returns
    -------
    Picture
    """

    def draw(figure):
        axes = figure.add_axes((0.08, 0.18, 0.64, 0.7))
        dress_axes(axes, "every list, by the item shown from it", "item shown", "weight")
        items = sorted(outcome)
        axes.set(xlim=(-0.6, len(items) - 0.4), ylim=(0, 1.06 * np.max(weights)))
        axes.set_xticks(range(len(items)), [str(item) for item in items])
        worst = 0.0
        for place, item in enumerate(items):
            here = shown == item
            sizes = 30 + 2500 * chance[here]
            spots = place + np.linspace(-0.28, 0.28, here.sum())
            axes.scatter(spots, weights[here], sizes, color=LOOKS["list"].colour, alpha=0.35, linewidths=0)
            mean = chance[here] @ weights[here] / chance[here].sum()
            axes.plot([place - 0.36, place + 0.36], [mean, mean], color=INK, linewidth=2)
            look = LOOKS["outcome"]
            axes.plot(place, outcome[item], look.marker, color=look.colour, markersize=13, zorder=5)
            worst = max(worst, abs(mean - outcome[item]))
        notes = (("● a list; its area is its chance", LOOKS["list"].colour), ("— their mean, by chance", INK),
                 ("▲ ratio of the outcome", LOOKS["outcome"].colour))  # fmt: skip
        for line, (words, colour) in enumerate(notes):
            write(figure, 0.735, 0.7 - 0.12 * line, words, color=colour)
        n_shown = join([f"{int(np.sum(shown == item))} show item {item}" for item in items])
        agree = "the same to 1e-12" if worst < 1e-12 else f"off by {worst:.1g}"
        means = f"The mean weight of each column and the ratio of the outcome are {agree}."
        return f"Of {len(shown)} lists {n_shown}. {means}"

    return Picture(4.2, draw)


def wrong_ranking(right_order, estimates, truth):
    """Show the value by outcome weights whose ranking errs.

    Parameters
    ----------
    right_order : sequence of float
        The share of pairs of items that each ranking has in the right order.
    estimates : sequence of OffPolicyValue
    truth : float

    Returns
    -------
    Picture
    """
    values = np.array([found.value for found in estimates])
    halves = 1.96 * np.array([found.standard_error for found in estimates])
    means = np.array([found.importance.mean() for found in estimates])
    right_order = np.asarray(right_order)

    def draw(figure):
        look, boxes = LOOKS["outcome"], ((0.08, 0.18, 0.39, 0.68), (0.585, 0.18, 0.39, 0.68))
        left, right = (figure.add_axes(box) for box in boxes)
        place = np.arange(len(values))
        names = [f"{100 * share:.1f} %" for share in right_order]
        dress_axes(left, "estimated value", "pairs in the right order, %", "")
        form = {"fmt": look.marker, "markersize": 11, "capsize": 6, "linewidth": 2.5}
        left.errorbar(place, values, halves, color=look.colour, **form)
        left.axhline(truth, color=TRUTH, linewidth=3, zorder=1)
        star(left, 20, zorder=6).set_data([place[-1] + 0.35], [truth])
        dress_axes(right, "mean weight: 1 if the ranking is right", "pairs in the right order, %", "")
        right.plot(place, means, look.marker, color=look.colour, markersize=11)
        right.axhline(1, color=INK, linewidth=1.5)
        for axes, most in ((left, max(truth, np.max(values + halves))), (right, max(1.0, means.max()))):
            axes.set(xlim=(-0.5, len(values) - 0.3), ylim=(0, 1.15 * most))
            axes.set_xticks(place, [name.removesuffix(" %") for name in names])
        found = zip(values, means, names, strict=True)
        said = join([f"{value:.2f} (mean weight {mean:.2f}) with {name}" for value, mean, name in found])
        return f"True value {truth:.2f}. Estimated: {said} of the pairs in the right order."

    return Picture(4.2, draw)


def clipping(limits, estimates, truth, earned):
    """Show the value against the largest weight allowed.

    Parameters
    ----------
    limits : sequence of float
    estimates : dict
        ``(weights, self-normalised)`` to one value for each limit.
    truth, earned : float
        The new policy's value, and what the log earned.

    Returns
    -------
    Picture
    """

    def draw(figure):
        ends = int(np.floor(np.log10(min(limits)))), int(np.ceil(np.log10(max(limits))))
        said = []
        for normalised, left, title in ((False, 0.07, "divided by the number"), (True, 0.565, "self-normalised")):
            axes = figure.add_axes((left, 0.17, 0.33, 0.71))
            dress_axes(axes, title, "the largest weight allowed", "estimated value" if not normalised else "")
            _powers(axes, "x", *ends)
            axes.axhline(truth, color=TRUTH, linewidth=3)
            star(axes, 20, zorder=6, clip_on=False).set_data([10.0 ** ends[1]], [truth])
            axes.axhline(earned, color=SOFT_INK, linewidth=1.8, linestyle=":")
            shown = {name: values for (name, own), values in estimates.items() if own == normalised}
            around = np.array([truth, earned, *np.concatenate(list(shown.values()))])
            low, high = around.min(), around.max()
            low = 0.0 if not normalised else low - 0.1 * (high - low)
            axes.set_ylim(low, high + 0.12 * (high - low))
            labels = []
            for name, values in shown.items():
                look = LOOKS[name]
                axes.plot(limits, values, look.line, color=look.colour, marker=look.marker, markersize=9, linewidth=2.5)
                labels.append((_level(axes, values[-1]), name, look.colour, "bold"))
                words = f"{name}, self-normalised" if normalised else name
                said.append(f"{words} {values[0]:.2f} at limit {limits[0]:g} and {values[-1]:.2f} at {limits[-1]:g}")
            labels.append((_level(axes, earned), "the log" + " " * normalised, SOFT_INK, "normal"))
            EndLabels(figure, (left, 0.17, 0.33, 0.71), space=0.015).set(labels)
        return f"True value {truth:.2f}, the log earned {earned:.2f}. {'; '.join(said)}."

    return Picture(4.2, draw)


def _level(axes, value):
    """Return where a value is in an axes with a linear scale: 0 at the bottom, 1 at the top."""
    low, high = axes.get_ylim()
    return (value - low) / (high - low)


def learning(curves, best, small):
    """Show what was learned from a log beside on-policy, and what a log says of the model that learned from it.

    Parameters
    ----------
    curves : dict
        Words to (`Learned`, name of the weights or None, line style).
    best : float
        The best possible value.
    small : Learned
        With few records.

    Returns
    -------
    Picture
    """

    boxes = (0.065, 0.15, 0.3, 0.74), (0.615, 0.15, 0.2, 0.74)

    def draw(figure):
        left, right = (figure.add_axes(box) for box in boxes)
        dress_axes(left, "true value while it learns", "steps", "")
        first = next(iter(curves.values()))[0]
        left.set(xlim=(0, first.steps[-1]), ylim=(first.value[0] - 0.02, best + 0.01))
        left.axhline(best, color=SOFT_INK, linewidth=1.5, linestyle=":")
        said, ends = [], [(_level(left, best), "best possible", SOFT_INK, "normal")]
        for words, (learned, name, line) in curves.items():
            colour = LOOKS[name].colour if name else INK
            left.plot(learned.steps, learned.value, line, color=colour, linewidth=3)
            ends.append((_level(left, learned.value[-1]), words, colour, "bold"))
            said.append(f"{learned.value[-1]:.3f} {words}")
        EndLabels(figure, boxes[0], space=0.012).set(ends)
        dress_axes(right, "few records", "steps", "")
        _powers(right, "y", -1, 2)
        right.set_xlim(0, small.steps[-1])
        right.axhline(1, color=SOFT_INK, linewidth=1.5, linestyle=":")
        colour, ends = LOOKS["outcome"].colour, []
        for words, values, line in (
            ("half learned from", small.learned_from, "--"), ("other half", small.held_out, "-."),
            ("true value", small.value, "-"),
        ):  # fmt: skip
            right.plot(small.steps, values, line, color=colour, linewidth=3)
            ends.append((log_level(values[-1], 0.1, 100.0), words, colour, "bold"))
        EndLabels(figure, boxes[1], space=0.012).set(ends)
        return (
            f"After {first.steps[-1]} steps: {join(said)}; it began with {first.value[0]:.3f}, and {best:.3f} is the "
            f"best possible. From few records, true value {small.value[-1]:.2f}; the half learned from says "
            f"{small.learned_from[-1]:.1f}, the other half {small.held_out[-1]:.1f}."
        )

    return Picture(4.8, draw)


def cost(sizes, milliseconds):
    """Show the time per context against the number of items.

    Parameters
    ----------
    sizes : sequence of int
    milliseconds : dict
        Words to one time for each size; those with an estimator's name have its colour.

    Returns
    -------
    Picture
    """

    def draw(figure):
        axes = figure.add_axes((0.09, 0.16, 0.62, 0.74))
        dress_axes(axes, "time per context", "items", "milliseconds")
        axes.set(xscale="log", yscale="log", xlim=(0.8 * sizes[0], 1.25 * sizes[-1]))
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axes.minorticks_off()
        last, ends = {words: times[-1] for words, times in milliseconds.items()}, []
        for words, times in milliseconds.items():
            look = ESTIMATORS.get(words) or Look(INK if "draw" in words else SOFT_INK, "o", "-", words)
            axes.plot(sizes, times, look.line, marker=look.marker, color=look.colour, markersize=9, linewidth=2.5)
            ends.append((f"{words}: {show(times[-1])} ms", look.colour, "bold"))
        limits = axes.get_ylim()  # once all lines are there
        ends = [(log_level(time, *limits), *rest) for time, rest in zip(last.values(), ends, strict=True)]
        EndLabels(figure, (0.09, 0.16, 0.62, 0.74), space=0.012).set(ends)
        order = sorted(last, key=last.get, reverse=True)
        said = join([f"{words} {show(last[words])}" for words in order])
        return f"Milliseconds per context at {sizes[-1]:,} items: {said}."

    return Picture(4.2, draw)
