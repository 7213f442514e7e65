"""The predictions of 11_old_logs_new_policy."""

from capg_core.classroom.prediction import Option, Prediction

PREDICTIONS = (
    Prediction(
        "11",
        "20,000 logged lists of 20, a new policy one step away, each list weighted by how much likelier it has become: "
        "how many count?",
        (
            Option(
                "nearly all",
                "One step changes an item's weight by a factor of about e. A list multiplies twenty such factors.",
            ),
            Option(
                "some 9,000",
                "So it is for a single draw, where K is 1: close to half count. Every further draw multiplies the "
                "weight by another factor.",
            ),
            Option(
                "some 600",
                "Twenty factors multiply, so the logs of the weights spread over several powers of ten, and the "
                "largest few weights carry the sum.",
            ),
            Option(
                "about a dozen",
                "In the median over 100 such logs; from two to some forty. A weight is a product of twenty "
                "factors, and a handful of records carry the sum.",
                holds=True,
            ),
            Option(
                "not a single one",
                "Close in spirit. But the record with the largest weight always counts, so there is at least one.",
            ),
        ),
    ),
    Prediction(
        "11b",
        "The same records, each weighted by how much likelier the item shown has become: how many count?",
        (
            Option(
                "as few as before",
                "The item shown is one event for a great many lists. Their weights average out before they are used.",
            ),
            Option(
                "some 500",
                "The chance of an item to be shown is a sum over all lists that show it, and a sum changes much less "
                "than its terms.",
            ),
            Option(
                "about half of them",
                "In the median over 100 such logs; from about a fifth to three quarters. What the reward does not "
                "depend on has been averaged away.",
                holds=True,
            ),
            Option(
                "all of them",
                "The new policy does show other items more often, and that has to be corrected for.",
            ),
        ),
    ),
)
