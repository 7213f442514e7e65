"""The ladder of gradient estimators: one record per rung.

Every estimator is (reward - baseline) x the gradient of the log of one probability; they differ in the event whose
probability it is. A rung says what that event is, what it needs and where it has a form, and holds its formula twice:
for one context, as exactly as its marginal allows, and for a batch of contexts, quickly. All else loops over `RUNGS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from capg_core._checks import as_name
from capg_core.batch.outcome import outcome_rows
from capg_core.batch.scores import inclusion_rows, list_rows, replaced_list_rows, top1_rows
from capg_core.exact.inclusion import inclusion_of, inclusion_score_of
from capg_core.exact.outcome import exact_scores, outcome_score_of
from capg_core.exact.plackett_luce import list_score_of, set_score_of
from capg_core.exact.problem import Problem
from capg_core.late_stage import part_arrays

LIST, OUTPUT = "list", "output"
MARGINALS = ("exact", "asymptotic", "paper")


@dataclass(eq=False)
class Batch:
    """
    What the kernels of a batch are given; arrays of M experts, B contexts, n items, K candidates and L outputs.

    Attributes
    ----------
    theta, exp_theta : (M, B, n) float64
        Logits, and exp(theta + shift).
    shifts : (M, B) float64
    places : (M,) int64
        How many of the K candidates each expert draws.
    candidates : (B, K) int64
    outputs : (B, L) int64
    gains : (B, L) float64
        Position weight x (reward - baseline) of each output.
    parts : tuple of (LateStage, float)
    utility : (B, n) float64
        What a rung that needs the ranking sees; (0, 0) for the others.
    noise : (B, n) float64
        What a noisy part of the late stage adds to the utility; (0, 0) without one.
    """

    theta: np.ndarray
    exp_theta: np.ndarray
    shifts: np.ndarray
    places: np.ndarray
    candidates: np.ndarray
    outputs: np.ndarray
    gains: np.ndarray
    parts: tuple
    utility: np.ndarray
    noise: np.ndarray

    def problem(self, b):
        """Return one context as the exact formulas take it; of one expert."""
        utility = self.utility[b] if self.utility.size else None
        noise = self.noise[b] if self.noise.size else None
        return Problem(self.theta[0, b], self.candidates.shape[1], None, utility, self.parts, noise)


@dataclass(frozen=True)
class Rung:
    """
    One estimator.

    Attributes
    ----------
    name : str
    event : str
        Whose probability is differentiated, in a word or two.
    sees : {"list", "output"}
        What its score depends on: the candidates, or the item shown alone.
    unbiased : bool
        Whether its expectation is the policy gradient, with an exact marginal.
    score : callable or None
        ``score(problem, seen, marginal)`` gives (N, n) scores in one context, of the lists (N, k) or outputs (N,) seen.
    kernels : mapping
        From a marginal, or from None where there is no choice, to ``kernel(batch, rows)``, which fills (M, B, n).
    marginals : tuple of str
        The ways to compute its probability that one can choose from; empty if there is one.
    needs_ranking : bool
        Whether it needs the utility by which the late stage ranks all items.
    needs_baseline : tuple of str
        The marginals whose score has a small mean, which a reward far from zero multiplies.
    with_experts : tuple or None
        The marginals that have a form for several experts; None where it has none.
    with_outputs : bool
        Whether it has a form where several items are shown.
    ordered : bool
        Whether it needs the candidates in the order of the draws.
    approximates : bool
        True for what drops "without replacement" from the rung above it.
    """

    name: str
    event: str
    sees: str
    unbiased: bool
    score: Callable | None = None
    kernels: Mapping = field(default_factory=dict)
    marginals: tuple = ()
    needs_ranking: bool = False
    needs_baseline: tuple = ()
    with_experts: tuple | None = MARGINALS
    with_outputs: bool = True
    ordered: bool = False
    approximates: bool = False

    def as_marginal(self, marginal):
        """Return a marginal that this rung has; without a choice, any known name will do."""
        return as_name(marginal, "marginal", self.marginals or MARGINALS)

    def is_unbiased(self, marginal):
        """Say whether its expectation is the policy gradient itself with this marginal."""
        return self.unbiased and (not self.marginals or marginal == "exact")

    def scores(self, problem, seen, marginal):
        """Return the scores (N, n) in one context of the lists or outputs seen."""
        if self.score is None:
            raise ValueError(f"estimator = {self.name!r}; expected one with a formula for a single context")
        return self.score(problem, seen, marginal)

    def kernel(self, marginal):
        """Return the kernel of a marginal, or None."""
        return self.kernels.get(marginal if self.marginals else None)

    def check(self, marginal, n_experts, n_outputs):
        """Refuse a combination that has no form, rather than approximate silently."""
        self.as_marginal(marginal)
        if n_experts > 1 and self.with_experts is None:
            raise ValueError(
                f"n_experts = {n_experts} with estimator = {self.name!r}; expected 1: no such form is known"
            )
        if n_experts > 1 and marginal not in self.with_experts:
            expected = ", ".join(map(repr, self.with_experts))
            raise ValueError(
                f"n_experts = {n_experts} with marginal = {marginal!r}; expected {expected}: no other is known"
            )
        if n_outputs > 1 and not self.with_outputs:
            raise ValueError(
                f"n_outputs = {n_outputs} with estimator = {self.name!r}; expected 1: no such form is built"
            )
        if self.kernel(marginal) is None and self.score is None:
            raise ValueError(f"estimator = {self.name!r}; expected one with a formula, for a batch or a single context")

    def fill(self, batch, marginal, rows):
        """Fill rows (M, B, n) with gain times score: by its kernel, else context by context."""
        kernel = self.kernel(marginal)
        if kernel is not None:
            kernel(batch, rows)
            return
        for b in range(rows.shape[1]):
            problem = batch.problem(b)
            if self.sees == LIST:
                rows[0, b] = batch.gains[b].sum() * self.scores(problem, batch.candidates[b : b + 1], marginal)[0]
            else:
                rows[0, b] = batch.gains[b] @ self.scores(problem, batch.outputs[b], marginal)


def _list_kernel(batch, rows):
    list_rows(batch.theta, batch.exp_theta, batch.candidates, batch.places, batch.gains.sum(axis=1), rows)


def _replaced_list_kernel(batch, rows):
    replaced_list_rows(batch.exp_theta, batch.candidates, batch.places, batch.gains.sum(axis=1), rows)


def _replaced_list_score(problem, candidates, marginal):
    """Gradient of sum_r (theta_{a_r} - log W): the candidates as if each draw were from all items."""
    rows = np.tile(-inclusion_of(problem.logits, problem.k, "with_replacement"), (candidates.shape[0], 1))
    np.add.at(rows, (np.arange(candidates.shape[0])[:, None], candidates), 1.0)
    return rows


def _inclusion_kernel(batch, rows):
    inclusion_rows(batch.theta, batch.exp_theta, batch.shifts, batch.outputs, batch.places, batch.gains, rows)


def _inclusion_score(problem, items, marginal):
    return inclusion_score_of(problem.logits, items, problem.k, marginal)


def _top1_kernel(batch, rows):
    top1_rows(batch.theta, batch.exp_theta, batch.shifts, batch.outputs, batch.places, batch.gains, rows)


def _outcome_kernel(batch, rows):
    beyond = np.empty(rows.shape[1], np.bool_)
    outcome_rows(
        batch.theta[0], batch.exp_theta[0], batch.shifts[0], batch.outputs[:, 0], batch.candidates.shape[1],
        batch.utility, batch.noise, *part_arrays(batch.parts), batch.gains[:, 0], rows[0], beyond,
    )  # fmt: skip
    for b in np.flatnonzero(beyond):  # the clock gives them no probability; the exact score may
        rows[0, b] = batch.gains[b] @ exact_scores(batch.problem(b), batch.outputs[b])


RUNGS = {  # in the order of the ladder
    rung.name: rung
    for rung in (
        Rung(
            "V-PG", "list", LIST, unbiased=True, ordered=True,
            score=lambda problem, lists, marginal: list_score_of(problem.logits, lists),
            kernels={None: _list_kernel},
        ),
        Rung(
            "V-PG-SwR", "list, put back", LIST, unbiased=False, approximates=True,
            score=_replaced_list_score, kernels={None: _replaced_list_kernel},
        ),
        Rung(
            "Set-PG", "set", LIST, unbiased=True, with_experts=None,
            score=lambda problem, lists, marginal: set_score_of(problem.logits, lists),
        ),
        Rung(
            "Outcome-PG", "outcome", OUTPUT, unbiased=True, with_experts=None, with_outputs=False,
            marginals=("exact", "asymptotic"), needs_ranking=True, needs_baseline=("asymptotic",),
            score=outcome_score_of, kernels={"asymptotic": _outcome_kernel},
        ),
        Rung(
            "CA-PG", "inclusion", OUTPUT, unbiased=False, with_experts=("asymptotic",),
            marginals=MARGINALS, score=_inclusion_score, kernels={"asymptotic": _inclusion_kernel},
        ),
        Rung(
            "CA-PG-SwR", "top-1", OUTPUT, unbiased=False, approximates=True,
            score=lambda problem, items, marginal: _inclusion_score(problem, items, "with_replacement"),
            kernels={None: _top1_kernel},
        ),
    )
}  # fmt: skip


ESTIMATORS = tuple(RUNGS)


def rung_of(estimator):
    """Return the record of an estimator's name; an unknown one is a ValueError."""
    return RUNGS[as_name(estimator, "estimator", RUNGS)]
