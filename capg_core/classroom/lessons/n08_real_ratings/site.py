"""What the page of 08_real_ratings has of its panel."""

from capg_core.classroom.site.grid import Grid, Some

GRIDS = (
    Grid(
        "RecommendationPanel",
        {"k": (5, 20), "method": ("V-PG + baseline", "CA-PG"), "person": Some(8)},
        steps=(25, 50, 100, 200),
        live=("person",),
    ),
    Grid(
        "RecommendationPanel",
        {"method": ("V-PG + baseline", "CA-PG"), "person": Some(5)},
        steps=(50, 200),
        live=("person",),
    ),
)
