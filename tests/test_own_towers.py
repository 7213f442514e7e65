"""The towers in JAX and PyTorch: they learn, and what reaches their parameters is the core's gradient."""

import functools

import numpy as np
import pytest

import capg_core as capg

# A hundred steps must bring at least half of the way from random candidates to the best; fixed before it was tried.
N_STEPS, SHARE = 100, 0.5


@functools.cache
def world():
    return capg.SyntheticWorld(100, 200, seed=3)


def learned(before, after):
    chance, best = capg.uniform_value(world(), 10), capg.optimal_value(world())
    return before < after and after >= chance + SHARE * (best - chance)


def log_of(logits, rng, k=10, n_records=8000):
    """Return a `Log` of the model with these logits."""
    users = rng.integers(world().n_users, size=n_records)
    lists = capg.sample_batch(logits[users], k, rng)
    shown = lists[np.arange(n_records), world().utility[users[:, None], lists].argmax(axis=1)]
    return capg.Log(users, shown, world().reward(users, shown, rng), logits)


def rows_for(theta, rng):
    """Return the rows of a batch for logits in float32, as the examples ask for them."""
    first = capg.sample_batch(theta, 6, rng)
    shown = first[:, 0]
    options = {"outputs": shown, "rewards": rng.random(shown.size), "candidates": first, "residual": "inclusion"}
    near = rng.random(first.shape)
    rows = capg.batch_gradient(theta, "Swap-PG", 5, utility=near, critic=near, **options)
    double = capg.batch_gradient(theta.astype(np.float64), "Swap-PG", 5, utility=near, critic=near, **options)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, double, rtol=1e-6, atol=1e-6)
    return rows


def test_a_tower_in_jax_learns():
    pytest.importorskip("jax", reason="run: pip install -e '.[test]'")
    from capg_core.examples import jax_tower

    assert learned(*jax_tower.learn(world(), N_STEPS))


def test_a_tower_in_jax_learns_from_the_log_of_another():
    """Twenty steps; how far it comes is the notebook's matter, here a twentieth of the way will do."""
    pytest.importorskip("jax", reason="run: pip install -e '.[test]'")
    from capg_core.examples import jax_tower

    rng = np.random.default_rng(0)
    params = jax_tower.start(world(), rng)
    log = log_of(np.asarray(jax_tower.tower(params, np.arange(world().n_users))), rng, jax_tower.K)
    before = jax_tower.value(params, world())
    for _ in range(20):
        params = jax_tower.step_on_log(params, log, rng.integers(len(log.shown), size=128), world().utility)
    assert jax_tower.value(params, world()) > before + 0.05 * (capg.optimal_value(world()) - before)


def test_what_jax_hands_back_is_the_cores_gradient():
    """For a tower that is one product, the pulled back rows against the same product in float64."""
    jax = pytest.importorskip("jax", reason="run: pip install -e '.[test]'")
    rng = np.random.default_rng(0)
    users, items = (rng.normal(size=size).astype(np.float32) for size in ((8, 4), (30, 4)))
    theta, pull_back = jax.vjp(lambda items: users @ items.T, jax.numpy.asarray(items))
    rows = rows_for(np.asarray(theta), rng)
    (upward,) = pull_back(jax.numpy.asarray(rows / 8))
    truth = rows.astype(np.float64).T @ users.astype(np.float64) / 8
    np.testing.assert_allclose(np.asarray(upward), truth, rtol=0.0, atol=1e-6)


def test_the_loss_of_ca_pg_has_the_cores_score():
    """The recipe with a differentiable log pi, in float64, against the score of the asymptotic marginal."""
    jax = pytest.importorskip("jax", reason="run: pip install -e '.[test]'")
    from capg_core.examples.jax_tower import log_inclusion

    rng = np.random.default_rng(1)
    with jax.enable_x64(True):
        for n, k, scale in ((5, 2, 1.0), (40, 10, 1.0), (200, 20, 3.0), (30, 29, 0.5)):
            logits = scale * rng.normal(size=n)
            for item in (0, int(logits.argmax()), int(logits.argmin())):
                value, slope = jax.value_and_grad(log_inclusion)(jax.numpy.asarray(logits), item, k)
                pi = capg.inclusion_probabilities(logits, k, "asymptotic")[item]
                score = capg.inclusion_score(logits, [item], k, "asymptotic")[0]
                np.testing.assert_allclose(value, np.log(pi), rtol=0.0, atol=1e-12)
                np.testing.assert_allclose(slope, score, rtol=0.0, atol=1e-12)


def test_a_tower_in_pytorch_learns():
    pytest.importorskip("torch", reason="PyTorch is large and optional: pip install torch")
    from capg_core.examples import torch_tower

    assert learned(*torch_tower.learn(world(), N_STEPS))


def test_a_tower_in_pytorch_learns_from_the_log_of_another():
    torch = pytest.importorskip("torch", reason="PyTorch is large and optional: pip install torch")
    from capg_core.examples import torch_tower

    torch.manual_seed(0)
    rng, model = np.random.default_rng(0), torch_tower.Tower(world().n_users, world().n_items)
    optimiser = torch.optim.Adagrad(model.parameters(), lr=torch_tower.RATE)
    with torch.no_grad():
        log = log_of(model(torch.arange(world().n_users)).numpy(), rng, torch_tower.K)
    before = torch_tower.value(model, world())
    for _ in range(20):
        records = rng.integers(len(log.shown), size=128)
        torch_tower.step_on_log(model, optimiser, log, records, world().utility)
    assert torch_tower.value(model, world()) > before + 0.05 * (capg.optimal_value(world()) - before)


def test_what_pytorch_hands_back_is_the_cores_gradient():
    torch = pytest.importorskip("torch", reason="PyTorch is large and optional: pip install torch")
    rng = np.random.default_rng(0)
    users, items = (torch.tensor(rng.normal(size=size), dtype=torch.float32) for size in ((8, 4), (30, 4)))
    items.requires_grad_()
    theta = users @ items.T
    rows = rows_for(theta.detach().numpy(), rng)
    theta.backward(gradient=torch.from_numpy(-rows / 8))
    truth = -rows.astype(np.float64).T @ users.numpy().astype(np.float64) / 8
    np.testing.assert_allclose(items.grad.numpy(), truth, rtol=0.0, atol=1e-6)
