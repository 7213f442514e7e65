"""The pictures of 07_training_race, from what the notebook has computed."""

import numpy as np

from capg_core.classroom.drawing import EndLabels, write
from capg_core.classroom.lessons.n07_training_race.numbers import best_value, lead_of, recorded
from capg_core.classroom.lessons.n07_training_race.words import lead_words
from capg_core.classroom.picture import Picture
from capg_core.classroom.words import join, show
from capg_core.look import FONT, GRID, INK, SOFT_INK, dress_axes, look_of

__all__ = ["best_value", "recorded"]  # for the notebook, beside the pictures
_CREDIT = look_of("CA-PG")


def _marker(name, size=13):
    look = look_of(name)
    edge = {"markeredgewidth": 2.5, "markeredgecolor": look.colour}
    return {"markersize": size, "linestyle": "", "zorder": 5, **look.markers, **edge}


def _columns(figure, titles, left, width, gap, bottom=0.2, top=0.84):
    found = []
    for i, title in enumerate(titles):
        axes = figure.add_axes((left + i * (width + gap), bottom, width, top - bottom))
        dress_axes(axes)
        write(figure, left + i * (width + gap), top + 0.045, title, "label")
        found.append(axes)
    return found


def _name(axes, xlabel="", ylabel=""):
    axes.set_xlabel(xlabel, fontsize=FONT["label"], color=INK)
    axes.set_ylabel(ylabel, fontsize=FONT["label"], color=INK)


def _log_steps(axes, low, high):
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.minorticks_off()
    axes.xaxis.set_major_formatter(lambda value, place: f"{value:,.0f}")


def one_step(logits, candidates, shown, push):
    """Draw what one user's reward does in one step: the list that was drawn, and the push on each logit.

    Parameters
    ----------
    logits, push : (n,) array
        Of one user; the push is the gradient on the logits.
    candidates : (K,) array of int
    shown : int

    Returns
    -------
    Picture
    """

    def draw(figure):
        left, right = _columns(figure, ["the list of one user", "CA-PG's push on that user's logits"], 0.07, 0.4, 0.1)
        items = np.arange(len(logits))
        left.plot(items, logits, ".", color=SOFT_INK, markersize=6)
        left.plot(candidates, logits[candidates], "o", color=INK, markersize=9)
        left.plot(shown, logits[shown], "o", markersize=20, markerfacecolor="none", markeredgecolor=INK,
                  markeredgewidth=2.5)  # fmt: skip
        left.margins(y=0.12)
        _name(left, "item", "logit")
        right.vlines(items, 0, push, color=_CREDIT.colour, linewidth=2)
        right.axhline(0, color=SOFT_INK, linewidth=1)
        _name(right, "item", "push")
        write(figure, 0.27, 0.93, f"● the {len(candidates)} candidates, ◯ shown", size="note")
        others = np.delete(push, shown)
        return (
            f"{len(candidates)} of {len(logits)} items are candidates, and one is shown. CA-PG pushes the one shown up "
            f"by {push[shown]:.1f} and each other down, by {show(-others.min())} at most, "
            f"candidate or not; together {abs(push.sum()):.0f}."
        )

    return Picture(3.8, draw)


