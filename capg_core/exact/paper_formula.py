"""The paper's approximation of an inclusion probability, and the gradient of its log.

pi_a = 1 - prod_{r=1..K} (1 - w_a / (W - sum of the r-1 largest weights other than a)): item a meets, draw by draw, what
would be left if the heaviest other items had always been drawn first.

Source: Kiyohara et al. (2026).
"""

import numpy as np

from capg_core._kernel import kernel
from capg_core.exact.race import log_total


@kernel
def _paper_log_rest(theta, order, log_tail, a, k, heads, log_rest):
    """Fill the k - 1 largest items other than a, and the log of what is left before each draw.

    ``log_tail`` is the log of the weight beyond the k largest, -inf if there is none.
    """
    count, log_left = 0, log_tail
    for rank in range(k):
        j = order[rank]
        if j != a and count < k - 1:
            heads[count] = j
            count += 1
        else:  # a itself, or the k-th largest: still there at the last draw
            log_left = np.logaddexp(log_left, theta[j])
    for r in range(k - 1, -1, -1):
        log_rest[r] = log_left
        if r > 0:
            log_left = np.logaddexp(log_left, theta[heads[r - 1]])


@kernel
def _paper_kernel(theta, order, log_tail, items, k, pi, score, want_score):
    """Fill the paper's pi_a = 1 - prod_r (1 - w_a / (W - heads drawn before r)) and the gradient of its log."""
    heads, log_rest, share = np.empty(k - 1, np.int64), np.empty(k), np.empty(k)
    for row in range(items.size):
        a = items[row]
        _paper_log_rest(theta, order, log_tail, a, k, heads, log_rest)
        log_z = theta[a] - log_rest
        z = np.minimum(np.exp(log_z), 1.0)
        pi[row] = -np.expm1(np.log1p(-z).sum())
        if not want_score:
            continue
        # share = d log pi / d log z_r
        if log_z.max() < -100.0:  # the factors are 1, and pi itself may underflow: only the proportions count
            share[:] = np.exp(log_z - log_z.max())
            share /= share.sum()
        else:
            for r in range(k):
                share[r] = z[r] / pi[row]
                for other in range(k):
                    if other != r:
                        share[r] *= 1.0 - z[other]
        last = np.full(theta.size, k)  # j is still there at the draws r < last[j]
        for r in range(k - 1):
            last[heads[r]] = r + 1
        for j in range(theta.size):
            for r in range(last[j]):
                score[row, j] -= share[r] * np.exp(min(theta[j] - log_rest[r], 0.0))
        score[row, a] += share.sum()


def paper_inclusion(theta, items, k, want_score):
    """Return the paper's (pi, gradients of log pi) of some items."""
    order = np.argsort(-theta, kind="stable")
    log_tail = log_total(theta[order[k:]]) if k < theta.size else -np.inf
    pi, score = np.empty(items.size), np.zeros((items.size, theta.size) if want_score else (1, 1))
    _paper_kernel(theta, order, log_tail, items, k, pi, score, want_score)
    return pi, score
