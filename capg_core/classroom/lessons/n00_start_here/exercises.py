"""The exercises of 00_start_here."""

from functools import cache

import numpy as np

import capg_core as capg
from capg_core.classroom.exercise import Exercise, Misconception, sums_to
from capg_core.classroom.lessons.n00_start_here.numbers import estimate_at
from capg_core.classroom.plain import softmax
from capg_core.classroom.problem import SYNTHETIC

# Logits and lists: of one item, of two, and longer.
_CASES = (
    (np.array([0.0, 1.0, -0.5]), np.array([1])),
    (np.array([0.0, 1.0, -0.5]), np.array([1, 0])),
    (np.array([0.3, -1.2, 2.0, 0.0]), np.array([2, 0, 3])),
    (np.array([1.0, 0.5, 0.2, -0.5, -1.0]), np.array([4, 1])),
)


def _draws(logits, candidates):
    """Return, for each draw, the softmax over what is left, one row a draw."""
    left, rows = logits.copy(), []
    for item in candidates:
        rows.append(softmax(left))
        left[item] = -np.inf
    return np.array(rows)


def _set_in_place_of_added(logits, candidates):
    """Write 1 at the item drawn, over what the draws before have taken away there."""
    score = np.zeros(len(logits))
    for item, p in zip(candidates, _draws(logits, candidates), strict=True):
        score[item] = 1.0
        score -= p
    return score


def _without_exp(logits, candidates):
    """Normalise the logits themselves."""
    left, score = logits.copy(), _drawn(logits, candidates)
    for item in candidates:
        score -= left / np.sum(left)
        left[item] = 0.0
    return score


def _only_the_drawn(logits, candidates):
    """Leave out what a draw takes from the items that were not drawn."""
    score = np.zeros(len(logits))
    for item, p in zip(candidates, _draws(logits, candidates), strict=True):
        score[item] += 1.0 - p[item]
    return score


def _logit_to_zero(logits, candidates):
    """Remove a drawn item by setting its logit to 0, which leaves it a weight of 1."""
    left, score = logits.copy(), _drawn(logits, candidates)
    for item in candidates:
        score -= softmax(left)
        left[item] = 0.0
    return score


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


def _ratio(k=20, baseline=False):
    if (k, baseline) == (20, False):
        vanilla, credit = _variances()
    else:
        vanilla, credit = (estimate_at(SYNTHETIC, 1.0, k, e, baseline, 0).variance for e in ("V-PG", "CA-PG"))
    return vanilla / credit


def _snr_ratio():
    vanilla, credit = (estimate_at(SYNTHETIC, 1.0, 20, e, False, 0).snr for e in ("V-PG", "CA-PG"))
    return credit / vanilla


def _another_k(k):
    return Misconception(
        f"K = {k}",
        lambda: _ratio(k),
        f"This is the number at K = {k}, perhaps what a loop above has left in its variables. Measure both at K = 20.",
    )


EXERCISES = (
    Exercise(
        key="00.1",
        question="Write my_score(logits, candidates): the gradient of the log-probability of one list.",
        expected=capg.list_score,
        call="my_score(logits, candidates)",
        cases=_CASES,
        returns="one number for each item",
        invariants=(sums_to(0.0, "A score sums to"),),
        praise="That is the score of a list. The library's capg.list_score gives the same.",
        misconceptions=(
            Misconception(
                "forgot the normaliser of what is left",
                lambda logits, items: _drawn(logits, items) - len(items) * softmax(logits),
                "Every draw is normalised over all items here. A drawn item is not put back: at draw d, "
                "the softmax runs over the items that are still left.",
            ),
            Misconception(
                "= in place of +=",
                lambda logits, items: _drawn(logits, items[-1:]) - _draws(logits, items)[-1],
                "Only the last draw is left here. Each draw adds its own surprise to the score: `+=`, not `=`.",
            ),
            Misconception(
                "the drawn coordinate set, not added to",
                _set_in_place_of_added,
                "The draws before have already taken something from the item that is drawn now, and you write over it. "
                "Add one: `+=`, not `=`.",
            ),
            Misconception(
                "forgot exp",
                _without_exp,
                "You normalise the logits. The softmax normalises their exponentials, the weights.",
            ),
            Misconception(
                "only the drawn coordinate",
                _only_the_drawn,
                "Only the drawn items have a number here. A draw raises the logit of the item drawn, and lowers those "
                "of all the others that were still there.",
            ),
            Misconception(
                "removed by setting the logit to 0",
                _logit_to_zero,
                "A logit of 0 is a weight of 1: the drawn item is still in the race. It has to have the weight 0.",
            ),
            Misconception(
                "one softmax for the list",
                lambda logits, items: _drawn(logits, items) - softmax(logits),
                "You subtract one softmax for the whole list. Every draw has its own, over what is left.",
            ),
            Misconception(
                "the log-probability",
                capg.list_log_prob,
                "This is log P(A) itself, one number. The score is its gradient: one number for each logit.",
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
        rtol=0.04,  # V-PG's variance is measured: 25.5 to 25.9 with 2,000 lists
        loose=0.08,
        nearby=lambda: f"at K = 2 the answer is {_ratio(2):.1f}",
        praise="That is right. Averaging N estimates divides the variance by N, so N is the ratio of the variances.",
        misconceptions=(
            Misconception(
                "ratio of standard deviations",
                lambda: np.sqrt(_ratio()),
                "This is the ratio of the standard deviations. Averaging N estimates divides the "
                "variance by N and the standard deviation by the root of N.",
            ),
            Misconception(
                "with a baseline",
                lambda: _ratio(baseline=True),
                "This is the number with the mean reward as a baseline, in both. The question is about none.",
            ),
            Misconception(
                "ratio of signal-to-noise",
                _snr_ratio,
                "This compares signal-to-noise. CA-PG's mean is longer, so its signal counts too; the question is "
                "about the variances alone.",
            ),
            *(_another_k(k) for k in (1, 2, 5, 10, 50)),
            Misconception(
                "K itself",
                lambda: 20.0,
                "This is the number of draws. Both estimators draw 20; measure how far their variances are apart.",
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
