"""Ctrl-C and the stop button: the process lives, nothing is lost, and model and curve agree.

Numba takes a random generator apart with `ctypes.cast`, written in Python; a KeyboardInterrupt raised there ended the
process with a segmentation fault. So one is sent at that very moment, and others from outside at any.
"""

import importlib
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from jupyter_client.manager import start_new_kernel
from numba.core.registry import CPUDispatcher
from test_house import MODULES

import capg_core as capg
from capg_core._interrupt import uninterrupted

CALLS = {
    "sample": "lambda: capg.sample_candidates(logits, 3, rng, 5)",
    "diagnose": "lambda: capg.gradient_diagnostics(logits, 3, reward, 'V-PG', n_samples=5, rng=rng)",
    "step": "run.step",
    "exact step": "exact.step",
}
IN_CAST = """
import ctypes, signal, sys
import numpy as np
import capg_core as capg
signal.signal(signal.SIGINT, signal.default_int_handler)
logits, reward, rng = np.linspace(-1.0, 1.0, 12), np.linspace(0.0, 1.0, 12), np.random.default_rng(0)
world = capg.SyntheticWorld(8, 12)
options = dict(n_steps=1000, learning_rate=0.1, seed=0, eval_every=1000, late_stage=capg.mix("noisy", "uniform", 0.5))
run, exact = (capg.Training(world, "CA-PG", 3, marginal=m, **options) for m in ("asymptotic", "exact"))
call = {call}
call()
hits = caught = 0

def trace(frame, event, arg):
    global hits
    if event == "call" and frame.f_code is ctypes.cast.__code__:
        hits += 1
        signal.raise_signal(signal.SIGINT)

for _ in range(10):
    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        caught += 1
    finally:
        sys.settrace(None)
print(hits, caught, run.done, exact.done)
"""


@pytest.mark.parametrize("name", CALLS)
def test_an_interrupt_while_a_generator_is_taken_apart_is_raised_after_the_kernel(name):
    script = IN_CAST.replace("{call}", CALLS[name])
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, (done.returncode, done.stderr)
    hits, caught, steps, exact_steps = map(int, done.stdout.split())
    assert hits >= 10 and caught == 10
    # a step that was begun was ended
    assert {"step": steps, "exact step": exact_steps}.get(name, 11) == 11


FROM_OUTSIDE = """
import signal, sys
import numpy as np
import capg_core as capg
signal.signal(signal.SIGINT, signal.default_int_handler)
world = capg.SyntheticWorld(30, 30)
options = dict(learning_rate=0.1, seed=0, batch_size=16)
capg.train(world, "CA-PG", 5, n_steps=2, eval_every=1, **options)
print("ready", flush=True)
stopped = 0
while stopped < int(sys.argv[1]):
    try:
        result = capg.train(world, "CA-PG", 5, n_steps=100_000, eval_every=7, **options)
    except KeyboardInterrupt:
        print("0 early", flush=True)  # before there was a model, or between two trainings
        stopped += 1
        continue
    stopped += 1
    done = int(result.steps[-1])
    again = capg.Training(world, "CA-PG", 5, n_steps=done, eval_every=10**6, **options)
    assert len(result.steps) == len(result.policy_value) == len(result.seconds)
    assert result.stopped and result.steps.tolist() == [*range(0, done, 7), done]
    with np.errstate(all="ignore"):
        for _ in range(done):
            again.step()
    assert (again.model.items == result.model.items).all() and (again.model.users == result.model.users).all()
    print(done, "steps", flush=True)
"""


def test_interrupts_from_another_process_leave_model_and_curve_in_agreement():
    """Twenty SIGINTs at seeded random times, each while a training runs."""
    n, chance = 20, random.Random(0)
    child = subprocess.Popen(
        [sys.executable, "-c", FROM_OUTSIDE, str(n)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout.readline() == "ready\n", child.stderr.read()
        answers = []
        for _ in range(n):
            time.sleep(chance.uniform(0.005, 0.25))
            os.kill(child.pid, signal.SIGINT)
            answers.append(child.stdout.readline().split())
        _, said = child.communicate(timeout=120)
    finally:
        child.kill()
    assert child.returncode == 0, (child.returncode, said)
    assert sum(word == "steps" for _, word in answers) >= n // 2, answers


def test_a_press_before_the_first_step_or_at_the_end_does_not_escape():
    world = capg.SyntheticWorld(8, 12)
    options = {"n_steps": 5, "learning_rate": 0.1, "seed": 0, "eval_every": 5}

    def press(progress):
        if progress.step == at:
            signal.raise_signal(signal.SIGINT)

    for at in (0, 5):
        result = capg.train(world, "CA-PG", 3, callback=press, **options)
        assert result.steps[-1] == at and result.stopped == (at == 0)
        assert len(result.steps) == len(result.policy_value) == len(result.seconds)


def test_an_interrupt_waits_for_the_outermost_block_and_can_be_dropped():
    reached = []
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
        reached.append("inner")
    with uninterrupted(drop=True):
        signal.raise_signal(signal.SIGINT)
        reached.append("dropped")
    assert reached == ["inner", "dropped"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_ones_own_is_called_and_put_back():
    came = []

    def mine(number, frame):
        came.append(number)

    before = signal.signal(signal.SIGINT, mine)
    try:
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            assert came == []
        assert came == [signal.SIGINT] and signal.getsignal(signal.SIGINT) is mine
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        capg.sample_candidates(np.zeros(3), 1, np.random.default_rng(0))
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_no_kernel_that_draws_is_within_reach():
    """A kernel with a generator is private to its module, and called from Python in one piece."""
    found = 0
    for name in MODULES:
        for attribute, value in vars(importlib.import_module(f"capg_core.{name}")).items():
            if isinstance(value, CPUDispatcher) and "rng" in value.py_func.__code__.co_varnames:
                assert attribute.startswith("_"), f"{name}.{attribute}"
                found += 1
    assert found >= 3


IN_A_NOTEBOOK = """
import capg_core as capg
world = capg.SyntheticWorld(100, 100)
options = dict(learning_rate=0.1, seed=0, batch_size=16, eval_every=50)
capg.train(world, "V-PG", 10, n_steps=2, **options)
"""


def test_the_stop_button_leaves_the_kernel_alive():
    """Thirty presses of stop in a real Jupyter kernel, at seeded random times in a training."""
    chance = random.Random(1)
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        assert client.execute_interactive(IN_A_NOTEBOOK, timeout=120)["content"]["status"] == "ok"
        steps = 0
        for _ in range(30):
            asked = client.execute('result = capg.train(world, "V-PG", 10, n_steps=10**6, **options)')
            time.sleep(chance.uniform(0.05, 0.3))
            manager.interrupt_kernel()
            status = answer_to(client, asked)["content"]["status"]
            steps += status == "ok"  # else it came before the first line, and there is a KeyboardInterrupt
            assert manager.is_alive()
        told = "assert len(result.steps) == len(result.policy_value) == len(result.seconds) and result.stopped"
        assert client.execute_interactive(told, timeout=60)["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert steps >= 20


def answer_to(client, asked):
    """Return the reply to one request; others on the channel are older."""
    while True:
        reply = client.get_shell_msg(timeout=60)
        if reply["parent_header"].get("msg_id") == asked:
            return reply
