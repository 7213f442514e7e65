"""Brute force: every candidate set of a small problem, in logs, with gradients carried along exactly."""

import numpy as np


def log_sets(logits, k):
    """Return {bitmask: (log P(set), its gradient)} by adding up all orders of drawing, one item at a time."""
    logits = np.asarray(logits, dtype=float)
    n = logits.size
    sets = {0: (0.0, np.zeros(n))}
    for _ in range(k):
        grown = {}
        for mask, (log_p, gradient) in sets.items():
            left = [j for j in range(n) if not mask >> j & 1 and np.isfinite(logits[j])]
            total = np.logaddexp.reduce(logits[left])
            softmax = np.zeros(n)
            softmax[left] = np.exp(logits[left] - total)
            for j in left:
                one = np.zeros(n)
                one[j] = 1.0
                grown.setdefault(mask | 1 << j, []).append((log_p + logits[j] - total, gradient + one - softmax))
        sets = {mask: _add(terms) for mask, terms in grown.items()}
    return sets


def _add(terms):
    logs = np.array([t[0] for t in terms])
    total = np.logaddexp.reduce(logs)
    share = np.exp(logs - total)
    return total, share @ np.array([t[1] for t in terms])


def members(mask, n):
    """Return the items of a bitmask."""
    return [j for j in range(n) if mask >> j & 1]


def log_inclusion(logits, k):
    """Return (log pi, gradients of log pi, a row for each item)."""
    return _marginal(logits, k, lambda items: items)


def log_outcome(logits, k, utility):
    """Return (log rho, gradients of log rho); -inf and zeros for items that are never shown."""
    order = np.argsort(-np.asarray(utility), kind="stable")
    rank = np.argsort(order)
    return _marginal(logits, k, lambda items: [min(items, key=lambda j: rank[j])])


def _marginal(logits, k, shown):
    n = len(logits)
    terms = [[] for _ in range(n)]
    for mask, term in log_sets(logits, k).items():
        for a in shown(members(mask, n)):
            terms[a].append(term)
    pairs = [_add(t) if t else (-np.inf, np.zeros(n)) for t in terms]
    return np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
