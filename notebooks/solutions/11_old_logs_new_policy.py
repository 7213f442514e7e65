"""Worked solutions of 11_old_logs_new_policy. Try the exercises first."""

import numpy as np

import capg_core as capg
from capg_core.classroom import check


def weights(old, new, shown, k, utility):
    """New over old chance of the item shown, looked up for each record."""
    rho_old, rho_new = (capg.outcome_probabilities(logits, k, utility) for logits in (old, new))
    return rho_new[shown] / rho_old[shown]


# 11.2: the interval is as wide as the root of the variance, which is as one over the records that count.
ten = np.array([0.1, 0.2, 0.0, 0.5, 0.1, 4.0, 0.3, 0.0, 1.8, 3.0])
effective = ten.sum() ** 2 / np.sum(ten**2)
wider = np.sqrt(10 / effective)


def faulty(ids, chance):
    """A copy that comes after its original, and what the old policy cannot have shown. A rare item may stay."""
    first = np.unique(ids, return_index=True)[1]
    later = np.ones(len(ids), bool)
    later[first] = False
    return later | (chance == 0)


ANSWERS = {"11.1": weights, "11.2": (effective, wider), "11.3": faulty}

if __name__ == "__main__":
    for key, answer in ANSWERS.items():
        print(check(key, answer).text)
