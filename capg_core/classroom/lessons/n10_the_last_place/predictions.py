"""The predictions of 10_the_last_place."""

from capg_core.classroom.prediction import Option, Prediction

PREDICTIONS = (
    Prediction(
        "10",
        "K = 20 of n = 100, and the late stage shows the best candidate. The next arrival, item 21 of the race, could "
        "take the place of any of the 20: that makes 20 swaps. In most races, how many of them change what is shown?",
        (
            Option(
                "none of the 20",
                "Swap out the item that is shown, and something else is shown.",
            ),
            Option(
                "exactly 1 of the 20",
                "Only the swap that takes away the item shown. In about one race of twenty the next arrival is the "
                "best of all, and then every swap does.",
                holds=True,
            ),
            Option(
                "about 10 of the 20",
                "The late stage shows one item. Take away one of the others, and it is still there.",
            ),
            Option(
                "19 of the 20",
                "These are the swaps that leave the shown item in its place. They change nothing, unless the next "
                "arrival is better still.",
            ),
        ),
    ),
    Prediction(
        "10b",
        "K = 20, an optimal late stage, and a critic whose errors are a third of the spread of the rewards. The mean "
        "of Swap-PG without a residual is off the true gradient by …",
        (
            Option(
                "about 5 degrees",
                "Errors of one item average out over many. But here they do not average: the best of 21 candidates "
                "are close together, and an error changes which of them seems the best.",
            ),
            Option(
                "about 20 degrees",
                "That is so at K = 1 or 2, where a small error rarely changes the order of the few items there are.",
            ),
            Option(
                "nearly 70 degrees",
                "The differences that count are those between the best few of 21, and they are smaller than the "
                "critic's errors.",
                holds=True,
            ),
            Option(
                "exactly 90 degrees",
                "Then it would be of no use at all. It still keeps apart the good items and the bad ones.",
            ),
        ),
    ),
)
