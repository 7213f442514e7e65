"""One batch: draw candidates, let the late stage choose, draw rewards, and give the gradient on every logit.

This is what one training step estimates, before it goes through the towers.
"""

import numpy as np

from capg_core._checks import as_plain, as_rows, as_vector
from capg_core.any_model import NONE, fill_gradient, refuse_no_next
from capg_core.batch.draw import choose_batch, draw_batch
from capg_core.estimators import as_baseline, refuse_lonely_mean
from capg_core.ladder import choose_rung
from capg_core.late_stage import as_parts, as_position_weights, part_arrays
from capg_core.rung import First
from capg_core.training.towers import split_places


class BatchGradient:
    """
    The sampled gradient of a batch, for one estimator and late stage; buffers are reused from call to call.

    Parameters
    ----------
    world : World
    estimator, k, marginal, baseline, late_stage, n_outputs, position_weights, n_experts
    critic, residual
        As in :func:`train`; ``baseline`` is None, "mean" or a number.
    batch_size : int

    Attributes
    ----------
    arrivals : (B, K) or (B, K+1) int64
        The candidates, and the next arrival where the estimator wants it.
    candidates : (B, K) int64
    outputs : (B, L) int64
    rewards : (B, L) float64
    batch : Batch
        The last one.
    rows : (M, B, n) float64
        The estimates, one row per context and expert, not divided by B.
    """

    def __init__(
        self, world, estimator, k, *, marginal, baseline, late_stage, n_outputs, position_weights, n_experts,
        batch_size, critic=None, residual=None,
    ):  # fmt: skip
        self.chosen, self.world = choose_rung(estimator, marginal, residual), world
        as_baseline(baseline, lambda: None)
        self.chosen.check(n_experts, n_outputs)
        refuse_lonely_mean(baseline, batch_size, "batch_size")
        self.baseline = baseline
        self.position_weights = as_position_weights(position_weights, n_outputs)
        self.parts = as_parts(late_stage)
        if sum(stage.is_noisy for stage, _ in self.parts) > 1:
            raise ValueError(f"late_stage = {late_stage!r}; expected at most one noisy part")
        self.critic = self._as_critic(critic) if self.chosen.needs_critic else None
        self._stage = part_arrays(self.parts)
        self.places = split_places(k, n_experts)
        self._draws = split_places(self._count_arrivals(k), n_experts)
        self.arrivals = np.empty((batch_size, self._draws.sum()), np.int64)
        self.candidates = np.empty((batch_size, k), np.int64) if self.arrivals.shape[1] > k else self.arrivals
        self.outputs = np.empty((batch_size, n_outputs), np.int64)
        self.rewards = np.empty((batch_size, n_outputs))
        self.rows = np.empty((n_experts, batch_size, world.n_items))
        self._exp_theta, self._shifts = np.empty_like(self.rows), np.empty((n_experts, batch_size))
        self._utility = np.empty_like(self.rows[0]) if self.chosen.needs_ranking else NONE

    @property
    def moves_few(self):
        """True where the estimates are zero but at the arrivals."""
        return self.chosen.scored is None

    def _as_critic(self, critic):
        """Return the predicted rewards (users, n), the world's where none is given."""
        if critic is None:
            critic = self.world.critic
        self.chosen.refuse_missing(self.world.utility, critic, ())
        shape = self.world.mean_reward.shape
        if as_plain(critic, "critic", f"shape {shape} or ({shape[1]},)").ndim == 1:
            return np.broadcast_to(as_vector(critic, shape[1], "critic"), shape)
        return as_rows(critic, "critic", shape)

    def _count_arrivals(self, k):
        """Return how many items are drawn: one more than the candidates where that one counts."""
        if not self.chosen.needs_critic or k == self.world.n_items:
            return k
        refuse_no_next(self.chosen, k, self.world.smallest_pool, self.world.n_items)
        return k + 1

    def __call__(self, theta, users, rng):
        """Sample once for every context of ``users`` (B,), whose logits are theta (M, B, n), and fill ``rows``."""
        noise = self._draw_noise(rng)
        arrivals, candidates = self.arrivals, self.candidates
        draw_batch(theta, self._draws, rng, self.chosen.ordered, arrivals, self._exp_theta, self._shifts)
        if candidates is not arrivals:
            candidates[:] = arrivals[:, : candidates.shape[1]]
        lines = users[:, None]
        noise_seen = np.take_along_axis(noise, arrivals, axis=1) if noise.shape == theta.shape[1:] else noise
        near = np.ascontiguousarray(noise_seen[:, : candidates.shape[1]])
        choose_batch(candidates, self.world.utility, users, near, *self._stage, rng, self.outputs)
        self.rewards[:] = self.world.reward_of(lines, self.outputs, rng)
        if self.chosen.needs_ranking:
            np.take(self.world.utility, users, axis=0, out=self._utility, mode="clip")
        first, expected = None, 0.0
        if self.chosen.needs_critic:
            utility, critic = self.world.utility[lines, arrivals], self.critic[lines, arrivals]
            first = First(arrivals, utility, critic, noise_seen, self.position_weights)
            expected = self.critic[lines, self.outputs]
        self.batch = fill_gradient(
            self.chosen, theta, self._exp_theta, self._shifts, self.places, candidates, self.outputs, self.rewards,
            parts=self.parts, utility=self._utility, noise=noise if self.chosen.needs_ranking else NONE, first=first,
            expected=expected, baseline=self.baseline, position_weights=self.position_weights, rows=self.rows,
        )  # fmt: skip
        return self.rows

    def _draw_noise(self, rng):
        """Return the late stage's noise where an estimator must see the very noise that chooses."""
        betas = [stage.beta for stage, _ in self.parts if stage.is_noisy]
        if not betas or not (self.chosen.needs_ranking or self.chosen.needs_critic):
            return NONE
        shape = self.rows[0].shape if self.chosen.needs_ranking else self.arrivals.shape
        return rng.gumbel(size=shape) / betas[0]
