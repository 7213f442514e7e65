"""The value of a new policy from an old policy's log, by importance weighting.

Each record counts by how much likelier it is under the new policy: V is the mean of w r, and with the outcome
probability of the item shown, w = rho_new(a) / rho_old(a). That is the conditional mean, given a, of the ratio of the
list probabilities, so it is as unbiased and never noisier; the ratio of lists dies with K, this one does not. All is
computed in logs.
"""

from dataclasses import dataclass

import numpy as np

from capg_core._checks import as_count, as_indices, as_name, as_number, as_plain, as_vector, said
from capg_core._types import ArrayLike, Floats
from capg_core.late_stage import LateStageLike, as_parts
from capg_core.logs.ratios import MARGINALS, UNIFORM, log_lists, log_outcome
from capg_core.logs.records import as_finite_rows, as_logit_rows, entries, first_fault

WEIGHTS = ("outcome", "list", "inclusion")
_LARGEST_WEIGHT = 1e100  # its square is still a double


@dataclass(frozen=True, eq=False)
class OffPolicyValue:
    """
    The value of a policy, estimated from another's log. `off_policy_value` makes it.

    Attributes
    ----------
    value : float
        In units of the reward.
    standard_error : float
        In units of the reward; value ± 1.96 of these covers the expectation in 95 % of many logs. A few records with
        most of the weight make it too small: look at the effective sample size first.
    effective_sample_size : float
        (sum w)^2 / sum w^2, a number of records: 1 to N, or 0 if all weights are zero.
    importance : (N,) float64, read-only
        The weight of each record, after clipping.
    unbiased : bool
        True if the expectation of ``value`` is the new policy's value: exact "outcome" ratios, "list" ratios, or
        exact "inclusion" ratios under a uniform late stage, neither clipped nor self-normalised; and the logging policy
        could draw every item that the new one can.
    """

    value: float
    standard_error: float
    effective_sample_size: float
    importance: Floats
    unbiased: bool


@dataclass(frozen=True, eq=False)
class _Records:
    """The checked arguments that describe the log and the two policies."""

    log_logits: np.ndarray
    new_logits: np.ndarray
    shown: np.ndarray
    k: int
    utility: np.ndarray | None
    candidates: np.ndarray | None


def _as_k(k, **policies):
    """Return k, at most the number of finite logits in any row."""
    k = as_count(k, "k")
    for name, logits in policies.items():
        counts = np.isfinite(logits).sum(axis=-1)
        if k > counts.min():
            row = f"[{int(counts.argmin())}]" if logits.ndim == 2 else ""
            raise ValueError(
                f"k = {k}; expected a whole number from 1 to {counts.min()}, the number of finite logits in {name}{row}"
            )
    return k


def _as_shown(shown):
    """Return the number of records."""
    shape = as_plain(shown, "shown", "whole numbers, shape (N,), one item for each record").shape
    if len(shape) != 1:
        raise ValueError(f"shown has shape {shape}; expected (N,), one item for each record")
    if shape[0] < 2:
        raise ValueError(f"shown has shape {shape}; expected two or more records: the standard error needs them")
    return shape[0]


def _as_lists(candidates, n_records, k, n_items):
    """Return lists (N, k) of items in range."""
    expected = f"shape ({n_records}, {k}), the k items of each record in draw order"
    shape = as_plain(candidates, "candidates", f"whole numbers, {expected}").shape
    if shape != (n_records, k):
        raise ValueError(f"candidates has shape {shape}; expected {expected}")
    return as_indices(candidates, n_items, "candidates")


def _as_records(log_logits, new_logits, shown, k, utility, candidates):
    n_records = _as_shown(shown)
    log_logits = as_logit_rows(log_logits, "log_logits", n_records)
    n_items = log_logits.shape[-1]
    new_logits = as_logit_rows(new_logits, "new_logits", n_records, n_items)
    shown = as_indices(shown, n_items, "shown")
    k = _as_k(k, log_logits=log_logits, new_logits=new_logits)
    if utility is not None:
        utility = as_finite_rows(utility, "utility", n_records, n_items)
    if candidates is not None:
        candidates = _as_lists(candidates, n_records, k, n_items)
    fault = first_fault(shown, candidates, lambda items: np.isfinite(entries(log_logits, items)))
    if fault is not None:
        field, record, value, expected = fault
        raise ValueError(f"{field}[{record}] = {value}; expected {expected}")
    return _Records(log_logits, new_logits, shown, k, utility, candidates)


