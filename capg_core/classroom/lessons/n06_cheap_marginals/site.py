"""What the page of 06_cheap_marginals has of its panel."""

from capg_core.classroom.site.grid import EVERY, Grid

_SOME = (1, 2, 5, 10, 20, 50, 90)

GRIDS = (
    Grid(
        "MarginalsPanel",
        {"k": EVERY},
        {"k": _SOME, "peakedness": (0.1, 0.5, 1.0, 3.0, 10.0)},
        {"k": _SOME, "n": (100, 1000)},
        {"k": (2, 20, 50), "new_draw": 3},
    ),
)
