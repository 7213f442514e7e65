"""The exercises of 08_real_ratings."""

from functools import cache

import numpy as np

import capg_core as capg
from capg_core.classroom.exercise import Exercise, Misconception, between

# Utilities and rewards: without ties, and with ties in each.
_ORDERS = (
    (np.array([0.9, 0.2, 0.4]), np.array([3.0, 1.0, 4.0])),
    (np.array([0.1, 0.9, 0.4, 0.7]), np.array([1.0, 4.0, 3.0, 2.0])),
    (np.array([4.1, 4.9, 3.0, 4.9, 2.2]), np.array([4.0, 5.0, 3.0, 3.5, 5.0])),
    (np.array([1.0, 1.0, 2.0, 3.0, 3.0, 3.0]), np.array([2.0, 5.0, 5.0, 5.0, 1.0, 3.0])),
)
# Candidates and loved films: some caught, none, all, more loved than candidates.
_LISTS = (
    (np.array([1, 0]), np.array([0, 2, 3])),
    (np.array([7, 2, 9, 4]), np.array([2, 5, 9])),
    (np.array([3, 1]), np.array([0, 2, 4, 6])),
    (np.array([8, 6, 0, 5, 1]), np.array([0, 8])),
    (np.array([11, 4, 2]), np.array([2, 3, 4, 10, 11, 12, 13])),
)


def _pairs(utility, reward):
    """Return, for all pairs, 1 for the right order, 1/2 for equal utilities and 0; and whether the rewards differ."""
    i, j = np.triu_indices(len(utility), 1)
    order = np.sign(reward[i] - reward[j])
    return (1 + np.sign(utility[i] - utility[j]) * order) / 2, order != 0


def _concordance(utility, reward):
    right, differ = _pairs(utility, reward)
    return np.mean(right[differ])


def _all_pairs(utility, reward):
    """Divide by all pairs, those of equal reward too."""
    right, differ = _pairs(utility, reward)
    return np.sum(right[differ]) / len(right)


def _ties_lose(utility, reward):
    """Count a pair of equal utility as wrong."""
    right, differ = _pairs(utility, reward)
    return np.mean(right[differ] == 1)


def _tau_b(utility, reward):
    """Return Kendall's tau-b: right minus wrong, over the root of the pairs that differ in each."""
    i, j = np.triu_indices(len(utility), 1)
    u, r = np.sign(utility[i] - utility[j]), np.sign(reward[i] - reward[j])
    return np.sum(u * r) / np.sqrt(np.sum(u != 0) * np.sum(r != 0))


def _caught(candidates, loved):
    return np.isin(loved, candidates).sum()


def _recall(candidates, loved):
    return _caught(candidates, loved) / len(loved)


def _place_by_place(candidates, loved):
    n = min(len(candidates), len(loved))
    return np.sum(candidates[:n] == loved[:n]) / len(loved)


@cache
def _values(late_stage):
    """Return the value of CA-PG on the observed ratings, before and after 200 steps: K = 20, rate 0.1."""
    world = capg.observed_films(late_stage)
    return capg.train(world, "CA-PG", 20, n_steps=200, learning_rate=0.1, seed=0, eval_every=200).policy_value


def _trained_value(late_stage="fitted"):
    return _values(late_stage)[-1]


def _late_stage_alone():
    """Return the mean reward if the fitted late stage chose from everything that a person rated."""
    world = capg.observed_films("fitted")
    picks = np.where(world.available, world.utility, -np.inf).argmax(axis=1)
    return float(world.mean_reward[np.arange(world.n_users), picks].mean())


def _best():
    return capg.optimal_value(capg.observed_films("fitted"))


