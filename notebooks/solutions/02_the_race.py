"""Worked solutions of 02_the_race. Try the exercises first."""

import numpy as np

from capg_core.classroom import check


def race(logits, k, noise):
    """A standard exponential divided by w has rate w; the earliest k are the candidates."""
    times = noise / np.exp(logits)
    return np.argsort(times)[:k]


def inclusion(logits, k):
    """Integrate over log t: the item arrives now, and at most k - 1 of the others came before."""
    log_t = np.linspace(-14, 6, 2001)
    rates = np.exp(logits[:, None] + log_t)  # w t, a row for each item
    chances = 1 - np.exp(-rates)
    result = []
    for i in range(len(logits)):
        counts = np.zeros((k, len(log_t)))  # P(0, 1, ..., k - 1 arrivals); what goes beyond is dropped
        counts[0] = 1
        for chance in np.delete(chances, i, axis=0):  # leave the item itself out
            counts[1:] = counts[1:] * (1 - chance) + counts[:-1] * chance
            counts[0] = counts[0] * (1 - chance)
        result.append(np.sum(rates[i] * np.exp(-rates[i]) * counts.sum(axis=0)) * (log_t[1] - log_t[0]))
    return np.array(result)


# 02.3: the item with logit 1000 is always first, and the masked one never comes: three equal items, one place.
ANSWERS = {"02.1": race, "02.2": inclusion, "02.3": 1 / 3}

if __name__ == "__main__":
    for key, answer in ANSWERS.items():
        print(check(key, answer).text)
