"""The exercises of 04_credit_assignment."""

import numpy as np

import capg_core as capg
from capg_core.classroom.exercise import Exercise, Misconception, sums_to, written
from capg_core.classroom.plain import all_lists, softmax

# The small problem of the notebook: five items, three candidates.
SMALL_LOGITS = np.array([0.8, 0.0, -0.5, 0.3, -1.0])
SMALL_REWARD = np.array([0.2, 0.9, 0.6, 0.4, 1.0])
SMALL_K = 3

_GROUP_CASES = (
    (np.array([1, 0, 1]), np.array([[1.0, 2.0], [5.0, -1.0], [3.0, 0.0]])),
    (np.array([1, 0, 1, 1]), np.array([[1.0, 2.0], [5.0, -1.0], [3.0, 0.0], [2.0, 7.0]])),
    (np.array([4, 4, 2, 0, 2, 4]), np.arange(18.0).reshape(6, 3) ** 2),
)
_SCORE_CASES = (
    (np.array([0.3, -1.2, 2.0, 0.0]), 2, 2),
    (np.array([0.3, -1.2, 2.0, 0.0]), 1, 0),
    (SMALL_LOGITS, SMALL_K, 1),
)


def _average(items, estimates, rows=None):
    """Return the mean of the group of each item of `rows`, of every estimate's by default."""
    return np.array([estimates[items == item].mean(axis=0) for item in (items if rows is None else rows)])


def _same_mean(result, items, estimates):
    """Say where the mean over the rows is another one."""
    mean, found = estimates.mean(axis=0), np.atleast_2d(result).mean(axis=0)
    if found.shape != mean.shape or np.all(np.abs(found - mean) < 1e-3 * np.max(np.abs(estimates))):
        return ""
    before, after = (", ".join(written(x) for x in row) for row in (mean, found))
    return f"Averaging in groups keeps the mean over all the rows, ({before}); yours has ({after})."


def _sum_of_group(items, estimates):
    return np.array([estimates[items == item].sum(axis=0) for item in items])


def _score(logits, k, item):
    return capg.inclusion_score(logits, [item], k)[0]


def _gradient_of_pi(logits, k, item):
    return capg.inclusion_probabilities(logits, k)[item] * _score(logits, k, item)


def _top_one(logits, k, item):
    """Differentiate the softmax of one draw."""
    return np.eye(len(logits))[item] - softmax(logits)


def _put_back(logits, k, item):
    """Differentiate log(1 - (1 - p)^k): drawn at least once, with replacement."""
    p = softmax(logits)[item]
    return k * (1 - p) ** (k - 1) * p / (1 - (1 - p) ** k) * _top_one(logits, k, item)


def _unweighted(logits, k, item):
    """Average the scores of the lists that hold the item as if all were equally likely."""
    lists = all_lists(len(logits), k)
    return capg.list_score(logits, lists[np.any(lists == item, axis=1)]).mean(axis=0)


def _one_order(logits, k, item):
    """Take each set once, in the order of the item numbers."""
    lists = all_lists(len(logits), k)
    lists = lists[np.all(np.diff(lists) > 0, axis=1) & np.any(lists == item, axis=1)]
    chances = np.exp(capg.list_log_prob(logits, lists))
    return chances @ capg.list_score(logits, lists) / chances.sum()


def _without_exp(logits, k, item):
    """Weight the lists by the logarithms of their probabilities."""
    lists = all_lists(len(logits), k)
    lists = lists[np.any(lists == item, axis=1)]
    logs = capg.list_log_prob(logits, lists)
    return logs @ capg.list_score(logits, lists) / logs.sum()


def _of_all_lists(logits, k, item):
    """Forget to choose the lists that hold the item."""
    lists = all_lists(len(logits), k)
    return np.exp(capg.list_log_prob(logits, lists)) @ capg.list_score(logits, lists)


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


