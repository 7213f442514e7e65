"""The pictures between the cells of 02."""

import numpy as np

from capg_core.classroom.drawing import log_axis, write
from capg_core.classroom.picture import Picture
from capg_core.classroom.words import join
from capg_core.look import INK, PAPER, PETROFF, SOFT_INK, dress_axes

_PALE, _FILL, _MARK = PETROFF["grey"], PETROFF["tan"], PETROFF["cyan"]


def one_by_one(weights, drawn):
    """Draw the weights that are left before each draw as one bar, and which item is drawn.

    Parameters
    ----------
    weights : (n,) array
    drawn : sequence of int

    Returns
    -------
    Picture

    Examples
    --------
    >>> print(one_by_one(np.array([3.0, 2.0, 1.0]), [1, 0]).text)
    Drawn: 1 with probability 0.33, then 0 with probability 0.75.
    """

    def draw(figure):
        axes = figure.add_axes((0.09, 0.18, 0.89, 0.7))
        dress_axes(axes, "each draw is a softmax over what is left", "share of the weight that is left", "")
        said, left = [], np.array(weights, dtype=float)
        for row, item in enumerate(drawn):
            shares = left / left.sum()
            starts = np.cumsum(shares) - shares
            colours = [INK if other == item else _FILL for other in range(len(left))]
            axes.barh(np.full(len(left), row), shares, left=starts, color=colours, edgecolor=PAPER, height=0.8)
            for other in np.flatnonzero(shares > 0.02):
                colour = PAPER if other == item else INK
                write(axes, starts[other] + shares[other] / 2, row, f"{other}", color=colour, ha="center", va="center")
            said.append(f"{item} with probability {shares[item]:.2f}")
            left[item] = 0.0  # not put back
        axes.set(xlim=(0, 1), ylim=(len(drawn) - 0.5, -0.5))
        axes.set_yticks(range(len(drawn)), [f"draw {row + 1}" for row in range(len(drawn))])
        axes.grid(False)
        return f"Drawn: {', then '.join(said)}."

    return Picture(0.5 * len(drawn) + 1.3, draw)


def ratio(ks, heavy, light):
    """Draw how likely a heavy item and a light one are to be candidates, and the ratio, against K.

    Parameters
    ----------
    ks : (m,) array
    heavy, light : (m,) array
        Inclusion probabilities.

    Returns
    -------
    Picture

    Examples
    --------
    >>> ratio(np.array([1, 2]), np.array([0.5, 1.0]), np.array([0.05, 0.5])).text
    'The heavy item is in 10.0 times as often at K = 1, and 2.0 times at K = 2.'
    """

    def draw(figure):
        left = figure.add_axes((0.07, 0.2, 0.4, 0.66))
        dress_axes(left, "in, by K", "candidates K", "probability")
        left.plot(ks, heavy, "o-", color=INK, linewidth=2.4, markersize=7)
        left.plot(ks, light, "s--", color=INK, linewidth=2.4, markersize=7)
        write(left, 0.97, 0.8, "the heavy item", ha="right", va="top", transform=left.transAxes)
        write(left, 0.5, 0.3, "the light one", ha="right", va="bottom", transform=left.transAxes)
        left.set(ylim=(0, 1.03), xticks=ks[::2])
        right = figure.add_axes((0.57, 0.2, 0.41, 0.66))
        dress_axes(right, "how many times as often", "candidates K", "")
        right.plot(ks, heavy / light, "o-", color=INK, linewidth=2.4, markersize=7)
        right.set(ylim=(0, 1.1 * (heavy / light).max()), xticks=ks[::2])
        first, last = heavy[0] / light[0], heavy[-1] / light[-1]
        return f"The heavy item is in {first:.1f} times as often at K = {ks[0]}, and {last:.1f} times at K = {ks[-1]}."

    return Picture(4.0, draw)


