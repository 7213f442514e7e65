"""Worked solutions of 03_exploding_variance. Try the exercises first."""

import numpy as np

import capg_core as capg
from capg_core.classroom import check


def surprise_sizes(logits, candidates):
    """E|e_a - p|^2 = E[1 - 2 p_a + sum p^2], and the mean of p_a is itself sum p^2: one minus sum p^2 is left."""
    left = np.ones(len(logits), dtype=bool)
    sizes = []
    for item in candidates:
        weights = np.where(left, np.exp(logits), 0.0)
        sizes.append(1.0 - np.sum((weights / weights.sum()) ** 2))
        left[item] = False
    return np.array(sizes)


def log_prob(logits, candidates):
    """Normalise each draw over the items that are left, in logarithms; nothing is subtracted from one."""
    left = np.ones(len(logits), dtype=bool)
    total = 0.0
    for item in candidates:
        total += logits[item] - np.logaddexp.reduce(logits[left])  # subtracts the largest that is left
        left[item] = False
    return total


# 03.2: averaging N estimates divides the variance by N, so signal-to-noise is 1 at N = variance / signal squared.
rng = np.random.default_rng(0)
logits, reward = rng.normal(size=100), rng.random(100)
one = capg.gradient_diagnostics(
    logits, 20, reward, "V-PG", baseline="mean", n_samples=4000, rng=np.random.default_rng(1)
)

ANSWERS = {"03.1": surprise_sizes, "03.2": one.variance / one.signal**2, "03.3": log_prob}

if __name__ == "__main__":
    for key, answer in ANSWERS.items():
        print(check(key, answer).text)
