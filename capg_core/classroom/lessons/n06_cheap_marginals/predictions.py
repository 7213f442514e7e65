"""The predictions of 06_cheap_marginals."""

from capg_core.classroom.prediction import Option, Prediction

PREDICTIONS = (
    Prediction(
        "06",
        "The paper's formula, summed over the 100 items, gives …",
        (
            Option(
                "less than 20",
                "The heaviest are taken away first, so less is left at each draw than there is in truth: no chance "
                "comes out too small.",
            ),
            Option(
                "20 exactly",
                "Only a true inclusion probability must sum to K, and this one assumes which items are drawn first.",
            ),
            Option(
                "20 to 21",
                "It looks like a small correction. But every draw takes the heaviest away, for each of the 100 "
                "items, and it adds up.",
            ),
            Option(
                "about 23",
                "No chance comes out too small, and here all are too large: the heaviest others are taken to be drawn "
                "first.",
                holds=True,
            ),
            Option(
                "about 30",
                "Too much: a light item's chance is 22 % too large, and a heavy one's cannot exceed 1.",
            ),
        ),
    ),
)