EXERCISES = (
    Exercise(
        key="08.1",
        question="Write my_concordance(utility, reward): of the pairs that differ in reward, the share that the "
        "utility puts in the same order; a pair of equal utilities counts half.",
        expected=_concordance,
        call="my_concordance(utility, reward)",
        cases=_ORDERS,
        invariants=(between(0.0, 1.0, "A share"),),
        praise="That is the concordance. capg.alignment averages it over the users.",
        misconceptions=(
            Misconception(
                "divided by all pairs",
                _all_pairs,
                "Two films with the same reward have no right order. They belong neither above nor below the line "
                "of the fraction.",
            ),
            Misconception(
                "equal rewards count half",
                lambda utility, reward: np.mean(_pairs(utility, reward)[0]),
                "This lets pairs of equal reward count as half right. They say nothing about the late stage: leave "
                "them out before you average.",
            ),
            Misconception(
                "equal utilities count as wrong",
                _ties_lose,
                "Where the utilities are equal the late stage has no opinion, and a coin would be right half the time.",
            ),
            Misconception(
                "right minus wrong",
                lambda utility, reward: 2 * _concordance(utility, reward) - 1,
                "This is right minus wrong, as in Kendall's tau: it goes from -1 to 1. A share goes from 0 to 1.",
            ),
            Misconception(
                "tau-b",
                _tau_b,
                "This is Kendall's tau-b: right minus wrong, and divided by what differs in both. A share goes from 0 "
                "to 1, and counts the pairs that differ in reward.",
            ),
            Misconception(
                "half of tau-b plus a half",
                lambda utility, reward: (1 + _tau_b(utility, reward)) / 2,
                "tau-b divides by a root that the equal utilities make smaller. Count the pairs that differ in reward.",
            ),
            Misconception(
                "equal utilities left out",
                lambda utility, reward: np.mean(
                    [x for x, d in zip(*_pairs(utility, reward), strict=True) if d and x != 0.5]
                ),
                "You leave out the pairs of equal utility. They count half: a coin would be right half the time.",
            ),
            Misconception(
                "share of the wrong order",
                lambda utility, reward: 1 - _concordance(utility, reward),
                "This is the share of pairs in the wrong order.",
            ),
        ),
    ),
    Exercise(
        key="08.2",
        question="Write my_recall(candidates, loved): the share of the loved films that are among the candidates.",
        expected=_recall,
        call="my_recall(candidates, loved)",
        cases=_LISTS,
        invariants=(between(0.0, 1.0, "A share"),),
        praise="That is recall at K. With more loved films than candidates it cannot reach 1.",
        misconceptions=(
            Misconception(
                "divided by K",
                lambda candidates, loved: _caught(candidates, loved) / len(candidates),
                "This is the share of the candidates that are loved: precision. Recall asks of the loved films.",
            ),
            Misconception(
                "share missed",
                lambda candidates, loved: 1 - _recall(candidates, loved),
                "This is the share that was missed.",
            ),
            Misconception(
                "count",
                _caught,
                "This is how many were caught. The question asks for a share.",
            ),
            Misconception(
                "divided by both",
                lambda candidates, loved: _caught(candidates, loved) / len(np.union1d(candidates, loved)),
                "You divide by all the films that are in either. Recall asks of the loved ones.",
            ),
            Misconception(
                "hit",
                lambda candidates, loved: float(_caught(candidates, loved) > 0),
                "This only says whether one loved film was caught: a hit rate. Here each of them counts.",
            ),
            Misconception(
                "compared place by place",
                _place_by_place,
                "This compares the two lists place by place. A loved film counts wherever it stands among the "
                "candidates.",
            ),
        ),
    ),
    Exercise(
        key="08.3",
        question="Observed ratings, fitted late stage, K = 20: what is the mean regret of CA-PG without a baseline "
        "after 200 steps (rate 0.1, seed 0), in stars?",
        expected=lambda: _best() - _trained_value(),
        returns="a number of stars",
        rtol=0.017,  # 0.01 stars: the notebook's tables have two decimals
        nearby=lambda: f"before the training the answer is {_best() - _values('fitted')[0]:.2f} stars",
        praise="That is right. Regret is the best a person has, minus what the person was shown, averaged.",
        misconceptions=(
            Misconception(
                "measured from five stars",
                lambda: 5.0 - _trained_value(),
                "Not everybody gave five stars to a film. Measure from the best that each person has: "
                "capg.optimal_value.",
            ),
            Misconception(
                "measured from random candidates",
                lambda: _trained_value() - capg.uniform_value(capg.observed_films("fitted"), 20),
                "This is what was won over random candidates. Regret is what is still missing to the best.",
            ),
            Misconception(
                "measured from the late stage alone",
                lambda: _late_stage_alone() - _trained_value(),
                "This is measured from what the late stage would show of all films. The best is more than that: the "
                "late stage errs.",
            ),
            Misconception(
                "the value",
                _trained_value,
                "This is the mean reward. Regret is the distance from there to the best.",
            ),
            Misconception(
                "the late stage that never errs",
                lambda: _best() - _trained_value("own"),
                "This is the regret with the late stage that knows the ratings. The question is about the fitted one.",
            ),
        ),
    ),
)
