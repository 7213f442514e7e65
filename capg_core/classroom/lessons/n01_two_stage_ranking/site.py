"""What the page of 01_two_stage_ranking has of its panel."""

from capg_core.classroom.site.grid import EVERY, Grid

_FEW = (1, 5, 20, 50, 90)

GRIDS = (
    Grid(
        "TwoStagePanel",
        {"k": EVERY},
        {"k": _FEW, "quality": (0.0, 0.4, 0.8, 1.0), "late_stage": EVERY},
        {"k": _FEW, "rest": EVERY},
        {"k": (5, 20, 50), "new_noise": 3},
    ),
)
