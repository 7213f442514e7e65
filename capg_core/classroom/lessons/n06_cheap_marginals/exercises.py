"""The exercises of 06_cheap_marginals."""

import numpy as np

from capg_core.classroom.exercise import Exercise, Misconception, between, written
from capg_core.classroom.plain import softmax

_CASES = (
    (np.array([0.5, 0.0, -0.5]), 2),
    (np.array([0.0, 1.0, -0.5, 0.4]), 2),
    (np.array([2.0, 0.3, -1.2, 0.0, 0.8, -0.4]), 3),
    (np.array([1.5, 1.0, 0.5, 0.0, -0.5, -1.0, -1.5, 0.2]), 5),
)


def _ran_away(times, wanted):
    """Say if one of them is no time at all: how far a clock runs away differs from one start to the next."""
    return any(not np.all(np.isfinite(t) & (t > 0.0)) for t in times)


def _arrivals(tau, logits, k):
    if np.size(tau) != 1 or tau <= 0.0:
        return ""
    arrived = np.sum(-np.expm1(-np.exp(logits) * tau))
    words = f"At your tau the expected number of arrivals is {written(arrived)}; asked is {k}."
    return "" if abs(arrived - k) < 1e-3 else words


def _newton(logits, k, start, n_steps=60, survivors=False):
    """Newton in tau on the expected number of arrivals, or of survivors."""
    weights, tau = np.exp(logits), start
    for _ in range(n_steps):
        left = np.exp(-weights * tau)
        miss = np.sum(left) - k if survivors else k - np.sum(1.0 - left)
        tau = tau + miss / np.sum(weights * left)
    return tau


def _clock(logits, k, n_steps=60):
    return _newton(logits, k, k / np.sum(np.exp(logits)), n_steps)


def _formula(logits, k, *, with_own=False, n_factors=None, ahead=0, lightest=False, summed=False):
    """The paper's formula, and what comes out when a detail is wrong."""
    weights = np.exp(logits)
    pi = np.empty(len(weights))
    for a, weight in enumerate(weights):
        others = weights if with_own else np.delete(weights, a)
        heads = np.sort(others) if lightest else np.sort(others)[::-1]
        drawn = np.concatenate([[0.0], np.cumsum(heads)])
        rest = weights.sum() - drawn[ahead : ahead + (k if n_factors is None else n_factors(k))]
        pi[a] = np.sum(weight / rest) if summed else 1.0 - np.prod(1.0 - weight / rest)
    return pi


def _largest_softmax():
    """Return the largest softmax of the notebook's items."""
    return softmax(np.random.default_rng(0).normal(size=100)).max()


def _first_k_above_one():
    """Return the least K at which K softmax exceeds 1 for some item of the notebook."""
    return next(k for k in range(1, 101) if k * _largest_softmax() > 1.0)


EXERCISES = (
    Exercise(
        key="06.1",
        question="Write my_paper_pi(logits, k): the paper's formula for all items.",
        expected=_formula,
        call="my_paper_pi(logits, k)",
        cases=_CASES,
        returns="one number for each item",
        invariants=(between(0.0, 1.0, "A probability"),),
        praise="That is the paper's formula. capg.inclusion_probabilities(logits, k, 'paper') gives the same.",
        misconceptions=(
            Misconception(
                "the item among its own rivals",
                lambda logits, k: _formula(logits, k, with_own=True),
                "For a heavy item, its own weight is among those taken away. The formula asks what is left while the "
                "item is still there.",
            ),
            Misconception(
                "with replacement",
                lambda logits, k: 1.0 - (1.0 - softmax(logits)) ** k,
                "Every draw is from all items here. In the formula what is left shrinks with every draw.",
            ),
            Misconception(
                "K times the softmax",
                lambda logits, k: k * softmax(logits),
                "This is K times the chance to be drawn first: nothing is taken away, and a heavy item counts more "
                "than once.",
            ),
            Misconception(
                "sum for product",
                lambda logits, k: _formula(logits, k, summed=True),
                "You add up the chances of the draws. The item can be drawn once only: multiply the chances that it is "
                "not drawn, and take that from one.",
            ),
            Misconception(
                "the chance not to be drawn",
                lambda logits, k: 1.0 - _formula(logits, k),
                "This is the chance that the item is in none of the draws.",
            ),
            Misconception(
                "off by one in K",
                lambda logits, k: _formula(logits, k, n_factors=lambda k: k - 1),
                "One factor is missing: K - 1 heavy items are taken away, and there are K draws.",
            ),
            Misconception(
                "taken away too early",
                lambda logits, k: _formula(logits, k, n_factors=lambda k: k - 1, ahead=1),
                "Nothing has been drawn before the first draw, so its denominator is W itself.",
            ),
            Misconception(
                "the lightest first",
                lambda logits, k: _formula(logits, k, lightest=True),
                "The order is upside down: the formula takes away the heaviest others first.",
            ),
        ),
    ),
    Exercise(
        key="06.2",
        question="Write my_clock(logits, k): the tau at which the expected number of arrivals is k, by Newton's "
        "method.",
        expected=_clock,
        call="my_clock(logits, k)",
        cases=_CASES,
        invariants=(_arrivals,),
        praise="That is Rosén's clock. Some ten steps of O(n) each, whatever K is.",
        misconceptions=(
            Misconception(
                "K / W without iterating",
                lambda logits, k: _clock(logits, k, n_steps=0),
                "This solves the sum of w tau = K: every item would go on arriving again and again. It is a good "
                "place to start from.",
            ),
            Misconception(
                "one step",
                lambda logits, k: _clock(logits, k, n_steps=1),
                "This is one step of Newton's method. Go on until the step is negligible.",
            ),
            Misconception(
                "started on the wrong side",
                lambda logits, k: _newton(logits, k, 40.0),
                "The clock left the race: it became negative or infinite. The expected number of arrivals is concave "
                "in tau. On which side of the root does a tangent not overshoot?",
                _ran_away,
            ),
            Misconception(
                "off by one in K",
                lambda logits, k: _newton(logits, k + 1, 0.0),
                "At this time k + 1 have arrived, on average. One too many.",
            ),
            Misconception(
                "survivors instead of arrivals",
                lambda logits, k: _newton(logits, k, 0.0, survivors=True),
                "At this time k items are still on the way. Count those that have arrived.",
            ),
        ),
    ),
    Exercise(
        key="06.3",
        question="What is the least K at which K softmax exceeds 1 for some of the notebook's 100 items?",
        expected=_first_k_above_one,
        returns="a whole number",
        nearby=lambda: "for two items with the weights 1 and 2 it is 2",
        praise="That is right. From there on the approximation is no probability any more.",
        misconceptions=(
            Misconception(
                "off by one",
                lambda: _first_k_above_one() - 1,
                "At this K the largest one is still below 1. Go one further.",
            ),
            Misconception(
                "not rounded",
                lambda: 1.0 / _largest_softmax(),
                "This is where K softmax would be 1. K is a whole number, and the question asks for more than 1.",
            ),
        ),
    ),
)
