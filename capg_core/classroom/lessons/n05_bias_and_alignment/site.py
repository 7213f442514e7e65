"""What the page of 05_bias_and_alignment has of its panel."""

from capg_core.classroom.site.grid import EVERY, Grid

_STAGES = (0.0, 0.5, 1.0, 1.5, 2.0)

GRIDS = (
    Grid(
        "AlignmentPanel",
        {"stage": EVERY},
        {"stage": _STAGES, "k": (1, 2, 5, 10, 15), "baseline": EVERY},
        {"stage": _STAGES, "offset": (0.0, 1.0, 4.0), "baseline": EVERY},
        {"stage": _STAGES, "correlation": (0.0, 0.5, 1.0)},
        {"stage": _STAGES, "rewards": EVERY},
        {"stage": _STAGES, "new_items": 3},
    ),
)