def noise_cost(distances, reach):
    """Draw how far Adagrad goes when gradients are a signal of 1 plus noise.

    Parameters
    ----------
    distances : dict
        Size of the noise to (T,) mean distance after each step.
    reach : float
        The distance at which steps are compared.

    Returns
    -------
    Picture
    """

    def draw(figure):
        axes = figure.add_axes((0.07, 0.17, 0.64, 0.76))
        dress_axes(axes, "", "steps", "distance")
        last = len(next(iter(distances.values())))
        _log_steps(axes, 1, last)
        axes.set_ylim(0, 1.25 * reach)
        axes.axhline(reach, color=SOFT_INK, linestyle="--", linewidth=1.5)
        steps = {noise: int(np.argmax(path >= reach)) + 1 for noise, path in distances.items()}
        first, said, ends = next(iter(steps.values())), [], []
        for (noise, path), shade in zip(distances.items(), ("#222222", "#5a5a5a", "#8a8a8a", "#b0b0b0"), strict=False):
            axes.plot(np.arange(1, last + 1), path, color=shade, linewidth=3)
            axes.plot(steps[noise], reach, "o", color=shade, markersize=10)
            write(axes, steps[noise], 1.05 * reach, f"{noise}", "label", ha="right", weight="bold")
            ends.append(f"noise {noise}:\n{steps[noise] / first:.0f} times as many, formula {1 + noise**2}")
            said.append(f"{steps[noise]:,} with noise {noise} ({steps[noise] / first:.1f} times; {1 + noise**2})")
        write(axes, 1.15, 1.05 * reach, "size of the noise:", "label")
        write(figure, 0.735, 0.83, "steps to the dashed line", "label")
        for i, words in enumerate(ends[1:]):
            write(figure, 0.735, 0.63 - 0.19 * i, words, linespacing=1.3)
        return f"Steps to go {reach:g}: {join(said)}; in brackets the ratio, and the formula's."

    return Picture(4.2, draw)


def signal_to_noise(fixed, clicks):
    """Draw the signal-to-noise of one estimate, where rewards are fixed and where they are clicks.

    Parameters
    ----------
    fixed, clicks : dict
        Estimator, with " + b" where it has a baseline, to the ratio.

    Returns
    -------
    Picture
    """

    def draw(figure):
        columns = _columns(figure, ["the reward of an item is fixed", "clicks of the same means"], 0.17, 0.38, 0.04)
        low, high = 0.6 * min(clicks.values()), 1.7 * max(fixed.values())
        for axes, found in zip(columns, (fixed, clicks), strict=True):
            for row, (name, ratio) in enumerate(found.items()):
                axes.plot([low, ratio], [row, row], color=look_of(name).colour, linewidth=2)
                axes.plot(ratio, row, **_marker(name))
            axes.set_xscale("log")
            axes.set_xlim(low, high)
            axes.set_ylim(len(found) - 0.5, -0.5)
            axes.set_yticks(range(len(found)), list(found) if axes is columns[0] else [])
            axes.minorticks_off()
            axes.set_xticks(ticks := [t for t in (0.01, 0.1, 1) if low < t < high], [f"{t:g}" for t in ticks])
            _name(axes, "signal-to-noise of one estimate")
        said = [f"{name} {ratio:.2g} and {clicks[name]:.2g}" for name, ratio in fixed.items()]
        return f"Signal-to-noise of one estimate, with fixed rewards and with clicks: {join(said)}."

    return Picture(3.6, draw)


def learning(groups, low, high):
    """Draw learning curves, a group beside another.

    Parameters
    ----------
    groups : dict
        Title to {name: (steps, values)}.
    low, high : float
        Values of random candidates and of the best that is possible.

    Returns
    -------
    Picture
    """

    def draw(figure):
        said = []
        for i, (title, curves) in enumerate(groups.items()):
            box = (0.06 + 0.485 * i, 0.17, 0.26, 0.7)
            axes = figure.add_axes(box)
            dress_axes(axes, "", "steps", "" if i else "mean reward of all users")
            write(figure, box[0], 0.92, title, "label")
            bottom, top = low - 0.05 * (high - low), high
            axes.set_ylim(bottom, top)
            axes.axhline(low, color=SOFT_INK, linestyle=":", linewidth=2)
            ends = [((low - bottom) / (top - bottom), "random candidates", SOFT_INK, "normal")]
            for name, (x, y) in curves.items():
                look = look_of(name)
                axes.plot(x, y, "--" if look.hollow else "-", color=look.colour, linewidth=3)
                axes.plot(x[-1], y[-1], clip_on=False, **_marker(name, 10))
                ends.append(((y[-1] - bottom) / (top - bottom), f"{name} {y[-1]:.1f}", look.colour, "bold"))
            EndLabels(figure, box, space=0.016).set(ends)
            axes.set_xlim(0, max(x[-1] for x, _ in curves.values()))
            last = sorted(((y[-1], name) for name, (_, y) in curves.items()), reverse=True)
            said.append(f"{title}: {join([f'{name} {value:.1f}' for value, name in last])}")
        return f"{'; '.join(said)}. Random candidates give {low:.1f}."

    return Picture(4.4, draw)


