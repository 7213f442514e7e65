"""Worked solutions of 04_credit_assignment. Try the exercises first."""

from itertools import permutations

import numpy as np

import capg_core as capg
from capg_core.classroom import check


def average_by_item(items, estimates):
    """Give every estimate the mean of its group: the mean over all rows stays as it was."""
    return np.array([estimates[items == item].mean(axis=0) for item in items])


def ca_score(logits, k, item):
    """The gradient of log pi is the mean of the list scores, given that the list holds the item."""
    lists = np.array(list(permutations(range(len(logits)), k)))
    lists = lists[(lists == item).any(axis=1)]
    chance = np.exp(capg.list_log_prob(logits, lists))
    return chance @ capg.list_score(logits, lists) / chance.sum()


# 04.3: CA-PG is q_a times the score of a, and a is shown with probability rho_a.
theta, q, k = np.array([0.8, 0.0, -0.5, 0.3, -1.0]), np.array([0.2, 0.9, 0.6, 0.4, 1.0]), 3
rho = capg.outcome_probabilities(theta, k, q)
expected = sum(rho[a] * q[a] * ca_score(theta, k, a) for a in range(5))


def ca_step(theta, k, shown, reward, rate):
    """Multiply each score by its reward, take the mean over the lists, and go uphill."""
    estimates = reward[:, None] * capg.inclusion_score(theta, shown, k)
    return theta + rate * estimates.mean(axis=0)


ANSWERS = {"04.1": average_by_item, "04.2": ca_score, "04.3": expected, "04.4": ca_step}

if __name__ == "__main__":
    for key, answer in ANSWERS.items():
        print(check(key, answer).text)