def first_arrival(chances, shares, total, waits):
    """Draw who is first, measured beside the softmax, and when, whoever it is.

    Parameters
    ----------
    chances, shares : (n,) array
        The softmax, and the share of the races that each item wins.
    total : float
        The sum of the weights.
    waits : dict
        Words to winning times.

    Returns
    -------
    Picture

    Examples
    --------
    >>> waits = {"all": np.array([0.1, 0.3])}
    >>> print(first_arrival(np.array([0.6, 0.4]), np.array([0.5, 0.5]), 5.0, waits).text)
    Item 0 is first in 0.500 of the races, softmax 0.600. The mean winning time is 0.200 (all); 1 / W is 0.200.
    """

    def draw(figure):
        left, items = figure.add_axes((0.07, 0.2, 0.4, 0.66)), np.arange(len(chances))
        dress_axes(left, "who is first", "item", "probability")
        left.bar(items, chances, color=_FILL, width=0.8)
        left.plot(items, shares, "D", color=PAPER, markeredgecolor=INK, markersize=9, markeredgewidth=1.8)
        left.set(xticks=items, ylim=(0, 1.15 * max(chances.max(), shares.max())))
        write(left, 0.97, 0.93, "bars: softmax", ha="right", va="top", transform=left.transAxes)
        write(left, 0.97, 0.82, "diamonds: share of the races", ha="right", va="top", transform=left.transAxes)
        right, reach = figure.add_axes((0.57, 0.2, 0.41, 0.66)), 4 / total
        _waits(right, waits, total, reach)
        dress_axes(right, "and when, whoever it is", "time t", "P(nobody is in yet)")
        means = join([f"{times.mean():.3f} ({words})" for words, times in waits.items()])
        return (
            f"Item 0 is first in {shares[0]:.3f} of the races, softmax {chances[0]:.3f}. "
            f"The mean winning time is {means}; 1 / W is {1 / total:.3f}."
        )

    return Picture(4.0, draw)


def _waits(axes, waits, rate, reach):
    """Draw the share of some waiting times that is longer than t, as points, over exp(-rate t)."""
    axes.plot(np.linspace(0, reach, 200), np.exp(-rate * np.linspace(0, reach, 200)), "-", color=INK, linewidth=2)
    places = zip(waits.items(), ("o", "s", "^", "v"), strict=False)
    for row, ((words, times), marker) in enumerate(places):
        at = reach * (np.arange(12) + row / len(waits)) / 12  # side by side, none hides another
        longer = [np.mean(times > t) for t in at]
        look = {"markersize": 9, "color": (_PALE, _FILL, _MARK, PAPER)[row], "markeredgecolor": INK}
        axes.plot(at, longer, marker, label=words, **look)
    axes.plot([], [], "-", color=INK, label=f"exp(−{rate:.2f} t)")
    axes.legend(frameon=False, fontsize=13, handletextpad=0.3)
    axes.set(xlim=(0, reach), ylim=(0, 1.03))
    axes.locator_params(axis="x", nbins=5)


def memory(waits, rate):
    """Draw how much longer an item takes after the first arrival, whoever that was and whenever.

    Parameters
    ----------
    waits : dict
        Words on the first arrival, to the times the item still takes.
    rate : float
        The item's weight.

    Returns
    -------
    Picture

    Examples
    --------
    >>> memory({"it came early": np.array([0.5, 1.5])}, 1.0).text
    'The mean time still to go is 1.000 (it came early); 1 / w is 1.000.'
    """

    def draw(figure):
        axes = figure.add_axes((0.07, 0.18, 0.91, 0.7))
        _waits(axes, waits, rate, 3 / rate)
        dress_axes(axes, "what is left of the wait does not know what was before", "time after the first arrival",
                   "P(still to come)")  # fmt: skip
        means = join([f"{times.mean():.3f} ({words})" for words, times in waits.items()])
        return f"The mean time still to go is {means}; 1 / w is {1 / rate:.3f}."

    return Picture(4.2, draw)


def integral(times, density, room, area):
    """Draw an inclusion probability as an area: the item arrives now, and there is room.

    Parameters
    ----------
    times : (m,) array
        Evenly spaced in their logs.
    density : (m,) array
        Of the item's arrival, for an axis of log t.
    room : (m,) array
        The probability that at most K - 1 others have arrived.
    area : float
        Under the product.

    Returns
    -------
    Picture

    Examples
    --------
    >>> t = np.exp(np.linspace(-9, 3, 400))
    >>> integral(t, t * np.exp(-t), np.ones(400), 1.0).text
    'The area under density times room is 1.000; without the others, the density alone has area 1.'
    """

    def draw(figure):
        axes = figure.add_axes((0.07, 0.2, 0.9, 0.66))
        dress_axes(axes, "arrives now, and there is room", "time t (log scale)", "")
        axes.fill_between(times, density * room, color=_MARK, linewidth=0)
        axes.plot(times, density, "-", color=INK, linewidth=2.4)
        axes.plot(times, room, "--", color=SOFT_INK, linewidth=2.4)
        log_axis(axes, 0.005, 20, (0.01, 0.1, 1, 10))
        axes.set_ylim(0, 1.05)
        write(axes, 0.007, 0.94, "dashed: room, at most K − 1 others have come", color=SOFT_INK, va="top")
        peak = int(np.argmax(density))
        write(axes, 1.9 * times[peak], density[peak], "line: the item arrives now", va="center")
        middle = np.searchsorted(np.cumsum(density * room), 0.5 * np.sum(density * room))
        write(axes, times[middle], 0.3 * (density * room)[middle], f"{area:.3f}", "label", ha="center", va="center")
        return f"The area under density times room is {area:.3f}; without the others, the density alone has area 1."

    return Picture(4.0, draw)


