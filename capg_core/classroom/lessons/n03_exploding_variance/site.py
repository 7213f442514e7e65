"""What the page of 03_exploding_variance has of its panel."""

from capg_core.classroom.site.grid import EVERY, Grid

_SOME = (1, 2, 5, 10, 20, 50, 99)

GRIDS = (
    Grid(
        "SignalNoisePanel",
        {"k": EVERY},
        {"k": _SOME, "batch": (1, 16, 512), "rewards": EVERY, "baseline": EVERY},
        {"k": (1, 5, 20, 50), "batch": EVERY},
        {"k": (5, 20), "new_noise": 3},
    ),
)
