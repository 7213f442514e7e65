"""One figure for each experiment: learning curves, mean and band over seeds. Needs matplotlib.

A figure has one block of panels for each setting. A panel's scale is the same in both blocks, so that settings can be
compared.
"""

import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from capg_core.look import FONT, INK, PAPER, SOFT_INK, dress_axes, look_of
from capg_core.reproduce.experiments import BASELINE_MARK, SETTINGS
from capg_core.reproduce.files import write_atomically

_COLUMNS = 3  # panels side by side
_PANEL_WIDTH, _PANEL_HEIGHT = 5.2, 3.6  # inches
_WITH_BASELINE = (0, (4, 1.2, 1, 1.2))  # the plain estimator's line is solid
_WITH_RESIDUAL = {"list": ":", "inclusion": "-.", "outcome": "--"}
_MARKERS = 8  # on a line
_NEAR = 0.25  # of the way from the lowest value to the optimum


def _style(variant):
    """Return how a variant is drawn: its estimator's look, hollow and broken with a baseline or a residual."""
    with_baseline, residual = variant.baseline == "mean", variant.estimator.partition("+")[2]
    look = look_of(variant.estimator + (" + b" if with_baseline else ""))
    return {
        "color": look.colour, "ls": _WITH_BASELINE if with_baseline else _WITH_RESIDUAL.get(residual, look.line),
        "lw": 2, "markersize": 6, **look.markers, "markeredgecolor": look.colour,
    }  # fmt: skip


def _draw(axes, one):
    """Draw one line with its band."""
    style = _style(one.line.variant)
    low, high = one.values.min(axis=0), one.values.max(axis=0)
    axes.fill_between(one.steps, low, high, color=style["color"], alpha=0.18, lw=0)
    axes.plot(one.steps, one.values.mean(axis=0), markevery=max(1, len(one.steps) // _MARKERS), **style)


def _limits(summaries):
    """Return what a panel's y axis covers, in every setting."""
    low = min(min(one.values.min(), one.uniform) for one in summaries)
    high, optimal = max(max(one.values.max(), one.uniform) for one in summaries), summaries[0].optimal
    # where no line comes near the optimum, as with a bad late stage, showing it would make all lines flat
    if high - low > _NEAR * (optimal - low):
        high = max(high, optimal)
    # for the labels of the references; without a way to go there is only rounding between the lines
    room = 0.14 * ((high - low if any(one.has_way for one in summaries) else 0.0) or 1.0)
    return low - room, high + room


def _label(axes, text, height, offset, place, coords):
    """Write the name of a reference at the right edge, on a bit of paper so that a line under it does not disturb."""
    axes.annotate(
        text, (0.99, height), xycoords=("axes fraction", coords), xytext=(0, offset), textcoords="offset points",
        ha="right", va=place, fontsize=FONT["note"], color=SOFT_INK,
        bbox={"facecolor": PAPER, "alpha": 0.7, "edgecolor": "none", "pad": 0.5},
    )  # fmt: skip


def _draw_panel(axes, title, summaries, limits, n_steps):
    """Draw one panel: the references, then the lines."""
    dress_axes(axes, title, "training steps", "")
    first = summaries[0]
    axes.axhline(first.uniform, color=SOFT_INK, ls="--", lw=1.4, zorder=1)
    _label(axes, "random candidates", first.uniform, -4, "top", "data")
    if first.optimal < limits[1]:
        axes.axhline(first.optimal, color=SOFT_INK, ls="--", lw=1.4, zorder=1)
        _label(axes, "optimal", first.optimal, 3, "bottom", "data")
    else:
        _label(axes, f"optimal: {first.optimal:.2f}, far above", 1.0, -3, "top", "axes fraction")
    for one in summaries:
        _draw(axes, one)
    axes.set_xlim(0, n_steps)
    axes.set_ylim(*limits)
    axes.xaxis.get_major_locator().set_params(nbins=5)


def _handles(variants):
    """Return the legend's entries."""
    found = [Line2D([], [], **_style(v), label=v.label.replace(BASELINE_MARK, " + baseline")) for v in variants]
    return [*found, Line2D([], [], color=SOFT_INK, ls="--", lw=1.4, label="references")]


def draw_experiment(experiment, summaries):
    """
    Return the figure of an experiment.

    Parameters
    ----------
    experiment : str
    summaries : list of Summary
        All lines of the experiment, in all settings.

    Returns
    -------
    matplotlib.figure.Figure
    """
    panels = list(dict.fromkeys(one.line.panel for one in summaries))
    variants = list(dict.fromkeys(one.line.variant for one in summaries))
    columns = min(len(panels), _COLUMNS)
    rows = -(-len(panels) // columns)
    height = len(SETTINGS) * (rows * _PANEL_HEIGHT + 0.5) + 1.4
    figure = Figure(figsize=(max(columns, 2) * _PANEL_WIDTH, height), layout="constrained", facecolor=PAPER)
    FigureCanvasAgg(figure)
    n_seeds = len(summaries[0].line.jobs)
    seeds = "one seed" if n_seeds == 1 else f"mean of {n_seeds} seeds; the band is from the lowest to the highest"
    figure.suptitle(f"{experiment}: {seeds}", fontsize=FONT["title"] + 2, color=INK)
    blocks = figure.subfigures(len(SETTINGS), 1)
    for block, (setting, words) in zip(blocks, SETTINGS.items(), strict=True):
        block.suptitle(words, fontsize=FONT["title"], color=SOFT_INK)
        block.supylabel("policy value", fontsize=FONT["label"], color=INK)
        grid = block.subplots(rows, columns, squeeze=False)
        for axes in grid.flat[len(panels) :]:
            axes.set_axis_off()
        for axes, panel in zip(grid.flat, panels, strict=False):
            of_panel = [one for one in summaries if one.line.panel == panel]
            here = [one for one in of_panel if one.line.setting == setting]
            _draw_panel(axes, panel, here, _limits(of_panel), here[0].steps[-1])
    figure.legend(
        handles=_handles(variants), loc="outside lower center", ncols=min(len(variants) + 1, 4), frameon=False,
        fontsize=FONT["label"],
    )  # fmt: skip
    return figure


def write_figures(summaries, folder):
    """
    Write one picture for each experiment, named after it.

    Parameters
    ----------
    summaries : list of Summary
    folder : pathlib.Path

    Returns
    -------
    list of pathlib.Path

    Raises
    ------
    OSError
        If a picture cannot be written.
    """
    paths = []
    for experiment in dict.fromkeys(one.line.experiment for one in summaries):
        path = folder / f"{experiment}.png"
        picture = io.BytesIO()
        draw_experiment(experiment, [one for one in summaries if one.line.experiment == experiment]).savefig(
            picture, format="png", dpi=100, metadata={"Software": None}
        )
        write_atomically(path, picture.getvalue())
        paths.append(path)
    return paths
