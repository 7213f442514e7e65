"""What the page of 00_start_here has of its panel."""

from capg_core.classroom.problem import data_names
from capg_core.classroom.site.grid import EVERY, Grid

_SOME = (1, 2, 5, 10, 20, 50, 99)
_TWO, _THREE = ("V-PG", "CA-PG"), ("V-PG", "Outcome-PG", "CA-PG")

GRIDS = (
    Grid(
        "VariancePanel",
        {"k": EVERY},
        {"k": _SOME, "baseline": (False, True), "toggles": (_TWO, _THREE)},
        {"k": (1, 5, 20, 50, 99), "data": data_names()},
        {"k": (1, 5, 20, 50, 99), "new_noise": 3},
    ),
)
