"""The exercises of 08_real_ratings."""

from functools import lru_cache

import numpy as np

import capg_core as capg
from capg_core.classroom.check import Exercise, Misconception

# Utilities and rewards on which a student's concordance is tried: without ties, and with ties in each.
_ORDERS = (
    (np.array([0.1, 0.9, 0.4, 0.7]), np.array([1.0, 4.0, 3.0, 2.0])),
    (np.array([4.1, 4.9, 3.0, 4.9, 2.2]), np.array([4.0, 5.0, 3.0, 3.5, 5.0])),
    (np.array([1.0, 1.0, 2.0, 3.0, 3.0, 3.0]), np.array([2.0, 5.0, 5.0, 5.0, 1.0, 3.0])),
)
# Candidates and loved films: some caught, none, all, more loved than candidates.
_LISTS = (
    (np.array([7, 2, 9, 4]), np.array([2, 5, 9])),
    (np.array([3, 1]), np.array([0, 2, 4, 6])),
    (np.array([8, 6, 0, 5, 1]), np.array([0, 8])),
    (np.array([11, 4, 2]), np.array([2, 3, 4, 10, 11, 12, 13])),
)


def _run(function, cases, signature):
    """Call a student's function on every case and join the numbers."""
    if not callable(function):
        raise TypeError(f"expected a function {signature}, not {type(function).__name__}")
    results = []
    for first, second in cases:
        result = function(first.copy(), second.copy())
        if result is None or result is ...:
            raise NotImplementedError
        result = np.asarray(result, dtype=float)
        if result.size != 1:
            raise ValueError(f"the answer has shape {result.shape}; expected one number")
        results.append(result.ravel())
    return np.concatenate(results)


def _try_concordance(function):
    return _run(function, _ORDERS, "concordance(utility, reward)")


def _try_recall(function):
    return _run(function, _LISTS, "recall(candidates, loved)")


def _signs(utility, reward):
    """Return the signs of the differences of all pairs, of utility and of reward."""
    i, j = np.triu_indices(len(utility), 1)
    return np.sign(utility[i] - utility[j]), np.sign(reward[i] - reward[j])


def _concordance(utility, reward):
    u, r = _signs(utility, reward)
    return np.mean((1 + u * r)[r != 0]) / 2


def _all_pairs(utility, reward):
    """Divide by all pairs, those of equal reward too."""
    u, r = _signs(utility, reward)
    return np.sum((1 + u * r)[r != 0]) / 2 / len(r)


def _equal_rewards_count(utility, reward):
    """Count a pair of equal reward as half right."""
    u, r = _signs(utility, reward)
    return np.mean(1 + u * r) / 2


def _ties_lose(utility, reward):
    """Count a pair of equal utility as wrong."""
    u, r = _signs(utility, reward)
    return np.mean((u == r)[r != 0])


def _tau(utility, reward):
    """Subtract the pairs in the wrong order: Kendall's way, from -1 to 1."""
    return 2 * _concordance(utility, reward) - 1


def _discordance(utility, reward):
    return 1 - _concordance(utility, reward)


def _caught(candidates, loved):
    return np.isin(loved, candidates).sum()


def _recall(candidates, loved):
    return _caught(candidates, loved) / len(loved)


@lru_cache(maxsize=1)
def trained_value():
    """Return the value of CA-PG on the observed ratings with the fitted late stage: K = 20, 200 steps, rate 0.1."""
    world = capg.observed_films("fitted")
    return capg.train(world, "CA-PG", 20, n_steps=200, learning_rate=0.1, seed=0, eval_every=200).policy_value[-1]


@lru_cache(maxsize=1)
def late_stage_alone():
    """Return the mean reward if the fitted late stage chose from everything that a person rated."""
    world = capg.observed_films("fitted")
    picks = np.where(world.available, world.utility, -np.inf).argmax(axis=1)
    return float(world.mean_reward[np.arange(world.n_users), picks].mean())


def _best():
    return capg.optimal_value(capg.observed_films("fitted"))


