"""How likely each logged record is under a policy, in logs: by its outcome, its list, or the inclusion of its item.

Records of the same context share their work: contexts are told apart by their rows, and each probability of an item in
a context is computed once. The inclusion probability is K times the outcome probability under a uniform late stage, so
it is taken as that: the K drops out of a ratio.
"""

from hashlib import blake2b

import numpy as np

from capg_core.exact.outcome import log_rho_of
from capg_core.exact.plackett_luce import list_log_prob_of
from capg_core.exact.problem import Problem
from capg_core.late_stage import as_parts
from capg_core.logs.clock import log_pi_rows, log_rho_rows
from capg_core.logs.records import entries

UNIFORM = as_parts("uniform")


def _contexts(n_records, *arrays):
    """Return (a record of each distinct context, the context of each record); rows (N, n) tell contexts apart."""
    rows = [array for array in arrays if array is not None and array.ndim == 2]
    if not rows:
        return np.zeros(1, np.int64), np.zeros(n_records, np.int64)
    known, first, which = {}, [], np.empty(n_records, np.int64)
    for record in range(n_records):
        digest = blake2b(digest_size=16)  # the rows themselves would be held twice
        for array in rows:
            digest.update(array[record])
        which[record] = known.setdefault(digest.digest(), len(first))
        if which[record] == len(first):
            first.append(record)
    return np.array(first), which


def _row(array, record):
    return array if array is None or array.ndim == 1 else array[record]


def _runs(sorted_values):
    """Yield (value, slice) for each run of equal values."""
    edges = np.flatnonzero(np.diff(sorted_values)) + 1
    for start, stop in zip(np.append(0, edges), np.append(edges, sorted_values.size), strict=True):
        yield sorted_values[start], slice(start, stop)


def _exact(logits, utility, parts, k, records, items):
    """Return log rho of an item in the context of each of some records, of which equal ones stand together."""
    log_rho = np.empty(items.size)
    for record, run in _runs(records):
        problem = Problem(_row(logits, record), k, None, _row(utility, record), parts)
        log_rho[run] = log_rho_of(problem, items[run])
    return log_rho


def _asymptotic(logits, utility, parts, k, records, items):
    """Return what `_exact` does, by the clock; the exact number where the clock has none."""
    able = np.isfinite(logits[items] if logits.ndim == 1 else logits[records, items])
    here, a = records[able], items[able]
    theta, rows = (logits[None], np.zeros_like(here)) if logits.ndim == 1 else (logits, here)
    found = np.empty((len(parts), a.size))
    for part, (stage, chance) in enumerate(parts):
        if stage.is_uniform:
            log_pi_rows(theta, rows, a, k, found[part])
            found[part] -= np.log(k)
        else:
            seen = np.atleast_2d(stage.seen(utility))
            log_rho_rows(theta, rows, a, k, seen, np.zeros_like(here) if seen.shape[0] == 1 else here, found[part])
        found[part] += np.log(chance)
    beyond = np.flatnonzero(np.isnan(found).any(axis=0))
    log_rho = np.logaddexp.reduce(np.nan_to_num(found, nan=-np.inf, neginf=-np.inf))
    if beyond.size:
        log_rho[beyond] = _exact(logits, utility, parts, k, here[beyond], a[beyond])
    result = np.full(items.size, -np.inf)
    result[able] = log_rho
    return result


_MARGINALS = {"exact": _exact, "asymptotic": _asymptotic}
MARGINALS = tuple(_MARGINALS)


def log_outcome(logits, utility, parts, k, shown, marginal):
    """Return log P(the item shown) for each record (N,); -inf where it is never shown."""
    n = logits.shape[-1]
    first, which = _contexts(shown.size, logits, utility)
    pairs, place = np.unique(which * n + shown, return_inverse=True)
    contexts, items = np.divmod(pairs, n)
    return _MARGINALS[marginal](logits, utility, parts, k, first[contexts], items)[place]


def log_lists(logits, candidates):
    """Return log P(the candidates in their order) for each record (N,); -inf where one is masked."""
    log_prob = np.full(candidates.shape[0], -np.inf)
    able = np.flatnonzero(np.isfinite(entries(logits, candidates)).all(axis=1))
    first, which = _contexts(candidates.shape[0], logits)
    able = able[np.argsort(which[able], kind="stable")]
    if able.size:
        for context, run in _runs(which[able]):
            log_prob[able[run]] = list_log_prob_of(_row(logits, first[context]), candidates[able[run]])
    return log_prob
