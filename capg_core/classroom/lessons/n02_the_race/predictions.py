"""The predictions of 02_the_race."""

from capg_core.classroom.prediction import Option, Prediction

PREDICTIONS = (
    Prediction(
        "02",
        "How much more often is item 0 among the five candidates than item 11?",
        (
            Option(
                "more than 20 times as often",
                "More places help the light item more: item 0 can take one place only.",
            ),
            Option(
                "about 20 times as often",
                "That is the ratio of the weights, for the first place. Nothing is put back; item 0 comes once only.",
            ),
            Option(
                "about 9 times as often",
                "Item 0 is nearly sure to be in and cannot be in twice. What it cannot use goes to the others.",
                holds=True,
            ),
            Option(
                "about twice as often",
                "So it is when nearly all are let through. With 5 places of 12, item 11 stays out nine times in ten.",
            ),
        ),
    ),
)
