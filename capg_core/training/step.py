"""One batch: draw candidates, let the late stage choose, draw rewards, and give the gradient on every logit.

This is what one training step estimates, before it goes through the towers. Every estimator of the ladder is here: most
by a batch kernel, the slow ones (sets, exact marginals, the paper's formula) context by context through the core.
Imports the batch kernels, the estimators and the late stages.
"""

import numpy as np

from capg_core._checks import as_name, as_number
from capg_core.batch.draw import ANTI, NOISY, OPTIMAL, UNIFORM, choose_batch, draw_batch
from capg_core.batch.outcome import outcome_rows_batch
from capg_core.batch.scores import inclusion_rows, list_rows, replaced_list_rows, top1_rows
from capg_core.estimators import ESTIMATORS, MARGINALS
from capg_core.exact.inclusion import inclusion_score
from capg_core.exact.outcome import outcome_probabilities, outcome_rows
from capg_core.exact.plackett_luce import set_score
from capg_core.late_stage import Noisy, all_parts
from capg_core.training.evaluation import as_position_weights
from capg_core.training.towers import split_places

_CODES = {"optimal": OPTIMAL, "uniform": UNIFORM, "anti": ANTI}
LIST_ESTIMATORS = ("V-PG", "V-PG-SwR", "Set-PG")


def check_combination(estimator, marginal, n_experts, n_outputs):
    """Refuse an estimator that has no such form, rather than approximate silently."""
    as_name(estimator, "estimator", ESTIMATORS)
    as_name(marginal, "marginal", MARGINALS.get(estimator, ("asymptotic", "exact", "paper")))
    if n_experts > 1 and estimator in ("Set-PG", "Outcome-PG"):
        raise ValueError(f"n_experts = {n_experts} with estimator = {estimator!r}; expected 1: no such form is known")
    if n_experts > 1 and estimator == "CA-PG" and marginal != "asymptotic":
        raise ValueError(
            f"n_experts = {n_experts} with marginal = {marginal!r}; expected 'asymptotic': no other is known"
        )
    if n_outputs > 1 and estimator == "Outcome-PG":
        raise ValueError(f"n_outputs = {n_outputs} with estimator = 'Outcome-PG'; expected 1: no such form is built")