def ends(columns, bounds):
    """Draw where trainings end: a column for each case, a row for each estimator.

    Parameters
    ----------
    columns : dict
        Title to {name: value}; all with the same names.
    bounds : dict
        Title to the values of random candidates and of the best that the late stage allows.

    Returns
    -------
    Picture
    """

    def draw(figure):
        names = list(next(iter(columns.values())))
        wide = (0.8 - 0.04 * (len(columns) - 1)) / len(columns)
        drawn, said = _columns(figure, list(columns), 0.185, wide, 0.04, 0.24, 0.8), []
        for axes, (title, found) in zip(drawn, columns.items(), strict=True):
            low, high = bounds[title]
            for row, (name, value) in enumerate(found.items()):
                axes.plot([low, value], [row, row], color=look_of(name).colour, linewidth=2, zorder=3)
                axes.plot(value, row, **_marker(name))
            axes.axvline(low, color=SOFT_INK, linestyle=":", linewidth=2)
            axes.axvline(high, color=INK, linestyle="--", linewidth=2)
            margin = 0.07 * (high - low)
            axes.set_xlim(min([low, *found.values()]) - margin, high + margin)
            axes.set_ylim(len(names) - 0.5, -0.5)
            axes.set_yticks(range(len(names)), names if axes is drawn[0] else [])
            _name(axes, "mean reward")
            values = join([f"{name} {value:.1f}" for name, value in found.items()])
            said.append(f"{title}: {values}; random candidates {low:.1f}, the most possible {high:.1f}")
        write(figure, 0.53, 0.94, "⋯ random candidates    – – the most this late stage allows", color=SOFT_INK)
        return ". ".join(said) + "."

    return Picture(2.2 + 0.4 * len(next(iter(columns.values()))), draw)


def steps_to_the_end_of_the_last():
    """Draw when each of the stored race was where V-PG ended.

    Returns
    -------
    Picture
    """

    def draw(figure):
        curves = {name: curve for name, curve in recorded().items() if name != "CA-PG at 0.3"}
        level = curves["V-PG"][1][-1]
        when = {name: int(x[np.argmax(y >= level)]) for name, (x, y) in curves.items() if y.max() >= level}
        when["V-PG"] = int(curves["V-PG"][0][-1])
        when = dict(sorted(when.items(), key=lambda item: item[1]))
        axes = figure.add_axes((0.17, 0.18, 0.68, 0.76))
        dress_axes(axes, "", f"steps to {level:.2f}, where V-PG ends")
        _log_steps(axes, 25, 40_000)
        for row, (name, steps) in enumerate(when.items()):
            axes.plot([25, steps], [row, row], color=look_of(name).colour, linewidth=2)
            axes.plot(steps, row, **_marker(name))
            times = f", {when['V-PG'] / steps:.0f} times fewer" if name != "V-PG" else ""
            write(axes, steps * 1.18, row, f"{steps:,}{times}", va="center")
        never = [name for name in curves if name not in when]
        for row, name in enumerate(never, len(when)):
            write(axes, 28, row, "not there after 20,000", va="center", color=look_of(name).colour)
        names = [*when, *never]
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.5, -0.5)
        said = [f"{name} {steps:,}" for name, steps in when.items()]
        return f"Steps to {level:.2f}: {join(said)}{''.join(f'; {name} never' for name in never)}."

    return Picture(4.0, draw)


