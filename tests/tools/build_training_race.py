"""Build ``training_race.npz``: the race with which the panel of 07_training_race opens.

Run ``python tests/tools/build_training_race.py``. It takes five to ten minutes; users of the course read the .npz and
never run this. `capg.SyntheticWorld()`, K = 10, an optimal late stage, rate 0.1 for all, batches of 128 users, seed 0,
20,000 steps, measured every 25; "CA-PG at 0.3" is the same at rate 0.3, 2,000 steps. The numbers are from this run,
none is the paper's.

Arrays: ``steps`` (801,) int32, and for each curve float32 of the same length, or shorter; "+ b" is the mean baseline.
"""

import pathlib

import numpy as np

import capg_core as capg

OUTPUT = pathlib.Path(capg.__file__).parent / "data" / "training_race.npz"
CURVES = {
    "V-PG": ("V-PG", None, 0.1, 20_000),
    "V-PG + b": ("V-PG", "mean", 0.1, 20_000),
    "Outcome-PG + b": ("Outcome-PG", "mean", 0.1, 20_000),
    "CA-PG": ("CA-PG", None, 0.1, 20_000),
    "CA-PG + b": ("CA-PG", "mean", 0.1, 20_000),
    "CA-PG-SwR": ("CA-PG-SwR", None, 0.1, 20_000),
    "Swap-PG": ("Swap-PG", None, 0.1, 20_000),
    "CA-PG at 0.3": ("CA-PG", None, 0.3, 2000),
}


if __name__ == "__main__":
    world, stored = capg.SyntheticWorld(), {}
    for name, (estimator, baseline, rate, n_steps) in CURVES.items():
        settings = {"n_steps": n_steps, "learning_rate": rate, "baseline": baseline, "seed": 0, "eval_every": 25}
        curve = capg.train(world, estimator, 10, **settings)
        stored[name] = curve.policy_value.astype(np.float32)
        stored.setdefault("steps", curve.steps.astype(np.int32))
        print(f"{name}: {curve.policy_value[-1]:.4f} after {n_steps:,} steps", flush=True)
    np.savez_compressed(OUTPUT, **stored)
    print(f"{OUTPUT.name}: {OUTPUT.stat().st_size:,} bytes")
