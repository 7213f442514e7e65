"""Compile the course's kernels into the disk cache: ``python -m capg_core.warm``. Run once, so that no slider waits."""

import numpy as np

import capg_core as capg


def warm():
    """Call each public function on a small problem."""
    rng = np.random.default_rng(0)
    logits, utility = np.linspace(-1.0, 1.0, 12), np.linspace(1.0, 0.0, 12)
    candidates = capg.sample_candidates(logits, 3, rng, 4)
    capg.list_log_prob(logits, candidates)
    for marginal in ("exact", "asymptotic", "paper", "with_replacement"):
        capg.inclusion_probabilities(logits, 3, marginal)
        capg.inclusion_score(logits, [0, 1], 3, marginal)
    capg.inclusion_gradient(logits, 3, utility)
    capg.policy_value(logits, 3, utility)
    capg.policy_gradient(logits, 3, utility)
    for marginal in ("exact", "asymptotic"):
        capg.outcome_score(logits, [0], 3, utility, marginal)
    for marginal in ("exact", "asymptotic"):
        for weights in ("outcome", "list", "inclusion"):
            given = {"utility": utility, "candidates": candidates, "weights": weights, "marginal": marginal}
            shown = capg.choose_output(candidates, utility)
            capg.off_policy_value(logits, logits, shown, np.ones(4), 3, **given)
    for estimator in capg.ESTIMATORS:
        capg.gradient_diagnostics(logits, 3, utility, estimator, critic=utility, n_samples=4, rng=rng)
    lists = capg.sample_batch([logits, logits], 3, rng)
    capg.batch_gradient([logits, logits], "CA-PG", 3, outputs=lists[:, 0], rewards=[1.0, 0.0])
    world = capg.SyntheticWorld(4, 12)
    for estimator in capg.ESTIMATORS:
        capg.train(world, estimator, 3, n_steps=1, learning_rate=0.1, seed=0, eval_every=1, baseline="mean")


if __name__ == "__main__":
    warm()
    print("capg: kernels compiled")
