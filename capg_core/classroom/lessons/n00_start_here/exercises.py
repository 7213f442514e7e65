"""The exercises of 00_start_here."""

from functools import lru_cache

import numpy as np

import capg_core as capg
from capg_core.classroom.check import Exercise, Misconception
from capg_core.classroom.lessons.n00_start_here.numbers import SYNTHETIC, estimate_at

# Logits and lists on which a student's score function is tried: short, full, and uneven.
_SCORE_CASES = (
    (np.array([0.0, 1.0, -0.5]), np.array([1])),
    (np.array([0.3, -1.2, 2.0, 0.0]), np.array([2, 0, 3])),
    (np.array([1.0, 0.5, 0.0, -0.5, -1.0]), np.array([4, 1])),
)


def _try_score(function):
    """Call a student's ``score(logits, candidates)`` on every case and join the results."""
    if not callable(function):
        raise TypeError(f"expected a function score(logits, candidates), not {type(function).__name__}")
    results = []
    for logits, candidates in _SCORE_CASES:
        result = function(logits.copy(), candidates.copy())
        if result is None or result is ...:
            raise NotImplementedError
        result = np.asarray(result, dtype=float)
        if result.size != len(logits):
            raise ValueError(f"the score has shape {result.shape}; expected one number an item, ({len(logits)},)")
        # A row is kept as a row, so that the check can say the shape is off.
        results.append(result if result.ndim == 1 else np.atleast_2d(result).reshape(1, -1))
    return np.concatenate(results, axis=-1)


def _list_score(logits, candidates):
    return capg.list_score(logits, candidates)


def _forgot_what_is_left(logits, candidates):
    """Subtract the softmax over all items at every draw, as if drawn items went back."""
    score = -len(candidates) * np.exp(logits) / np.sum(np.exp(logits))
    np.add.at(score, candidates, 1.0)
    return score


def _removed_too_early(logits, candidates):
    """Take the drawn item out before its own draw is normalised."""
    score, left = np.zeros(len(logits)), np.ones(len(logits), dtype=bool)
    for item in candidates:
        left[item] = False
        weights = np.where(left, np.exp(logits), 0.0)
        score -= weights / np.sum(weights)
        score[item] += 1.0
    return score


def _not_the_log(logits, candidates):
    """Differentiate the probability and not its logarithm."""
    return np.exp(capg.list_log_prob(logits, candidates)) * capg.list_score(logits, candidates)


def _averaged(logits, candidates):
    """Average over the draws where the log-probability is a sum."""
    return capg.list_score(logits, candidates) / len(candidates)


def _no_softmax(logits, candidates):
    """Differentiate the logit of the drawn item and forget the normaliser altogether."""
    score = np.zeros(len(logits))
    score[candidates] = 1.0
    return score


@lru_cache(maxsize=2)
def variances_at(k):
    """Return the variances of V-PG and CA-PG on the synthetic problem, without a baseline.

    Parameters
    ----------
    k : int

    Returns
    -------
    tuple of float
    """
    return tuple(estimate_at(SYNTHETIC, 1.0, k, e, False, 0).variance for e in ("V-PG", "CA-PG"))


def _ratio():
    vanilla, credit = variances_at(20)
    return vanilla / credit


EXERCISES = (
    Exercise(
        key="00.1",
        question="Write score(logits, candidates): the gradient of the log-probability of one list.",
        expected=lambda: _list_score,
        evaluate=_try_score,
        rtol=1e-8,
        praise="That is the score of a list. The library's capg.list_score gives the same.",
        misconceptions=(
            Misconception(
                "forgot the normaliser of what is left",
                lambda: _forgot_what_is_left,
                "Every draw is normalised over all items here. A drawn item is not put back: at draw r, "
                "the softmax runs over the items that are still left.",
            ),
            Misconception(
                "removed the item before its own draw",
                lambda: _removed_too_early,
                "The drawn item is still there when it is drawn, so its weight belongs in the sum of "
                "its own draw. Take it out afterwards.",
            ),
            Misconception(
                "gradient of the probability",
                lambda: _not_the_log,
                "This is the gradient of P(A). The score is the gradient of log P(A): divide by P(A).",
            ),
            Misconception(
                "averaged instead of summed",
                lambda: _averaged,
                "The log-probability of a list is the sum over its K draws. This is the average.",
            ),
            Misconception(
                "no normaliser",
                lambda: _no_softmax,
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
                lambda: variances_at(20)[0] - variances_at(20)[1],
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
