"""The predictions of 09_mixture_of_experts."""

from capg_core.classroom.prediction import Option, Prediction

PREDICTIONS = (
    Prediction(
        "09",
        "With 20 places for A and 20 for B, the expected number of candidates near A is …",
        (
            Option(
                "about 8",
                "Half the places is not half the items: the second expert takes what the first one's last places "
                "would have gone to, far from A.",
            ),
            Option(
                "about 10",
                "That is still near half. An expert's last places are worth little: by then what it likes best is "
                "taken.",
            ),
            Option(
                "about 13",
                "An expert's last places are worth little, so to give up half of them costs much less than half.",
                holds=True,
            ),
            Option(
                "still about 16",
                "20 places are enough for 16 items, but the draws are by chance: some go elsewhere before the last "
                "of the 16 has come.",
            ),
        ),
    ),
)
