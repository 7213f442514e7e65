"""The pictures of 09_mixture_of_experts: one peak, last places, survivors, wrong ways, outcomes, noise, learning."""

import numpy as np

from capg_core.classroom.drawing import EndLabels, mark, write
from capg_core.classroom.lessons.n09_mixture_of_experts.numbers import DIRECTIONS, NEAR, TASTES
from capg_core.classroom.lessons.n09_mixture_of_experts.panel import EDGES, EXPERT_LOOKS, swatch
from capg_core.classroom.picture import Picture
from capg_core.look import FONT, GRID, INK, PAPER, SOFT_INK, dress_axes, look_of

_LINES = ("-", "--", ":", "-.")


def _circle(figure, box, ylabel):
    """Add axes over the directions of the items, with the two tastes marked."""
    axes = figure.add_axes(box)
    dress_axes(axes, "", "direction of the item (degrees)", ylabel)
    axes.set(xlim=(-180, 180))
    axes.set_xticks(range(-180, 181, 90), [f"{d}".replace("-", "−") for d in range(-180, 181, 90)])
    for taste, name in zip(TASTES, "AB", strict=True):
        axes.axvspan(taste - NEAR, taste + NEAR, color=GRID, alpha=0.6, linewidth=0, zorder=0)
        write(axes, taste, 1.03, f"near {name}", ha="center", transform=axes.get_xaxis_transform())
    return axes


def one_peak(logits):
    """
    Draw the logits of some user vectors over the directions of the items.

    Parameters
    ----------
    logits : dict of str to (72,) ndarray

    Returns
    -------
    Picture

    Examples
    --------
    >>> one_peak({"A": np.cos(np.deg2rad(DIRECTIONS + 90))}).text
    'A: logits up to 1.0, at -90 degrees.'
    """

    def draw(figure):
        said = []
        axes = _circle(figure, (0.08, 0.2, 0.88, 0.66), "logit")
        reach = 1.15 * max(np.abs(x).max() for x in logits.values())
        for line, (name, theta) in zip(_LINES, logits.items(), strict=False):
            axes.plot(DIRECTIONS, theta, line, color=INK, linewidth=2.5)
            top = np.flatnonzero(theta > theta.max() - 1e-9)  # two neighbours beside the peak are equally near
            where = f", at {DIRECTIONS[top].mean():.0f} degrees" if theta.max() > 1e-9 else ""
            said.append(f"{name}: logits up to {theta.max():.1f}{where}")
            place = (DIRECTIONS[top].mean(), 0.72 * theta.max()) if where else (135, 0.04 * reach)
            write(axes, *place, name, "label", ha="center")
        axes.set(ylim=(-reach, reach))
        return "; ".join(said) + "."

    return Picture(3.8, draw)


def last_places(gains):
    """
    Draw how many more candidates near A each ten places bring.

    Examples
    --------
    >>> last_places([7.0, 5.7]).text
    'More candidates near A: places 1 to 10: 7.0; 11 to 20: 5.7.'
    """

    def draw(figure):
        axes = figure.add_axes((0.08, 0.2, 0.84, 0.7))
        dress_axes(axes, "", "places", "more candidates near A")
        axes.bar(range(len(gains)), gains, 0.7, color=EXPERT_LOOKS[0][0], edgecolor=INK)
        names = [f"{10 * i + 1} to {10 * i + 10}" for i in range(len(gains))]
        axes.set_xticks(range(len(gains)), names, fontsize=FONT["label"])
        axes.set(ylim=(0, 10.5), yticks=[0, 5, 10])
        for i, gain in enumerate(gains):
            write(axes, i, gain + 0.2, f"{gain:.1f}", "label", ha="center", weight="bold")
        said = [f"{name}: {gain:.1f}" for name, gain in zip(names, gains, strict=True)]
        return f"More candidates near A: places {'; '.join(said)}."

    return Picture(3.4, draw)