# 04.4: a step. Logits, K, the items shown by a batch of lists, their rewards, and a rate.
_STEP_CASES = (
    (np.array([0.5, 0.0, -0.5]), 2, np.array([1, 0]), np.array([1.0, 0.4]), 0.1),
    (SMALL_LOGITS, SMALL_K, np.array([4, 1, 1, 0]), np.array([1.0, 0.9, 0.5, 0.2]), 0.5),
    (np.array([0.3, -1.2, 2.0, 0.0]), 1, np.array([2]), np.array([3.0]), 1.0),
)


def _step(theta, k, shown, reward, rate):
    return theta + rate * (reward @ capg.inclusion_score(theta, shown, k)) / len(shown)


def _step_with(scores, divide=len):
    """Return a step like CA-PG's, from other scores: ``scores(theta, k, shown)``, one row per list."""

    def step(theta, k, shown, reward, rate):
        return theta + rate * (reward @ scores(theta, k, shown)) / divide(shown)

    return step


def _same_sum(result, theta, *case):
    if np.size(result) != np.size(theta) or abs(np.sum(result) - np.sum(theta)) < 1e-3:
        return ""
    moved = written(np.sum(result) - np.sum(theta))
    return f"A score sums to 0, so a step leaves the sum of the logits as it was; yours changes it by {moved}."