def what_is_left(exact, naive):
    """Draw the weight that is left after each draw: exact, and as one minus the sum of what is gone in float32.

    Parameters
    ----------
    exact, naive : (K,) array
        As shares of the whole.

    Returns
    -------
    Picture
    """

    def draw(figure):
        axes = figure.add_axes((0.1, 0.17, 0.6, 0.77))
        dress_axes(axes, "", "draws done", "weight that is left")
        draws = np.arange(1, len(exact) + 1)
        axes.set_yscale("log")
        axes.minorticks_off()
        floor = exact.min() / 30
        axes.plot(draws, exact, "-o", color=INK, linewidth=2.5, markersize=8)
        good = naive > 0
        axes.plot(
            draws[good], naive[good], "s", color=SOFT_INK, markersize=15, markerfacecolor="none", markeredgewidth=2.5
        )
        axes.plot(
            draws[~good], np.full(np.sum(~good), floor * 4), "x", color=SOFT_INK, markersize=14, markeredgewidth=3
        )
        axes.set_ylim(floor, 3)
        axes.set_xticks(draws)
        write(figure, 0.73, 0.75, "● summed from what is left,\n   float64", linespacing=1.3)
        write(figure, 0.73, 0.52, "□ 1 minus what is gone,\n   float32", linespacing=1.3, color=SOFT_INK)
        write(
            figure, 0.73, 0.29, "× the same, zero or below:\n   its log is no number", linespacing=1.3, color=SOFT_INK
        )
        wrong = int(np.argmax(~good)) + 1 if not good.all() else 0
        said = f"is zero or below from draw {wrong} on" if wrong else "stays above zero"
        left = f"After {len(exact)} draws {exact[-1]:.0e} of the weight is left"
        return f"{left}. One minus what is gone, in float32, {said}."

    return Picture(3.8, draw)


def long_run(steps, values, fast):
    """Draw CA-PG's run of the paper's setting beside one at another rate.

    Parameters
    ----------
    steps, values : array
        The stored curve at rate 0.01.
    fast : (steps, values)
        At rate 0.3.

    Returns
    -------
    Picture
    """

    def draw(figure):
        axes = figure.add_axes((0.08, 0.17, 0.72, 0.77))
        dress_axes(axes, "", "steps, log scale", "mean reward of all users")
        _log_steps(axes, 25, steps[-1])
        axes.plot(steps[1:], values[1:], "--", color=_CREDIT.colour, linewidth=3)
        axes.plot(fast[0][1:], fast[1][1:], "-", color=_CREDIT.colour, linewidth=3)
        lead = lead_of({"rate 0.3": fast, "rate 0.01": (steps, values)})
        said = f"CA-PG at rate 0.01 has {values[-1]:.2f} after {steps[-1]:,} steps"
        if lead is not None:
            axes.plot([lead.begin, lead.end], [lead.level] * 2, color=INK, linewidth=2)
            axes.plot(lead.begin, lead.level, "<", color=INK, markersize=11)
            write(axes, lead.end * 0.9, lead.level + 0.09, lead_words(lead, False).replace("\n", " "), ha="right")
            said += f"; at rate 0.3 it is there after {lead.begin:,.0f}, {lead.times} times fewer"
        write(figure, 0.81, 0.84, f"rate 0.01,\n{steps[-1]:,} steps:\n{values[-1]:.2f}", color=_CREDIT.colour, va="top")
        write(axes, fast[0][-1] / 30, fast[1][-1] - 0.9, "rate 0.3", color=_CREDIT.colour, ha="right", weight="bold")
        axes.set_ylim(5.7, max(values[-1], fast[1][-1]) + 0.35)
        axes.grid(True, color=GRID)
        return said + "."

    return Picture(3.8, draw)
