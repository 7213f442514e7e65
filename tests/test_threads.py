"""Training keeps its products in one thread, whatever the environment says, and gives the threads back."""

import os
import subprocess
import sys

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

# As a user's script, on a machine where the linear algebra has two threads: the numbers of threads that the products
# saw, and what is left after one training, after two at once, and after one that failed.
SCRIPT = """
import sys, threading
import numpy as np, capg_core as capg
from threadpoolctl import ThreadpoolController

blas, product, seen = ThreadpoolController().select(user_api="blas"), np.matmul, []

def threads():
    return {pool["num_threads"] for pool in blas.info()}

def spy(*arguments, **options):
    seen.append(threads())
    return product(*arguments, **options)

blas.limit(limits=2)
world = capg.SyntheticWorld(60, 40, seed=3)

def train(learning_rate=0.1):
    return capg.train(world, "CA-PG", 4, n_steps=200, learning_rate=learning_rate, seed=0, eval_every=20, n_experts=2)

def crash(*arguments, **options):
    spy(*arguments, **options)
    raise RuntimeError("a product failed")

np.matmul = spy
print("before", *threads())
alone = train()
print("one", *threads(), "products", len(seen) > 600, *set().union(*seen))
seen.clear()
results = []
both = [threading.Thread(target=lambda: results.append(train())) for _ in range(2)]
[thread.start() for thread in both]
[thread.join() for thread in both]
same = [bool((run.policy_value == alone.policy_value).all()) for run in results]
print("two", *threads(), "products", len(seen) > 1200, *set().union(*seen), "same", *same)
np.matmul = crash
try:
    train()
except RuntimeError as error:
    print("failed", *threads(), "products", len(seen) > 0, *set().union(*seen))
"""


def test_products_use_one_thread_and_the_others_come_back(tmp_path):
    if not ThreadpoolController().select(user_api="blas").info():
        pytest.skip(f"threadpoolctl knows no threads of the linear algebra of this NumPy {np.__version__}")
    (tmp_path / "script.py").write_text(SCRIPT)
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "before 2",
        "one 2 products True 1",
        "two 2 products True 1 same True True",
        "failed 2 products True 1",
    ]
