"""A tower of your own in PyTorch, trained with `batch_gradient`: ``python -m capg_core.examples.torch_tower``.

The model is any module from users to logits, and the optimiser any that PyTorch has. `step` is all that a training step
takes, and `step_on_log` the same on the records of another model's log.
"""

import numpy as np
import torch

import capg_core as capg

K, RATE, BATCH = 10, 0.1, 128


class Tower(torch.nn.Module):
    """Users to logits (B, n): a hidden layer for the user, an embedding for each item."""

    def __init__(self, n_users, n_items, dim=16):
        super().__init__()
        self.users = torch.nn.Embedding(n_users, dim)
        self.hidden, self.items = torch.nn.Linear(dim, dim), torch.nn.Linear(dim, n_items)

    def forward(self, users):
        return self.items(torch.tanh(self.hidden(self.users(users))))


def step(model, optimiser, world, users, rng):
    """Take one step of Swap-PG; the world stands for your late stage and your users."""
    logits = model(torch.from_numpy(users))
    theta = logits.detach().numpy()
    first = capg.sample_batch(theta, K + 1, rng)  # the candidates, and the next arrival
    scores = world.utility[users[:, None], first]  # what the late stage thinks of them, ...
    stars = world.critic[users[:, None], first]  # ... and the reward it predicts
    shown = first[np.arange(users.size), scores[:, :K].argmax(axis=1)]
    rewards = world.reward(users, shown, rng)
    rows = capg.batch_gradient(
        theta, "Swap-PG", K, outputs=shown, rewards=rewards, candidates=first, utility=scores, critic=stars
    )
    optimiser.zero_grad()
    logits.backward(gradient=torch.from_numpy(-rows / users.size))  # an optimiser goes down, and we want up
    optimiser.step()


def step_on_log(model, optimiser, log, records, utility):
    """Take one step of Outcome-PG on some records of a `Log`; the late stage ranks by utility."""
    users, shown, rewards = log.context[records], log.shown[records], log.reward[records]
    logits = model(torch.from_numpy(users))
    theta, known = logits.detach().numpy(), {"utility": utility[users], "marginal": "asymptotic"}
    count = capg.off_policy_value(log.logits[users], theta, shown, rewards, K, **known).importance
    given = {"outputs": shown, "rewards": rewards, "baseline": "mean", "importance": count}
    rows = capg.batch_gradient(theta, "Outcome-PG", K, **given, **known)
    optimiser.zero_grad()
    logits.backward(gradient=torch.from_numpy(-rows / users.size))
    optimiser.step()


def value(model, world):
    """Return the mean reward where each user gets the K largest logits, and the late stage picks its best."""
    lines = np.arange(world.n_users)
    with torch.no_grad():
        theta = model(torch.from_numpy(lines)).numpy()
    top = np.argsort(-theta, axis=1, kind="stable")[:, :K]
    best = top[lines, world.utility[lines[:, None], top].argmax(axis=1)]
    return float(world.mean_reward[lines, best].mean())


def learn(world, n_steps, seed=0):
    """Return the values before and after some steps."""
    torch.manual_seed(seed)
    rng, model = np.random.default_rng(seed), Tower(world.n_users, world.n_items)
    optimiser = torch.optim.Adagrad(model.parameters(), lr=RATE)
    before = value(model, world)
    for _ in range(n_steps):
        step(model, optimiser, world, rng.integers(world.n_users, size=BATCH), rng)
    return before, value(model, world)


def main():
    world = capg.SyntheticWorld(200, 500)
    before, after = learn(world, 300)
    chance, best = capg.uniform_value(world, K), capg.optimal_value(world)
    print(f"value: {before:.2f} before, {after:.2f} after 300 steps; random {chance:.2f}, best {best:.2f}")


if __name__ == "__main__":
    main()
