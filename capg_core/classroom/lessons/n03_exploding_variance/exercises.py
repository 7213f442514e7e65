"""The exercises of 03_exploding_variance."""

import numpy as np

import capg_core as capg
from capg_core.classroom.exercise import Exercise, Misconception
from capg_core.classroom.lessons.n03_exploding_variance.numbers import COMMON, moments_at
from capg_core.classroom.plain import softmax

_EASY_CASES = (
    (np.array([0.0, 1.0, -0.5]), np.array([1, 0])),
    (np.array([0.3, -1.2, 2.0, 0.0]), np.array([2, 0, 3])),
    (np.array([1.0, 0.5, 0.0, -0.5, -1.0]), np.array([4, 1])),
)
# Little is left after the first draw: 1 - p is zero, or noise, even in double precision.
_HARD_CASES = (
    (np.array([60.0, 1.0, 0.0, -1.0]), np.array([0, 2, 1])),
    (np.array([900.0, 0.5, 0.0, -900.0]), np.array([0, 1, 2])),
)


def _draws(logits, candidates):
    """Return the softmax that each item of a list was drawn from, one row a draw."""
    left, rows = logits.copy(), []
    for item in candidates:
        rows.append(softmax(left))
        left[item] = -np.inf
    return np.array(rows)


def _sizes(logits, candidates):
    return 1.0 - np.sum(_draws(logits, candidates) ** 2, axis=1)


def _drawn(logits, candidates):
    """Return the probability with which each item of the list was drawn."""
    return _draws(logits, candidates)[np.arange(len(candidates)), candidates]


def _sizes_of_what_came(logits, candidates):
    """Take the squared length of the surprise that happened, not its expectation before the draw."""
    return 1.0 - 2.0 * _drawn(logits, candidates) + np.sum(_draws(logits, candidates) ** 2, axis=1)


def _right_or_wrong(values):
    """Make a hard case 1 if its value is right, -1 if its sign is wrong and 0 otherwise.

    What a cancelling form gives there is noise, and differs from one way of writing it to the next.
    """
    easy, hard = values[: len(_EASY_CASES)], values[len(_EASY_CASES) :]
    pairs = zip(hard, (capg.list_log_prob(*case) for case in _HARD_CASES), strict=True)
    return easy + [np.where(np.abs(np.abs(v) - abs(w)) < 1e-8 * abs(w), np.sign(v / w), 0.0) for v, w in pairs]


def _subtracting(logits, candidates):
    """Get what is left as one minus what is gone."""
    p = softmax(logits - logits.max())[candidates]
    return np.sum(np.log(p) - np.log(1.0 - np.cumsum(np.append(0.0, p[:-1]))))


def _needed(k=20, baseline=COMMON):
    """Count the lists that bring V-PG to a signal-to-noise of 1."""
    return moments_at(k, "V-PG", baseline, 0.0, 0).needed


EXERCISES = (
    Exercise(
        key="03.1",
        question="Write surprise_sizes(logits, candidates): for each draw of one list, the expected squared length "
        "of its surprise, given the draws before it. Return K numbers.",
        expected=_sizes,
        call="surprise_sizes(logits, candidates)",
        cases=_EASY_CASES,
        rtol=1e-8,
        praise="That is right. Their sum, averaged over lists, is the mean squared length of the score.",
        misconceptions=(
            Misconception(
                "put the drawn items back",
                lambda logits, candidates: np.full(len(candidates), 1.0 - np.sum(softmax(logits) ** 2)),
                "All your draws have the same size. A drawn item is not put back: the softmax of draw r runs over "
                "the items still left.",
            ),
            Misconception(
                "the surprise that happened",
                _sizes_of_what_came,
                "This is the squared length of the surprise for the item that was drawn. The question asks for its "
                "mean before that item is known: average over the items that could have been drawn, each with its p.",
            ),
            Misconception(
                "forgot the one",
                lambda logits, candidates: 1.0 - _sizes(logits, candidates),
                "This is the sum of the squared probabilities. Expand the square of (one for the item drawn, minus "
                "p) and take the mean term by term: there are three terms.",
            ),
            Misconception(
                "summed over the draws",
                lambda logits, candidates: np.sum(_sizes(logits, candidates), keepdims=True),
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
                lambda: _needed(baseline="none"),
                "This is the number without a baseline. Subtract the mean reward first.",
            ),
            Misconception(
                "one K for both",
                lambda: _needed(k=1),
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
        expected=capg.list_log_prob,
        call="log_prob(logits, candidates)",
        cases=_EASY_CASES + _HARD_CASES,
        wrong_shape="expected one number for a list",
        read=_right_or_wrong,
        rtol=1e-8,
        praise="That is right, and it stays right where one minus the probability drawn rounds to zero.",
        misconceptions=(
            Misconception(
                "one minus what is gone",
                _subtracting,
                "Right for mild logits, wrong when the first draw takes nearly all the mass: what is left is then "
                "one minus a number that rounds to one. Add up what is left instead of subtracting what is gone.",
            ),
            Misconception(
                "exponentials overflow",
                lambda logits, candidates: np.sum(np.log(_drawn(logits, candidates))),
                "Right for mild logits. exp of a logit of 900 overflows, and after subtracting the largest logit the "
                "others can underflow. Stay with logarithms: subtract the largest logit of those that are left.",
            ),
            Misconception(
                "normalised over all items",
                lambda logits, candidates: np.sum(logits[candidates] - np.logaddexp.reduce(logits)),
                "Every draw is normalised over all items here. At draw r only the items still left compete.",
            ),
            Misconception(
                "probability",
                lambda logits, candidates: np.exp(capg.list_log_prob(logits, candidates)),
                "This is the probability of the list. The question asks for its logarithm.",
            ),
        ),
    ),
)