def survivors(layers, frequency):
    """
    Draw what each expert brings in, what it finds, and simulated lists.

    Parameters
    ----------
    layers : (M, 72) ndarray
        The chance that expert m draws the item.
    frequency : (72,) ndarray
        The share of simulated lists with the item.

    Returns
    -------
    Picture

    Examples
    --------
    >>> survivors(np.full((2, 72), 0.25), np.full(72, 0.5)).text[:66]
    'Expert 1 brings in 18.0 items, expert 2 18.0. The clock and the si'
    """

    def draw(figure):
        axes = _circle(figure, (0.08, 0.18, 0.62, 0.7), "chance to be drawn")
        base = np.zeros(72)
        for m, layer in enumerate(layers):
            colour, hatch = EXPERT_LOOKS[m]
            axes.stairs(base + layer, EDGES, baseline=base, fill=True, facecolor=colour, edgecolor=INK, hatch=hatch,
                        linewidth=0.6)  # fmt: skip
            base = base + layer
        left = 1 - layers[0]
        axes.stairs(left, EDGES, baseline=None, color=INK, linewidth=2, linestyle="--")
        axes.plot(DIRECTIONS, frequency, "o", color=PAPER, markeredgecolor=INK, markersize=5)
        axes.set(ylim=(0, 1.02))
        names = [f"expert {m + 1}: {layer.sum():.0f} places" for m, layer in enumerate(layers)]
        for m, name in enumerate(names):
            axes_at = 0.76 - 0.1 * m
            write(figure, 0.76, axes_at, name, "label")
            figure.add_artist(swatch(0.72, axes_at - 0.01, *EXPERT_LOOKS[m]))
        write(figure, 0.72, 0.76 - 0.1 * len(names), "╌  survivors that expert 2 finds", "label")
        write(figure, 0.72, 0.66 - 0.1 * len(names), "○  simulated lists", "label")
        off = np.abs(base - frequency).max()
        each = ", ".join(f"expert {m + 1} {'brings in ' if m == 0 else ''}{x.sum():.1f}" + (" items" if m == 0 else "")
                         for m, x in enumerate(layers))  # fmt: skip
        return f"{each[0].upper()}{each[1:]}. The clock and the simulated lists differ by at most {off:.3f}."

    return Picture(4.2, draw)


def wrong_ways(sums):
    """
    Draw what two wrong ways sum to, and their largest "probability", against the angle.

    Parameters
    ----------
    sums : dict of int to (largest_added, sum_apart, change)
        By the angle: the largest of the sums of the experts' own probabilities; what one gets with the overlap counted
        once; by how much the order changes an item's chance. K is 24.

    Returns
    -------
    Picture

    Examples
    --------
    >>> wrong_ways({0: (1.2, 18.9, 0.0), 180: (0.6, 23.9, 0.005)}).text[:62]
    '0 degrees: added up, the largest is 1.20; overlap counted once'
    """

    def draw(figure):
        angles, said = list(sums), []
        columns = np.array([sums[angle] for angle in angles])
        titles = (
            "added up: the largest 'chance'",
            "overlap once: places filled of 24",
            "the order changes a chance by",
        )
        for i, (title, ends, limit) in enumerate(
            zip(titles, ((0, 1.4), (17, 25), (0, 0.16)), (1, 24, None), strict=True)
        ):
            axes = figure.add_axes((0.055 + 0.335 * i, 0.2, 0.265, 0.62))
            dress_axes(axes, "", "angle (degrees)", "")
            axes.plot(angles, columns[:, i], "o-", color=INK, linewidth=2, markersize=8)
            axes.set(ylim=ends, xticks=[0, 90, 180], xlim=(-8, 188))
            if limit:
                axes.axhline(limit, color=SOFT_INK, linewidth=1.5, linestyle="--")
                write(axes, 90, limit + 0.015 * (ends[1] - ends[0]), "right: at most 1" if i == 0 else "right: 24",
                      ha="center", va="bottom", color=SOFT_INK)  # fmt: skip
            write(figure, 0.055 + 0.335 * i, 0.89, title, "label")
        for angle, (largest, total, change) in sums.items():
            said.append(f"{angle} degrees: added up, the largest is {largest:.2f}; overlap counted once, "
                        f"{total:.1f} of 24; order {change:.3f}")  # fmt: skip
        return ". ".join(said) + "."

    return Picture(3.6, draw)


def outcomes(by_clock, simulated):
    """
    Draw the chance of each item to be shown, by the clock and simulated.

    Parameters
    ----------
    by_clock, simulated : dict of str to (72,) ndarray
        By what stands over the axes.

    Returns
    -------
    Picture

    Examples
    --------
    >>> outcomes({"one": np.full(72, 1 / 72)}, {"one": np.full(72, 1 / 72)}).text
    'one: the clock and the simulated lists differ by at most 0.000; the largest chance is 0.014.'
    """

    def draw(figure):
        said, width = [], 0.93 / len(by_clock)
        look, top = look_of("Outcome-PG"), 1.15 * max(x.max() for x in (*by_clock.values(), *simulated.values()))
        for i, name in enumerate(by_clock):
            axes = figure.add_axes((0.07 + width * i, 0.2, width - 0.06, 0.62))
            dress_axes(axes, "", "direction of the item (degrees)", "chance to be shown" if i == 0 else "")
            axes.stairs(by_clock[name], EDGES, fill=True, color=look.colour, alpha=0.45, linewidth=0)
            axes.plot(DIRECTIONS, simulated[name], "o", color=PAPER, markeredgecolor=INK, markersize=5)
            axes.set(ylim=(0, top), xlim=(-180, 180))
            axes.set_xticks(range(-180, 181, 90), [f"{d}".replace("-", "−") for d in range(-180, 181, 90)])
            write(figure, 0.07 + width * i, 0.89, f"{name}: filled by the clock, ○ simulated", "label")
            off = np.abs(by_clock[name] - simulated[name]).max()
            said.append(f"{name}: the clock and the simulated lists differ by at most {off:.3f}; the largest chance is "
                        f"{simulated[name].max():.3f}")  # fmt: skip
        return ". ".join(said) + "."

    return Picture(3.8, draw)


