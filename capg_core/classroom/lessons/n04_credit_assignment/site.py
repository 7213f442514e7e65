"""What the page of 04_credit_assignment has of its panel."""

from capg_core.classroom.site.grid import EVERY, Grid

_RUNGS = (0, 10, 20, 30, 40)  # where the dots have arrived

GRIDS = (
    Grid(
        "LadderPanel",
        {"way": EVERY},
        {"way": _RUNGS, "k": (2, 5, 20, 50, 80), "rewards": EVERY, "baseline": EVERY},
        {"way": _RUNGS, "new_noise": 3},
        plays="way",
    ),
)
