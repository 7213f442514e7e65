"""The predictions of 02_the_race."""

from capg_core.classroom.prediction import Option, Prediction

PREDICTIONS = (
    Prediction(
        "02",
        "How much more often is A among the five candidates than L?",
        (
            Option(
                "more than 20 times as often",
                "More places help the light item more: A can take one place only.",
            ),
            Option(
                "about 20 times as often",
                "That is the ratio of the weights, for the first place. Nothing is put back, and A can come once only.",
            ),
            Option(
                "about 9 times as often",
                "A is nearly sure to be in and cannot be in twice. What it cannot use goes to the others.",
                holds=True,
            ),
            Option(
                "about twice as often",
                "So it is when nearly all are let through. With 5 places of 12, L still stays out nine times in ten.",
            ),
        ),
    ),
)
