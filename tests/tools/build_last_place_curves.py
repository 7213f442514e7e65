"""Build ``last_place_curves.npz``: what Swap-PG and the other estimators learned in two worlds, for notebook 10.

Run ``python tests/tools/build_last_place_curves.py``. It takes a few minutes; users of the course read the .npz and
never run this. All at learning rate 0.1, batches of 128 users.

Arrays. The paper's synthetic world with a late stage that picks at random, K = 50, seed 0, 1,000
steps: ``uniform_names``, ``steps`` (21,) and ``uniform`` (runs, 21), noise-free values over all users; Swap-PG's critic
is the mean reward. Rated films with predicted stars, K = 20, 600 steps, seeds 0 to 2: ``film_names`` and ``films``
(runs, 3), the values at the end; the critic is the predicted stars but where the name says otherwise.
"""

import pathlib

import numpy as np

import capg_core as capg

OUTPUT = pathlib.Path(capg.__file__).parent / "data" / "last_place_curves.npz"
WITHOUT_CRITIC = {"V-PG + b": ("V-PG", "mean"), "CA-PG": ("CA-PG", None), "CA-PG + b": ("CA-PG", "mean")}
WITHOUT_CRITIC |= {"Outcome-PG + b": ("Outcome-PG", "mean")}


def uniform_runs():
    """Return the options of each run in the paper's world."""
    runs = {name: {"estimator": e, "baseline": baseline} for name, (e, baseline) in WITHOUT_CRITIC.items()}
    return {**runs, "Swap-PG": {"estimator": "Swap-PG"}}


def film_runs(world):
    """Return the options of each run on films."""
    runs = {name: {"estimator": e, "baseline": baseline} for name, (e, baseline) in WITHOUT_CRITIC.items()}
    runs["Swap-PG"] = {"estimator": "Swap-PG"}
    for residual in ("list", "inclusion", "outcome"):
        runs[f"Swap-PG + {residual}"] = {"estimator": "Swap-PG", "residual": residual}
    runs["Swap-PG, true stars"] = {"estimator": "Swap-PG", "critic": world.mean_reward}
    return runs


def main():
    synthetic, curves = capg.SyntheticWorld(), []
    for options in uniform_runs().values():
        options = {"late_stage": "uniform", "n_steps": 1000, "eval_every": 50, "seed": 0, **options}
        curves.append(capg.train(synthetic, k=50, learning_rate=0.1, **options))
    world, ends = capg.observed_films("fitted"), []
    for options in film_runs(world).values():
        options = {"n_steps": 600, "eval_every": 600, **options}
        ends.append([capg.train(world, k=20, learning_rate=0.1, seed=s, **options).policy_value[-1] for s in range(3)])
    np.savez_compressed(
        OUTPUT,
        steps=curves[0].steps, uniform=[curve.policy_value for curve in curves], uniform_names=list(uniform_runs()),
        films=ends, film_names=list(film_runs(world)),
    )  # fmt: skip
    for name, curve in zip(uniform_runs(), curves, strict=True):
        print(f"uniform, {name}: {curve.policy_value[0]:.2f} to {curve.policy_value[-1]:.2f}")
    for name, end in zip(film_runs(world), ends, strict=True):
        print(f"films, {name}: {np.mean(end):.2f}")


if __name__ == "__main__":
    main()
