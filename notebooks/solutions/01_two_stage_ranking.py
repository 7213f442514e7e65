"""Worked solutions of 01_two_stage_ranking. Try the exercises first."""

from math import comb

import numpy as np

import capg_core as capg
from capg_core.classroom import check


def regret(lists, mean_reward, utility):
    """The late stage picks by utility, from the candidates; the user pays in reward, against all films."""
    place = np.argmax(utility[lists], axis=1)  # where in its list the film shown stands
    shown = lists[np.arange(len(lists)), place]
    return mean_reward.max() - np.mean(mean_reward[shown])


def uniform_value(mean_reward, k):
    """The h-th best film is shown when it is in the set and the other k - 1 come from the n - h worse films."""
    n = len(mean_reward)
    best_first = np.sort(mean_reward)[::-1]
    return sum(q * comb(n - h, k - 1) / comb(n, k) for h, q in enumerate(best_first, start=1))


# 01.3: what a perfect late stage would gain from the same candidates.
def standardise(x):
    return (x - x.mean()) / x.std()


p = capg.load_ratings().user_problem(67)
noise = standardise(np.random.default_rng(167).normal(size=len(p.items)))
logits = 2 * standardise(0.5 * standardise(p.utility) + np.sqrt(1 - 0.5**2) * noise)
perfect = capg.policy_value(logits, 5, p.mean_reward, p.utility, "optimal")
at_random = capg.policy_value(logits, 5, p.mean_reward, p.utility, "uniform")

ANSWERS = {"01.1": regret, "01.2": uniform_value, "01.3": perfect - at_random}

if __name__ == "__main__":
    for key, answer in ANSWERS.items():
        print(check(key, answer).text)
