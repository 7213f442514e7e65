"""The exercises of 04_credit_assignment."""

from itertools import permutations

import numpy as np

import capg_core as capg
from capg_core.classroom.check import Exercise, Misconception

# The small problem of the notebook: five films, three candidates.
SMALL_LOGITS = np.array([0.8, 0.0, -0.5, 0.3, -1.0])
SMALL_REWARD = np.array([0.2, 0.9, 0.6, 0.4, 1.0])
SMALL_K = 3

_GROUP_CASES = (
    (np.array([1, 0, 1, 1]), np.array([[1.0, 2.0], [5.0, -1.0], [3.0, 0.0], [2.0, 7.0]])),
    (np.array([4, 4, 2, 0, 2, 4]), np.arange(18.0).reshape(6, 3) ** 2),
)
_SCORE_CASES = (
    (np.array([0.3, -1.2, 2.0, 0.0]), 2, 2),
    (np.array([0.3, -1.2, 2.0, 0.0]), 1, 0),
    (SMALL_LOGITS, SMALL_K, 1),
)


def _call(function, signature, arguments):
    if not callable(function):
        raise TypeError(f"expected a function {signature}, not {type(function).__name__}")
    result = function(*(x.copy() if isinstance(x, np.ndarray) else x for x in arguments))
    if result is None or result is ...:
        raise NotImplementedError
    return np.asarray(result, dtype=float)


def _try_groups(function):
    """Call a student's ``average_by_item(items, estimates)`` on every case and join the results."""
    return np.concatenate([_call(function, "average_by_item(items, estimates)", case).ravel() for case in _GROUP_CASES])


def _average(items, estimates):
    return np.array([estimates[items == item].mean(axis=0) for item in items])


def _sum_of_group(items, estimates):
    return np.array([estimates[items == item].sum(axis=0) for item in items])


def _over_all(items, estimates):
    """Divide the sum of a group by the number of all estimates."""
    return _sum_of_group(items, estimates) / len(items)


def _one_mean(items, estimates):
    return np.tile(estimates.mean(axis=0), (len(items), 1))


def _row_an_item(items, estimates):
    """Return one row for each distinct item, not one for each estimate."""
    return np.array([estimates[items == item].mean(axis=0) for item in np.unique(items)])


def _try_scores(function):
    """Call a student's ``ca_score(logits, k, item)`` on every case and join the results."""
    results = []
    for case in _SCORE_CASES:
        result = _call(function, "ca_score(logits, k, item)", case)
        if result.size != len(case[0]):
            raise ValueError(f"the score has shape {result.shape}; expected one number a film, ({len(case[0])},)")
        results.append(result.ravel())
    return np.concatenate(results)


def _enumerate(logits, k):
    """Return every list, its probability and its score."""
    lists = np.array(list(permutations(range(len(logits)), k)))
    return lists, np.exp(capg.list_log_prob(logits, lists)), capg.list_score(logits, lists)


def _score(logits, k, item):
    return capg.inclusion_score(logits, [item], k)[0]


def _gradient_of_pi(logits, k, item):
    return capg.inclusion_probabilities(logits, k)[item] * _score(logits, k, item)


def _top_one(logits, k, item):
    """Differentiate the softmax of one draw."""
    return np.eye(len(logits))[item] - np.exp(logits) / np.exp(logits).sum()


def _put_back(logits, k, item):
    """Differentiate log(1 - (1 - p)^k): drawn at least once, with replacement."""
    p = np.exp(logits[item]) / np.exp(logits).sum()
    return k * (1 - p) ** (k - 1) * p / (1 - (1 - p) ** k) * _top_one(logits, k, item)


def _unweighted(logits, k, item):
    """Average the scores of the lists that hold the item as if all were equally likely."""
    lists, _, scores = _enumerate(logits, k)
    return scores[(lists == item).any(axis=1)].mean(axis=0)


def _all_lists(logits, k, item):
    """Forget to choose the lists that hold the item."""
    _, chance, scores = _enumerate(logits, k)
    return chance @ scores