def _as_ranked(late_stage, utility):
    """Return the parts of a late stage whose outcome probabilities can be computed."""
    parts = as_parts(late_stage, exact=True)
    if utility is None and not all(stage.is_uniform for stage, _ in parts):
        raise ValueError(
            "utility = None; expected what the late stage ranks by, which weights='outcome' needs. Where it is not "
            "known, weights='list' needs the candidates instead, and weights='inclusion' neither: it is biased"
        )
    return parts


def _log_ratios(records, late_stage, weights, marginal):
    """Return log of (chance under the new policy / chance under the old) of each record."""
    policies = (records.new_logits, records.log_logits)
    if weights == "list":
        if records.candidates is None:
            raise ValueError("candidates = None; expected the lists in draw order, which weights='list' needs")
        new, old = (log_lists(logits, records.candidates) for logits in policies)
        return new - old
    parts = _as_ranked(late_stage, records.utility) if weights == "outcome" else UNIFORM
    utility = records.utility if weights == "outcome" else None
    new, old = (log_outcome(logits, utility, parts, records.k, records.shown, marginal) for logits in policies)
    never = np.flatnonzero(old == -np.inf)
    if never.size:
        record = int(never[0])
        raise ValueError(
            f"shown[{record}] = {records.shown[record]}; expected an item that the logging policy can show: its late "
            f"stage never outputs this one, because fewer than {records.k - 1} of the other items are worse"
        )
    return new - old


def _refuse_huge(log_ratios, shown):
    """Refuse weights whose squares no double holds."""
    record = int(log_ratios.argmax())
    if log_ratios[record] > np.log(_LARGEST_WEIGHT):
        raise ValueError(
            f"new_logits: record {record}, shown[{record}] = {shown[record]}, has the weight "
            f"exp({log_ratios[record]:.4g}); expected at most {_LARGEST_WEIGHT:g}: the policies are too far apart, or "
            "use clip"
        )


def _mean(importance, rewards):
    """Return the mean of w r and its standard error."""
    gains = importance * rewards
    scale = np.abs(gains).max() or 1.0
    return float(gains.mean()), float(scale * ((gains / scale).std(ddof=1) / np.sqrt(gains.size)))


def _ratio(relative, rewards):
    """Return sum w r / sum w and its standard error by the delta method, of weights relative to the largest."""
    value = float(relative @ rewards / relative.sum())
    spread = relative * (rewards - value)
    scale = np.abs(spread).max() or 1.0
    return value, float(scale * np.linalg.norm(spread / scale) / relative.sum())


