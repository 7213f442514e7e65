"""Scores of a list as students get them wrong: one loop, with one line that varies."""

import numpy as np


def softmax(logits):
    weights = np.exp(logits)
    return weights / weights.sum()


def wrong_score(update):
    """Return a score whose loop does this to it: ``update(score, item, softmax of what is left)``."""

    def score(logits, candidates):
        left, total = logits.copy(), np.zeros(len(logits))
        for item in candidates:
            total = update(total, item, softmax(left))
            left[item] = -np.inf
        return total

    return score


def drawn_only(total, item, p):
    total[item] += 1 - p[item]
    return total
