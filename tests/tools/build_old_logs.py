"""Make capg_core/data/old_logs.npz: how many records of an old log count, over 100 logs. About a minute."""

import numpy as np

from capg_core.classroom.lessons.n11_old_logs_new_policy.numbers import (
    MOST_K,
    MOVES,
    N_ITEMS,
    N_PROBLEMS,
    N_RECORDS,
    STORED,
    WEIGHTS,
    chances,
    effective_size,
    logged,
)

PERCENTILES = (5, 50, 95)
KS = (1, 2, 3, 4, 5, 6, 8, 10, 14, 20, 28, 38, 50)  # measured; between them, on a straight line in logs


def list_shares(problem, logits, ks):
    """Return the share that counts by list at each K. A row per draw: columns of `Logged` are slow to read here."""
    lists, logs = np.ascontiguousarray(problem.lists.T), 0.0
    for theta, sign in ((logits, 1.0), (problem.old, -1.0)):
        weights = np.exp(theta)
        drawn = weights[lists]
        left = weights.sum() - np.cumsum(drawn, axis=0) + drawn
        logs = logs + sign * np.cumsum(np.log(drawn / left), axis=0)
    return [effective_size(logs[k - 1]) / N_RECORDS for k in ks]


def shares_of(seed, ks=KS, moves=MOVES):
    """Return the share of the records of one log that count: (weights, K, moves)."""
    problem, found = logged(seed), np.empty((len(WEIGHTS), len(ks), len(moves)))
    for row, k in enumerate(ks):
        counts = np.bincount(problem.shown[:, k - 1], minlength=N_ITEMS)
        seen = counts > 0
        old = chances(seed, 0.0, k)
        for column, moved in enumerate(moves):
            ratios = [new[seen] / was[seen] for new, was in zip(chances(seed, moved, k), old, strict=True)]
            sizes = [(counts[seen] @ w) ** 2 / (counts[seen] @ w**2) for w in ratios]
            found[1:, row, column] = np.array(sizes) / N_RECORDS
    for column, moved in enumerate(moves):
        found[0, :, column] = list_shares(problem, problem.old + moved * problem.step, ks)
    return found


def between(found):
    """Return percentiles at every K from 1 to the most, of those at some K: (3, weights, K, moves)."""
    every = np.log(np.arange(1, MOST_K + 1))
    return np.exp(np.apply_along_axis(lambda logs: np.interp(every, np.log(KS), logs), 2, np.log(found)))


def main():
    """Write the percentiles over all problems, and print those at K = 20."""
    shares = np.array([shares_of(seed) for seed in range(N_PROBLEMS)])
    found = np.percentile(shares, PERCENTILES, axis=0)
    np.savez_compressed(STORED, share=between(found).astype(np.float32))
    here, at = KS.index(20), MOVES.index(1.0)
    distance = np.abs(np.log(shares[:, :2, here, at] / found[1, :2, here, at])).sum(axis=1)
    print("K = 20, moved 1, in percent:", np.round(100 * found[:, :, here, at], 3).tolist())
    print("nearest to the median:", np.argsort(distance)[:8].tolist())


if __name__ == "__main__":
    main()
