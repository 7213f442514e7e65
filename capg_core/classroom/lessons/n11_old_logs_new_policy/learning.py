"""A small world and a log of it, for learning from the log; and the loop that learns.

Twenty users with eight known features each, a hundred items. The model has an embedding for each item: its logits are
one matrix product, so that a step of training is a few lines.
"""

from dataclasses import dataclass

import numpy as np

import capg_core as capg

N_USERS, N_ITEMS, DIM, K = 20, 100, 8, 10
BATCH, STEPS, EVERY, RATE = 64, 200, 20, 0.1


@dataclass(frozen=True, eq=False)
class Town:
    """Users (U, d), mean rewards (U, n) by which the late stage ranks, the old model's items (n, d), and its log."""

    users: np.ndarray
    reward: np.ndarray
    items: np.ndarray
    log: capg.Log

    def value(self, items):
        """Return the exact value of a model, mean over users."""
        pairs = zip(self.users @ items.T, self.reward, strict=True)
        return float(np.mean([capg.policy_value(logits, K, reward) for logits, reward in pairs]))


def visit(town, users, logits, rng):
    """Return candidates, items shown and clicks of some users under their logits."""
    lists = capg.sample_batch(logits, K, rng)
    row, users = np.arange(len(users)), np.asarray(users)
    shown = lists[row, town.reward[users[:, None], lists].argmax(axis=1)]
    return lists, shown, (rng.random(len(users)) < town.reward[users, shown]).astype(float)


def make_town(n_records, seed=0):
    """Return a `Town` whose log holds this many clicks of its old model."""
    rng = np.random.default_rng(seed)
    users, taste = rng.normal(size=(N_USERS, DIM)), rng.normal(size=(N_ITEMS, DIM))
    fit = users @ rng.normal(size=(DIM, DIM)) @ taste.T
    reward = 1.0 / (1.0 + np.exp(0.5 - 1.2 * fit / fit.std()))
    items = 0.35 * rng.normal(size=(N_ITEMS, DIM))
    town = Town(users, reward, items, None)
    who = rng.integers(N_USERS, size=n_records)
    lists, shown, clicks = visit(town, who, (users @ items.T)[who], rng)
    return Town(users, reward, items, capg.Log(who, shown, clicks, users @ items.T, lists))


@dataclass(frozen=True, eq=False)
class Learned:
    """Values at some steps: the true one, and what two halves of the log say: the one learned from, and the other.

    What the log says is there where it was asked for.
    """

    steps: np.ndarray
    value: np.ndarray
    learned_from: np.ndarray
    held_out: np.ndarray


def said_by(town, logits, records):
    """Return the value of a model by some records of the log."""
    log, who = town.log, town.log.context[records]
    return capg.off_policy_value(
        log.logits[who], logits[who], log.shown[records], log.reward[records], K, utility=town.reward[who],
        marginal="asymptotic",
    ).value  # fmt: skip


def learn(town, step, n_steps=STEPS, seed=1, asked=False):
    """Return `Learned`: Adagrad on the item embeddings, with the rows of ``step(items, records, rng)``, (n, d).

    The records are of the log's first half; the second half only measures, where it is ``asked`` for.
    """
    rng = np.random.default_rng(seed)
    items, squares, found = town.items.copy(), np.zeros_like(town.items), []
    everything = np.arange(len(town.log.shown))
    first, second = everything[: len(everything) // 2], everything[len(everything) // 2 :]
    for number in range(n_steps + 1):
        if number % EVERY == 0:
            logits = town.users @ items.T
            said = [said_by(town, logits, half) if asked else np.nan for half in (first, second)]
            found.append((number, town.value(items), *said))
        upward = step(items, rng.choice(first, BATCH), rng)
        squares += upward**2
        items += RATE * upward / np.sqrt(squares + 1e-10)
    steps, *values = np.array(found).T
    return Learned(steps.astype(int), *values)


def on_policy(town):
    """Return a step that shows fresh lists of the present model to users, and learns from their clicks."""

    def step(items, records, rng):
        who = town.log.context[records]
        logits = town.users[who] @ items.T
        _, shown, clicks = visit(town, who, logits, rng)
        rows = capg.batch_gradient(
            logits, "Outcome-PG", K, outputs=shown, rewards=clicks, utility=town.reward[who], baseline="mean"
        )
        return rows.T @ town.users[who] / len(who)

    return step
