"""What the page of 07_training_race has of its panel."""

from capg_core.classroom.site.grid import Grid

_TICKED = (("V-PG", "Outcome-PG", "CA-PG"),)

GRIDS = (
    Grid(
        "TrainingPanel",
        {"n_steps": (1000,), "toggles": _TICKED, "k": (2, 10, 50), "rate": (0.03, 0.1, 0.3)},
        {"n_steps": (1000,), "toggles": _TICKED, "k": (2, 10, 50), "late_stage": ("optimal", "uniform", "anti")},
        steps=(25, 50, 75, 100, 150, 200, 300, 400, 500, 600, 700, 800, 900, 1000),
    ),
)
