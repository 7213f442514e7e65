"""Worked solutions of 05_bias_and_alignment. Try the exercises first."""

import numpy as np

import capg_core as capg
from capg_core.classroom import check


def drift(logits, k, utility):
    """Weigh each item's score by how often the item is shown."""
    shown = capg.outcome_probabilities(logits, k, utility)
    return shown @ capg.inclusion_score(logits, np.arange(len(logits)), k)


def with_baseline(mean, drift, b):
    """Use that the mean is linear in the reward: a reward of -b everywhere adds -b times the drift."""
    return mean - b * drift


def inner(share):
    """Return the inner product with the true gradient; the angle is 90 degrees where it is zero."""
    stage = capg.mix("uniform", "anti", share)
    mean = capg.expected_estimate(logits, 5, reward + 2, "CA-PG", utility=reward, late_stage=stage)
    return mean @ capg.policy_gradient(logits, 5, reward, reward, stage)


# 05.3: the inner product is positive at a small share; go up in small steps until it is not.
logits, reward = np.random.default_rng(1).normal(size=20), np.linspace(1, 0, 20)
share = next(share for share in np.arange(0, 1, 0.0005) if inner(share) < 0)

ANSWERS = {"05.1": drift, "05.2": with_baseline, "05.3": share}

if __name__ == "__main__":
    for key, answer in ANSWERS.items():
        print(check(key, answer).text)
