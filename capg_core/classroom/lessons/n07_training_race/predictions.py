"""The predictions of 07_training_race."""

from capg_core.classroom.prediction import Option, Prediction

PREDICTIONS = (
    Prediction(
        "07",
        "How many steps does V-PG need to get as far as CA-PG gets in 50?",
        (
            Option(
                "about 50",
                "Same towers, same rate, same batches: what differs is the noise, and it costs steps.",
            ),
            Option(
                "about 100",
                "Noise costs steps by its square, and V-PG's is far more than twice as large.",
            ),
            Option(
                "about 500",
                "Noise costs steps by its square.",
            ),
            Option(
                "more than 1,000",
                "To get as far, noise costs one plus the square of noise over signal.",
                holds=True,
            ),
            Option(
                "it never gets there",
                "It does: V-PG is right on average. It takes some 14,000 steps.",
            ),
        ),
    ),
)
