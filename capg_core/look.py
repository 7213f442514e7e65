"""The one home of colours, markers, line styles, labels and font sizes.

The colours are from the ten-colour cycle of Petroff (2021, arXiv:2107.02270), made for readers with any kind
of colour vision. An estimator also has a marker and a line style of its own, so that a picture can be read
without colour.
"""

from dataclasses import dataclass

from capg_core.ladder import rung_of

PETROFF = {
    "blue": "#3f90da",
    "orange": "#ffa90e",
    "red": "#bd1f01",
    "grey": "#94a4a2",
    "purple": "#832db6",
    "brown": "#a96b59",
    "dark orange": "#e76300",
    "tan": "#b9ac70",
    "slate": "#717581",
    "cyan": "#92dadd",
}

TEAL = "#00796b"  # the cycle's colours that are left are too pale for a line on white
INK = "#222222"
SOFT_INK = "#555555"
GRID = "#dddddd"
PAPER = "#ffffff"

# Points, for a figure of 12 by 5.5 inches: readable from the back of a room.
FONT = {"title": 17, "label": 15, "tick": 13, "note": 13}


@dataclass(frozen=True)
class Look:
    """How one estimator is drawn, in every figure of the course."""

    colour: str
    marker: str
    line: str
    label: str


LOOKS = {
    "V-PG": Look(PETROFF["red"], "o", "-", "V-PG"),
    "V-PG-SwR": Look(PETROFF["dark orange"], "v", "-", "V-PG-SwR"),
    "Set-PG": Look(PETROFF["brown"], "P", "-", "Set-PG"),
    "Outcome-PG": Look(PETROFF["purple"], "^", "-", "Outcome-PG"),
    "CA-PG": Look(PETROFF["blue"], "s", "-", "CA-PG"),
    "CA-PG-SwR": Look(PETROFF["slate"], "D", "-", "CA-PG-SwR"),
    "Swap-PG": Look(TEAL, "X", "-", "Swap-PG"),
}


def look_of(estimator):
    """Return the `Look` of an estimator; a plain one if it has none of its own yet.

    Parameters
    ----------
    estimator : str
        A name of the ladder.

    Returns
    -------
    Look

    Raises
    ------
    ValueError
        If the name is not known.
    """
    return LOOKS.get(rung_of(estimator).name) or Look(INK, "*", ":", estimator)


def dress_axes(axes, title="", xlabel="", ylabel=""):
    """Give an axes the course's fonts, grid and spines.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    title, xlabel, ylabel : str
    """
    axes.set_title(title, fontsize=FONT["title"], color=INK)
    axes.set_xlabel(xlabel, fontsize=FONT["label"], color=INK)
    axes.set_ylabel(ylabel, fontsize=FONT["label"], color=INK)
    axes.tick_params(labelsize=FONT["tick"], colors=INK)
    axes.grid(True, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
