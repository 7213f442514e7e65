"""What the page of 02_the_race has of its panel."""

from capg_core.classroom.site.grid import EVERY, Grid

GRIDS = (
    Grid(
        "RacePanel",
        {"t": EVERY},
        {"t": (0.01, 0.1, 1.0, 10.0), "k": EVERY},
        {"t": (0.1, 1.0), "k": (1, 5), "logit": (-4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0)},
        {"t": (0.1, 1.0), "k": (1, 5), "new_noise": 3},
    ),
)
