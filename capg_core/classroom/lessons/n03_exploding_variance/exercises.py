"""The exercises of 03_exploding_variance."""

import numpy as np

import capg_core as capg
from capg_core.classroom.check import Exercise, Misconception
from capg_core.classroom.lessons.n03_exploding_variance.numbers import COMMON, moments_at

_SIZE_CASES = (
    (np.array([0.0, 1.0, -0.5]), np.array([1, 0])),
    (np.array([0.3, -1.2, 2.0, 0.0]), np.array([2, 0, 3])),
    (np.array([1.0, 0.5, 0.0, -0.5, -1.0]), np.array([4, 1])),
)
_EASY_CASES = _SIZE_CASES
# Little is left after the first draw: 1 - p is zero, or noise, even in double precision.
_HARD_CASES = (
    (np.array([60.0, 1.0, 0.0, -1.0]), np.array([0, 2, 1])),
    (np.array([900.0, 0.5, 0.0, -900.0]), np.array([0, 1, 2])),
)


def _call(function, signature, logits, candidates):
    if not callable(function):
        raise TypeError(f"expected a function {signature}, not {type(function).__name__}")
    with np.errstate(all="ignore"):
        result = function(logits.copy(), candidates.copy())
    if result is None or result is ...:
        raise NotImplementedError
    return np.asarray(result, dtype=float)


def _try_sizes(function):
    """Call a student's ``surprise_sizes(logits, candidates)`` on every case and join the results."""
    results = []
    for logits, candidates in _SIZE_CASES:
        result = _call(function, "surprise_sizes(logits, candidates)", logits, candidates)
        results.append(result if result.ndim == 1 else np.atleast_2d(result).reshape(1, -1))
    return np.concatenate(results, axis=-1)


def _softmax_of_left(logits, candidates):
    """Return the softmax each item was drawn from, one row a draw."""
    left, rows = np.ones(len(logits), dtype=bool), []
    for item in candidates:
        weights = np.where(left, np.exp(logits), 0.0)
        rows.append(weights / weights.sum())
        left[item] = False
    return np.array(rows)


def _sizes(logits, candidates):
    return 1.0 - np.sum(_softmax_of_left(logits, candidates) ** 2, axis=1)


def _sizes_put_back(logits, candidates):
    """Use the softmax over all items at every draw."""
    p = np.exp(logits) / np.sum(np.exp(logits))
    return np.full(len(candidates), 1.0 - np.sum(p**2))


def _sizes_of_what_came(logits, candidates):
    """Take the squared length of the surprise that happened, not its expectation before the draw."""
    p = _softmax_of_left(logits, candidates)
    return 1.0 - 2.0 * p[np.arange(len(candidates)), candidates] + np.sum(p**2, axis=1)


def _try_log_prob(function):
    """Call a student's ``log_prob(logits, candidates)``: values for easy cases, right or wrong for hard ones.

    A hard case counts 1 if the value is right, -1 if its sign is wrong and 0 otherwise: what a cancelling form gives
    there is noise, and differs from one way of writing it to the next.
    """
    values = []
    for logits, candidates in _EASY_CASES:
        values.append(_call(function, "log_prob(logits, candidates)", logits, candidates))
    for logits, candidates in _HARD_CASES:
        value = _call(function, "log_prob(logits, candidates)", logits, candidates)
        wanted = capg.list_log_prob(logits, candidates)
        values.append(np.where(np.abs(np.abs(value) - abs(wanted)) < 1e-8 * abs(wanted), np.sign(value / wanted), 0.0))
    if any(np.size(value) != 1 for value in values):
        raise ValueError("expected one number for a list")
    return np.array([float(np.ravel(value)[0]) for value in values])


def _log_prob(logits, candidates):
    return capg.list_log_prob(logits, candidates)


def _subtracting(logits, candidates):
    """Get what is left as one minus what is gone."""
    p = np.exp(logits - logits.max())
    p /= p.sum()
    gone = np.concatenate([[0.0], np.cumsum(p[candidates])[:-1]])
    return np.sum(np.log(p[candidates]) - np.log(1.0 - gone))


def _plain_exponentials(logits, candidates):
    """Add up what is left, of exponentials that overflow and underflow."""
    p = _softmax_of_left(logits, candidates)
    return np.sum(np.log(p[np.arange(len(candidates)), candidates]))


