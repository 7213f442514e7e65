"""Build ``concordance_curve.npz``: what each method learns under late stages that err more and more.

Run ``python tests/tools/build_concordance_curve.py``. It takes about ten minutes on one core, and goes on where the
file stops; users of the course read the .npz and never run this. 200 steps of batches of 128 users, rate 0.1 for all;
K = 20 on the films, 10 in the synthetic world (200 users, 200 items). Each seed has towers, batches and errors of the
late stage of its own, the same for all methods.

The late stage ranks by what it believes: the mean reward plus sigma times a standard normal error for each user and
item, or, "towards fitted", by a share of the fitted score and else the own stars. The critic is what it would predict:
its belief, moved towards the mean of all rewards by the share of the error in it. "Clicks" have the noise of a yes or
no whose chance is stars / 5, drawn as normal.

Arrays: ``settings`` (S,) and ``methods`` (M,) str; ``levels`` (S, L), sigma or the share; ``concordance``
(S, L, seeds); ``value`` (S, L, M, seeds), noise-free, over all users. NaN where there is nothing.
"""

import pathlib
import sys

import numpy as np

import capg_core as capg

OUTPUT = pathlib.Path(capg.__file__).parent / "data" / "concordance_curve.npz"
N_SEEDS = 5
STARS = 5.0
METHODS = {  # name, to estimator and options
    "CA-PG": ("CA-PG", {}),
    "CA-PG + b": ("CA-PG", {"baseline": "mean"}),
    "V-PG + b": ("V-PG", {"baseline": "mean"}),
    "Outcome-PG + b": ("Outcome-PG", {"baseline": "mean"}),
    "Swap-PG + inclusion": ("Swap-PG", {"residual": "inclusion"}),
}
FEW = ("CA-PG", "CA-PG + b", "V-PG + b")
SIGMAS = (0.0, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5, np.inf)
SHARES = (0.4, 0.5, 0.6, 0.7, 0.8, 1.0)
SETTINGS = {  # K, levels, methods
    "films": (20, SIGMAS, tuple(METHODS)),
    "films, clicks": (20, SIGMAS, tuple(METHODS)),
    "films, towards fitted": (20, SHARES, FEW),
    "films, towards fitted, clicks": (20, SHARES, FEW),
    "synthetic": (10, (0.0, 0.5, 0.75, 1.0, 1.3, 1.7, 2.2, 3.0), FEW),
}
N_LEVELS = max(len(levels) for _, levels, _ in SETTINGS.values())


def believed(reward, pool, sigma, rng):
    """Return what a late stage with errors ranks by, and what it predicts."""
    error = rng.standard_normal(reward.shape)
    mean, spread = reward[pool].mean(), reward[pool].std()
    if np.isinf(sigma):
        return error, np.full_like(reward, mean)
    return reward + sigma * error, mean + spread**2 / (spread**2 + sigma**2) * (reward + sigma * error - mean)


def world_of(setting, level, seed):
    """Return the world of a setting at one level, with this seed's errors of the late stage."""
    base = capg.SyntheticWorld(200, 200) if setting == "synthetic" else capg.observed_films("own")
    reward, noise = base.mean_reward, base.reward_std
    pool = np.ones(reward.shape, bool) if base.available is None else base.available
    if "fitted" in setting:
        utility = critic = (1.0 - level) * base.utility + level * capg.observed_films("fitted").utility
    elif level == 0.0:
        utility, critic = base.utility, reward
    else:
        utility, critic = believed(reward, pool, level, np.random.default_rng([2026, seed]))
    if "clicks" in setting:
        chance = reward / STARS
        noise = STARS * np.sqrt(chance * (1.0 - chance))
    return capg.World(reward, noise, utility, available=base.available, critic=critic)


def learned(world, method, k, seed):
    """Return the value after training."""
    estimator, options = METHODS[method]
    run = capg.train(world, estimator, k, n_steps=200, learning_rate=0.1, seed=seed, eval_every=200, **options)
    return run.policy_value[-1]


def one_seed(seed):
    """Return (concordance (S, L), value (S, L, M)) of one seed."""
    concordance = np.full((len(SETTINGS), N_LEVELS), np.nan, np.float32)
    value = np.full((*concordance.shape, len(METHODS)), np.nan, np.float32)
    for s, (setting, (k, levels, methods)) in enumerate(SETTINGS.items()):
        for i, level in enumerate(levels):
            world = world_of(setting, level, seed)
            concordance[s, i] = capg.alignment(world).concordance
            for m, method in enumerate(METHODS):
                if method in methods:
                    value[s, i, m] = learned(world, method, k, seed)
    return concordance, value


def main(n_seeds=N_SEEDS):
    """Train all, seed by seed, and store what there is after each."""
    levels = [[*levels, *[np.nan] * (N_LEVELS - len(levels))] for _, levels, _ in SETTINGS.values()]
    names = {"settings": np.array(list(SETTINGS)), "methods": np.array(list(METHODS)), "levels": np.array(levels)}
    found = []
    if OUTPUT.exists():
        with np.load(OUTPUT) as stored:
            if all(np.array_equal(stored[k], v, equal_nan=k == "levels") for k, v in names.items()):
                found = [
                    (stored["concordance"][..., s], stored["value"][..., s]) for s in range(stored["value"].shape[-1])
                ]
    for seed in range(len(found), n_seeds):
        found.append(one_seed(seed))
        concordance, value = (np.stack(arrays, axis=-1) for arrays in zip(*found, strict=True))
        np.savez_compressed(OUTPUT, **names, concordance=concordance, value=value)
        print(f"{seed + 1} of {n_seeds} seeds, {OUTPUT.stat().st_size // 1024} kB", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
