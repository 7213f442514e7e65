"""The ladder of gradient estimators: one record per rung.

All but the last are (reward - baseline) x the gradient of the log of one probability; they differ in the event whose
probability it is. The last one takes a critic, and credits the exchange of the last candidate. A rung says what that
event is, what it needs and where it has a form, and holds its formula twice: for one context, as exactly as its
marginal allows, and for a batch of contexts, quickly. All else loops over `RUNGS`.
"""

from types import MappingProxyType

import numpy as np

from capg_core._checks import as_name, said
from capg_core.batch.outcome import outcome_rows
from capg_core.batch.scores import inclusion_rows, list_rows, replaced_list_rows, top1_rows
from capg_core.batch.swap import add_swap_rows, values_without
from capg_core.exact.inclusion import inclusion_of, inclusion_score_of
from capg_core.exact.outcome import exact_scores, outcome_score_of
from capg_core.exact.plackett_luce import list_score_of, set_score_of
from capg_core.exact.swap import swap_of
from capg_core.late_stage import part_arrays
from capg_core.rung import FIRST, LIST, MARGINALS, OUTPUT, Chosen, Rung


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
        batch.theta[0], batch.exp_theta[0], batch.shifts[0], batch.outputs[:, 0], batch.k,
        batch.utility, batch.noise, *part_arrays(batch.parts), batch.gains[:, 0], rows[0], beyond,
    )  # fmt: skip
    for b in np.flatnonzero(beyond):  # the clock gives them no probability; the exact score may
        rows[0, b] = batch.gains[b] @ exact_scores(batch.problem(b), batch.outputs[b])


def _swap_kernel(batch, rows):
    first = batch.first
    if first.arrivals.shape[1] == batch.k:  # every item is a candidate: nothing can be exchanged
        return
    values = np.empty(first.arrivals.shape)
    values_without(
        first.arrivals, first.utility, first.noise, *part_arrays(batch.parts), first.critic, first.position_weights,
        values,
    )  # fmt: skip
    add_swap_rows(batch.theta[0], batch.exp_theta[0], batch.shifts[0], first.arrivals, values, rows[0])


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
        Rung(
            "Swap-PG", "last place", FIRST, unbiased=False, with_experts=None,
            score=lambda problem, arrivals, marginal: swap_of(problem, arrivals), kernels={None: _swap_kernel},
            residuals=MappingProxyType({"list": "V-PG", "inclusion": "CA-PG", "outcome": "Outcome-PG"}),
        ),
    )
}  # fmt: skip


ESTIMATORS = tuple(RUNGS)


def choose_rung(estimator, marginal, residual=None):
    """Return a rung as it was asked for; an unknown name, and a residual that it does not have, is a ValueError."""
    rung = rung_of(estimator)
    rung.as_marginal(marginal)
    if residual is None:
        return Chosen(rung, marginal, None if rung.needs_critic else rung)
    if not rung.needs_critic:
        raise ValueError(f"residual = {said(residual)} with estimator = {estimator!r}; expected None: it has no critic")
    scored = RUNGS[rung.residuals[as_name(residual, "residual", rung.residuals)]]
    scored.as_marginal(marginal)
    return Chosen(rung, marginal, scored, residual)


def labels():
    """Return the names of all rungs, those with a residual too, such as "Swap-PG+list"."""
    return [f"{name}+{r}" if r else name for name, rung in RUNGS.items() for r in (None, *rung.residuals)]


def chosen_of(label, marginal):
    """Return the rung, with its residual, that one of `labels` names."""
    name, _, residual = label.partition("+")
    return choose_rung(name, marginal, residual or None)


def rung_of(estimator):
    """Return the record of an estimator's name; an unknown one is a ValueError."""
    return RUNGS[as_name(estimator, "estimator", RUNGS)]
