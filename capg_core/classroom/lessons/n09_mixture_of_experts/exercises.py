"""The exercises of 09_mixture_of_experts."""

from functools import cache

import numpy as np

from capg_core.classroom.exercise import Exercise, Misconception, between, sums_to
from capg_core.classroom.lessons.n09_mixture_of_experts.numbers import (
    brought_in,
    expert_logits,
    inclusion,
    near,
    thinned_clock,
)
from capg_core.training.towers import split_places

_SPLIT_CASES = ((5, 3), (10, 4), (12, 3), (7, 2), (2, 5), (1, 1), (11, 4))
_rng = np.random.default_rng(9)
_CLOCK_CASES = (
    (np.array([[0.5, 0.0, -0.5], [0.0, 0.0, 1.0]]), np.array([1, 1])),
    (np.array([[0.0, 1.0, 2.0, -1.0], [1.0, 0.0, -0.5, 0.5]]), np.array([1, 1])),
    (_rng.normal(size=(2, 12)), np.array([4, 3])),
    (_rng.normal(size=(3, 20)), np.array([3, 2, 2])),
    (_rng.normal(size=(1, 9)), np.array([4])),
)


# 09.1: the places.


def _all_to_one(k, n_experts):
    return k // n_experts + np.where(np.arange(n_experts) == 0, k % n_experts, 0)


def _rest_to_the_last(k, n_experts):
    return _all_to_one(k, n_experts)[::-1]


# 09.2: the thinned clock.


def _clock(logits, places):
    return inclusion(thinned_clock(logits, places))


def _overwritten(logits, places):
    """Forget, at each expert, what the experts before it have taken."""
    survivors = np.ones(logits.shape[1])
    for row, count in zip(logits, places, strict=True):
        survivors = np.exp(-_arrivals_needed(row, survivors, count))
    return 1.0 - survivors


def _arrivals_needed(logits, survivors, count):
    """Return each item's expected arrivals at the time at which the survivors send `count` of them, by halving."""
    low, high = -40.0, 40.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        few = np.sum(survivors * -np.expm1(-np.exp(logits + middle))) < count
        low, high = (middle, high) if few else (low, middle)
    return np.exp(logits + low)


def _alone(logits, places):
    """Return each expert's inclusion probabilities, as if it drew from all the items."""
    return np.array([_clock(row[None], [count]) for row, count in zip(logits, places, strict=True)])


# 09.3: how many near a taste are lost.


@cache
def _covered():
    """Return expected candidates, two experts 90 degrees apart with 12 places each: {name: (first, last)}.

    "first" and "last" say when expert 1 draws: "A" near taste A, "B" near taste B, "own" by expert 1 near taste A.
    """
    logits = expert_logits(2, 90.0)
    first = brought_in(thinned_clock(logits, [12, 12]))
    last = brought_in(thinned_clock(logits[::-1], [12, 12]))[::-1]
    alone = brought_in(thinned_clock(logits[:1], [24]))
    found = {name: tuple(x[:, near(i)].sum() for x in (first, last)) for i, name in enumerate("AB")}
    found["own"] = tuple(x[0, near(0)].sum() for x in (first, last))
    found["one"] = (found["A"][0], alone[0, near(0)].sum())
    return found


def _gain(name="A"):
    before, after = _covered()[name]
    return after - before


