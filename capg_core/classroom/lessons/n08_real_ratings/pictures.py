"""The pictures of 08_real_ratings: the late stages, the race, the concordance curve, held-out films, recall."""

import numpy as np

from capg_core.classroom.drawing import EndLabels, legend, mark, star, write
from capg_core.classroom.lessons.n08_real_ratings.concordance import BASE, CLICKS, FILMS, curves
from capg_core.classroom.lessons.n08_real_ratings.numbers import readable
from capg_core.classroom.picture import Picture
from capg_core.classroom.words import count, join
from capg_core.look import FONT, GRID, INK, SOFT_INK, dress_axes, look_of

_SETTINGS = {  # words for the strip of the curve's picture
    FILMS: "films, errors at random",
    "films, towards fitted": "films, towards the fitted score",
    CLICKS: "films with clicks, errors at random",
    "films, towards fitted, clicks": "films with clicks, towards fitted",
    "synthetic": "synthetic world, errors at random",
}


def late_stages(films):
    """
    Draw what a late stage ranks by against one person's stars.

    Parameters
    ----------
    films : dict of str to (stars, score, rank_correlation, concordance)
        By the late stage's name.

    Returns
    -------
    Picture

    Examples
    --------
    >>> stars = np.array([3.0, 4.0, 5.0])
    >>> late_stages({"own": (stars, stars, 1.0, 1.0)}).text
    'One person, 3 films. own: rank correlation 1.00, concordance 1.00.'
    """

    def draw(figure):
        rng, said = np.random.default_rng(0), []
        for i, (name, (stars, score, correlation, concordance)) in enumerate(films.items()):
            axes = figure.add_axes((0.07 + 0.49 * i, 0.17, 0.41, 0.66))
            dress_axes(axes, "", "own stars", "utility")
            axes.plot(stars + rng.uniform(-0.12, 0.12, stars.size), score, "o", color=INK, alpha=0.5, markersize=6)
            axes.set(xlim=(0.2, 5.4), xticks=range(1, 6))
            words = f"rank correlation {correlation:.2f}, concordance {concordance:.2f}"
            write(figure, 0.07 + 0.49 * i, 0.89, f"{name}: {words}", "label")
            said.append(f"{name}: {words}")
        return f"One person, {stars.size} films. {'; '.join(said)}."

    return Picture(4.4, draw)


def race(ends, scale):
    """
    Draw where each method starts and ends.

    Parameters
    ----------
    ends : dict of (str, int) to dict of str to (start, end)
        By data and K, then by method.
    scale : dict of (str, int) to (random, best)
        The value of candidates picked at random, and the best possible one.

    Returns
    -------
    Picture

    Examples
    --------
    >>> race({("own", 5): {"CA-PG": (4.5, 4.9)}}, {("own", 5): (4.4, 5.0)}).text
    'own, K = 5 (random 4.40, best 5.00): CA-PG 4.90.'
    """

    def draw(figure):
        said, low = [], min(r for r, _ in scale.values()) - 0.05
        width = 0.83 / len(ends)
        for i, ((data, k), found) in enumerate(ends.items()):
            axes = figure.add_axes((0.17 + width * i, 0.16, width - 0.03, 0.66))
            dress_axes(axes, "", "mean stars", "")
            random, best = scale[data, k]
            for level, words in ((random, "random"), (best, "best")):
                axes.axvline(level, color=SOFT_INK, linewidth=1.2, linestyle=":")
                write(axes, level, 1.02, words, ha="center", color=SOFT_INK, transform=axes.get_xaxis_transform())
            for row, (method, (start, end)) in enumerate(found.items()):
                axes.plot([start, end], [row, row], color=look_of(method).colour, linewidth=3)
                mark(axes, look_of(method), 11).set_data([end], [row])
            axes.set(xlim=(low, 5.08), ylim=(len(found) - 0.4, -0.6), yticks=range(len(found)))
            axes.set_yticklabels(list(found) if i == 0 else [], fontsize=FONT["label"])
            axes.set_xticks([x for x in (3.75, 4, 4.25, 4.5, 4.75, 5) if x > low][:: 2 if len(ends) > 2 else 1])
            write(figure, 0.17 + width * i, 0.93, f"{data}, K = {k}", "label", weight="bold")
            each = ", ".join(f"{method} {end:.2f}" for method, (_, end) in found.items())
            said.append(f"{data}, K = {k} (random {random:.2f}, best {best:.2f}): {each}")
        return "; ".join(said) + "."

    return Picture(3.6, draw)


