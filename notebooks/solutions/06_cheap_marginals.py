"""Worked solutions of 06_cheap_marginals. Try the exercises first."""

import numpy as np

from capg_core.classroom import check


def clock(logits, k):
    """Start at K / W, left of the root, where a tangent of a concave function never overshoots."""
    weights = np.exp(logits)
    tau = k / weights.sum()
    for _ in range(50):
        left = np.exp(-weights * tau)
        tau += (k - np.sum(1 - left)) / np.sum(weights * left)
    return tau


def paper_pi(logits, k):
    """Take away the heaviest others, one a draw; nothing before the first draw."""
    weights = np.exp(logits)
    pi = []
    for a, weight in enumerate(weights):
        heads = np.sort(np.delete(weights, a))[::-1][: k - 1]
        rest = weights.sum() - np.concatenate([[0.0], np.cumsum(heads)])
        pi.append(1 - np.prod(1 - weight / rest))
    return np.array(pi)


# 06.3: K softmax exceeds 1 from the first whole number above 1 / (the largest share) on.
weights = np.exp(np.random.default_rng(0).normal(size=100))
least = int(np.floor(weights.sum() / weights.max())) + 1

ANSWERS = {"06.2": clock, "06.1": paper_pi, "06.3": least}

if __name__ == "__main__":
    for key, answer in ANSWERS.items():
        print(check(key, answer).text)