def _one_digit(number):
    return f"{float(f'{number:.1g}'):g}"  # 20, and not 2e+01


def noise(ks, variances, cosines):
    """
    Draw the variance of methods against K, without noise and with a click's, and say their cosines.

    Parameters
    ----------
    ks : sequence of int
    variances : dict of str to (plain, clicks)
        By method, each (len(ks),).
    cosines : dict of str to sequence of float
        With the true gradient.

    Returns
    -------
    Picture

    Examples
    --------
    >>> noise([2, 24], {"CA-PG": ([0.5, 0.2], [0.5, 0.2])}, {"CA-PG": [0.98, 0.93]}).text
    'K = 2 to 24: CA-PG variance 0.5 to 0.2, with clicks 0.5 to 0.2, cosine 0.98 to 0.93.'
    """

    def draw(figure):
        said = []
        for i, title in enumerate(("rewards without noise", "clicks")):
            box = (0.075 + 0.485 * i, 0.19, 0.26, 0.66)
            axes, ends = figure.add_axes(box), []
            dress_axes(axes, "", "candidates K", "variance" if i == 0 else "")
            axes.set(xscale="log", yscale="log", ylim=(1e-3, 100), xlim=(ks[0] * 0.9, ks[-1] * 1.1))
            axes.set_xticks(ks, map(str, ks))
            axes.minorticks_off()
            for method, both in variances.items():
                look = look_of(method)
                axes.plot(ks, both[i], color=look.colour, linewidth=2, linestyle="--" if look.hollow else "-")
                mark(axes, look, 9).set_data(ks, both[i])
                ends.append(((np.log10(both[i][-1]) + 3) / 5, method, look.colour, "normal"))
            EndLabels(figure, box, 0.014).set(ends)
            write(figure, box[0], 0.92, title, "label", weight="bold")
        for method, (plain, clicks) in variances.items():
            cosine = f", cosine {cosines[method][0]:.2f} to {cosines[method][-1]:.2f}" if method in cosines else ""
            said.append(f"{method} variance {_one_digit(plain[0])} to {_one_digit(plain[-1])}, with clicks "
                        f"{_one_digit(clicks[0])} to {_one_digit(clicks[-1])}{cosine}")  # fmt: skip
        return f"K = {ks[0]} to {ks[-1]}: {'; '.join(said)}."

    return Picture(4.2, draw)


def learning(values, best):
    """
    Draw what different numbers of experts learned in some worlds.

    Parameters
    ----------
    values : dict of str to dict of str to sequence of float
        By world, then by the experts' description: one value for each seed.
    best : dict of str to float
        The optimum, by world.

    Returns
    -------
    Picture

    Examples
    --------
    >>> learning({"a world": {"1 expert": [0.7, 0.8]}}, {"a world": 1.0}).text
    'a world (optimum 1.00): 1 expert 0.70 and 0.80.'
    """

    def draw(figure):
        said, signs = [], ("o", "s", "D")
        for i, (world, found) in enumerate(values.items()):
            axes = figure.add_axes((0.26, 0.8 - 0.21 * i, 0.48, 0.13))
            dress_axes(axes)
            axes.axvline(1.0, color=SOFT_INK, linestyle=":", linewidth=1.5)
            for (name, reached), sign, shade in zip(found.items(), signs, (PAPER, SOFT_INK, INK), strict=False):
                share = np.array(reached) / best[world]
                axes.plot(
                    share, np.zeros(share.size), sign, color=shade, markeredgecolor=INK, markersize=11, label=name
                )
            axes.set(xlim=(0.58, 1.02), ylim=(-1, 1), yticks=[], xticks=[0.6, 0.7, 0.8, 0.9, 1.0])
            if i < len(values) - 1:
                axes.set_xticklabels([])
            write(figure, 0.25, 0.865 - 0.21 * i, world, "label", ha="right", va="center")
            each = ", ".join(f"{name} {' and '.join(f'{x:.2f}' for x in reached)}" for name, reached in found.items())
            said.append(f"{world} (optimum {best[world]:.2f}): {each}")
        axes.set_xlabel("part of the optimum, two seeds", fontsize=FONT["label"])
        handles = figure.axes[0].get_legend_handles_labels()
        figure.legend(*handles, loc="upper left", bbox_to_anchor=(0.75, 0.95), fontsize=FONT["label"], frameon=False)
        return "; ".join(said) + "."

    return Picture(4.6, draw)