def slopes(titles, stars, ways):
    """
    Draw each method's mean slope along some films' own logits.

    Parameters
    ----------
    titles : sequence of str
    stars : sequence of float
        This person's.
    ways : dict of str to sequence of float
        The slopes, by method; the truth is called "true".

    Returns
    -------
    Picture

    Examples
    --------
    >>> slopes(["Heat"], [3.0], {"true": [-0.06], "CA-PG": [0.1]}).text
    'Heat, 3 stars: true -0.060, CA-PG +0.100.'
    """

    names = [f"{readable(title)}, {count(x, 'star')}" for title, x in zip(titles, stars, strict=True)]

    def draw(figure):
        axes = figure.add_axes((0.3, 0.17, 0.66, 0.7))
        dress_axes(axes, "", "slope: left of 0, through less often; right, more often", "")
        axes.axvline(0, color=INK, linewidth=1)
        rows, handles = np.arange(len(titles)), []
        for row in rows:
            axes.axhspan(row - 0.4, row + 0.4, color=GRID, alpha=0.4, linewidth=0)
        for i, (method, slope) in enumerate(ways.items()):
            artist = star(axes, 15) if method == "true" else mark(axes, look_of(method), 10)
            artist.set(data=(slope, rows + 0.24 * (i - (len(ways) - 1) / 2)), label=method, linestyle="none")
            handles.append(artist)
        reach = 1.15 * max(np.abs(slope).max() for slope in ways.values())
        axes.set(xlim=(-reach, reach), ylim=(len(titles) - 0.5, -0.5), yticks=rows)
        axes.set_yticklabels(names, fontsize=FONT["label"])
        legend(figure, handles, (0.3, 0.99), len(handles), fontsize=FONT["label"])
        said = zip(names, *ways.values(), strict=True)
        said = [f"{name}: " + ", ".join(f"{m} {s:+.3f}" for m, s in zip(ways, row, strict=True)) for name, *row in said]
        return "; ".join(said) + "."

    return Picture(0.5 * len(titles) + 1.5, draw)


def concordance():
    """
    Draw the stored curve: which method is ahead at which alignment, and where CA-PG's lead ends.

    Returns
    -------
    Picture

    Examples
    --------
    >>> concordance().text.startswith("Stars ahead of V-PG + b after 200 steps, K = 20, mean of")
    True
    """
    found = curves()
    return Picture(7.6, lambda figure: _draw_concordance(figure, found))


def _draw_concordance(figure, found):
    shown = {FILMS: "films, no noise", CLICKS: "films, with a click's noise"}
    said = [_draw_lead(figure, 0.06 + 0.485 * i, found[name], words) for i, (name, words) in enumerate(shown.items())]
    axes = figure.add_axes((0.315, 0.085, 0.64, 0.235))
    dress_axes(axes, "", "concordance of the late stage: 1 = never errs, 0.5 = a coin", "")
    ends = []
    for row, (name, words) in enumerate(_SETTINGS.items()):
        place, error = found[name].lead_ends()
        artist = mark(axes, look_of("CA-PG"), 11)
        artist.set_data([place], [row])
        axes.errorbar([place], [row], xerr=[error], color=look_of("CA-PG").colour, capsize=4)
        axes.plot([1.0, place], [row, row], color=look_of("CA-PG").colour, linewidth=3)
        write(axes, place - error - 0.01, row, f"{place:.2f} ± {error:.3f}", ha="left", va="center")
        ends.append(f"{words} {place:.2f} ± {error:.3f}")
    axes.set(xlim=(1.0, 0.55), ylim=(len(_SETTINGS) - 0.5, -0.5), yticks=range(len(_SETTINGS)))
    axes.set_yticklabels(_SETTINGS.values(), fontsize=FONT["note"])
    write(
        figure, 0.06, 0.36, "CA-PG without a baseline leads V-PG + b down to a concordance of", "label", weight="bold"
    )
    return (
        f"Stars ahead of {BASE} after 200 steps, K = 20, mean of {found[FILMS].n_seeds} seeds. {' '.join(said)} "
        f"CA-PG leads {BASE} down to a concordance of (± standard error): {'; '.join(ends)}."
    )


def _draw_lead(figure, left, curve, words):
    """Draw the leads over V-PG + b in one setting; return what they are at two late stages."""
    box = (left, 0.49, 0.255, 0.4)
    axes = figure.add_axes(box)
    dress_axes(axes, "", "concordance of the late stage", "")
    bottom, top, right = -0.25, 0.22, 0.7
    inside = curve.concordance > right
    axes.axhline(0, color=look_of("V-PG").colour, linewidth=2.5)
    ends = [(-bottom / (top - bottom), BASE, look_of("V-PG").colour, "normal")]
    for method in curve.methods:
        if method == BASE:
            continue
        look = look_of(method)
        lead, error = curve.lead(method)
        style = {"linestyle": "--" if look.hollow else "-", "color": look.colour, "linewidth": 2, "capsize": 3}
        axes.errorbar(curve.concordance[inside], lead[inside], error[inside], **style)
        mark(axes, look_of(method), 9).set_data(curve.concordance[inside], lead[inside])
        at_edge = np.interp(-right, -curve.concordance, lead)
        axes.plot([curve.concordance[inside][-1], right], [lead[inside][-1], at_edge], color=look.colour, linewidth=2,
                  linestyle=style["linestyle"])  # fmt: skip
        ends.append(
            ((at_edge - bottom) / (top - bottom), method, look.colour, "bold" if method == "CA-PG" else "normal")
        )
    axes.set(xlim=(1.003, right), ylim=(bottom, top), yticks=[-0.2, -0.1, 0, 0.1, 0.2])
    axes.set_xticks([1, 0.9, 0.8, 0.7])
    EndLabels(figure, box, 0.014).set(ends)
    write(figure, left, 0.945, words, "label", weight="bold")
    write(figure, left, 0.908, f"stars ahead of {BASE}")
    said = []
    for place in (0, int(np.flatnonzero(inside)[-1])):
        leads = [f"{m} {curve.lead(m)[0][place]:+.2f}" for m in curve.methods if m != BASE]
        said.append(f"at concordance {curve.concordance[place]:.2f} {', '.join(leads)}")
    return f"{words[0].upper()}{words[1:]}: {'; '.join(said)}."


