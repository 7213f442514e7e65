"""What the page of 00_start_here has of its panels."""

from capg_core.classroom.problem import data_names
from capg_core.classroom.site.grid import EVERY, Grid

_SOME = (1, 2, 5, 10, 20, 50, 99)
_FEW = (1, 5, 20, 50, 99)
_TWO, _THREE = ("V-PG", "CA-PG"), ("V-PG", "Outcome-PG", "CA-PG")

GRIDS = (
    Grid("CreditPanel", {"k": EVERY, "again": 10}),
    Grid(
        "VariancePanel",
        {"k": EVERY},
        {"k": _SOME, "rewards": EVERY, "baseline": EVERY},
        {"k": _FEW, "toggles": (_TWO, _THREE), "baseline": EVERY},
        {"k": _FEW, "data": data_names()},
        {"k": _FEW, "new_noise": 3},
    ),
)
