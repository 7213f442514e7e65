"""What the page of 04_credit_assignment has of its panel."""

from capg_core.classroom.site.grid import EVERY, Grid

GRIDS = (
    Grid(
        "LadderPanel",
        {"rung": EVERY, "k": (1, 2, 5, 10, 20, 50, 80), "baseline": EVERY},
        {"rung": EVERY, "k": (5, 20, 50), "rewards": EVERY, "baseline": EVERY},
        {"rung": EVERY, "new_noise": 3},
    ),
)
