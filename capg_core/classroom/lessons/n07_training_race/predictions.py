"""The predictions of 07_training_race."""

from capg_core.classroom.prediction import Option, Prediction

PREDICTIONS = (
    Prediction(
        "07",
        "Let V-PG have the mean reward as its baseline, and train it for 20,000 steps too. How many times fewer steps "
        "does CA-PG, without one, need to get to where V-PG then ends?",
        (
            Option(
                "none: it needs as many",
                "A baseline takes away the noise that comes from rewards far from zero. That of the K draws stays.",
            ),
            Option(
                "about 3 times fewer",
                "It is a good guess of the noise, and noise costs steps by its square.",
            ),
            Option(
                "about 30 times fewer",
                "A large part of the gap is gone, and a large part stays.",
                holds=True,
            ),
            Option(
                "more than 100 times fewer, as before",
                "All rewards here are positive and far from zero: the baseline takes away what they have in common.",
            ),
        ),
    ),
    Prediction(
        "07b",
        "Every reward is 1, so there is nothing to learn. Train CA-PG on that. What do its towers earn with the real "
        "rewards afterwards?",
        (
            Option(
                "what random candidates earn",
                "That is V-PG, which is right on average. CA-PG's score pushes up what the late stage shows, and the "
                "users like that.",
            ),
            Option(
                "as much as with the real rewards",
                "CA-PG's score pushes up what the late stage shows, whatever the reward. Here the late stage is right.",
                holds=True,
            ),
            Option(
                "about half of what it gains with the real rewards",
                "It is not half. CA-PG's score pushes up what the late stage shows, whatever the reward.",
            ),
            Option(
                "less than random candidates earn",
                "It would, if the late stage ranked against the users. This one ranks as they do.",
            ),
        ),
    ),
)
