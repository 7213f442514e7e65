"""One batch: draw candidates, let the late stage choose, draw rewards, and give the gradient on every logit.

This is what one training step estimates, before it goes through the towers.
"""

import numpy as np

from capg_core.batch.draw import choose_batch, draw_batch
from capg_core.estimators import as_baseline, mean_of_others
from capg_core.ladder import Batch, rung_of
from capg_core.late_stage import as_parts, part_arrays
from capg_core.training.evaluation import as_position_weights
from capg_core.training.towers import split_places

_NONE = np.empty((0, 0))


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
    batch : Batch
        The last one.
    rows : (M, B, n) float64
        (reward - baseline) x score, one row per context and expert, not divided by B.
    """

    def __init__(
        self, world, estimator, k, *, marginal, baseline, late_stage, n_outputs, position_weights, n_experts, batch_size
    ):
        self.rung, self.marginal, self.world = rung_of(estimator), marginal, world
        self.rung.check(marginal, n_experts, n_outputs)
        as_baseline(baseline, lambda: None)
        if isinstance(baseline, str) and batch_size < 2:
            raise ValueError("baseline = 'mean' with batch_size = 1; expected 2 or more: it is the mean of the others")
        self.baseline = baseline
        self.position_weights = as_position_weights(position_weights, n_outputs)
        self.parts = as_parts(late_stage)
        if sum(stage.is_noisy for stage, _ in self.parts) > 1:
            raise ValueError(f"late_stage = {late_stage!r}; expected at most one noisy part")
        self._stage = part_arrays(self.parts)
        self.places = split_places(k, n_experts)
        self.candidates = np.empty((batch_size, k), np.int64)
        self.outputs = np.empty((batch_size, n_outputs), np.int64)
        self.rewards = np.empty((batch_size, n_outputs))
        self.rows = np.empty((n_experts, batch_size, world.n_items))
        self._exp_theta, self._shifts = np.empty_like(self.rows), np.empty((n_experts, batch_size))
        self._utility = np.empty_like(self.rows[0]) if self.rung.needs_ranking else _NONE

    def __call__(self, theta, users, rng):
        """Sample once for every context of ``users`` (B,), whose logits are theta (M, B, n), and fill ``rows``."""
        noise = self._draw_noise(rng)
        draw_batch(theta, self.places, rng, self.rung.ordered, self.candidates, self._exp_theta, self._shifts)
        lines = users[:, None]
        noise_seen = np.take_along_axis(noise, self.candidates, axis=1) if noise.size else _NONE
        choose_batch(self.candidates, self.world.utility, users, noise_seen, *self._stage, rng, self.outputs)
        self.rewards[:] = self.world.reward_of(lines, self.outputs, rng)
        if self.rung.needs_ranking:
            np.take(self.world.utility, users, axis=0, out=self._utility, mode="clip")
        batch = Batch(
            theta, self._exp_theta, self._shifts, self.places, self.candidates, self.outputs, self._gains(), self.parts,
            self._utility, noise,
        )  # fmt: skip
        self.rung.fill(batch, self.marginal, self.rows)
        self.batch = batch
        return self.rows

    def _draw_noise(self, rng):
        """Return the late stage's noise for every item, where an estimator must see the very noise that chooses."""
        betas = [stage.beta for stage, _ in self.parts if stage.is_noisy]
        return rng.gumbel(size=self.rows[0].shape) / betas[0] if betas and self.rung.needs_ranking else _NONE

    def _gains(self):
        """Return position weight x (reward - baseline), (B, L)."""
        base = as_baseline(self.baseline, lambda: mean_of_others(self.rewards @ self.position_weights)[:, None])
        return (self.rewards - base) * self.position_weights
