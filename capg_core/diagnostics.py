"""What an estimator does on one problem: bias, variance and signal, simulated and checked against exact gradients.

Imports the estimators below it.
"""

from dataclasses import dataclass

import numpy as np

from capg_core._checks import as_count, as_generator, as_k, as_logits, as_number, as_vector
from capg_core.estimators import (
    check_estimator,
    choose_output,
    estimate_gradients,
    expected_estimate,
)
from capg_core.exact.sampling import sample_candidates
from capg_core.exact.value import policy_gradient, policy_value


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

    mean: np.ndarray
    variance: float
    signal: float
    snr: float
    bias: np.ndarray
    cosine: float
    standard_error: np.ndarray


def gradient_diagnostics(
    logits,
    k,
    mean_reward,
    estimator,
    *,
    utility=None,
    reward_std=0.0,
    late_stage="optimal",
    marginal="exact",
    baseline=None,
    n_samples=1000,
    rng,
):
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
    reward_std : float
        Standard deviation of normal reward noise.
    late_stage : {"optimal", "uniform", "anti"} or mixture
    marginal : {"exact", "asymptotic", "paper"}
        For "CA-PG" and "Outcome-PG" (not "paper").
    baseline : None, "mean" or float
        "mean" subtracts the exact expected reward.
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
    logits = as_logits(logits)
    k = as_k(k, logits)
    check_estimator(estimator, marginal, late_stage)
    mean_reward = as_vector(mean_reward, logits.size, "mean_reward")
    utility = mean_reward if utility is None else as_vector(utility, logits.size, "utility")
    reward_std = as_number(reward_std, "reward_std", 0.0)
    n_samples = as_count(n_samples, "n_samples", 2)
    rng = as_generator(rng)
    offset = _baseline(baseline, logits, k, mean_reward, utility, late_stage)

    candidates = sample_candidates(logits, k, rng, n_samples)
    outputs = choose_output(candidates, utility, late_stage, rng)
    rewards = mean_reward[outputs] + reward_std * rng.standard_normal(n_samples)
    options = dict(utility=utility, late_stage=late_stage, marginal=marginal, baseline=offset)
    estimates = estimate_gradients(logits, candidates, outputs, rewards, estimator, **options)

    mean = estimates.mean(axis=0)
    per_logit = estimates.var(axis=0, ddof=1)
    variance = float(per_logit.sum())
    gradient = policy_gradient(logits, k, mean_reward, utility, late_stage)
    expected = mean
    if estimator != "V-PG-SwR":
        expected = expected_estimate(logits, k, mean_reward, estimator, **options)
    signal = float(np.linalg.norm(expected))
    length = signal * float(np.linalg.norm(gradient))
    return GradientDiagnostics(
        mean=mean,
        variance=variance,
        signal=signal,
        snr=signal / np.sqrt(variance) if variance > 0.0 else np.inf,
        bias=mean - gradient,
        cosine=float(expected @ gradient) / length if length > 0.0 else np.nan,
        standard_error=np.sqrt(per_logit / n_samples),
    )


def _baseline(baseline, logits, k, mean_reward, utility, late_stage):
    if baseline is None:
        return 0.0
    if isinstance(baseline, str):
        if baseline != "mean":
            raise ValueError(f"baseline = {baseline!r}; expected None, 'mean' or a number")
        return policy_value(logits, k, mean_reward, utility, late_stage)
    return as_number(baseline, "baseline")
