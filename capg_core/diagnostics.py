"""What an estimator does on one problem: bias, variance and signal, simulated and checked against exact gradients."""

from dataclasses import dataclass

import numpy as np

from capg_core._checks import as_count, as_generator
from capg_core._types import ArrayLike, Floats
from capg_core.estimators import (
    as_baseline,
    as_spread,
    critic_of,
    estimates_of,
    expectation_of,
    problem_of,
    residual_of,
)
from capg_core.exact.sampling import sample_of
from capg_core.exact.value import gradient_of, value_of
from capg_core.ladder import choose_rung
from capg_core.late_stage import LateStageLike, choose


@dataclass(frozen=True)
class GradientDiagnostics:
    """
    Moments of a single-sample gradient estimate.

    Attributes
    ----------
    mean : (n,) float64
        Average of the simulated estimates.
    variance : float
        Trace of their covariance (one sample, summed over the logits).
    signal : float
        Length of the exact expectation; of ``mean`` where no formula exists ("V-PG-SwR").
    snr : float
        signal / sqrt(variance); inf where the variance is zero.
    bias : (n,) float64
        mean - exact policy gradient.
    cosine : float
        Between the expectation (as for ``signal``) and the exact policy gradient; NaN if either is zero.
    standard_error : (n,) float64
        Of each entry of ``mean``, hence of ``bias``.
    """

    mean: Floats
    variance: float
    signal: float
    snr: float
    bias: Floats
    cosine: float
    standard_error: Floats


def _size(vector):
    """Return a power of two near the largest entry: dividing by it is exact, and then no square under- or overflows."""
    return np.ldexp(1.0, np.frexp(np.abs(vector).max())[1])


def _length(vector):
    size = _size(vector)
    return float(np.linalg.norm(vector / size) * size)


def _cosine(one, other):
    if not (one.any() and other.any()):
        return np.nan
    one, other = one / _size(one), other / _size(other)
    cosine = float(one @ other) / (float(np.linalg.norm(one)) * float(np.linalg.norm(other)))
    return min(max(cosine, -1.0), 1.0)  # rounding can pass them


def gradient_diagnostics(
    logits: ArrayLike,
    k: int,
    mean_reward: ArrayLike,
    estimator: str,
    *,
    utility: ArrayLike | None = None,
    reward_std: ArrayLike = 0.0,
    late_stage: LateStageLike = "optimal",
    marginal: str = "exact",
    baseline: str | float | None = None,
    critic: ArrayLike | None = None,
    residual: str | None = None,
    n_samples: int = 1000,
    rng: np.random.Generator,
) -> GradientDiagnostics:
    """
    Simulate an estimator and compare it with the exact policy gradient.

    Parameters
    ----------
    logits : (n,) array_like
        Early-stage logits.
    k : int
        Number of candidates.
    mean_reward : (n,) array_like
        Expected reward of each item.
    estimator : str
        One of ``ESTIMATORS``.
    utility : (n,) array_like, optional
        Late-stage utility; the mean reward if not given.
    reward_std : float or (n,) array_like
        Standard deviation of normal reward noise. With sqrt(q (1 - q)) the moments are those of a yes or no of mean q.
    late_stage : {"optimal", "uniform", "anti"} or mixture
    marginal : {"exact", "asymptotic", "paper"}
        For "CA-PG" and "Outcome-PG" (not "paper"), and for a residual of these.
    baseline : None, "mean" or float
        Subtracted from every reward, or reward - critic. "mean" is its exact expectation.
    critic, residual
        As in :func:`estimate_gradients`.
    n_samples : int
        Number of simulated estimates, at least 2.
    rng : numpy.random.Generator

    Returns
    -------
    GradientDiagnostics

    Raises
    ------
    ValueError
        For bad arguments.

    Examples
    --------
    >>> import numpy as np
    >>> import capg_core as capg
    >>> d = capg.gradient_diagnostics([0.0, 0.0], 1, [1.0, 0.0], "V-PG", rng=np.random.default_rng(0))
    >>> print(np.abs(d.bias).max() < 4 * d.standard_error.max())
    True
    """
    chosen = choose_rung(estimator, marginal, residual)
    chosen.check(1, 1)
    problem = problem_of(chosen, logits, k, late_stage, mean_reward, utility, critic)
    spread = as_spread(reward_std, problem.logits.size)
    n_samples = as_count(n_samples, "n_samples", 2)
    rng = as_generator(rng)
    offset = as_baseline(baseline, lambda: value_of(residual_of(chosen, problem)))

    n_first = min(problem.k + chosen.needs_critic, int(np.isfinite(problem.logits).sum()))
    arrivals = sample_of(problem.logits, n_first, rng, n_samples)
    outputs = choose(arrivals[:, : problem.k], problem.utility, problem.parts, rng)
    rewards = problem.mean_reward[outputs] + spread[outputs] * rng.standard_normal(n_samples)
    estimates = estimates_of(chosen, problem, arrivals, outputs, rewards - critic_of(chosen, problem)[outputs] - offset)

    mean = estimates.mean(axis=0)
    per_logit = estimates.var(axis=0, ddof=1)
    variance = float(per_logit.sum())
    gradient = gradient_of(problem)
    expected = expectation_of(chosen, problem, offset)
    if expected is None:
        expected = mean
    signal = _length(expected)
    return GradientDiagnostics(
        mean=mean,
        variance=variance,
        signal=signal,
        snr=signal / np.sqrt(variance) if variance > 0.0 else np.inf,
        bias=mean - gradient,
        cosine=_cosine(expected, gradient),
        standard_error=np.sqrt(per_logit / n_samples),
    )
