"""What the page of 07_training_race has of its panel."""

from capg_core.classroom.site.grid import EVERY, Grid

_TICKED = (("V-PG", "Outcome-PG", "CA-PG"),)
_SETTING = {"n_steps": (1000,), "toggles": _TICKED}

GRIDS = (
    Grid(
        "TrainingPanel",
        {**_SETTING, "k": (2, 10, 50), "rate": (0.03, 0.1, 0.3)},
        {**_SETTING, "k": (2, 10, 50), "baseline": EVERY},
        {**_SETTING, "k": (10,), "late_stage": ("optimal", "uniform", "anti")},
        steps=(25, 50, 75, 100, 150, 200, 300, 400, 500, 600, 700, 800, 900, 1000),
    ),
)
