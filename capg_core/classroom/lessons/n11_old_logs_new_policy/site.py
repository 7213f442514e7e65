"""What the page of 11_old_logs_new_policy has of its panel."""

from capg_core.classroom.site.grid import EVERY, Grid

GRIDS = (
    Grid(
        "OldLogsPanel",
        {"k": EVERY},
        {"k": (1, 2, 5, 10, 20, 50), "moved": EVERY, "against": EVERY},
        {"k": (1, 5, 20, 50), "reward": EVERY, "normalised": EVERY},
        {"k": (1, 5, 20, 50), "new_log": 4},
    ),
)