class BatchGradient:
    """
    The sampled gradient of a batch, for one estimator and late stage; buffers are reused from call to call.

    Parameters
    ----------
    world : World
    estimator, k, marginal, baseline, late_stage, n_outputs, position_weights, n_experts
        As in :func:`train`; ``baseline`` is None, "mean" or a number.
    batch_size : int

    Attributes
    ----------
    candidates : (B, K) int64
    outputs : (B, L) int64
    rewards : (B, L) float64
    rows : (M, B, n) float64
        (reward - baseline) x score, one row a context and expert, not divided by B.
    """

    def __init__(
        self, world, estimator, k, *, marginal, baseline, late_stage, n_outputs, position_weights, n_experts, batch_size
    ):
        check_combination(estimator, marginal, n_experts, n_outputs)
        self.world, self.estimator, self.k, self.marginal = world, estimator, k, marginal
        self.baseline = baseline if baseline is None or baseline == "mean" else as_number(baseline, "baseline")
        if self.baseline == "mean" and batch_size < 2:
            raise ValueError("baseline = 'mean' with batch_size = 1; expected 2 or more: it is the mean of the others")
        self.weights = as_position_weights(position_weights, n_outputs)
        self._set_late_stage(late_stage)
        self.shares = split_places(k, n_experts)
        self.candidates = np.empty((batch_size, k), np.int64)
        self.outputs = np.empty((batch_size, n_outputs), np.int64)
        self.rewards = np.empty((batch_size, n_outputs))
        self.rows = np.empty((n_experts, batch_size, world.n_items))
        self._weights = np.empty_like(self.rows)
        self._shifts = np.empty((n_experts, batch_size))
        self._noise = np.empty((0, 0))
        self._beyond = np.empty(batch_size, np.bool_)

    def _set_late_stage(self, late_stage):
        self.parts = all_parts(late_stage)
        betas = [stage.beta for stage, _ in self.parts if isinstance(stage, Noisy)]
        if len(betas) > 1:
            raise ValueError(f"late_stage = {late_stage!r}; expected at most one noisy part")
        self.beta = betas[0] if betas else 0.0
        self._codes = np.array([NOISY if isinstance(s, Noisy) else _CODES[s] for s, _ in self.parts], np.int64)
        self._chances = np.array([share for _, share in self.parts])

    def __call__(self, theta, users, rng):
        """Sample once for every context of ``users`` (B,), whose logits are theta (M, B, n), and fill ``rows``."""
        world = self.world
        if self.estimator == "Outcome-PG" and self.beta > 0.0:
            # the very noise that chooses must be seen by the estimator, for every item
            self._noise = world.utility[users] + rng.gumbel(size=(users.size, world.n_items)) / self.beta
        draw_batch(theta, self.shares, rng, self.estimator == "V-PG", self.candidates, self._weights, self._shifts)
        choose_batch(
            self.candidates, world.utility, users, self._codes, self._chances, self._noise, self.beta, rng, self.outputs
        )
        self.rewards[:] = world.reward(users[:, None], self.outputs, rng)
        self._fill(theta, users, self._gains())
        return self.rows

    def _gains(self):
        """Return weight x (reward - baseline), (B, L)."""
        if self.baseline is None:
            return self.rewards * self.weights
        base = self.baseline
        if base == "mean":
            # the mean of the other contexts' rewards: independent of this one's draw, so it adds no bias
            own = self.rewards @ self.weights
            base = ((own.sum() - own) / (own.size - 1))[:, None]
        return (self.rewards - base) * self.weights

    def _fill(self, theta, users, gains):
        if self.estimator == "V-PG":
            list_rows(theta, self._weights, self.candidates, self.shares, gains.sum(axis=1), self.rows)
        elif self.estimator == "V-PG-SwR":
            replaced_list_rows(self._weights, self.candidates, self.shares, gains.sum(axis=1), self.rows)
        elif self.estimator == "CA-PG-SwR":
            top1_rows(theta, self._weights, self._shifts, self.outputs, self.shares, gains, self.rows)
        elif self.estimator == "CA-PG" and self.marginal == "asymptotic":
            inclusion_rows(theta, self._weights, self._shifts, self.outputs, self.shares, gains, self.rows)
        elif self.estimator == "Outcome-PG" and self.marginal == "asymptotic":
            outcome_rows_batch(
                theta[0], self._weights[0], self._shifts[0], self.outputs[:, 0], self.k, self.world.utility, users,
                self._codes, self._chances, self._noise, gains[:, 0], self.rows[0], self._beyond,
            )  # fmt: skip
            for b in np.flatnonzero(self._beyond):
                self.rows[0, b] = gains[b, 0] * self._exact_outcome_row(theta[0, b], users, b)
        else:
            for b in range(users.size):
                self.rows[0, b] = self._slow_row(theta[0, b], users, b, gains[b])

    def _slow_row(self, theta, users, b, gains):
        """Return the row of an estimator that has no batch kernel."""
        if self.estimator == "Set-PG":
            return gains.sum() * set_score(theta, self.candidates[b])
        if self.estimator == "CA-PG":
            return gains @ inclusion_score(theta, self.outputs[b], self.k, self.marginal)
        return gains[0] * self._exact_outcome_row(theta, users, b)

    def _exact_outcome_row(self, theta, users, b):
        """Return the gradient of log rho of the output: that of a mixture weighs its parts by how likely each chose."""
        total, row = 0.0, 0.0
        for stage, share in self.parts:
            noisy = isinstance(stage, Noisy)
            seen = self._noise[b] if noisy else self.world.utility[users[b]]
            name = "optimal" if noisy else stage
            chance = share * outcome_probabilities(theta, self.k, seen, name)[self.outputs[b, 0]]
            if chance > 0.0:
                row = row + chance * outcome_rows(theta, self.outputs[b], self.k, seen, name, "exact")[0]
                total += chance
        return row / total if total > 0.0 else np.zeros(theta.size)
