"""A program of somebody who checks types strictly: mypy reads it, and the suite runs it. A wrong call must be found."""

import numpy as np
import numpy.typing as npt

import capg_core as capg

Vector = npt.NDArray[np.float64]


def one_context(rng: np.random.Generator) -> Vector:
    logits, reward = rng.normal(size=12), rng.random(12)
    lists: npt.NDArray[np.int64] = capg.sample_candidates(logits, 4, rng, n_samples=50)
    shown = capg.choose_output(lists, reward, capg.mix("optimal", capg.noisy(2.0), 0.5), rng)
    pi: Vector = capg.inclusion_probabilities(logits, 4, marginal="asymptotic")
    rho = capg.outcome_probabilities(logits, 4, reward.tolist())
    value: float = capg.policy_value(logits, 4, reward)
    assert abs(value - float(rho @ reward)) < 1e-9 and pi.size == 12
    found = capg.gradient_diagnostics(logits, 4, reward, "CA-PG", baseline="mean", n_samples=20, rng=rng)
    estimates = capg.estimate_gradients(logits, lists, shown, reward[shown], "V-PG", baseline=0.5)
    mean: Vector = found.mean + estimates.mean(axis=0) + capg.expected_estimate(logits, 4, reward, "Outcome-PG")
    pushes = capg.swap_gradient(logits, [0, 1, 2], [0.5, 0.2, 0.1])
    return mean + pushes + capg.policy_gradient(logits, 4, reward) + capg.list_score(logits, [0, 1])


def own_model(rng: np.random.Generator) -> Vector | npt.NDArray[np.float32]:
    theta = rng.normal(size=(3, 8))
    first = capg.sample_batch(theta, 3, rng)
    return capg.batch_gradient(theta, "CA-PG", 3, outputs=first[:, 0], rewards=[1.0, 0.0, 1.0], baseline="mean")


def training() -> capg.TrainingResult:
    def watch(progress: capg.Progress) -> bool:
        return progress.step > 10**9

    world = capg.SyntheticWorld(20, 15, dim=3, critic_noise=0.1)
    run = capg.train(world, "Swap-PG", 4, n_steps=3, learning_rate=0.1, seed=0, eval_every=1, callback=watch)
    assert run.policy_value[-1] <= capg.optimal_value(world) and not run.stopped
    assert run.model.candidates([0, 1], 4).shape == (2, 4) and capg.alignment(world).n_users == 20
    return run


def old_logs(rng: np.random.Generator) -> float:
    old, new = np.zeros((2, 3)), rng.normal(size=(2, 3))
    log = capg.Log(np.array([0, 1, 1]), np.array([2, 0, 2]), np.array([1.0, 0.0, 0.5]), old)
    found: capg.OffPolicyValue = capg.off_policy_value(
        log.log_logits, new[log.context], log.shown, log.reward, 2, utility=[2.0, 1.0, 3.0]
    )
    return found.value + found.standard_error


def wrong() -> None:
    """Never called. An ignore that ignores nothing is an error in mypy's strict mode: so each of these is found."""
    capg.inclusion_probabilities([0.0, 1.0], "1")  # type: ignore[arg-type]
    capg.sample_batch([[0.0, 1.0]], 1)  # type: ignore[call-arg]
    capg.train(capg.SyntheticWorld(), "V-PG", 1, n_steps=1, learning_rate="fast", seed=0, eval_every=1)  # type: ignore[arg-type]
    name: str = capg.policy_value([0.0, 1.0], 1, [0.0, 1.0])  # type: ignore[assignment]
    print(name)


if __name__ == "__main__":
    numbers = np.random.default_rng(0)
    print(one_context(numbers).size, own_model(numbers).shape, training().steps.tolist(), old_logs(numbers) > 0.0)