def held_out(values, scale):
    """
    Draw the value on the films trained on, and on those held out.

    Parameters
    ----------
    values : dict of str to dict of str to (seen, hidden)
        By data, then by method.
    scale : dict of str to (random_seen, random_hidden)
        The value of candidates picked at random.

    Returns
    -------
    Picture

    Examples
    --------
    >>> held_out({"own": {"CA-PG": (4.9, 4.5)}}, {"own": (4.5, 4.4)}).text
    'own: trained on 4.90 (random 4.50) and held out 4.50 (random 4.40) for CA-PG.'
    """

    def draw(figure):
        said, width = [], 0.83 / len(values)
        for i, (data, found) in enumerate(values.items()):
            axes = figure.add_axes((0.17 + width * i, 0.17, width - 0.03, 0.66))
            dress_axes(axes, "", "stars above candidates picked at random", "")
            seen_at, hidden_at = scale[data]
            for row, (method, (seen, hidden)) in enumerate(found.items()):
                colour = look_of(method).colour
                axes.barh(row - 0.2, seen - seen_at, 0.36, color=GRID, edgecolor=colour, linewidth=1.5)
                axes.barh(row + 0.2, hidden - hidden_at, 0.36, color=colour)
            if i == 0:
                at = max(found.values(), key=lambda x: x[0])
                row = list(found.values()).index(at)
                write(axes, at[0] - seen_at, row - 0.2, " trained on", va="center", color=SOFT_INK)
                write(axes, max(at[1] - hidden_at, 0), row + 0.2, " held out", va="center", weight="bold")
            axes.axvline(0, color=INK, linewidth=1)
            axes.set(ylim=(len(found) - 0.4, -0.6), yticks=range(len(found)))
            axes.set_yticklabels(list(found) if i == 0 else [], fontsize=FONT["label"])
            write(figure, 0.17 + width * i, 0.9, f"{data}", "label", weight="bold")
            each = [f"trained on {s:.2f} (random {seen_at:.2f}) and held out {h:.2f} (random {hidden_at:.2f}) for {m}"
                    for m, (s, h) in found.items()]  # fmt: skip
            said.append(f"{data}: {'; '.join(each)}")
        limits = [axes.get_xlim() for axes in figure.axes]
        for axes in figure.axes:
            axes.set_xlim(min(low for low, _ in limits), max(high for _, high in limits) * 1.12)
        return ". ".join(said) + "."

    return Picture(4.0, draw)


def recall(found, random, best):
    """
    Draw the mean recall of the loved films between its two yardsticks.

    Parameters
    ----------
    found : dict of str to dict of str to float
        By data, then by method.
    random, best : float
        Of candidates picked at random, and the best possible.

    Returns
    -------
    Picture

    Examples
    --------
    >>> recall({"own": {"CA-PG": 0.24}}, 0.12, 0.71).text
    'Mean recall between random 0.12 and the best possible 0.71. own: CA-PG 0.24.'
    """

    def draw(figure):
        axes = figure.add_axes((0.09, 0.25, 0.87, 0.6))
        dress_axes(axes, "", "mean recall of the loved films, K = 20", "")
        for level, words in ((random, "random"), (best, "best possible")):
            axes.axvline(level, color=SOFT_INK, linewidth=1.5, linestyle=":")
            write(axes, level, 1.03, f"{words} {level:.2f}", ha="center", color=SOFT_INK,
                  transform=axes.get_xaxis_transform())  # fmt: skip
        for row, (_, methods) in enumerate(found.items()):
            for i, (method, value) in enumerate(sorted(methods.items(), key=lambda item: item[1])):
                mark(axes, look_of(method), 13).set_data([value], [row])
                if row == 0:  # the colours and signs of the first row hold for the others
                    colour, up = look_of(method).colour, (-0.3, 0.52)[i % 2]
                    write(axes, value, row + up, method, ha="center", color=colour, weight="bold")
        axes.set(xlim=(0, 0.8), ylim=(len(found) - 0.35, -0.65), yticks=range(len(found)))
        axes.set_yticklabels(list(found), fontsize=FONT["label"])
        each = [f"{data}: " + join([f"{m} {v:.2f}" for m, v in methods.items()]) for data, methods in found.items()]
        return f"Mean recall between random {random:.2f} and the best possible {best:.2f}. {'; '.join(each)}."

    return Picture(3.2, draw)
