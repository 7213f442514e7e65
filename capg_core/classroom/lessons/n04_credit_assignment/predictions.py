"""The predictions of 04_credit_assignment."""

from capg_core.classroom.prediction import Option, Prediction

PREDICTIONS = (
    Prediction(
        "04",
        "K = 20 of n = 100. Forgetting the order of the 20 candidates lowers the variance of V-PG by …",
        (
            Option(
                "a few per cent",
                "The orders of one set have nearly the same score, so averaging over them changes little.",
                holds=True,
            ),
            Option(
                "about half",
                "So it is at K = 80, where late draws are from few items. At K = 20 the orders of one set have "
                "nearly the same score.",
            ),
            Option(
                "a factor of about 20",
                "Nothing is said about which of the 20 deserves the credit: all of them still get it.",
            ),
            Option(
                "a factor of thousands: there are 20! orders",
                "There are, and they have nearly the same score. Averaging numbers that hardly differ gains little.",
            ),
        ),
    ),
)
