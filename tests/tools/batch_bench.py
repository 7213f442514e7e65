"""What the batch functions cost: beside the training step's own call, and beside a softmax of the same logits."""

import numpy as np
from timing import in_turn, median_ms

import capg_core as capg
from capg_core.training.step import BatchGradient

ESTIMATORS = ("V-PG", "V-PG-SwR", "CA-PG", "CA-PG-SwR", "Outcome-PG", "Swap-PG")


def softmax(logits):
    """Return the softmax of each row, the usual way."""
    w = np.exp(logits - logits.max(axis=1, keepdims=True))
    return w / w.sum(axis=1, keepdims=True)


def batch_of(logits, k, rng):
    """Return what `batch_gradient` is given for a batch that it has sampled: a late stage that shows the best."""
    first = capg.sample_batch(logits, k + 1, rng)
    utility = rng.random(logits.shape)
    near = np.take_along_axis(utility, first, axis=1)
    shown = first[np.arange(len(first)), near[:, :k].argmax(axis=1)]
    return {"first": first, "utility": utility, "shown": shown, "rewards": rng.random(len(first))}


def gradient(logits, estimator, k, batch):
    """Call `batch_gradient` with what an estimator needs."""
    lists = batch["first"] if estimator == "Swap-PG" else batch["first"][:, :k]
    return capg.batch_gradient(
        logits, estimator, k, outputs=batch["shown"], rewards=batch["rewards"], candidates=lists,
        utility=batch["utility"], critic=batch["utility"], baseline="mean",
    )  # fmt: skip


def public_beside_private():
    """Report `sample_batch` and `batch_gradient` together beside the call that a training step makes."""
    world, rng, users = capg.SyntheticWorld(), np.random.default_rng(0), np.arange(128)
    theta = np.random.default_rng(1).normal(size=(1, 128, 1000))
    print("sample_batch, late stage and batch_gradient, beside the same inside a step: B = 128, n = 1,000, K = 20")
    for estimator in ESTIMATORS:
        private = BatchGradient(
            world, estimator, 20, marginal="asymptotic", baseline="mean", late_stage="optimal", n_outputs=1,
            position_weights=None, n_experts=1, batch_size=128,
        )  # fmt: skip

        def public(estimator=estimator):
            first = capg.sample_batch(theta[0], 20 + (estimator == "Swap-PG"), rng)
            near = world.utility[users[:, None], first]
            shown = first[users, near[:, :20].argmax(axis=1)]
            rewards = world.reward(users, shown, rng)
            given = {"candidates": first} if estimator.startswith("V-PG") else {}
            if estimator == "Swap-PG":
                given = {"candidates": first, "utility": near, "critic": near}
            elif estimator == "Outcome-PG":
                given = {"utility": world.utility[users]}
            return capg.batch_gradient(
                theta[0], estimator, 20, outputs=shown, rewards=rewards, baseline="mean", **given
            )

        ours, inside, ratio = in_turn(public, lambda private=private: private(theta, users, rng))
        print(f"  {estimator:<11}{ours:6.2f} ms   inside a step {inside:6.2f} ms   ratio {ratio:4.2f}")


def costs_at(n, k, rng):
    """Return milliseconds per context: a softmax, the draws, and each estimator."""
    n_rows, repeats = max(4, 64_000 // n), 5 if n > 10_000 else 15
    logits = rng.normal(size=(n_rows, n))
    batch = batch_of(logits, k, rng)
    calls = [lambda: softmax(logits), lambda: capg.sample_batch(logits, k, rng)]
    calls += [lambda name=name: gradient(logits, name, k, batch) for name in ESTIMATORS]
    return [median_ms(call, repeats) / n_rows for call in calls]


def cost_by_size():
    """Report milliseconds per context against n, beside a softmax."""
    print("batch_gradient per context, K = 100, in ms, beside NumPy's softmax of the same logits; draws apart")
    print(f"  {'n':>9}  {'softmax':>9}  {'draws':>9}  " + "  ".join(f"{name:>11}" for name in ESTIMATORS))
    for n in (1000, 10_000, 100_000, 1_000_000):
        first, draws, *others = costs_at(n, 100, np.random.default_rng(0))
        print(f"  {n:>9,}  {first:>9.3f}  {draws:>9.3f}  " + "  ".join(f"{t:>11.3f}" for t in others))


def batch_times():
    """Report both."""
    public_beside_private()
    cost_by_size()


if __name__ == "__main__":
    batch_times()
