"""The small pictures of notebook 10. Each takes what the notebook has computed."""

import numpy as np

from capg_core.classroom.drawing import EndLabels, log_axis, log_level, mark, write
from capg_core.classroom.picture import Picture
from capg_core.classroom.words import count, join, show
from capg_core.look import INK, PAPER, PETROFF, SOFT_INK, dress_axes, look_of


def boundary(logits, arrivals, mover, k):
    """Draw all arrival times against the logit of one item, and where the candidates change.

    Parameters
    ----------
    logits : (G,) array
        Those of the mover.
    arrivals : (G, n) array
        Arrival times at each of them; only the mover's change.
    mover : int
    k : int
        Number of candidates.

    Returns
    -------
    Picture

    Examples
    --------
    >>> grid = np.linspace(-2.0, 2.0, 41)
    >>> times = np.stack([np.full(41, 1.0), np.full(41, 2.0), np.exp(-grid)], axis=1)
    >>> boundary(grid, times, 2, 1).text.partition(":")[0]
    'The logit of item 2 goes from −2 to 2'
    """
    others = np.delete(arrivals, mover, axis=1)[0]
    in_order = np.sort(others)
    last = int(np.flatnonzero(arrivals[0] == in_order[k - 1])[0])
    mine = arrivals[:, mover]
    # (logit, time) of each meeting
    met = [(float(np.interp(-np.log(t), -np.log(mine), logits)), t) for t in in_order if mine[-1] < t < mine[0]]

    def draw(figure):
        axes = figure.add_axes((0.08, 0.16, 0.72, 0.72))
        dress_axes(axes, "", f"logit of item {mover}", "arrival time")
        axes.set(yscale="log", xlim=(logits[0], logits[-1]))
        axes.minorticks_off()
        for place, t in enumerate(in_order):
            is_last = place == k - 1
            axes.axhline(t, color=INK if is_last else PETROFF["grey"], linewidth=3 if is_last else 1.5)
        axes.plot(logits, mine, color=PETROFF["tan"], linewidth=3.5, zorder=4)
        for at, t in met:
            big = t == in_order[k - 1]
            axes.plot([at], [t], "o", color=INK if big else PAPER, markeredgecolor=INK, markersize=15 if big else 8,
                      zorder=5)  # fmt: skip
        low, high = np.log(axes.get_ylim())
        labels = EndLabels(figure, (0.08, 0.16, 0.72, 0.72), space=0.012)
        labels.set([
            ((np.log(in_order[k - 1]) - low) / (high - low), "the last place", INK, "bold"),
            ((np.log(mine[-1]) - low) / (high - low), f"item {mover}", PETROFF["tan"], "bold"),
        ])  # fmt: skip
        write(figure, 0.08, 0.92, "● the candidates change     ○ only the order of arrival changes")
        text = f"The logit of item {mover} goes from {logits[0]:.0f} to {logits[-1]:.0f}: it overtakes {len(met)} of "
        text += f"{others.size} others, and each time the order of arrival changes. Who the {k} candidates are "
        here = [at for at, t in met if t == in_order[k - 1]]
        if not here:
            return f"{text}never changes.".replace("-", "−")
        text += f"changes once, at {here[0]:.1f}, where it takes the last place from item {last}."
        return text.replace("-", "−")

    return Picture(4.2, draw)


