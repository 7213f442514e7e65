"""The predictions of 05_bias_and_alignment."""

from capg_core.classroom.prediction import Option, Prediction

PREDICTIONS = (
    Prediction(
        "05",
        "With 2 added to every reward, CA-PG's mean …",
        (
            Option(
                "turns by more than 90 degrees",
                "From 7 degrees off the true gradient to 144: the mean of CA-PG's score is not zero, and a constant "
                "reward multiplies it.",
                holds=True,
            ),
            Option(
                "turns by less than 45 degrees",
                "That is what adding 0.5 does. The mean of CA-PG's score is not zero, and 2 of it is longer than all"
                " the rest.",
            ),
            Option(
                "gets longer, in the same direction",
                "It does get longer, by something that points elsewhere: the mean of CA-PG's score.",
            ),
            Option(
                "does not change",
                "That holds for a score with mean zero, as V-PG's. The mean of CA-PG's is not.",
            ),
        ),
    ),
)
