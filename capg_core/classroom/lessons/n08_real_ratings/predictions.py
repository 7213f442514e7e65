"""The predictions of 08_real_ratings."""

from capg_core.classroom.prediction import Option, Prediction

PREDICTIONS = (
    Prediction(
        "08",
        "Fitted late stage, K = 20, after 200 steps: the mean stars of CA-PG, beside those of V-PG with a baseline, "
        "are …",
        (
            Option(
                "lower by more than 0.1",
                "It learns what the late stage likes, errors included: it shows the late stage's favourite far more "
                "often.",
                holds=True,
            ),
            Option(
                "about the same",
                "V-PG with a baseline is right on average and noisy. CA-PG is quiet, and on its way to another place.",
            ),
            Option(
                "higher by more than 0.1",
                "So it was in 07, with a late stage that never errs. Here it learns the late stage's errors.",
            ),
        ),
    ),
)
