"""Gain times score for a batch of contexts, one kernel for each probability that is credited.

Every kernel fills ``rows`` (M, B, n): the derivative of sum_l gain_l log P with respect to each expert's logits. The
list kernels take candidates (B, K) and one gain per context; the others take outputs (B, L) and gains (B, L). All take
``exp_theta`` = exp(theta + shift), which sampling has left.

Sources: Kiyohara et al. (2026) for CA-PG and the with-replacement forms; Rosén (1997) for the clock.
"""

import numpy as np

from capg_core._kernel import kernel, summing_kernel
from capg_core.batch.clock import solve_clock
from capg_core.batch.exp import exp_into, fast_max, fast_sum

# A clock whose count hardly moves (items per log time) says nothing of what earlier experts took.
_PLATEAU = 1e-12

# Denormal numbers make the towers' products slow: a part of a sum of 1 so small is none, and an output of so large a
# rate (exp(-230) = 1e-100 too) is certain.
_NOTHING, _CERTAIN = 1e-100, 230.0

# Weights below this, relative to the largest, go to logs.
_FAR_APART = 1e-200


@kernel
def _list_score_in_logs(theta, taken, items, gain, open_, left, row):
    """Add what `add_list_score` adds where the weights are too far apart to be summed as they are."""
    for j in range(theta.size):
        open_[j] = -np.inf if taken[j] else theta[j]
    top = fast_max(open_)
    log_rest, log_c = -np.inf, -np.inf  # weight left after the last draw; log of sum_r 1 / rem_r
    if top > -np.inf:
        exp_into(open_, 1.0, -top, left)
        log_rest = top + np.log(fast_sum(left))
    log_rem = np.empty(items.size)
    for r in range(items.size - 1, -1, -1):
        log_rest = np.logaddexp(log_rest, theta[items[r]])
        log_rem[r] = log_rest
    for r in range(items.size):
        log_c = np.logaddexp(log_c, -log_rem[r])
        row[items[r]] += gain * (1.0 - np.exp(theta[items[r]] + log_c))
    if top > -np.inf:
        scale = gain * np.exp(top + log_c)
        for j in range(theta.size):
            row[j] -= scale * left[j]


@kernel
def add_list_score(theta, exp_theta, taken, items, gain, open_, w, row):
    """
    Add gain times the score of an ordered list to ``row``, in O(n + K), and mark its items as taken.

    The score is sum_r (1[j = a_r] - w_j 1[j not drawn before r] / rem_r), rem_r the weight left before draw r. What was
    taken before takes no part. ``open_`` and ``w`` are scratch.
    """
    for j in range(theta.size):
        w[j] = 0.0 if taken[j] else exp_theta[j]
    drawn = np.empty(items.size)
    for r in range(items.size):
        taken[items[r]] = True
        drawn[r] = w[items[r]]
        w[items[r]] = 0.0
    rest = fast_sum(w)
    if min(rest, drawn.min()) < _FAR_APART:
        _list_score_in_logs(theta, taken, items, gain, open_, w, row)
        return
    rem = np.empty(items.size)
    for r in range(items.size - 1, -1, -1):  # adding what the later draws took: no difference of large sums
        rest += drawn[r]
        rem[r] = rest
    c = 0.0
    for r in range(items.size):
        c += 1.0 / rem[r]
        row[items[r]] += gain * (1.0 - drawn[r] * c)
    for j in range(theta.size):
        row[j] -= gain * c * w[j]


@kernel
def list_rows(theta, exp_theta, candidates, places, gain, rows):
    """V-PG: the ordered list of candidates; expert m draws its places from what the earlier ones left."""
    n_experts, batch, n = theta.shape
    open_, left = np.empty(n), np.empty(n)
    taken = np.empty(n, np.bool_)
    for b in range(batch):
        taken[:] = False
        start = 0
        for m in range(n_experts):
            rows[m, b, :] = 0.0
            items = candidates[b, start : start + places[m]]
            start += places[m]
            add_list_score(theta[m, b], exp_theta[m, b], taken, items, gain[b], open_, left, rows[m, b])


@kernel
def replaced_list_rows(exp_theta, candidates, places, gain, rows):
    """V-PG-SwR: every place by its expert's own softmax, as if drawn with replacement."""
    n_experts, batch, n = exp_theta.shape
    for b in range(batch):
        start = 0
        for m in range(n_experts):
            row, weights = rows[m, b], exp_theta[m, b]
            scale = -gain[b] * places[m] / fast_sum(weights)
            for j in range(n):
                row[j] = scale * weights[j]
            for a in candidates[b, start : start + places[m]]:
                row[a] += gain[b]
            start += places[m]


@kernel
def top1_rows(theta, exp_theta, shifts, outputs, places, gains, rows):
    """CA-PG-SwR: log sum_m K_m p_m(a), p_m the softmax of expert m."""
    n_experts, batch, n = theta.shape
    n_outputs = outputs.shape[1]
    log_part, norm = np.empty((n_outputs, n_experts)), np.empty(n_experts)
    for b in range(batch):
        for m in range(n_experts):
            norm[m] = fast_sum(exp_theta[m, b])
            log_total = np.log(norm[m]) - shifts[m, b]
            for o in range(n_outputs):
                log_part[o, m] = theta[m, b, outputs[b, o]] - log_total + np.log(places[m])
        for o in range(n_outputs):  # how likely each expert is to have drawn the output
            log_part[o] -= log_part[o].max()
            log_part[o] -= np.log(np.exp(log_part[o]).sum())
        for m in range(n_experts):
            row, weights = rows[m, b], exp_theta[m, b]
            total = 0.0
            for o in range(n_outputs):
                total += gains[b, o] * np.exp(log_part[o, m])
            scale = -total / norm[m]
            for j in range(n):
                row[j] = scale * weights[j]
            for o in range(n_outputs):
                row[outputs[b, o]] += gains[b, o] * np.exp(log_part[o, m])


