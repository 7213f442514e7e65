"""What the page of 10_the_last_place has of its panel."""

from capg_core.classroom.site.grid import EVERY, Grid

_SOME = (1, 2, 4, 8, 16, 32)

GRIDS = (
    Grid(
        "LastPlacePanel",
        {"k": EVERY},
        {"k": _SOME, "critic": EVERY, "reward": EVERY},
        {"k": (2, 8, 32), "stage": EVERY},
        {"k": (2, 8, 32), "new_noise": 3},
    ),
)