def off_policy_value(
    log_logits: ArrayLike,
    new_logits: ArrayLike,
    shown: ArrayLike,
    rewards: ArrayLike,
    k: int,
    *,
    utility: ArrayLike | None = None,
    late_stage: LateStageLike = "optimal",
    candidates: ArrayLike | None = None,
    weights: str = "outcome",
    marginal: str = "exact",
    self_normalised: bool = False,
    clip: float | None = None,
) -> OffPolicyValue:
    """
    Value of a new early stage, from the log of an old one in front of the same late stage.

    Parameters
    ----------
    log_logits, new_logits : (n,) or (N, n) array_like
        Logits of the policy that made the log and of the new one: one row for all records, or one for each. -inf
        masks an item.
    shown : (N,) array_like of int
        The item shown, N of at least 2.
    rewards : (N,) array_like
        The reward of each shown item, any unit.
    k : int
        Number of candidates, the same under both policies.
    utility : (n,) or (N, n) array_like, optional
        What the late stage ranks by; needed for weights="outcome" unless the late stage is uniform.
    late_stage : {"optimal", "uniform", "anti"} or mixture
        Used by weights="outcome".
    candidates : (N, k) array_like of int, optional
        The lists in draw order; needed for weights="list".
    weights : {"outcome", "list", "inclusion"}
        What a record's weight is the ratio of. "outcome": rho_new / rho_old of the item shown. "list": the ratio of
        the list probabilities, for any late stage; unbiased too, and dead at large K. "inclusion": pi_new / pi_old of
        the item shown, for a late stage whose ranking is not known; *biased*, see Notes.
    marginal : {"exact", "asymptotic"}
        How the probabilities of an item are computed: by quadrature, or by Rosén's clock in O(n). Those of lists are
        always exact.
    self_normalised : bool
        Divide by the sum of the weights and not by N: a little bias, of order 1/N, for a value that does not move
        when a constant is added to all rewards. The standard error is by the delta method.
    clip : float, optional
        The largest weight; larger ones count as this much. Biased: see Notes.

    Returns
    -------
    OffPolicyValue
        ``.value .standard_error .effective_sample_size .importance .unbiased``

    Raises
    ------
    ValueError
        For bad arguments; a record that the logging policy cannot have made, by its number; a noisy late stage, or a
        missing ranking, with weights="outcome"; a weight above 1e100; self-normalised weights that are all zero.

    Notes
    -----
    "inclusion" takes it that an item, once a candidate, is shown as often under both policies. Its bias is
    sum_a q_a pi_new(a) [rho_old(a) / pi_old(a) - rho_new(a) / pi_new(a)], which is zero under a uniform late stage.

    With ``clip`` the expectation is sum_a rho_old(a) min(w(a), clip) q_a: too low by what is cut off where rewards are
    positive, towards zero as clip falls. Self-normalised as well, it is drawn towards the logging policy's own value.

    Records of the same context (equal rows) share their work. Exact outcome probabilities cost O(n K Q) for each
    policy in each distinct context, asymptotic ones O(n) for each distinct item of it.

    Examples
    --------
    >>> import capg_core as capg
    >>> found = capg.off_policy_value([0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0, 1, 0], [1.0, 0.5, 1.0], 2,
    ...                               utility=[3.0, 2.0, 1.0])
    >>> round(found.value, 4), round(found.effective_sample_size, 2), found.unbiased
    (0.943, 2.47, True)
    """
    records = _as_records(log_logits, new_logits, shown, k, utility, candidates)
    rewards = as_vector(rewards, records.shown.size, "rewards")
    as_name(weights, "weights", WEIGHTS)
    as_name(marginal, "marginal", MARGINALS)
    parts = as_parts(late_stage)
    if not isinstance(self_normalised, (bool, np.bool_)):
        raise ValueError(f"self_normalised = {said(self_normalised)}; expected True or False")
    log_w = _log_ratios(records, late_stage, weights, marginal)
    if clip is not None:
        clip = as_number(clip, "clip", 0.0)
        if clip == 0.0:
            raise ValueError("clip = 0; expected a positive number, the largest weight")
        log_w = np.minimum(log_w, np.log(clip))
    _refuse_huge(log_w, records.shown)
    top = log_w.max()
    relative = np.exp(log_w - top) if top > -np.inf else np.zeros(log_w.size)
    importance = np.exp(log_w)
    importance.flags.writeable = False
    if self_normalised and top == -np.inf:
        raise ValueError("new_logits gives every logged item no chance; expected one that can show some of them")
    value, error = _ratio(relative, rewards) if self_normalised else _mean(importance, rewards)
    size = relative.sum() ** 2 / (relative @ relative) if top > -np.inf else 0.0
    covered = _is_covered(records)
    exact = weights == "list" or (marginal == "exact" and (weights == "outcome" or parts == UNIFORM))
    unbiased = exact and covered and clip is None and not self_normalised
    return OffPolicyValue(value, error, float(size), importance, unbiased)


def _is_covered(records):
    """Say whether the logging policies could draw all that the new ones can: what never was shown has no record."""
    return not bool(((records.log_logits == -np.inf) & (records.new_logits > -np.inf)).any())
