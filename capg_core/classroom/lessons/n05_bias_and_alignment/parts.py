"""What the pictures of 05_bias_and_alignment share: their columns, arrows, star and square."""

from matplotlib.lines import Line2D

from capg_core.classroom.drawing import write
from capg_core.look import INK, PAPER, PETROFF, SOFT_INK, dress_axes, look_of

CREDIT = look_of("CA-PG")
TRUTH = PETROFF["orange"]
STAR = {"color": TRUTH, "markeredgecolor": INK, "markersize": 17, "zorder": 6}
SQUARE = {"color": CREDIT.colour, "markeredgecolor": PAPER, "zorder": 5}
_DEGREES = [0, 45, 90, 135, 180]


def columns(figure, titles, *, left=0.07, width=0.255, gap=0.065, bottom=0.19, top=0.86):
    """Add axes side by side, each with its title at the left."""
    boxes = [(left + i * (width + gap), bottom, width, top - bottom) for i in range(len(titles))]
    found = [figure.add_axes(box) for box in boxes]
    for axes, title, box in zip(found, titles, boxes, strict=True):
        dress_axes(axes)
        write(figure, box[0], min(top + 0.12, 0.92) if top < 0.8 else top + 0.035, title, "label")
    return found


def label(axes, xlabel="", ylabel=""):
    """Say what the axes are."""
    axes.set_xlabel(xlabel, fontsize=15, color=INK)
    axes.set_ylabel(ylabel, fontsize=15, color=INK)


def arrow(axes, start, end, colour, style="-"):
    """Add an arrow in the axes' own units."""
    look = {"arrowstyle": "-|>", "color": colour, "linewidth": 3, "linestyle": style, "mutation_scale": 20}
    axes.annotate("", end, start, arrowprops={**look, "shrinkA": 0, "shrinkB": 0}, zorder=4)


def key(figure, x, y, truth, credit=""):
    """Say in a line what star and square are."""
    figure.add_artist(Line2D([x], [y], marker="*", **{**STAR, "markersize": 14}))
    write(figure, x + 0.012, y, truth, va="center")
    if credit:
        write(figure, x + 0.15, y, f"■ {credit}", va="center", color=CREDIT.colour, weight="bold")


def angle_axis(axes, vertical=True):
    """Make one axis an angle, with a line at 90 degrees."""
    ticks = _DEGREES, [f"{at}°" for at in _DEGREES]
    if vertical:
        axes.set_ylim(-5, 185)
        axes.set_yticks(*ticks)
        axes.axhline(90, color=SOFT_INK, linewidth=1.5)
    else:
        axes.set_xlim(-5, 185)
        axes.set_xticks(*ticks)
        axes.axvline(90, color=SOFT_INK, linewidth=1.5)
