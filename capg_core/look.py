"""The one home of colours, markers, line styles, labels and font sizes.

The colours are from the ten-colour cycle of Petroff (2021, arXiv:2107.02270), made for readers with any kind
of colour vision. An estimator also has a marker and a line style of its own, so that a picture can be read
without colour.
"""

import re
from dataclasses import dataclass, replace

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
    """How one estimator is drawn, in every figure of the course; hollow with a baseline or a residual."""

    colour: str
    marker: str
    line: str
    label: str
    hollow: bool = False

    @property
    def markers(self):
        """What matplotlib is told of its markers."""
        edge, width = (self.colour, 2.0) if self.hollow else (PAPER, 1.0)
        return {
            "marker": self.marker, "markerfacecolor": PAPER if self.hollow else self.colour,
            "markeredgecolor": edge, "markeredgewidth": width,
        }  # fmt: skip


LOOKS = {
    "V-PG": Look(PETROFF["red"], "o", "-", "V-PG"),
    "V-PG-SwR": Look(PETROFF["dark orange"], "v", "-", "V-PG-SwR"),
    "Set-PG": Look(PETROFF["brown"], "P", "-", "Set-PG"),
    "Outcome-PG": Look(PETROFF["purple"], "^", "-", "Outcome-PG"),
    "CA-PG": Look(PETROFF["blue"], "s", "-", "CA-PG"),
    "CA-PG-SwR": Look(PETROFF["slate"], "D", "-", "CA-PG-SwR"),
    "Swap-PG": Look(TEAL, "X", "-", "Swap-PG"),
}


# What may follow the name: a residual or baseline, or where something else differs, as in "CA-PG at 0.01".
_MORE = re.compile(r"\s*(\+| at |,).*")


def look_of(method):
    """Return the `Look` of a method; a plain one if its estimator has none of its own yet.

    Parameters
    ----------
    method : str
        A name of the ladder, or one with more to it, such as "V-PG + b", "Swap-PG + list" or "CA-PG at 0.01".

    Returns
    -------
    Look

    Raises
    ------
    ValueError
        If the name is not known.
    """
    name = rung_of(_MORE.sub("", method) if isinstance(method, str) else method).name
    look = LOOKS.get(name) or Look(INK, "*", ":", name)
    return replace(look, hollow="+" in method)


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