EXERCISES = (
    Exercise(
        key="04.1",
        question="Write average_by_item(items, estimates): replace each row of estimates by the mean of all rows "
        "whose shown item is the same. Return as many rows as came in.",
        expected=_average,
        call="average_by_item(items, estimates)",
        cases=_GROUP_CASES,
        returns="as many rows as came in",
        invariants=(_same_mean,),
        praise="That is Rao-Blackwellisation by counting: the mean stays, and the spread inside each group is gone.",
        misconceptions=(
            Misconception(
                "summed instead of averaged",
                _sum_of_group,
                "These are the sums of the groups. Averaging keeps the mean of all estimates; compare the two.",
            ),
            Misconception(
                "divided by all",
                lambda items, estimates: _sum_of_group(items, estimates) / len(items),
                "You divide by the number of all estimates. A mean given the item divides by the number of estimates "
                "with that item.",
            ),
            Misconception(
                "one mean for all",
                lambda items, estimates: np.tile(estimates.mean(axis=0), (len(items), 1)),
                "Every row is the mean of all estimates. Average only rows that share the shown item.",
            ),
            Misconception(
                "sorted by item",
                lambda items, estimates: _average(items, estimates, np.sort(items)),
                "The rows are right and come in another order, item by item. Row i belongs to estimate i.",
            ),
            Misconception(
                "one row an item",
                lambda items, estimates: _average(items, estimates, np.unique(items)),
                "There is one row for each distinct item here. Give every estimate its group's mean, so that a "
                "frequent item still counts as often as it was shown.",
            ),
        ),
    ),
    Exercise(
        key="04.2",
        question="Write ca_score(logits, k, item): the gradient of log P(item is a candidate), by going through "
        "all lists of k items.",
        expected=_score,
        call="ca_score(logits, k, item)",
        cases=_SCORE_CASES,
        returns="one number for each item",
        invariants=(sums_to(0.0, "A score sums to"),),
        praise="That is CA-PG's score. capg.inclusion_score gives the same without going through the lists.",
        misconceptions=(
            Misconception(
                "gradient of pi",
                _gradient_of_pi,
                "This is the gradient of the probability. The score is that of its logarithm: a division is missing.",
            ),
            Misconception(
                "one draw",
                _top_one,
                "This is the score of a single softmax draw, the lowest rung. With k draws there are more ways to be "
                "a candidate; go through the lists.",
            ),
            Misconception(
                "with replacement",
                _put_back,
                "This is drawn at least once when items are put back. Here they are not: the lists' own probabilities "
                "know that.",
            ),
            Misconception(
                "lists not weighted",
                _unweighted,
                "This counts every list with the item the same. Weight each list's score by the list's probability.",
            ),
            Misconception(
                "one order of each set",
                _one_order,
                "You take each set in one order only. `permutations` gives all the orders, and they are not equally "
                "likely.",
            ),
            Misconception(
                "forgot exp in the weights",
                _without_exp,
                "The weights are probabilities, and capg.list_log_prob gives their logarithms.",
            ),
            Misconception(
                "all lists",
                _of_all_lists,
                "This is the mean over all lists, and the mean of a score is zero. Keep only lists that hold the item.",
            ),
        ),
    ),
    Exercise(
        key="04.3",
        question="On the small problem (theta, q, K = 3, no baseline): what is the expected CA-PG estimate? "
        "Give one number for each item.",
        expected=_expected,
        returns="one number for each of the five items",
        invariants=(sums_to(0.0, "A mean of scores sums to"),),
        nearby=lambda: "for theta = (0, 0), q = (0.2, 0.9) and K = 1 the answer is (-0.175, 0.175)",
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
                "The mean runs over what is shown. How often is each item shown, rather than a candidate?",
            ),
            Misconception(
                "not weighted",
                lambda: _expected(weights=np.ones(5)),
                "Every item counts the same here. A mean weights each item by how often it is shown.",
            ),
            Misconception(
                "forgot the reward",
                lambda: _expected(reward=np.ones(5)),
                "This is the mean of the score alone. Multiply by the reward of the item shown.",
            ),
            Misconception(
                "gradient of pi",
                lambda: _expected(log=False),
                "This uses the gradient of the inclusion probability; the estimator uses that of its logarithm.",
            ),
        ),
    ),
    Exercise(
        key="04.4",
        question="Write ca_step(theta, k, shown, reward, rate): the logits after one step uphill with CA-PG. shown and "
        "reward hold one item and one reward for each list of the batch; the step is rate times the mean estimate.",
        expected=_step,
        call="ca_step(theta, k, shown, reward, rate)",
        cases=_STEP_CASES,
        returns="one number for each item",
        invariants=(_same_sum,),
        praise="That is a training step of CA-PG, all of it. capg.train does the same for many users and their towers.",
        misconceptions=(
            Misconception(
                "summed instead of averaged",
                _step_with(lambda theta, k, shown: capg.inclusion_score(theta, shown, k), divide=lambda shown: 1),
                "This adds up the estimates of the batch. The step is the rate times their mean.",
            ),
            Misconception(
                "downhill",
                lambda theta, k, shown, reward, rate: _step(theta, k, shown, reward, -rate),
                "This goes the wrong way: we want more reward, so we climb.",
            ),
            Misconception(
                "forgot the reward",
                lambda theta, k, shown, reward, rate: _step(theta, k, shown, np.ones(len(shown)), rate),
                "Every list counts the same here. Each score is multiplied by the reward of its list.",
            ),
            Misconception(
                "the step without theta",
                lambda theta, k, shown, reward, rate: _step(theta, k, shown, reward, rate) - theta,
                "This is how far the logits move. Return where they are afterwards.",
            ),
            Misconception(
                "one draw's score",
                _step_with(lambda theta, k, shown: np.eye(len(theta))[shown] - softmax(theta)),
                "This is the score of a single softmax draw, the lowest rung. CA-PG's is that of being one of k "
                "candidates.",
            ),
            Misconception(
                "gradient of pi",
                _step_with(
                    lambda theta, k, shown: (
                        capg.inclusion_score(theta, shown, k) * capg.inclusion_probabilities(theta, k)[shown][:, None]
                    )
                ),
                "This uses the gradient of the probability. The score is that of its logarithm.",
            ),
            Misconception(
                "only the item shown",
                _step_with(lambda theta, k, shown: capg.inclusion_score(theta, shown, k) * np.eye(len(theta))[shown]),
                "Only the items shown move here. To make one more likely is to make the others less likely: use the "
                "whole row.",
            ),
            Misconception(
                "with the mean reward as a baseline",
                lambda theta, k, shown, reward, rate: _step(theta, k, shown, reward - np.mean(reward), rate),
                "A mean reward is taken away here. For CA-PG that is another direction, not only less noise; the "
                "question has no baseline.",
            ),
        ),
    ),
)
