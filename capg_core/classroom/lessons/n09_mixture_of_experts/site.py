"""What the page of 09_mixture_of_experts has of its panel."""

from capg_core.classroom.site.grid import EVERY, Grid

GRIDS = (
    Grid(
        "ExpertsPanel",
        {"k": EVERY},
        {"k": (2, 12, 24, 40), "n_experts": EVERY, "angle": (0, 60, 120, 180)},
        {"k": (12, 24, 40), "moved": (-20, -10, -5, 0, 5, 10, 20)},
        {"k": (12, 24, 40), "order": EVERY, "compare": EVERY},
        {"k": (12, 24), "new_noise": 3},
    ),
)