def swaps(changes, k):
    """Draw in how many races how many of the K swaps change what is shown.

    Parameters
    ----------
    changes : (N,) int array
        How many swaps do so in each race.
    k : int

    Returns
    -------
    Picture

    Examples
    --------
    >>> swaps(np.array([1, 1, 1, 3]), 3).text.partition(",")[0]
    'Of 4 races with 3 swaps each'
    """
    counts = np.bincount(changes, minlength=k + 1)

    def draw(figure):
        axes = figure.add_axes((0.08, 0.2, 0.88, 0.7))
        dress_axes(axes, "", f"of the {k} swaps, how many change what is shown", "races")
        axes.bar(np.arange(k + 1), counts, color=PETROFF["grey"], width=0.8)
        axes.set(xlim=(-0.6, k + 0.6), xticks=np.arange(0, k + 1, max(k // 10, 1)), ylim=(0, 1.15 * counts.max()))
        seen = np.flatnonzero(counts)
        for at in seen:
            write(axes, at, counts[at] + 0.03 * counts.max(), f"{counts[at]}", ha="center")
        parts = [f"{at} of them in {100 * counts[at] / changes.size:.0f} % of the races" for at in seen]
        return (
            f"Of {changes.size} races with {k} swaps each, those that change what is shown are {join(parts)}; "
            f"{changes.sum() / changes.size / k:.3f} of all swaps."
        )

    return Picture(3.4, draw)


def exchanges(rates, values, push):
    """Draw the items 0 to K, the first arrivals, as a graph: lines as wide as the rates of exchange, and the pushes.

    Parameters
    ----------
    rates : (K+1, K+1) array
        How often two of them exchange the last place.
    values : (K+1,) array
        What is earned without each.
    push : (K+1,) array

    Returns
    -------
    Picture

    Examples
    --------
    >>> exchanges(np.ones((2, 2)), np.array([1.0, 0.0]), np.array([-1.0, 1.0])).text.partition(";")[0]
    'Between 2 first arrivals there are 1 exchanges'
    """
    size = values.size
    turn = np.pi / 2 - 2 * np.pi * np.arange(size) / size
    x, y = np.cos(turn), np.sin(turn)
    pairs = [(i, j) for i in range(size) for j in range(i)]

    def draw(figure):
        axes = figure.add_axes((0.01, 0.02, 0.46, 0.96))
        axes.set(xlim=(-2.2, 2.2), ylim=(-1.55, 1.55), aspect="equal")
        axes.axis("off")
        widest = max(rates[i, j] for i, j in pairs)
        for i, j in pairs:
            axes.plot(x[[i, j]], y[[i, j]], color=PETROFF["grey"], linewidth=14 * rates[i, j] / widest, zorder=1)
        axes.plot(x, y, "o", color=PAPER, markeredgecolor=INK, markersize=32, markeredgewidth=2, zorder=3)
        for i in range(size):
            write(axes, x[i], y[i], str(i), "label", ha="center", va="center", zorder=4)
            side = "left" if x[i] > 0.1 else "right" if x[i] < -0.1 else "center"
            write(axes, 1.27 * x[i], 1.38 * y[i], f"{values[i]:.2f} without it", ha=side, va="center")
        bars = figure.add_axes((0.6, 0.2, 0.36, 0.68))
        dress_axes(bars, "", "item", "push on its logit")
        bars.bar(np.arange(size), push, color=look_of("Swap-PG").colour, width=0.7)
        bars.axhline(0.0, color=SOFT_INK, linewidth=1.0)
        bars.set_xticks(np.arange(size))
        i, j = max(pairs, key=lambda pair: rates[pair])
        top = int(push.argmax())
        return (
            f"Between {size} first arrivals there are {len(pairs)} exchanges; the most frequent, between items {j} and "
            f"{i}, is {rates[i, j] / min(rates[p] for p in pairs):.1f} times as frequent as the rarest. Pushed up "
            f"most is item {top}, without which {values[top]:.2f} would be earned; the pushes sum to "
            f"{abs(push.sum()):.2f}."
        )

    return Picture(3.8, draw)


def noise(ks, without, with_clicks):
    """Draw the variance of estimators against K, without noise of the rewards and with clicks.

    Parameters
    ----------
    ks : sequence of int
    without, with_clicks : dict
        Variances, one for each K, by the estimator's name.

    Returns
    -------
    Picture

    Examples
    --------
    >>> noise((1, 2), {"Swap-PG": (0.2, 0.1)}, {"Swap-PG": (0.2, 0.1)}).text.partition(":")[0]
    'Variance at K = 2'
    """

    def draw(figure):
        sides = (("each item's reward always its mean", without, 0.075), ("clicks", with_clicks, 0.555))
        for title, curves, left in sides:
            box = (left, 0.17, 0.29, 0.7)
            axes = figure.add_axes(box)
            dress_axes(axes, title, "candidates K", "variance" if left < 0.5 else "")
            log_axis(axes, 0.9 * ks[0], 1.1 * ks[-1], ks)
            axes.set(yscale="log", ylim=(1e-4, 10.0))
            axes.set_yticks([1e-4, 1e-2, 1.0])
            axes.minorticks_off()
            ends = []
            for name, values in curves.items():
                look = look_of(name)
                axes.plot(ks, values, look.line, color=look.colour, linewidth=3, markersize=9, **look.markers)
                ends.append((log_level(values[-1], 1e-4, 10.0), name, look.colour, "bold"))
            EndLabels(figure, box, space=0.014).set(ends)
        parts = [f"{name} {show(a[-1])} and {show(with_clicks[name][-1])}" for name, a in without.items()]
        return f"Variance at K = {ks[-1]}: without noise of the rewards and with clicks, {join(parts)}."

    return Picture(4.0, draw)


def errors(shares, angles):
    """Draw the angle of Swap-PG's mean to the true gradient against the size of the critic's errors.

    Parameters
    ----------
    shares : sequence of float
        Errors, in parts of the rewards' spread.
    angles : dict
        Degrees, one for each share, by what was measured; with a ``+`` in its name, with a residual.

    Returns
    -------
    Picture

    Examples
    --------
    >>> errors((0.0, 1.0), {"K = 5": (0.0, 60.0)}).text
    'Angle to the true gradient where the errors are 1.00 of the spread: K = 5 60°.'
    """
    look = look_of("Swap-PG")

    def draw(figure):
        box = (0.08, 0.17, 0.62, 0.75)
        axes = figure.add_axes(box)
        dress_axes(axes, "", "the critic's errors, in parts of the rewards' spread", "angle to the true gradient")
        axes.set(xlim=(0.0, shares[-1]), ylim=(0.0, 100.0))
        axes.set_yticks([0, 30, 60, 90], ["0°", "30°", "60°", "90°"])
        mark = {"marker": look.marker, "markersize": 9, "markeredgecolor": PAPER, "clip_on": False}
        for name, values in angles.items():
            axes.plot(shares, values, "--" if "+" in name else "-", color=look.colour, linewidth=3, **mark)
        ends = [(values[-1] / 100.0, name, look.colour, "bold") for name, values in angles.items()]
        EndLabels(figure, box, space=0.014).set(ends)
        parts = [f"{name} {values[-1]:.0f}°" for name, values in angles.items()]
        return f"Angle to the true gradient where the errors are {shares[-1]:.2f} of the spread: {join(parts)}."

    return Picture(4.2, draw)


def residuals(rows):
    """Draw how often an average of many estimates points the right way, for several estimators.

    Parameters
    ----------
    rows : dict
        (Signal-to-noise, degrees off) by the estimator's name.

    Returns
    -------
    Picture

    Examples
    --------
    >>> residuals({"Swap-PG": (0.26, 0.0)}).text
    'Signal-to-noise and angle: Swap-PG 0.260 and 0°.'
    """

    def draw(figure):
        axes = figure.add_axes((0.25, 0.18, 0.42, 0.76))
        far = figure.add_axes((0.73, 0.18, 0.24, 0.76))
        dress_axes(axes, "", "signal / noise", "")
        dress_axes(far, "", "angle to the true gradient", "")
        bottom = len(rows) - 0.5
        axes.set(xscale="log", xlim=(3e-3, 1.0), ylim=(bottom, -0.5), yticks=[])
        far.set(xlim=(-4, 100), ylim=(bottom, -0.5), yticks=[])
        far.set_xticks([0, 45, 90], ["0°", "45°", "90°"])
        axes.minorticks_off()
        for i, (name, (snr, angle)) in enumerate(rows.items()):
            look = look_of(name)
            axes.plot([3e-3, snr], [i, i], color=look.colour, linewidth=3)
            for where, value in ((axes, snr), (far, angle)):
                mark(where, look, 12).set_data([value], [i])
            write(axes, snr * 1.18, i, show(snr), va="center")
            write(far, min(angle + 6, 84), i - 0.02, f"{angle:.0f}°", va="center" if angle < 80 else "bottom")
            height = 0.18 + 0.76 * (1 - (i + 0.5) / len(rows))
            write(figure, 0.24, height, name, color=look.colour, ha="right", va="center")
        parts = [f"{name} {show(snr)} and {angle:.0f}°" for name, (snr, angle) in rows.items()]
        return f"Signal-to-noise and angle: {join(parts)}."

    return Picture(0.42 * len(rows) + 1.2, draw)


def films(ends):
    """Draw what was learned on rated films with predicted stars, each seed a mark.

    Parameters
    ----------
    ends : dict
        Values at the end, one for each seed, by the estimator's name.

    Returns
    -------
    Picture

    Examples
    --------
    >>> films({"CA-PG": np.array([4.0, 4.5])}).text
    'Mean stars of the film shown at the end, means of 2 seeds: CA-PG 4.25.'
    """

    def draw(figure):
        axes = figure.add_axes((0.25, 0.17, 0.68, 0.78))
        dress_axes(axes, "", "mean stars of the film shown", "")
        low, high = min(min(x) for x in ends.values()), max(max(x) for x in ends.values())
        axes.set(ylim=(len(ends) - 0.5, -0.5), yticks=[], xlim=(low - 0.05, high + 0.12))
        for i, (name, values) in enumerate(ends.items()):
            look = look_of(name)
            mark(axes, look, 11).set_data(values, [i] * len(values))
            write(axes, max(values) + 0.02, i, f"{np.mean(values):.2f}", va="center")
            height = 0.17 + 0.78 * (1 - (i + 0.5) / len(ends))
            write(figure, 0.24, height, name, color=look.colour, ha="right", va="center")
        parts = [f"{name} {np.mean(values):.2f}" for name, values in ends.items()]
        seeds = count(len(next(iter(ends.values()))), "seed")
        return f"Mean stars of the film shown at the end, means of {seeds}: {join(parts)}."

    return Picture(0.36 * len(ends) + 1.0, draw)


def learning(sides):
    """Draw learning curves, in one or two worlds.

    Parameters
    ----------
    sides : dict
        (Steps, values by the estimator's name) by the world's title.

    Returns
    -------
    Picture

    Examples
    --------
    >>> learning({"a world": ([0, 10], {"CA-PG": [1.0, 2.0]})}).text
    'In a world, from 1.00: after 10 steps CA-PG 2.00.'
    """

    def draw(figure):
        said = []
        for side, (title, (steps, curves)) in enumerate(sides.items()):
            box = (0.06 + 0.49 * side, 0.17, 0.28, 0.7)
            axes = figure.add_axes(box)
            dress_axes(axes, title, "steps", "" if side else "value")
            low, high = min(min(c) for c in curves.values()), max(max(c) for c in curves.values())
            room = 0.06 * (high - low)
            axes.set(xlim=(0, steps[-1]), ylim=(low - room, high + room))
            ends = []
            for name, values in curves.items():
                dash = "-" if name.endswith("+ b") or name == "Swap-PG" else "--"
                axes.plot(steps, values, dash, color=look_of(name).colour, linewidth=3)
                ends.append(((values[-1] - low + room) / (high - low + 2 * room), name, look_of(name).colour, "bold"))
            EndLabels(figure, box, space=0.014).set(ends)
            parts = [f"{name} {values[-1]:.2f}" for name, values in curves.items()]
            start = next(iter(curves.values()))[0]
            said.append(f"In {title}, from {start:.2f}: after {steps[-1]} steps {join(parts)}.")
        return " ".join(said)

    return Picture(4.2, draw)