@kernel
def _run_races(theta, exp_theta, shifts, b, places, lam, stay, alive, slopes):
    """
    Fill the rates lam (M, n) at each expert's clock, exp(-lam), and alive (M, n): what earlier experts left.

    ``slopes`` (M,) gets how many more arrive for a unit of log time, or NaN where the logits do not count.
    """
    n_experts, n = lam.shape
    for m in range(n_experts):
        left = alive[m]
        if m == 0:
            logits = theta[0, b]
            for j in range(n):
                left[j] = 1.0 if logits[j] > -np.inf else 0.0
        else:
            for j in range(n):
                left[j] = alive[m - 1, j] * stay[m - 1, j]
        slopes[m] = np.nan
        if places[m] == 0:
            lam[m, :], stay[m, :] = 0.0, 1.0
        elif places[m] >= fast_sum(left) - 1e-9:  # all that are left must arrive, whatever the logits
            for j in range(n):
                lam[m, j] = np.inf if left[j] > 0.0 else 0.0
                stay[m, j] = 0.0
        else:
            _, slopes[m] = solve_clock(
                theta[m, b], left, float(places[m]), -np.inf, exp_theta[m, b], shifts[m, b], lam[m], stay[m]
            )


@kernel
def _inclusion_pull(lam, output):
    """Return d log pi_a / d Lambda_a = exp(-Lambda) / (1 - exp(-Lambda)), Lambda the sum of the rates of a."""
    total = 0.0
    for m in range(lam.shape[0]):
        total += lam[m, output]
    return 1.0 / np.expm1(total) if 0.0 < total < _CERTAIN else 0.0


@summing_kernel
def _dot(x, y):
    """Return sum x y."""
    total = 0.0
    for j in range(x.size):
        total += x[j] * y[j]
    return total


@kernel
def _push(lam, stay, alive, owed, on_clock, slope, row):
    """Fill row with lam owed - on_clock S lam stay / slope: the clock moves, and all rates with it."""
    part = 1.0 / max(slope, 1e-300)
    for j in range(row.size):
        # the quotient first: on a plateau the slope can be all but zero
        pushed = alive[j] * stay[j] * lam[j] * part
        row[j] = lam[j] * owed[j] - on_clock * (pushed if pushed > _NOTHING else 0.0)


@kernel
def _owe(stay, alive, moved, owed):
    for j in range(owed.size):
        owed[j] += moved * alive[j] * (1.0 - stay[j])


@kernel
def fill_inclusion_score(theta, exp_theta, shifts, b, outputs, places, gains, lam, stay, alive, owed, rows):
    """
    Fill rows[:, b] with the gradient of sum_o gain_o log pi_o, and lam, stay and alive (M, n) with its races.

    log pi_a = log(1 - exp(-Lambda_a)), Lambda_a = sum_m w_{m,a} tau_m. A later clock depends on the earlier ones
    through what they left, so the derivative runs backward over the experts; ``owed`` holds, for each item, what the
    later clocks lose by its arrival. With one expert this is f_a (1[j = a] - e_j / sum e), e_j = lam_j exp(-lam_j),
    f_a = e_a / pi_a.
    """
    n_experts, n = lam.shape
    slopes = np.empty(n_experts)
    _run_races(theta, exp_theta, shifts, b, places, lam, stay, alive, slopes)
    pull = np.empty(outputs.size)
    for o in range(pull.size):
        pull[o] = gains[o] * _inclusion_pull(lam, outputs[o])
    owed[:] = 0.0
    for m in range(n_experts - 1, -1, -1):
        row = rows[m, b]
        if np.isnan(slopes[m]):
            row[:] = 0.0
            continue
        on_clock = _dot(owed, lam[m]) if m < n_experts - 1 else 0.0
        for o in range(pull.size):
            on_clock += pull[o] * lam[m, outputs[o]]
        _push(lam[m], stay[m], alive[m], owed, on_clock, slopes[m], row)
        if m > 0:
            _owe(stay[m], alive[m], on_clock / slopes[m] if slopes[m] > _PLATEAU else 0.0, owed)
        for o in range(pull.size):
            row[outputs[o]] += pull[o] * lam[m, outputs[o]]


@kernel
def inclusion_rows(theta, exp_theta, shifts, outputs, places, gains, rows):
    """CA-PG, asymptotic: log pi of every output."""
    n_experts, batch, n = theta.shape
    lam, stay, alive = np.empty((n_experts, n)), np.empty((n_experts, n)), np.empty((n_experts, n))
    owed = np.empty(n)
    for b in range(batch):
        fill_inclusion_score(
            theta, exp_theta, shifts, b, outputs[b], places, gains[b], lam, stay, alive, owed, rows
        )
