"""What the page of 01_two_stage_ranking has of its panel."""

from capg_core.classroom.site.grid import EVERY, Grid

_SOME = (1, 2, 5, 10, 20, 50, 90)

GRIDS = (
    Grid(
        "TwoStagePanel",
        {"k": EVERY},
        {"k": _SOME, "quality": (0.0, 0.3, 0.6, 1.0), "late_stage": EVERY},
        {"k": _SOME, "rest": EVERY},
        {"k": (5, 20, 50), "new_noise": 3},
    ),
)