EXERCISES = (
    Exercise(
        key="09.1",
        question="Write my_split(k, n_experts): the number of places of each expert, as even as possible, the first "
        "ones one more.",
        expected=split_places,
        call="my_split(k, n_experts)",
        cases=_SPLIT_CASES,
        returns="one number for each expert",
        invariants=(sums_to(lambda k, n_experts: k, "The places add up to K, here", "yours add up to"),),
        praise="That is right: the places add up to K, and no two experts differ by more than one.",
        misconceptions=(
            Misconception(
                "the rest is lost",
                lambda k, n_experts: np.full(n_experts, k // n_experts),
                "Add your numbers up: they do not give K where K is no multiple of M. Who gets the rest?",
            ),
            Misconception(
                "rounded up",
                lambda k, n_experts: np.full(n_experts, -(-k // n_experts)),
                "Add your numbers up: they give more than K where K is no multiple of M.",
            ),
            Misconception(
                "rounded to the nearest",
                lambda k, n_experts: np.full(n_experts, round(k / n_experts)),
                "Add your numbers up: rounding every expert's share alone gives K only by luck.",
            ),
            Misconception(
                "the rest to the last",
                _rest_to_the_last,
                "The sum is right, and the last expert gets the whole rest. It goes to the first ones, one place each.",
            ),
            Misconception(
                "rounded to the nearest, the rest to the last",
                lambda k, n_experts: np.append(
                    np.full(n_experts - 1, round(k / n_experts)), k - (n_experts - 1) * round(k / n_experts)
                ),
                "The sum is right, and the last expert pays for the rounding of the others. Share out the whole part "
                "first, then give the first ones one more.",
            ),
            Misconception(
                "all the rest to one",
                _all_to_one,
                "The sum is right. But one expert gets the whole rest; no two experts should differ by more than one.",
            ),
            Misconception(
                "fractions",
                lambda k, n_experts: np.full(n_experts, k / n_experts),
                "An expert cannot fill a part of a place. The numbers must be whole.",
            ),
            Misconception(
                "the last ones one more",
                lambda k, n_experts: split_places(k, n_experts)[::-1],
                "The numbers are right and in the wrong order: which experts get one more?",
            ),
        ),
    ),
    Exercise(
        key="09.2",
        question="Write my_inclusion(logits, places): the chance of each item to be a candidate, by the thinned clock.",
        expected=_clock,
        call="my_inclusion(logits, places)",
        cases=_CLOCK_CASES,
        returns="one number for each item",
        invariants=(
            sums_to(lambda logits, places: np.sum(places), "The chances sum to all the places, here", "yours sum to"),
            between(0.0, 1.0, "A chance"),
        ),
        praise="That is the thinned clock: the same numbers that train the experts.",
        misconceptions=(
            Misconception(
                "independent experts",
                lambda logits, places: 1.0 - np.prod(1.0 - _alone(logits, places), axis=0),
                "Each expert draws from all the items here, as if it did not know what the earlier ones took. "
                "Look at the sum: the same item is counted for two places. What do the later experts find?",
            ),
            Misconception(
                "survivors overwritten",
                _overwritten,
                "The survivors of the last expert stand here: at each expert you write over them. To survive is to "
                "survive all the experts, so multiply.",
            ),
            Misconception(
                "added up",
                lambda logits, places: _alone(logits, places).sum(axis=0),
                "These are the experts' own probabilities, added up. Some can exceed 1. An item taken by an "
                "earlier expert is no longer there for the next.",
            ),
            Misconception(
                "the same number of places for all",
                lambda logits, places: _clock(logits, np.full(len(places), places[0])),
                "Every clock here runs until the first expert's number of places. Each expert has its own.",
            ),
            Misconception(
                "all K places each, averaged",
                lambda logits, places: _alone(logits, np.full(len(places), places.sum())).mean(axis=0),
                "Every expert fills all K places here, and you take the mean. That is a lottery between experts: one "
                "of them fills the whole list. Here each fills its own share.",
            ),
            Misconception(
                "one expert with the mean logits",
                lambda logits, places: _clock(logits.mean(axis=0)[None], [places.sum()]),
                "This is one expert whose logits are the mean. The mean of two opposite tastes is no taste at all.",
            ),
            Misconception(
                "the last expert draws first",
                lambda logits, places: _clock(logits[::-1], places[::-1]),
                "The order is reversed: expert 1, the first row, draws first, and the others take from what is left.",
            ),
            Misconception(
                "only the last expert",
                lambda logits, places: brought_in(thinned_clock(logits, places))[-1],
                "These are the chances to be drawn by the last expert. An item counts whoever draws it.",
            ),
        ),
    ),
    Exercise(
        key="09.3",
        question="Two experts 90 degrees apart, 12 places each. How many more expected candidates near taste A are "
        "there when expert 1 draws last instead of first?",
        expected=_gain,
        rtol=0.1,  # two standard errors of a simulation with 5,000 lists in each order
        loose=0.2,
        nearby=lambda: "0 degrees apart the answer is 0",
        praise="That is right. Drawn last, expert 1 fills its places with what expert 2 has left, and expert 2 has "
        "already taken some items near taste A.",
        misconceptions=(
            Misconception(
                "the wrong taste",
                lambda: _gain("B"),
                "This is the change near taste B. The question is about taste A, the taste of expert 1.",
            ),
            Misconception(
                "only what expert 1 draws",
                lambda: _gain("own"),
                "This counts what expert 1 draws. An item near A is a candidate whoever drew it.",
            ),
            Misconception(
                "compared with one expert",
                lambda: _gain("one"),
                "This compares with one expert that has all 24 places. Keep two experts and change the order only.",
            ),
            Misconception(
                "no difference",
                lambda: 0.0,
                "The places are the same, and the items they meet are not: near A both experts want something. "
                "Set the angle to 90 in the panel and change the order.",
            ),
        ),
    ),
)
