"""The exercises of 05_bias_and_alignment."""

from functools import lru_cache

import numpy as np

import capg_core as capg
from capg_core.classroom.exercise import Exercise, Misconception, between, sums_to

ADDED = 2.0  # to every reward, in 05.3

_DRIFT_CASES = (
    (np.array([0.5, 0.0, -0.5]), 2, np.array([0.2, 0.9, 0.4])),
    (np.array([0.3, -1.2, 0.8, 0.0]), 2, np.array([0.1, 0.9, 0.4, 0.7])),
    (np.array([1.0, 0.5, 0.0, -0.5, -1.0]), 3, np.array([5.0, 1.0, 4.0, 2.0, 3.0])),
)
_BASELINE_CASES = (
    (np.array([0.3, -0.3]), np.array([0.1, -0.1]), 2.0),
    (np.array([0.2, -0.3, 0.1]), np.array([0.5, -0.1, -0.4]), 2.0),
    (np.array([-1.0, 0.4, 0.6, 0.0]), np.array([0.3, 0.1, -0.6, 0.2]), -0.5),
)


def _weighted(logits, k, weights):
    """Return the sum over the items of a weight times the gradient of log pi."""
    return weights @ capg.inclusion_score(logits, np.arange(len(logits)), k)


def _drift(logits, k, utility, times=1.0):
    return _weighted(logits, k, capg.outcome_probabilities(logits, k, utility) * times)


@lru_cache(maxsize=4)
def crossing(first="uniform", added=ADDED):
    """Return the share of "anti" at which CA-PG's mean is at a right angle to the true gradient.

    Parameters
    ----------
    first : str
        The other late stage.
    added : float
        What is added to every reward.

    Returns
    -------
    float
        By bisection, on the twenty items of the notebook with K = 5.
    """
    logits, reward = np.random.default_rng(1).normal(size=20), np.linspace(1.0, 0.0, 20)

    def inner(share):
        stage = capg.mix(first, "anti", share)
        mean = capg.expected_estimate(logits, 5, reward + added, "CA-PG", utility=reward, late_stage=stage)
        return mean @ capg.policy_gradient(logits, 5, reward, reward, stage)

    low, high = 0.0, 1.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if inner(middle) > 0 else (low, middle)
    return 0.5 * (low + high)


EXERCISES = (
    Exercise(
        key="05.1",
        question="Write my_drift(logits, k, utility): the sum over the items of rho_a times the gradient of log pi_a, "
        "for the optimal late stage.",
        expected=_drift,
        call="my_drift(logits, k, utility)",
        cases=_DRIFT_CASES,
        returns="one number for each item",
        invariants=(sums_to(0.0, "A mean of scores sums to"),),
        praise="That is what CA-PG does on average when every reward is 1.",
        misconceptions=(
            Misconception(
                "zero",
                lambda logits, k, utility: _weighted(logits, k, capg.inclusion_probabilities(logits, k)),
                "All zeros: the chance that weighs the score and the chance inside the log are the same here. "
                "CA-PG's are two different ones.",
            ),
            Misconception(
                "score @ rho",
                lambda logits, k, utility: (
                    capg.inclusion_score(logits, np.arange(len(logits)), k)
                    @ capg.outcome_probabilities(logits, k, utility)
                ),
                "Row a of the scores belongs to item a, and rho_a weighs that whole row. You have weighed the columns: "
                "on which side does rho stand?",
            ),
            Misconception(
                "gradient of the probability",
                lambda logits, k, utility: _drift(logits, k, utility, times=capg.inclusion_probabilities(logits, k)),
                "This weighs the gradients of pi. The score is the gradient of log pi.",
            ),
            Misconception(
                "not weighted",
                lambda logits, k, utility: _weighted(logits, k, np.ones(len(logits))),
                "Every score counts the same here. On average a score counts as often as its item is shown.",
            ),
            Misconception(
                "averaged instead of summed",
                lambda logits, k, utility: _drift(logits, k, utility) / len(logits),
                "This divides by the number of items. The chances rho already sum to one.",
            ),
            Misconception(
                "weighted by the utility too",
                lambda logits, k, utility: _drift(logits, k, utility, times=utility),
                "Here every reward is 1. The utility says which item is shown, and nothing else.",
            ),
        ),
    ),
    Exercise(
        key="05.2",
        question="Write my_with_baseline(mean, drift, b): the mean of CA-PG with baseline b, from its mean without "
        "one.",
        expected=lambda mean, drift, b: mean - b * drift,
        call="my_with_baseline(mean, drift, b)",
        cases=_BASELINE_CASES,
        returns="one number for each item",
        praise="That is right. The mean is linear in the reward, so a baseline takes away b times the drift.",
        misconceptions=(
            Misconception(
                "baseline applied to a biased estimator as if it were neutral",
                lambda mean, drift, b: mean,
                "A baseline leaves the mean alone only if the mean of the score is zero. Is it, for CA-PG?",
            ),
            Misconception(
                "the number alone",
                lambda mean, drift, b: mean - b,
                "The baseline is subtracted from the reward, and the reward multiplies a score.",
            ),
            Misconception(
                "added",
                lambda mean, drift, b: mean + b * drift,
                "With this sign the baseline is added to the reward.",
            ),
            Misconception(
                "the mean scaled",
                lambda mean, drift, b: (1.0 - b) * mean,
                "This takes b times the mean away. The baseline multiplies the score alone, without the reward: whose "
                "mean is that?",
            ),
            Misconception(
                "drift once",
                lambda mean, drift, b: mean - drift,
                "This is right for one value of b. The drift is the mean for a reward of 1 everywhere.",
            ),
        ),
    ),
    Exercise(
        key="05.3",
        question=f"{ADDED:g} is added to every reward. From which share of the anti late stage on, the rest uniform, "
        "is the angle between CA-PG's mean and the true gradient more than 90 degrees? K = 5, the notebook's items.",
        expected=crossing,
        returns="a share, from 0 to 1",
        rtol=0.1,  # of a tenth: to one per cent, as the question asks
        nearby=lambda: f"with 4 added in place of {ADDED:g} it is {crossing(added=4.0):.3f}",
        invariants=(between(0.0, 1.0, "A share"),),
        praise="That is right. One part in ten of a bad late stage is enough where rewards lie far from zero.",
        misconceptions=(
            Misconception(
                "place of the slider",
                lambda: 1.0 + crossing(),
                "This is the place on a scale from 0 to 2. The share of anti starts at the uniform one.",
            ),
            Misconception(
                "in per cent",
                lambda: 100.0 * crossing(),
                "This is in per cent. capg.mix takes a share from 0 to 1, and that is what is asked.",
            ),
            Misconception(
                "share of uniform",
                lambda: 1.0 - crossing(),
                "This is the share of the uniform late stage. What is the share of the other one?",
            ),
            Misconception(
                "optimal instead of uniform",
                lambda: crossing("optimal"),
                "This mixes the optimal and the anti late stage. The rest is uniform.",
            ),
            Misconception(
                "nothing added",
                lambda: 1.0,
                f"Without the added {ADDED:g} there is no such share below 1. Add it to the reward of CA-PG.",
            ),
        ),
    ),
)
