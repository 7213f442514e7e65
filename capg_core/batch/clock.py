"""Rosén's asymptotic clock for a batch of contexts, which CA-PG's and Outcome-PG's scores need.

The clock tau solves sum_j S_j (1 - exp(-w_j tau)) = K, where S_j (``alive``) is 1, or the chance that earlier experts
left item j, or 0 for items outside this race. The left side is concave in tau, so that Newton's steps from below never
overshoot; sum_j S_j min(w_j tau, 1), which needs no exp, leads to a time a little before it. From there a rough and
cheap exp(-x) leads to about 1e-5, and one step with curvature and the true one to a relative 1e-12. `exact.race` has a
clock to the last bit, for single contexts.

Source: Rosén (1997), "Asymptotic theory for order sampling"; with several experts, the thinned race
pi_a = 1 - prod_m exp(-w_{m,a} tau_m), S_{m,j} = prod_{m' < m} exp(-w_{m',j} tau_{m'}).
"""

import numpy as np

from capg_core._kernel import kernel, summing_kernel
from capg_core.batch.exp import exp_into, exp_of

_MAX_STEPS = 200
_MAX_ROUGH_STEPS = 12
# How far the early arrivals lead; each pass over them costs a third of a rough one.
_EARLY_PART = 0.9
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
def _rough_arrivals(w, alive, tau):
    """Return the first two of `_arrivals`, roughly: (1 - y + y^2/2 - y^3/6)^32, y = x / 32, for exp(-x)."""
    arrived, slope = 0.0, 0.0
    part = tau / 32.0
    for j in range(w.size):
        y = min(w[j] * part, 1.0)
        stay = 1.0 - y * (1.0 - y * (0.5 - y * (1.0 / 6.0)))
        stay *= stay
        stay *= stay
        stay *= stay
        stay *= stay
        stay *= stay
        arrived += alive[j] * (1.0 - stay)
        slope += alive[j] * y * stay
    return arrived, 32.0 * slope


@summing_kernel
def _arrivals(w, alive, tau, stay):
    """Fill stay = exp(-w tau); return sum S (1 - stay), its slope in log time, and sum S (w tau)^2 stay."""
    arrived, slope, bend = 0.0, 0.0, 0.0
    for j in range(w.size):
        x = min(w[j] * tau, GONE)
        stay[j] = exp_of(-x)
        arrived += alive[j] * (1.0 - stay[j])
        slope += alive[j] * x * stay[j]
        bend += alive[j] * x * x * stay[j]
    return arrived, slope, bend


@summing_kernel
def _settle(w, alive, tau, step, lam, stay):
    """Fill lam = w tau (1 + step) and stay, which holds exp(-w tau), with exp(-lam); return sum S lam stay."""
    slope, after = 0.0, tau * (1.0 + step)
    for j in range(w.size):
        # where exp(-w tau) is not zero the step is so small that four terms of exp are exact
        x = min(max(-w[j] * tau * step, -1.0), 1.0)
        stay[j] *= 1.0 + x * (1.0 + 0.5 * x * (1.0 + x * (1.0 / 3.0) * (1.0 + 0.25 * x)))
        lam[j] = min(w[j] * after, GONE)
        slope += alive[j] * lam[j] * stay[j]
    return slope


@kernel
def _start_clock(theta, alive, count, start, exp_theta, shift, w):
    """Return weights (exp_theta or, weighed anew, w), and (tau, shift) near the clock; log time is log tau + shift."""
    weights = exp_theta
    if start > shift + np.log(_LATE):
        shift = start
        exp_into(theta, 1.0, shift, w)
        weights = w
    tau = np.exp(start - shift)
    for _ in range(2 * theta.size + _MAX_STEPS):
        arrived, slope = _early_arrivals(weights, alive, tau)
        step = (0.9995 * count - arrived) / slope if slope > 0.0 else np.inf
        if arrived >= 0.999 * count or (arrived >= _EARLY_PART * count and step < tau):  # else it is a plateau
            break
        if tau + step <= _LATE:
            tau += step
            continue
        # what is still to come is too light to be seen beside what has arrived: weigh it relative to its own largest
        top = -np.inf
        for j in range(theta.size):
            if alive[j] > 0.0 and weights[j] * tau < 1.0:
                top = max(top, theta[j])
        if top == -np.inf:
            break
        log_time = max(np.log(tau) + shift, -top - _LONG_BEFORE)
        shift = -top
        tau = np.exp(log_time - shift)
        exp_into(theta, 1.0, shift, w)
        weights = w
    return weights, tau, shift


@kernel
def solve_clock(theta, alive, count, start, exp_theta, shift, lam, stay):
    """
    Fill lam and stay with w_j tau and exp(-w_j tau) at the clock where ``count`` items are expected.

    ``exp_theta`` is exp(theta + shift). ``start`` is the log of a time before that clock or near it, or -inf. Returns
    log tau, and sum S lam stay: how many more arrive for a unit of log time. The count is below sum(alive).
    """
    weights, tau, shift = _start_clock(theta, alive, count, start, exp_theta, shift, lam)
    for _ in range(_MAX_ROUGH_STEPS):
        arrived, slope = _rough_arrivals(weights, alive, tau)
        # Newton's step for log arrivals in log time: those of weights far apart grow like a power of time
        step = np.log(count / arrived) * arrived / slope if slope > 0.0 and arrived > 0.0 else 0.0
        tau *= np.exp(min(max(step, -2.0), 2.0))
        if abs(step) < 0.03:
            break
    step = 0.0
    for _ in range(_MAX_STEPS):
        arrived, slope, bend = _arrivals(weights, alive, tau, stay)
        step = (count - arrived) / slope if slope > 0.0 else 0.0
        if abs(step) * bend <= 0.1 * slope:
            step *= 1.0 + 0.5 * step * bend / slope
        step = min(max(step, -0.5), 3.0)  # on a plateau the slope is rounding: no step may leave it
        if abs(step) <= 1e-4:  # what is left is of third order
            break
        tau *= 1.0 + step
    slope = _settle(weights, alive, tau, step, lam, stay)
    return np.log(tau) + np.log1p(step) + shift, slope
