"""The house: kernels against their Python source, bounds, docstring examples, and which room may import which."""

import ast
import doctest
import importlib
import inspect
import os
import pathlib
import pkgutil
import subprocess
import sys

import numpy as np
import pytest
from numba.core.registry import CPUDispatcher

import capg_core as capg
from capg_core import race

ROOT = pathlib.Path(capg.__file__).parents[1]
MODULES = [m.name for m in pkgutil.iter_modules(capg.__path__) if not m.ispkg and m.name not in ("warm", "__main__")]
# lower floors know nothing of upper ones
FLOORS = [
    {"_checks", "race", "arrivals", "late_stage", "fast_exp"},
    {"sampling", "plackett_luce", "paper_formula", "inclusion", "ratings", "batch_sampling", "batch_clock"},
    {"outcome", "batch_scores", "batch_outcome"},
    {"value"},
    {"estimators"},
    {"diagnostics", "worlds", "towers"},
    {"evaluation", "alignment", "film_worlds", "kuairec"},
    {"batch_gradient"},
    {"training"},
]

SCRIPT = """
import numpy as np, capg_core as capg
rng = np.random.default_rng(0)
theta, u = rng.normal(size=9), rng.random(9)
theta[2] = -np.inf
for k in (1, 3, 8):
    lists = capg.sample_candidates(theta, k, rng, 5)
    out = [lists.sum(), capg.list_log_prob(theta, lists).sum(), np.abs(capg.list_score(theta, lists)).sum(),
           capg.set_log_prob(theta, lists).sum(), np.abs(capg.set_score(theta, lists)).sum(),
           np.abs(capg.inclusion_gradient(theta, k, u)).sum(), np.abs(capg.policy_gradient(theta, k, u)).sum()]
    top = np.argsort(-np.where(np.isfinite(theta), u, -1))[:1]
    for method in ("exact", "asymptotic", "paper"):
        out.append(capg.inclusion_probabilities(theta, k, method) @ u)
        out.append(np.abs(capg.inclusion_score(theta, [0, 5], k, method)).sum())
    for method in ("exact", "asymptotic"):
        out.append(np.abs(capg.outcome_score(theta, top, k, u, method)).sum())
    out.append(capg.policy_value(theta, k, u, late_stage=capg.mix("optimal", "uniform", 0.5)))
    print(*(f"{x:.12e}" for x in out))
"""


def run_script(**environment):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env={**os.environ, **environment}, capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return np.array([[float(x) for x in line.split()] for line in done.stdout.splitlines()])


def test_kernels_agree_with_their_python_source_and_stay_within_bounds():
    compiled = run_script()
    # the interpreter runs the same source without the compiler: IndexError where a read is out of range
    np.testing.assert_allclose(run_script(NUMBA_DISABLE_JIT="1"), compiled, rtol=1e-9)
    checked = run_script(NUMBA_BOUNDSCHECK="1", NUMBA_CACHE_DIR=os.environ["NUMBA_CACHE_DIR"] + "-checked")
    np.testing.assert_allclose(checked, compiled, rtol=1e-9)


def test_clock_kernel_agrees_with_its_py_func():
    theta = np.random.default_rng(0).normal(size=40)
    for count in (1.0, 7.5, 39.0):
        s = race.asymptotic_clock(theta, count)
        assert s == pytest.approx(race.asymptotic_clock.py_func(theta, count), abs=1e-12)
        assert -np.expm1(-np.exp(theta + s)).sum() == pytest.approx(count, rel=1e-12)


def test_every_kernel_compiles_once():
    # clean float64 arrives at the kernels: one signature each, whatever the user passed
    capg.inclusion_probabilities([1, 0, 2], 2)
    capg.inclusion_probabilities(np.array([1, 0, 2], np.float32), 2)
    capg.policy_gradient(np.arange(6.0)[::2], 2, [1, 2, 3])
    capg.policy_gradient([0.5, 1.0, 2.0], 2, [1.0, 2.0, 3.0])
    for name in ("inclusion", "outcome", "value"):
        for kernel in vars(importlib.import_module(f"capg_core.{name}")).values():
            if isinstance(kernel, CPUDispatcher) and kernel.__module__.endswith(name):
                assert len(kernel.signatures) <= 1, kernel


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name):
    assert doctest.testmod(importlib.import_module(f"capg_core.{name}")).failed == 0


@pytest.mark.parametrize("name", sorted(set(capg.__all__) - {"ESTIMATORS"}))
def test_every_public_name_is_documented(name):
    text = inspect.getdoc(getattr(capg, name))
    assert text
    if inspect.isfunction(getattr(capg, name)):
        for section in ("Returns", "Examples"):
            assert f"{section}\n---" in text, f"{name} has no {section}"
        # without arguments there is nothing to refuse
        assert "Raises\n---" in text or not inspect.signature(getattr(capg, name)).parameters


def imported(path):
    """Return the names of capg_core's rooms that a file imports, and the other packages."""
    rooms, others = set(), set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            first, _, rest = name.partition(".")
            (rooms if first == "capg_core" else others).add(rest.partition(".")[0] if first == "capg_core" else first)
    return rooms, others


def test_lower_rooms_know_nothing_of_upper_ones():
    assert set().union(*FLOORS) == set(MODULES)
    for level, floor in enumerate(FLOORS):
        below = set().union(*FLOORS[: level + 1])
        for name in floor:
            rooms, others = imported(ROOT / "capg_core" / f"{name}.py")
            assert rooms <= below, f"{name} imports {rooms - below}"
            assert others - set(sys.stdlib_module_names) <= {"numpy", "numba"}, f"{name} imports {others}"
