"""The predictions of 03_exploding_variance."""

from capg_core.classroom.prediction import Option, Prediction

PREDICTIONS = (
    Prediction(
        "03",
        "K = 20, n = 100, no baseline. How many lists must a V-PG batch hold before signal / noise is 1?",
        (
            Option(
                "about 100",
                "One list for each film: near what K = 1 needs. With K the noise grows and the signal shrinks, and "
                "the number is the square of their ratio.",
            ),
            Option(
                "about 1,000",
                "The signal shrinks while the noise grows, and the number of lists is the square of their ratio.",
            ),
            Option(
                "about 10,000",
                "Near the truth for K = 5. From there to K = 20 the noise doubles and the signal halves: a factor of"
                " some 20.",
            ),
            Option(
                "about 100,000",
                "The noise is some 360 times as long as the signal, and averaging N lists divides it by the root of "
                "N only.",
                holds=True,
            ),
            Option(
                "about 10 million",
                "Not as bad as that: the noise of one list is some 360 times as long as the signal, and that is "
                "squared once.",
            ),
        ),
    ),
)
