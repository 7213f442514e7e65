"""The exercises of 06_cheap_marginals."""

from functools import lru_cache

import numpy as np

import capg_core as capg
from capg_core.classroom.check import Exercise, Misconception

_CASES = (
    (np.array([0.0, 1.0, -0.5, 0.4]), 2),
    (np.array([2.0, 0.3, -1.2, 0.0, 0.8, -0.4]), 3),
    (np.array([1.5, 1.0, 0.5, 0.0, -0.5, -1.0, -1.5, 0.2]), 5),
)
OFF_THE_CLOCK = -1.0


def _results(function, name):
    if not callable(function):
        raise TypeError(f"expected a function {name}, not {type(function).__name__}")
    results = []
    for logits, k in _CASES:
        with np.errstate(all="ignore"):  # a clock that runs away overflows
            result = function(logits.copy(), k)
        if result is None or result is ...:
            raise NotImplementedError
        results.append(np.asarray(result, dtype=float))
    return results


def _try_clock(function):
    """Call a student's ``clock(logits, k)`` on every case; a clock that is no time at all is -1 in all of them."""
    results = _results(function, "clock(logits, k)")
    if any(result.size != 1 for result in results):
        raise ValueError(f"the clock has shape {results[0].shape}; expected one number")
    times = np.array([result.item() for result in results])
    on_the_clock = np.all(np.isfinite(times)) and np.all(times > 0.0)
    return times if on_the_clock else np.full(times.size, OFF_THE_CLOCK)


def _try_formula(function):
    """Call a student's ``paper_pi(logits, k)`` on every case and join the results."""
    results = _results(function, "paper_pi(logits, k)")
    for result, (logits, _) in zip(results, _CASES, strict=True):
        if result.shape != logits.shape:
            raise ValueError(f"the result has shape {result.shape}; expected {logits.shape}, one number an item")
    return np.concatenate(results)


def _newton(logits, k, start, n_steps=60, survivors=False):
    """Newton in tau on the expected number of arrivals, or of survivors."""
    weights, tau = np.exp(logits), start
    for _ in range(n_steps):
        left = np.exp(-weights * tau)
        miss = np.sum(left) - k if survivors else k - np.sum(1.0 - left)
        tau = tau + miss / np.sum(weights * left)
    return tau


def _clock(logits, k):
    return _newton(logits, k, k / np.sum(np.exp(logits)))


def _formula(logits, k, *, with_own=False, n_factors=None, ahead=0, lightest=False):
    """The paper's formula, and what comes out when a detail is wrong."""
    weights = np.exp(logits)
    pi = np.empty(len(weights))
    for a, weight in enumerate(weights):
        others = weights if with_own else np.delete(weights, a)
        heads = np.sort(others) if lightest else np.sort(others)[::-1]
        drawn = np.concatenate([[0.0], np.cumsum(heads)])
        rest = weights.sum() - drawn[ahead : ahead + (k if n_factors is None else n_factors(k))]
        pi[a] = 1.0 - np.prod(1.0 - weight / rest)
    return pi


def _logits():
    return np.random.default_rng(0).normal(size=100)


@lru_cache(maxsize=1)
def first_k_above_one():
    """Return the least K at which K softmax exceeds 1 for some item of the notebook."""
    ks = range(1, 101)
    return next(k for k in ks if capg.inclusion_probabilities(_logits(), k, "with_replacement").max() > 1.0)


EXERCISES = (
    Exercise(
        key="06.1",
        question="Write paper_pi(logits, k): the paper's formula for all items.",
        expected=lambda: _formula,
        evaluate=_try_formula,
        rtol=1e-8,
        praise="That is the paper's formula. capg.inclusion_probabilities(logits, k, 'paper') gives the same.",
        misconceptions=(
            Misconception(
                "the item among its own rivals",
                lambda: lambda logits, k: _formula(logits, k, with_own=True),
                "For a heavy item, its own weight is among those taken away. The formula asks what is left while the "
                "item is still there.",
            ),
            Misconception(
                "with replacement",
                lambda: lambda logits, k: 1.0 - (1.0 - np.exp(logits) / np.sum(np.exp(logits))) ** k,
                "Every draw is from all items here. In the formula what is left shrinks with every draw.",
            ),
            Misconception(
                "off by one in K",
                lambda: lambda logits, k: _formula(logits, k, n_factors=lambda k: k - 1),
                "One factor is missing: K - 1 heavy items are taken away, and there are K draws.",
            ),
            Misconception(
                "taken away too early",
                lambda: lambda logits, k: _formula(logits, k, n_factors=lambda k: k - 1, ahead=1),
                "Nothing has been drawn before the first draw, so its denominator is W itself.",
            ),
            Misconception(
                "the lightest first",
                lambda: lambda logits, k: _formula(logits, k, lightest=True),
                "The order is upside down: the formula takes away the heaviest others first.",
            ),
        ),
    ),
    Exercise(
        key="06.2",
        question="Write clock(logits, k): the tau at which the expected number of arrivals is k, by Newton's method.",
        expected=lambda: _clock,
        evaluate=_try_clock,
        rtol=1e-8,
        praise="That is Rosén's clock. Some ten steps of O(n) each, whatever K is.",
        misconceptions=(
            Misconception(
                "K / W without iterating",
                lambda: lambda logits, k: k / np.sum(np.exp(logits)),
                "This solves the sum of w tau = K: every runner would go on arriving again and again. It is a good "
                "place to start from.",
            ),
            Misconception(
                "one step",
                lambda: lambda logits, k: _newton(logits, k, k / np.sum(np.exp(logits)), 1),
                "This is one step of Newton's method. Go on until the step is negligible.",
            ),
            Misconception(
                "started on the wrong side",
                lambda: lambda logits, k: _newton(logits, k, 40.0),
                "The clock left the race: it became negative or infinite. The expected number of arrivals is concave "
                "in tau. On which side of the root does a tangent not overshoot?",
            ),
            Misconception(
                "off by one in K",
                lambda: lambda logits, k: _newton(logits, k + 1, 0.0),
                "At this time k + 1 have arrived, on average. One too many.",
            ),
            Misconception(
                "survivors instead of arrivals",
                lambda: lambda logits, k: _newton(logits, k, 0.0, survivors=True),
                "At this time k runners are still on the way. Count those that have arrived.",
            ),
        ),
    ),
    Exercise(
        key="06.3",
        question="What is the least K at which K softmax exceeds 1 for some of the notebook's 100 items?",
        expected=first_k_above_one,
        rtol=1e-6,
        loose=1e-4,
        praise="That is right. From there on the approximation is no probability any more.",
        misconceptions=(
            Misconception(
                "off by one",
                lambda: first_k_above_one() - 1,
                "At this K the largest one is still below 1. Go one further.",
            ),
            Misconception(
                "not rounded",
                lambda: 1.0 / capg.inclusion_probabilities(_logits(), 1, "with_replacement").max(),
                "This is where K softmax would be 1. K is a whole number, and the question asks for more than 1.",
            ),
        ),
    ),
)
