"""Rosén's asymptotic clock for a batch of contexts, which CA-PG's and Outcome-PG's scores need.

The clock tau solves sum_j S_j (1 - exp(-w_j tau)) = K, where S_j (``alive``) is 1, or the chance that earlier experts
left item j, or 0 for items outside this race. The left side is concave in tau, so that Newton's steps from below never
overshoot; a first solution of sum_j S_j min(w_j tau, 1) = K, which needs no exp, is below and near. It stops at a
relative 1e-8, far below Rosén's own error; `exact.race` has a clock to the last bit, for single contexts.

Source: Rosén (1997), "Asymptotic theory for order sampling"; with several experts, the thinned race
pi_a = 1 - prod_m exp(-w_{m,a} tau_m), S_{m,j} = prod_{m' < m} exp(-w_{m',j} tau_{m'}).
"""

import numpy as np

from capg_core._kernel import kernel, summing_kernel
from capg_core.batch.exp import exp_into

_MAX_STEPS = 200
# Weights are relative to the largest; past this clock those that were too small to hold are weighed again.
_LATE = 1e100
# No item but a negligible part arrives in the e^-30th part of its mean time.
_LONG_BEFORE = 30.0
# A rate beyond this has exp(-rate) = 0 in double precision.
GONE = 750.0


@summing_kernel
def _early_arrivals(w, alive, tau):
    """Return sum S min(w tau, 1) and its slope in tau."""
    arrived, slope = 0.0, 0.0
    for j in range(w.size):
        early = w[j] * tau < 1.0
        arrived += alive[j] * (w[j] * tau if early else 1.0)
        slope += alive[j] * w[j] if early else 0.0
    return arrived, slope


@summing_kernel
def _near_arrivals(w, alive, tau):
    """Return the expected arrivals and their slope in tau to 0.3 %, by 1 / (1 + x + ... + x^5 / 5!) for exp(-x)."""
    arrived, slope = 0.0, 0.0
    for j in range(w.size):
        x = min(w[j] * tau, 40.0)
        stay = 1.0 / (1.0 + x * (1.0 + x * (1.0 / 2 + x * (1.0 / 6 + x * (1.0 / 24 + x / 120)))))
        arrived += alive[j] * (1.0 - stay)
        slope += alive[j] * w[j] * stay
    return arrived, slope


@summing_kernel
def _arrivals(w, alive, stay):
    """Return sum S (1 - stay) and its slope in tau, given stay = exp(-w tau)."""
    arrived, slope = 0.0, 0.0
    for j in range(w.size):
        arrived += alive[j] * (1.0 - stay[j])
        slope += alive[j] * w[j] * stay[j]
    return arrived, slope


@summing_kernel
def clock_slope(lam, alive, stay):
    """Return sum S lam exp(-lam): how many more arrive for a unit of log time."""
    slope = 0.0
    for j in range(lam.size):
        slope += alive[j] * lam[j] * stay[j]
    return slope


@kernel
def _start_clock(theta, alive, count, start, exp_theta, shift, w, scratch):
    """Fill w and return (tau, shift) a little before the clock; log time is log tau + shift."""
    if start > shift + np.log(_LATE):
        shift = start
        exp_into(theta, 1.0, shift, w, scratch)
    else:
        w[:] = exp_theta
    tau = np.exp(start - shift)
    for _ in range(2 * theta.size + _MAX_STEPS):
        arrived, slope = _early_arrivals(w, alive, tau)
        if arrived >= 0.999 * count:
            break
        step = (0.9995 * count - arrived) / slope if slope > 0.0 else np.inf
        if tau + step <= _LATE:
            tau += step
            continue
        # what is still to come is too light to be seen beside what has arrived: weigh it relative to its own largest
        top = -np.inf
        for j in range(theta.size):
            if alive[j] > 0.0 and w[j] * tau < 1.0:
                top = max(top, theta[j])
        if top == -np.inf:
            break
        log_time = max(np.log(tau) + shift, -top - _LONG_BEFORE)
        shift = -top
        tau = np.exp(log_time - shift)
        exp_into(theta, 1.0, shift, w, scratch)
    return tau, shift


@kernel
def solve_clock(theta, alive, count, start, exp_theta, shift, w, stay, scratch):
    """
    Fill w and stay with w_j tau and exp(-w_j tau) at the clock where ``count`` items are expected.

    ``exp_theta`` is exp(theta + shift). ``start`` is the log of a time before that clock, or -inf. Returns log tau, to
    a relative 1e-8 or better. The count is below sum(alive).
    """
    tau, shift = _start_clock(theta, alive, count, start, exp_theta, shift, w, scratch)
    for _ in range(2):  # most of the way without exp
        arrived, slope = _near_arrivals(w, alive, tau)
        tau += min(max((count - arrived) / slope, -0.5 * tau), tau) if slope > 0.0 else 0.0
    step = 0.0
    for _ in range(_MAX_STEPS):
        exp_into(w, -tau, 0.0, stay, scratch)
        arrived, slope = _arrivals(w, alive, stay)
        missing = count - arrived
        step = missing / slope if slope > 0.0 else 0.0
        # on a plateau the slope is rounding: no step may leave it
        step = min(max(step, -0.5 * tau), 3.0 * tau)
        tau += step
        if abs(step) <= 1e-4 * tau:  # Newton squares the error
            break
    for j in range(w.size):
        # where exp(-w tau) is not zero the last step is so small that four terms of exp are exact
        x = min(max(-w[j] * step, -1.0), 1.0)
        stay[j] *= 1.0 + x * (1.0 + 0.5 * x * (1.0 + x / 3.0 * (1.0 + 0.25 * x)))
        w[j] = min(w[j] * tau, GONE)
    return np.log(tau) + shift
