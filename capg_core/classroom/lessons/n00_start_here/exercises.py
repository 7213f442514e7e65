"""The exercises of 00_start_here."""

from functools import cache

import numpy as np

import capg_core as capg
from capg_core.classroom.exercise import Exercise, Misconception
from capg_core.classroom.lessons.n00_start_here.numbers import estimate_at
from capg_core.classroom.plain import softmax
from capg_core.classroom.problem import SYNTHETIC

# Logits and lists: short, full, and uneven.
_CASES = (
    (np.array([0.0, 1.0, -0.5]), np.array([1])),
    (np.array([0.3, -1.2, 2.0, 0.0]), np.array([2, 0, 3])),
    (np.array([1.0, 0.5, 0.0, -0.5, -1.0]), np.array([4, 1])),
)


def _drawn(logits, candidates):
    """Return one for the items of the list: the part of the score that needs no softmax."""
    return np.isin(np.arange(len(logits)), candidates).astype(float)


def _removed_too_early(logits, candidates):
    """Take the drawn item out before its own draw is normalised."""
    left, score = logits.copy(), _drawn(logits, candidates)
    for item in candidates:
        left[item] = -np.inf
        score -= softmax(left)
    return score


@cache
def _variances():
    """Return the variances of V-PG and CA-PG on the synthetic problem, K = 20, without a baseline."""
    return tuple(estimate_at(SYNTHETIC, 1.0, 20, e, False, 0).variance for e in ("V-PG", "CA-PG"))


def _ratio():
    vanilla, credit = _variances()
    return vanilla / credit


EXERCISES = (
    Exercise(
        key="00.1",
        question="Write score(logits, candidates): the gradient of the log-probability of one list.",
        expected=capg.list_score,
        call="score(logits, candidates)",
        cases=_CASES,
        wrong_shape="the score has shape {found}; expected one number an item, {wanted}",
        rtol=1e-8,
        praise="That is the score of a list. The library's capg.list_score gives the same.",
        misconceptions=(
            Misconception(
                "forgot the normaliser of what is left",
                lambda logits, items: _drawn(logits, items) - len(items) * softmax(logits),
                "Every draw is normalised over all items here. A drawn item is not put back: at draw r, "
                "the softmax runs over the items that are still left.",
            ),
            Misconception(
                "removed the item before its own draw",
                _removed_too_early,
                "The drawn item is still there when it is drawn, so its weight belongs in the sum of "
                "its own draw. Take it out afterwards.",
            ),
            Misconception(
                "gradient of the probability",
                lambda logits, items: np.exp(capg.list_log_prob(logits, items)) * capg.list_score(logits, items),
                "This is the gradient of P(A). The score is the gradient of log P(A): divide by P(A).",
            ),
            Misconception(
                "averaged instead of summed",
                lambda logits, items: capg.list_score(logits, items) / len(items),
                "The log-probability of a list is the sum over its K draws. This is the average.",
            ),
            Misconception(
                "no normaliser",
                _drawn,
                "This differentiates only the logit of the item drawn. log P(draw) has a second term, "
                "the log of the sum of weights, and its gradient is a softmax.",
            ),
        ),
    ),
    Exercise(
        key="00.2",
        question="How many V-PG estimates must be averaged, at K = 20 on the synthetic problem and "
        "without a baseline, to have the variance of one CA-PG estimate?",
        expected=_ratio,
        rtol=0.12,  # V-PG's variance is measured, so two honest answers differ by some per cent
        loose=0.35,
        praise="That is right. Averaging N estimates divides the variance by N, so N is the ratio of the variances.",
        misconceptions=(
            Misconception(
                "ratio of standard deviations",
                lambda: np.sqrt(_ratio()),
                "This is the ratio of the standard deviations. Averaging N estimates divides the "
                "variance by N and the standard deviation by the root of N.",
            ),
            Misconception(
                "upside down",
                lambda: 1.0 / _ratio(),
                "The ratio is upside down: the noisier estimator needs more samples, not fewer.",
            ),
            Misconception(
                "difference",
                lambda: _variances()[0] - _variances()[1],
                "This is V-PG's variance, or what is left of it after subtracting CA-PG's. Averaging N "
                "estimates divides the variance by N.",
            ),
            Misconception(
                "squared",
                lambda: _ratio() ** 2,
                "This is the square of the ratio. Averaging N estimates divides the variance by N, not by its root.",
            ),
        ),
    ),
)
