"""The predictions of 01_two_stage_ranking."""

from capg_core.classroom.prediction import Option, Prediction

PREDICTIONS = (
    Prediction(
        "01",
        "A late stage that picks at random, a good early stage. With more candidates the film is …",
        (
            Option(
                "worse on average",
                "Every further candidate hands more of the decision to a stage that does not know.",
                holds=True,
            ),
            Option(
                "neither better nor worse",
                "The late stage does not care, but the early stage puts its best first: later candidates are worse.",
            ),
            Option(
                "better on average",
                "A stage that cannot tell films apart pulls the value towards the mean of all films. A good early "
                "stage is above it.",
            ),
        ),
    ),
    Prediction(
        "01b",
        "20 blind candidates of 104 films, a perfect late stage. How often is the best film shown?",
        (
            Option(
                "nearly always",
                "The late stage cannot show what it never gets, and 84 of the 104 films do not get through.",
            ),
            Option(
                "about two times in three",
                "A perfect late stage shows it whenever it can. How often is the best film among the 20?",
            ),
            Option(
                "about every second time",
                "That would be so with 52 candidates of 104. There are 20.",
            ),
            Option(
                "about one time in five",
                "It is shown whenever it is a candidate, and that happens in 20 of 104 cases.",
                holds=True,
            ),
            Option(
                "about one time in a hundred",
                "That is one film in 104: a single blind candidate. There are 20 of them.",
            ),
        ),
    ),
)