EXERCISES = (
    Exercise(
        key="08.1",
        question="Write concordance(utility, reward): of the pairs that differ in reward, the share that the utility "
        "puts in the same order; a pair of equal utilities counts half.",
        expected=lambda: _concordance,
        evaluate=_try_concordance,
        rtol=1e-9,
        praise="That is the concordance. capg.alignment averages it over the users.",
        misconceptions=(
            Misconception(
                "divided by all pairs",
                lambda: _all_pairs,
                "Two films with the same reward have no right order. They belong neither above nor below the line "
                "of the fraction.",
            ),
            Misconception(
                "equal rewards count half",
                lambda: _equal_rewards_count,
                "This lets pairs of equal reward count as half right. They say nothing about the late stage: leave "
                "them out before you average.",
            ),
            Misconception(
                "equal utilities count as wrong",
                lambda: _ties_lose,
                "Where the utilities are equal the late stage has no opinion, and a coin would be right half the time.",
            ),
            Misconception(
                "right minus wrong",
                lambda: _tau,
                "This is right minus wrong, as in Kendall's tau: it goes from -1 to 1. A share goes from 0 to 1.",
            ),
            Misconception(
                "share of the wrong order",
                lambda: _discordance,
                "This is the share of pairs in the wrong order.",
            ),
        ),
    ),
    Exercise(
        key="08.2",
        question="Write recall(candidates, loved): the share of the loved films that are among the candidates.",
        expected=lambda: _recall,
        evaluate=_try_recall,
        rtol=1e-9,
        praise="That is recall at K. With more loved films than candidates it cannot reach 1.",
        misconceptions=(
            Misconception(
                "divided by K",
                lambda: lambda candidates, loved: _caught(candidates, loved) / len(candidates),
                "This is the share of the candidates that are loved: precision. Recall asks of the loved films.",
            ),
            Misconception(
                "share missed",
                lambda: lambda candidates, loved: 1 - _recall(candidates, loved),
                "This is the share that was missed.",
            ),
            Misconception(
                "count",
                lambda: lambda candidates, loved: _caught(candidates, loved),
                "This is how many were caught. The question asks for a share.",
            ),
            Misconception(
                "hit",
                lambda: lambda candidates, loved: float(_caught(candidates, loved) > 0),
                "This only says whether one loved film was caught: a hit rate. Here each of them counts.",
            ),
            Misconception(
                "compared place by place",
                lambda: (
                    lambda candidates, loved: np.mean(
                        [i < len(candidates) and candidates[i] == f for i, f in enumerate(loved)]
                    )
                ),
                "This compares the two lists place by place. A loved film counts wherever it stands among the "
                "candidates.",
            ),
        ),
    ),  # fmt: skip
    Exercise(
        key="08.3",
        question="Observed ratings, fitted late stage, K = 20: what is the mean regret of CA-PG without a baseline "
        "after 200 steps (rate 0.1, seed 0), in stars?",
        expected=lambda: _best() - trained_value(),
        rtol=0.005,  # two machines may differ a little after 200 steps
        loose=0.015,
        praise="That is right. Regret is the best a person has, minus what the person was shown, averaged.",
        misconceptions=(
            Misconception(
                "measured from five stars",
                lambda: 5.0 - trained_value(),
                "Not everybody gave five stars to a film. Measure from the best that each person has: "
                "capg.optimal_value.",
            ),
            Misconception(
                "measured from random candidates",
                lambda: trained_value() - capg.uniform_value(capg.observed_films("fitted"), 20),
                "This is what was won over random candidates. Regret is what is still missing to the best.",
            ),
            Misconception(
                "measured from the late stage alone",
                lambda: late_stage_alone() - trained_value(),
                "This is measured from what the late stage would show of all films. The best is more than that: the "
                "late stage errs.",
            ),
            Misconception(
                "the value",
                lambda: trained_value(),
                "This is the mean reward. Regret is the distance from there to the best.",
            ),
            Misconception(
                "the late stage that never errs",
                lambda: _best() - _value_own(),
                "This is the regret with the late stage that knows the ratings. The question is about the fitted one.",
            ),
        ),
    ),
)


@lru_cache(maxsize=1)
def _value_own():
    world = capg.observed_films("own")
    return capg.train(world, "CA-PG", 20, n_steps=200, learning_rate=0.1, seed=0, eval_every=200).policy_value[-1]
