"""The predictions of 00_start_here."""

from capg_core.classroom.prediction import Option, Prediction

PREDICTIONS = (
    Prediction(
        "00",
        "From K = 1 to K = 20, the variance of one V-PG estimate becomes …",
        (
            Option(
                "about the same",
                "Every draw adds a surprise of its own to the score, and none takes another back.",
            ),
            Option(
                "about 4 times larger",
                "4 is near the root of 20: so grows a standard deviation. The variances of the draws add up.",
            ),
            Option(
                "about 20 times larger",
                "Twenty surprises in place of one: that is the score alone. The squared reward grows too.",
            ),
            Option(
                "about 50 times larger",
                "The score's variance is some 20 times as large, and the squared reward more than twice.",
                holds=True,
            ),
            Option(
                "about 400 times larger",
                "That would be 20 squared, for draws that all err the same way. Their surprises are uncorrelated, so"
                " variances add up and lengths do not.",
            ),
        ),
    ),
)
