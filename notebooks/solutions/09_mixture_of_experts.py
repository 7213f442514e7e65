"""Worked solutions of 09_mixture_of_experts. Try the exercises first."""

import numpy as np

from capg_core.classroom import check
from capg_core.classroom.lessons.n09_mixture_of_experts.numbers import expert_logits, near


def split(k, n_experts):
    """Every expert gets the whole part; the first K mod M get one more."""
    return k // n_experts + (np.arange(n_experts) < k % n_experts)


def my_inclusion(logits, places):
    """Expert after expert: find the clock at which the survivors send enough arrivals, then thin them."""
    survivors = np.ones(logits.shape[1])
    for theta, count in zip(logits, places, strict=True):
        w = np.exp(theta - theta.max())
        low, high = -30.0, 30.0  # log of the clock, halved until nothing is left to halve
        for _ in range(100):
            middle = (low + high) / 2
            arrived = np.sum(survivors * -np.expm1(-w * np.exp(middle)))
            low, high = (middle, high) if arrived < count else (low, middle)
        survivors = survivors * np.exp(-w * np.exp(low))
    return 1.0 - survivors


# 09.3: the same two experts in both orders; count near taste A, whoever draws.
logits, places = expert_logits(2, 90.0), np.array([12, 12])
first = my_inclusion(logits, places)[near(0)].sum()
last = my_inclusion(logits[::-1], places)[near(0)].sum()

ANSWERS = {"09.1": split, "09.2": my_inclusion, "09.3": last - first}

if __name__ == "__main__":
    for key, answer in ANSWERS.items():
        print(check(key, answer).text)
