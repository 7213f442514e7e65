"""Worked solutions of 00_start_here. Try the exercises first."""

import numpy as np

import capg_core as capg
from capg_core.classroom import check


def score(logits, candidates):
    """Sum over the draws: one for the item drawn, minus the softmax over the items still left."""
    total = np.zeros(len(logits))
    left = np.ones(len(logits), dtype=bool)
    for item in candidates:
        weights = np.where(left, np.exp(logits), 0.0)
        total -= weights / weights.sum()
        total[item] += 1.0
        left[item] = False  # only now: the item was there when it was drawn
    return total


# 00.2: averaging N independent estimates divides the variance by N, so N is the ratio of the variances.
rng = np.random.default_rng(0)
logits, reward = rng.normal(size=100), rng.random(100)
settings = {"utility": reward, "n_samples": 4000, "rng": np.random.default_rng(1)}
vanilla = capg.gradient_diagnostics(logits, 20, reward, "V-PG", **settings)
credit = capg.gradient_diagnostics(logits, 20, reward, "CA-PG", **settings)

ANSWERS = {"00.1": score, "00.2": vanilla.variance / credit.variance}

if __name__ == "__main__":
    for key, answer in ANSWERS.items():
        print(check(key, answer).text)
