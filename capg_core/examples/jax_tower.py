"""A tower of your own in JAX, trained with `batch_gradient`: ``python -m capg_core.examples.jax_tower``.

The model is any function from parameters and users to logits. `step` is all that a training step takes, and
`step_on_log` the same on the records of another model's log; the last function is a recipe for those who would rather
write a loss.
"""

import jax
import jax.numpy as jnp
import numpy as np

import capg_core as capg

K, RATE, BATCH = 10, 10.0, 128


def tower(params, users):
    """Return the logits (B, n): a hidden layer for the user, an embedding for each item."""
    return jnp.tanh(params["users"][users] @ params["hidden"]) @ params["items"].T


def start(world, rng, dim=16):
    """Return random parameters, float32."""
    sizes = {"users": (world.n_users, dim), "hidden": (dim, dim), "items": (world.n_items, dim)}
    return {name: jnp.asarray(rng.normal(size=size) / dim**0.5, jnp.float32) for name, size in sizes.items()}


def step(params, world, users, rng):
    """Return the parameters after one step of Swap-PG; the world stands for your late stage and your users."""
    logits, pull_back = jax.vjp(lambda p: tower(p, users), params)
    theta = np.asarray(logits)
    first = capg.sample_batch(theta, K + 1, rng)  # the candidates, and the next arrival
    scores = world.utility[users[:, None], first]  # what the late stage thinks of them, ...
    stars = world.critic[users[:, None], first]  # ... and the reward it predicts
    shown = first[np.arange(users.size), scores[:, :K].argmax(axis=1)]
    rewards = world.reward(users, shown, rng)
    rows = capg.batch_gradient(
        theta, "Swap-PG", K, outputs=shown, rewards=rewards, candidates=first, utility=scores, critic=stars
    )
    (upward,) = pull_back(jnp.asarray(rows / users.size))
    return jax.tree.map(lambda p, g: p + RATE * g, params, upward)


def step_on_log(params, log, records, utility):
    """Return the parameters after one step of Outcome-PG on records of a `Log`; the late stage ranks by utility."""
    users, shown, rewards = log.context[records], log.shown[records], log.reward[records]
    logits, pull_back = jax.vjp(lambda p: tower(p, users), params)
    theta, known = np.asarray(logits), {"utility": utility[users], "marginal": "asymptotic"}
    count = capg.off_policy_value(log.logits[users], theta, shown, rewards, K, **known).importance
    given = {"outputs": shown, "rewards": rewards, "baseline": "mean", "importance": count}
    rows = capg.batch_gradient(theta, "Outcome-PG", K, **given, **known)
    (upward,) = pull_back(jnp.asarray(rows / users.size))
    return jax.tree.map(lambda p, g: p + RATE * g, params, upward)


def value(params, world):
    """Return the mean reward where each user gets the K largest logits, and the late stage picks its best."""
    top = np.argsort(-np.asarray(tower(params, np.arange(world.n_users))), axis=1, kind="stable")[:, :K]
    lines = np.arange(world.n_users)[:, None]
    best = top[lines[:, 0], world.utility[lines, top].argmax(axis=1)]
    return float(world.mean_reward[lines[:, 0], best].mean())


def learn(world, n_steps, seed=0):
    """Return the values before and after some steps."""
    rng = np.random.default_rng(seed)
    params = start(world, rng)
    before = value(params, world)
    for _ in range(n_steps):
        params = step(params, world, rng.integers(world.n_users, size=BATCH), rng)
    return before, value(params, world)


def log_inclusion(theta, item, k):
    """
    Return log pi of an item by Rosén's clock, differentiable: -(reward - baseline) x this is a loss for CA-PG.

    The clock solves sum(1 - exp(-w tau)) = k. It is found without derivatives; one Newton step that has them then gives
    the right one, by the implicit function theorem.
    """
    still = jax.lax.stop_gradient
    low, high = -jax.nn.logsumexp(theta), 6.0 - theta.min() + jnp.log(theta.size)

    def halve(_, ends):
        middle = 0.5 * (ends[0] + ends[1])
        early = -jnp.expm1(-jnp.exp(theta + middle)).sum() < k
        return jnp.where(early, middle, ends[0]), jnp.where(early, ends[1], middle)

    clock = still(jax.lax.fori_loop(0, 100, halve, (low, high))[0])
    rate = jnp.exp(theta + clock)
    clock += (k + jnp.expm1(-rate).sum()) / still((rate * jnp.exp(-rate)).sum())
    return jnp.log(-jnp.expm1(-jnp.exp(theta[item] + clock)))


def main():
    world = capg.SyntheticWorld(200, 500)
    before, after = learn(world, 300)
    chance, best = capg.uniform_value(world, K), capg.optimal_value(world)
    print(f"value: {before:.2f} before, {after:.2f} after 300 steps; random {chance:.2f}, best {best:.2f}")


if __name__ == "__main__":
    main()
