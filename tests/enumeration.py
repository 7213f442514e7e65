"""Brute force: every candidate set of a small problem, in logs, with gradients carried along exactly."""

import functools

import numpy as np


def log_sets(logits, k):
    """Return (sets of k items as rows of bool, log P(set), its gradients), one row for each set that can be drawn."""
    member, log_p, gradient = _all_sets(tuple(np.asarray(logits, dtype=float).tolist()))
    chosen = (member.sum(axis=1) == k) & np.isfinite(log_p)
    return member[chosen], log_p[chosen], gradient[chosen]


@functools.lru_cache(maxsize=2)
def _all_sets(logits):
    """Add up all orders of drawing: a set is the one before its last item, for each item that may be the last."""
    logits, n = np.array(logits), len(logits)
    bits = 1 << np.arange(n)
    member = (np.arange(1 << n)[:, None] & bits) != 0
    left = ~member & np.isfinite(logits)
    total = np.where(left.any(axis=1), np.logaddexp.reduce(np.where(left, logits, -np.inf), axis=1), 0.0)
    chance = np.exp(np.where(left, logits - total[:, None], -np.inf))
    log_p, gradient = np.full(1 << n, -np.inf), np.zeros((1 << n, n))
    log_p[0] = 0.0
    for s in range(1, 1 << n):
        if np.isfinite(logits[member[s]]).all():
            last = np.flatnonzero(member[s])
            before = s - bits[last]
            log_p[s], gradient[s] = _add(
                log_p[before] + logits[last] - total[before], gradient[before] + np.eye(n)[last] - chance[before]
            )
    return member, log_p, gradient


def _add(logs, gradients):
    total = np.logaddexp.reduce(logs)
    return total, np.exp(logs - total) @ gradients


def log_inclusion(logits, k):
    """Return (log pi, gradients of log pi, a row for each item)."""
    member, log_p, gradient = log_sets(logits, k)
    return _marginal(member, log_p, gradient)


def log_outcome(logits, k, utility):
    """Return (log rho, gradients of log rho); -inf and zeros for items that are never shown."""
    member, log_p, gradient = log_sets(logits, k)
    order = np.argsort(-np.asarray(utility), kind="stable")
    shown = order[member[:, order].argmax(axis=1)]  # the first of the order that is in the set
    return _marginal(np.arange(len(logits)) == shown[:, None], log_p, gradient)


def _marginal(shown, log_p, gradient):
    n = shown.shape[1]
    pairs = [_add(log_p[a], gradient[a]) if a.any() else (-np.inf, np.zeros(n)) for a in shown.T]
    return np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