def _expected(weights=None, reward=SMALL_REWARD, log=True, outcome=False):
    """Return a sum like that of the expected CA-PG estimate, right by default."""
    pi = capg.inclusion_probabilities(SMALL_LOGITS, SMALL_K)
    rho = capg.outcome_probabilities(SMALL_LOGITS, SMALL_K, SMALL_REWARD)
    weights = rho if weights is None else weights
    shown = np.flatnonzero(rho > 0)
    scores = np.zeros((5, 5))
    if outcome:
        scores[shown] = capg.outcome_score(SMALL_LOGITS, shown, SMALL_K, SMALL_REWARD)
    else:
        scores = capg.inclusion_score(SMALL_LOGITS, np.arange(5), SMALL_K)
    return (weights * reward) @ (scores if log else pi[:, None] * scores)


EXERCISES = (
    Exercise(
        key="04.1",
        question="Write average_by_item(items, estimates): replace each row of estimates by the mean of all rows "
        "whose shown item is the same. Return as many rows as came in.",
        expected=lambda: _average,
        evaluate=_try_groups,
        rtol=1e-8,
        praise="That is Rao-Blackwellisation by counting: the mean stays, and the spread inside each group is gone.",
        misconceptions=(
            Misconception(
                "summed instead of averaged",
                lambda: _sum_of_group,
                "These are the sums of the groups. Averaging keeps the mean of all estimates; compare the two.",
            ),
            Misconception(
                "divided by all",
                lambda: _over_all,
                "You divide by the number of all estimates. A mean given the item divides by the number of estimates "
                "with that item.",
            ),
            Misconception(
                "one mean for all",
                lambda: _one_mean,
                "Every row is the mean of all estimates. Average only rows that share the shown item.",
            ),
            Misconception(
                "one row an item",
                lambda: _row_an_item,
                "There is one row for each distinct item here. Give every estimate its group's mean, so that a "
                "frequent item still counts as often as it was shown.",
            ),
        ),
    ),
    Exercise(
        key="04.2",
        question="Write ca_score(logits, k, item): the gradient of log P(item is a candidate), by going through "
        "all lists of k items.",
        expected=lambda: _score,
        evaluate=_try_scores,
        rtol=1e-8,
        praise="That is CA-PG's score. capg.inclusion_score gives the same without going through the lists.",
        misconceptions=(
            Misconception(
                "gradient of pi",
                lambda: _gradient_of_pi,
                "This is the gradient of the probability. The score is that of its logarithm: a division is missing.",
            ),
            Misconception(
                "one draw",
                lambda: _top_one,
                "This is the score of a single softmax draw, the lowest rung. With k draws there are more ways to be "
                "a candidate; go through the lists.",
            ),
            Misconception(
                "with replacement",
                lambda: _put_back,
                "This is drawn at least once when items are put back. Here they are not: the lists' own probabilities "
                "know that.",
            ),
            Misconception(
                "lists not weighted",
                lambda: _unweighted,
                "This counts every list with the item the same. Weight each list's score by the list's probability.",
            ),
            Misconception(
                "all lists",
                lambda: _all_lists,
                "This is the mean over all lists, and the mean of a score is zero. Keep only lists that hold the item.",
            ),
        ),
    ),
    Exercise(
        key="04.3",
        question="On the small problem (theta, q, K = 3, no baseline): what is the expected CA-PG estimate? "
        "Give one number for each film.",
        expected=_expected,
        rtol=1e-6,
        praise="That is right. It is not the policy gradient: the weights know the late stage, the scores do not.",
        misconceptions=(
            Misconception(
                "the true gradient",
                lambda: _expected(outcome=True),
                "This is the policy gradient, the mean of Outcome-PG. CA-PG multiplies by the score of being a "
                "candidate, not of being shown.",
            ),
            Misconception(
                "weighted by inclusion",
                lambda: _expected(weights=capg.inclusion_probabilities(SMALL_LOGITS, SMALL_K)),
                "The mean runs over what is shown. How often is each film shown, rather than a candidate?",
            ),
            Misconception(
                "not weighted",
                lambda: _expected(weights=np.ones(5)),
                "Every film counts the same here. A mean weights each film by how often it is shown.",
            ),
            Misconception(
                "forgot the reward",
                lambda: _expected(reward=np.ones(5)),
                "This is the mean of the score alone. Multiply by the reward of the film shown.",
            ),
            Misconception(
                "gradient of pi",
                lambda: _expected(log=False),
                "This uses the gradient of the inclusion probability; the estimator uses that of its logarithm.",
            ),
        ),
    ),
)