def _all_items_each_time(logits, candidates):
    """Normalise every draw over all items."""
    return np.sum(logits[candidates] - np.logaddexp.reduce(logits))


def _probability(logits, candidates):
    return np.exp(capg.list_log_prob(logits, candidates))


def _needed():
    """Count the lists that bring V-PG with a baseline to a signal-to-noise of 1, at K = 20."""
    return moments_at(20, "V-PG", COMMON, 0.0, 0).needed


EXERCISES = (
    Exercise(
        key="03.1",
        question="Write surprise_sizes(logits, candidates): for each draw of one list, the expected squared length "
        "of its surprise, given the draws before it. Return K numbers.",
        expected=lambda: _sizes,
        evaluate=_try_sizes,
        rtol=1e-8,
        praise="That is right. Their sum, averaged over lists, is the mean squared length of the score.",
        misconceptions=(
            Misconception(
                "put the drawn items back",
                lambda: _sizes_put_back,
                "All your draws have the same size. A drawn item is not put back: the softmax of draw r runs over "
                "the items still left.",
            ),
            Misconception(
                "the surprise that happened",
                lambda: _sizes_of_what_came,
                "This is the squared length of the surprise for the item that was drawn. The question asks for its "
                "mean before that item is known: average over the items that could have been drawn, each with its p.",
            ),
            Misconception(
                "forgot the one",
                lambda: lambda logits, candidates: 1.0 - _sizes(logits, candidates),
                "This is the sum of the squared probabilities. Expand the square of (one for the item drawn, minus "
                "p) and take the mean term by term: there are three terms.",
            ),
            Misconception(
                "summed over the draws",
                lambda: lambda logits, candidates: np.array([np.sum(_sizes(logits, candidates))]),
                "This is one number a list, the sum over the draws. Return one number for each draw.",
            ),
        ),
    ),
    Exercise(
        key="03.2",
        question="With the mean reward as baseline and K = 20: how many lists must a V-PG batch hold for its "
        "signal-to-noise to be 1?",
        expected=_needed,
        rtol=0.12,  # the variance is measured, so two honest answers differ by some per cent
        loose=0.35,
        praise="That is right: the variance of one estimate over the squared length of the gradient.",
        misconceptions=(
            Misconception(
                "forgot to square",
                lambda: np.sqrt(_needed()),
                "This is noise over signal. Averaging N estimates divides the noise by the root of N only.",
            ),
            Misconception(
                "upside down",
                lambda: 1.0 / _needed(),
                "The ratio is upside down: more noise needs more lists.",
            ),
            Misconception(
                "no baseline",
                lambda: moments_at(20, "V-PG", "none", 0.0, 0).needed,
                "This is the number without a baseline. Subtract the mean reward first.",
            ),
            Misconception(
                "one K for both",
                lambda: moments_at(1, "V-PG", COMMON, 0.0, 0).needed,
                "This is the number for K = 1. The variance and the gradient both change with K; take both at K = 20.",
            ),
            Misconception(
                "signal not squared",
                lambda: _needed() * moments_at(20, "V-PG", COMMON, 0.0, 0).signal,
                "The variance is a squared length. Divide it by the squared length of the gradient, not by its length.",
            ),
        ),
    ),
    Exercise(
        key="03.3",
        question="Write log_prob(logits, candidates): the log-probability of one list, right also when the logits "
        "lie hundreds apart.",
        expected=lambda: _log_prob,
        evaluate=_try_log_prob,
        rtol=1e-8,
        praise="That is right, and it stays right where one minus the probability drawn rounds to zero.",
        misconceptions=(
            Misconception(
                "one minus what is gone",
                lambda: _subtracting,
                "Right for mild logits, wrong when the first draw takes nearly all the mass: what is left is then "
                "one minus a number that rounds to one. Add up what is left instead of subtracting what is gone.",
            ),
            Misconception(
                "exponentials overflow",
                lambda: _plain_exponentials,
                "Right for mild logits. exp of a logit of 900 overflows, and after subtracting the largest logit the "
                "others can underflow. Stay with logarithms: subtract the largest logit of those that are left.",
            ),
            Misconception(
                "normalised over all items",
                lambda: _all_items_each_time,
                "Every draw is normalised over all items here. At draw r only the items still left compete.",
            ),
            Misconception(
                "probability",
                lambda: _probability,
                "This is the probability of the list. The question asks for its logarithm.",
            ),
        ),
    ),
)
