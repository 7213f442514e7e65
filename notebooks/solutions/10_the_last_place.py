"""Worked solutions of 10_the_last_place. Try the exercises first."""

import numpy as np

import capg_core as capg
from capg_core.classroom import check


def single_swap(logits, first, without):
    """Only the next arrival is pushed: by what its coming one place earlier changes, times how often that happens."""
    w = np.exp(logits)
    left = w.sum() - np.cumsum(w[first]) + w[first]  # before each draw
    push = np.zeros(len(logits))
    push[first[-1]] = left[-1] * np.sum(1 / left[:-1]) * (without[-2] - without[-1])
    return push


def push_of_second(logits, first, critic):
    """Without the best the second best is shown; without anybody else the best is."""
    seen = critic[first]
    order = np.argsort(seen)
    without = np.full(len(first), seen[order[-1]])
    without[order[-1]] = seen[order[-2]]
    return capg.swap_gradient(logits, first, without)[first[order[-2]]]


# 10.3: measure signal-to-noise and cosine of each, then average.
rng = np.random.default_rng(0)
theta, q = rng.normal(size=100), rng.random(100)
wrong = q + 0.1 * np.random.default_rng(104).normal(size=100)


def best(critic, n_estimates):
    """Return the residual whose average comes nearest."""
    found = {}
    for name in ("None", "list", "inclusion"):
        d = capg.gradient_diagnostics(
            theta, 20, q, "Swap-PG", critic=critic, residual=None if name == "None" else name,
            reward_std=np.sqrt(q * (1 - q)), n_samples=4000, rng=np.random.default_rng(1),
        )  # fmt: skip
        found[name] = d.cosine / np.sqrt(1 + 1 / (n_estimates * d.snr**2))
    return max(found, key=found.get)


choice = best(q, 1000), best(wrong, 1000), best(wrong, 1_000_000)
ANSWERS = {"10.1": single_swap, "10.2": push_of_second, "10.3": choice}

if __name__ == "__main__":
    for key, answer in ANSWERS.items():
        print(check(key, answer).text)