def clock(cases):
    """Draw inclusion probabilities by one clock for all beside the exact ones.

    Parameters
    ----------
    cases : dict
        K to (tau, approximate, exact).

    Returns
    -------
    Picture

    Examples
    --------
    >>> clock({2: (0.5, np.array([0.5, 1.0]), np.array([0.52, 1.0]))}).text
    'K = 2: clock 0.500, largest error 0.020.'
    """

    def draw(figure):
        said, width = [], 0.94 / len(cases)
        for place, (k, (tau, approximate, exact)) in enumerate(cases.items()):
            axes, items = figure.add_axes((0.065 + width * place, 0.2, width - 0.035, 0.66)), np.arange(len(exact))
            dress_axes(axes, f"K = {k}, τ = {tau:.2f}", "item", "probability" if place == 0 else "")
            axes.bar(items, exact, color=_FILL, width=0.8)
            axes.plot(items, approximate, "D", color=PAPER, markeredgecolor=INK, markersize=8, markeredgewidth=1.8)
            axes.set(xticks=items[::2], ylim=(0, 1.04))
            said.append(f"K = {k}: clock {tau:.3f}, largest error {np.abs(approximate - exact).max():.3f}")
        for height, words in ((0.95, "bars: exact"), (0.85, "diamonds: by the clock")):
            write(figure.axes[0], 0.98, height, words, ha="right", va="top", transform=figure.axes[0].transAxes)
        return "; ".join(said) + "."

    return Picture(4.0, draw)


def closing(cases):
    """Draw how the time at which a race closes varies, with the clock's error, a row for each case.

    Parameters
    ----------
    cases : dict
        Words to (closing times, expected number of uncertain places, largest relative error).

    Returns
    -------
    Picture

    Examples
    --------
    >>> print(closing({"two": (np.array([0.5, 1.5]), 0.4, 0.1)}).text)
    two: the closing time spreads by 50 %, sum of pi (1 - pi) is 0.4, largest error of pi 10 %.
    """

    def draw(figure):
        axes, edges, said = figure.add_axes((0.21, 0.17, 0.42, 0.7)), np.linspace(0, 3, 31), []
        dress_axes(axes, "when the race closes", "closing time over its mean", "")
        head = {"va": "center", "ha": "center"}
        for x, words in ((0.70, "spread"), (0.80, "Σ π(1−π)"), (0.925, "largest error")):
            write(figure, x, 0.92, words, "label", **head)
        for row, (words, (times, uncertain, error)) in enumerate(cases.items()):
            counts, _ = np.histogram(times / times.mean(), edges)
            base = len(cases) - 1 - row
            axes.stairs(base + 0.85 * counts / counts.max(), edges, baseline=base, fill=True, color=_FILL)
            y, spread = 0.17 + 0.7 * (base + 0.35) / len(cases), times.std() / times.mean()
            numbers = f"{100 * spread:.0f} %", f"{uncertain:.1f}", f"{100 * error:.2g} %"
            for x, number in zip((0.70, 0.80, 0.925), numbers, strict=True):
                write(figure, x, y, number, "label", **head)
            write(figure, 0.2, y, words, "label", ha="right", va="center")
            said.append(
                f"{words}: the closing time spreads by {numbers[0]}, sum of pi (1 - pi) is {numbers[1]}, largest error "
                f"of pi {numbers[2]}"
            )
        axes.set(xlim=(0, 3), ylim=(0, len(cases)), yticks=[])
        axes.spines["left"].set_visible(False)
        return "; ".join(said).replace("\n", " ") + "."

    return Picture(0.75 * len(cases) + 1.3, draw)
