"""What the page of 02_the_race has of its panel."""

from capg_core.classroom.site.grid import EVERY, Grid, Some

GRIDS = (
    Grid(
        "RacePanel",
        {"clock": EVERY},
        {"clock": Some(6), "k": EVERY},
        {"clock": Some(4), "races": (0, 1, 2, 5, 10, 20, 50, 100, 500, 1999)},
        {"clock": Some(3), "logit": (-4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0)},
        {"clock": Some(4), "other_races": 3},
        plays="clock",
    ),
)
