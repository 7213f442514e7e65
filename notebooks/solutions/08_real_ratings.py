"""Worked solutions of 08_real_ratings. Try the exercises first."""

import numpy as np

import capg_core as capg
from capg_core.classroom import check


def concordance(utility, reward):
    """Of the pairs that differ in reward: right order counts 1, equal utility counts half."""
    right = pairs = 0
    for i in range(len(reward)):
        for j in range(i):
            if reward[i] == reward[j]:
                continue  # no order is right, and none is wrong
            pairs += 1
            right += 0.5 if utility[i] == utility[j] else (utility[i] > utility[j]) == (reward[i] > reward[j])
    return right / pairs


def recall(candidates, loved):
    """Of the loved films, the share among the candidates; the order does not matter."""
    return np.mean(np.isin(loved, candidates))


# 08.3: regret is the best each person has, minus what the person was shown, averaged over the people.
world = capg.observed_films("fitted")
run = capg.train(world, "CA-PG", 20, n_steps=200, learning_rate=0.1, seed=0, eval_every=200)
regret = capg.optimal_value(world) - run.policy_value[-1]

ANSWERS = {"08.1": concordance, "08.2": recall, "08.3": regret}

if __name__ == "__main__":
    for key, answer in ANSWERS.items():
        print(check(key, answer).text)
