"""Build ``paper_setting_curve.npz``: the value of CA-PG in the paper's setting over 500,000 steps.

Run ``python tests/tools/build_paper_setting_curve.py``. It takes twenty to thirty minutes; users of the course read
the .npz and never run this. The setting is the paper's (synthetic world of 1,000 users and 1,000 items, K = 10,
batches of 128 users, Adagrad with rate 0.01, 500,000 steps); the numbers are from this run, not from the paper.

Arrays: ``steps`` (101,) int64 and ``policy_value`` (101,) float64, noise-free, over all users.
"""

import pathlib

import numpy as np

import capg_core as capg

OUTPUT = pathlib.Path(capg.__file__).parent / "data" / "paper_setting_curve.npz"

if __name__ == "__main__":
    curve = capg.train(capg.SyntheticWorld(), "CA-PG", 10, n_steps=500_000, learning_rate=0.01, seed=0, eval_every=5000)
    np.savez_compressed(OUTPUT, steps=curve.steps, policy_value=curve.policy_value)
    print(f"{OUTPUT.name}: {curve.policy_value[-1]:.4f} after {curve.steps[-1]:,} steps")
