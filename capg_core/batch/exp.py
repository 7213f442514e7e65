"""exp of a whole array, fast on every CPU: branch-free, so that the compiler vectorises it.

Numba calls the C library once for each number, and how fast NumPy's own exp is depends on the CPU. Training takes most
of its time in exp, so it has this one. Cody-Waite reduction x = m ln 2 + r, a Taylor polynomial of degree 12 for
exp(r) with |r| <= ln(2) / 2, and m added to the exponent of that.

Source: Cody and Waite (1980), "Software Manual for the Elementary Functions", chapter 6.
"""

import numpy as np
from numba import config, types
from numba.extending import intrinsic

from capg_core._kernel import compiled, kernel, summing_kernel

# Below this the result is 0, above the other it stays at exp(709): training never needs denormals or infinity.
LOWEST, HIGHEST = -708.0, 709.0
_LOG2E = 1.4426950408889634
# ln 2 in two parts: the first has zeros at the end, so that m times it is exact.
_LN2_HIGH, _LN2_LOW = 6.93145751953125e-1, 1.42860682030941723212e-6
# Adding 1.5 * 2^52 rounds to a whole number, which then stands in the last bits of the sum.
_ROUND = 6755399441055744.0
_C = tuple(1.0 / float(np.prod(np.arange(1.0, d + 1))) for d in range(13))


def _raised(p, t):
    """Return p 2^m for t = m + _ROUND."""
    return np.ldexp(p, int(t - _ROUND))


if not config.DISABLE_JIT:

    @intrinsic
    def _raised(_typing, p, t):
        """Return p 2^m for t = m + _ROUND: m, which stands in the last bits of t, is added to the exponent of p."""

        def build(context, builder, _signature, numbers):
            whole, real = context.get_value_type(types.int64), context.get_value_type(types.float64)
            bits, m = (builder.bitcast(number, whole) for number in numbers)
            exponent = builder.shl(m, context.get_constant(types.int64, 52))
            return builder.bitcast(builder.add(bits, exponent), real)

        return types.float64(p, t), build


@compiled(fastmath={"contract"})  # fused multiply-add, no other liberty
def _reduced(y):
    """Return (p, r, t) with exp(y) = (1 + p r) 2^m and t = m + _ROUND, for y within LOWEST and HIGHEST."""
    t = y * _LOG2E + _ROUND
    m = t - _ROUND
    r = (y - m * _LN2_HIGH) - m * _LN2_LOW
    p = _C[12]
    p = p * r + _C[11]
    p = p * r + _C[10]
    p = p * r + _C[9]
    p = p * r + _C[8]
    p = p * r + _C[7]
    p = p * r + _C[6]
    p = p * r + _C[5]
    p = p * r + _C[4]
    p = p * r + _C[3]
    p = p * r + _C[2]
    p = p * r + 1.0
    return p, r, t


@compiled(fastmath={"contract"})
def exp_of(x):
    """Return exp(x), to a relative error of 4e-16; -inf gives 0. A loop over an array that calls it is vectorised."""
    y = min(max(x, LOWEST), HIGHEST)
    p, r, t = _reduced(y)
    return _raised(p * r + 1.0, t) if y > LOWEST else 0.0


@compiled(fastmath={"contract"})
def exp_into(x, scale, shift, out):
    """Fill out[i] = exp(scale * x[i] + shift)."""
    for i in range(x.size):
        out[i] = exp_of(scale * x[i] + shift)


@compiled(fastmath={"contract"})
def arrive_into(rate, arrived, stay):
    """
    Fill arrived = 1 - exp(-rate) and stay = exp(-rate) for rates of at least 0, each to a relative error of 8e-16.

    As `exp_into`, with exp(r) - 1 for the reduced r, so that a small ``arrived`` keeps its digits.
    """
    for i in range(rate.size):
        p, r, t = _reduced(max(-rate[i], LOWEST))
        part, power = p * r, _raised(1.0, t)
        stay[i] = power + power * part if rate[i] < -LOWEST else 0.0
        arrived[i] = (1.0 - power) - power * part


@summing_kernel  # in any order: vectorised
def fast_sum(x):
    """Return the sum of an array."""
    total = 0.0
    for i in range(x.size):
        total += x[i]
    return total


@compiled(fastmath={"reassoc", "nnan", "nsz"})  # no NaN comes here; -inf may
def fast_max(x):
    """Return the largest number of an array without NaN; -inf where all are."""
    a = b = c = d = e = f = g = h = -np.inf  # eight at a time: one comparison need not wait for another
    whole = x.size - x.size % 8
    for i in range(0, whole, 8):
        a, b, c, d = max(a, x[i]), max(b, x[i + 1]), max(c, x[i + 2]), max(d, x[i + 3])
        e, f, g, h = max(e, x[i + 4]), max(f, x[i + 5]), max(g, x[i + 6]), max(h, x[i + 7])
    for i in range(whole, x.size):
        a = max(a, x[i])
    return max(max(max(a, b), max(c, d)), max(max(e, f), max(g, h)))


@kernel
def weigh(theta, exp_theta):
    """Fill exp(theta + shift), the largest of them 1, and return the shift."""
    shift = -fast_max(theta)
    exp_into(theta, 1.0, shift, exp_theta)
    return shift


@kernel
def weigh_rows(theta, exp_theta, shifts):
    """Do what `weigh` does for each row of theta (B, n); the shifts (B,) are filled."""
    for b in range(theta.shape[0]):
        shifts[b] = weigh(theta[b], exp_theta[b])
