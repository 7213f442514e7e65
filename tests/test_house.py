"""The structure: which module may import which; kernels against their Python source; docstring examples."""

import ast
import doctest
import importlib
import inspect
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from numba.core.registry import CPUDispatcher

import capg_core as capg
from capg_core.exact import race

ROOT = pathlib.Path(capg.__file__).parents[1]
PACKAGE = ROOT / "capg_core"
# From the bottom up. A module may import its own wing and what stands below it; numbers never import pictures.
FLOORS = [
    ["_checks", "_interrupt", "_kernel", "_table", "_types"],
    ["late_stage", "worlds", "batch"],
    ["exact"],
    ["rung", "logs"],
    ["ladder"],
    ["estimators", "look"],
    ["any_model", "diagnostics"],
    ["training"],
    ["warm", "classroom", "reproduce", "examples"],
]
LIBRARIES = {"numpy", "numba", "threadpoolctl"}
NUMBERS = [name for floor in FLOORS[:-1] for name in floor]


def module_name(path):
    """Return the dotted name of a file of the package, without the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py")) if module_name(path)}
MODULES = [name for name in FILES if name.partition(".")[0] in NUMBERS]

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
    for name in ("inclusion_counts", "outcome", "value"):
        for kernel in vars(importlib.import_module(f"capg_core.exact.{name}")).values():
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
    """Return the modules of the package that a file imports, and the other packages."""
    inside, others = set(), set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            # `from capg_core.exact import race` is about the module race
            whole = [f"{node.module}.{a.name}" for a in node.names]
            names = [w if w.removeprefix("capg_core.") in FILES else node.module for w in whole]
        for name in names:
            first, _, rest = name.partition(".")
            (inside if first == "capg_core" else others).add(rest if first == "capg_core" else first)
    return inside, others


IMPORTS = {name: imported(path) for name, path in FILES.items() if name != "__main__"}


def test_every_wing_has_its_floor():
    assert {name.partition(".")[0] for name in IMPORTS} == {wing for floor in FLOORS for wing in floor}


@pytest.mark.parametrize("name", IMPORTS)
def test_nothing_imports_uphill(name):
    own = name.partition(".")[0]
    level = next(i for i, floor in enumerate(FLOORS) if own in floor)
    allowed = {own}.union(*FLOORS[:level])
    for target in IMPORTS[name][0]:
        # the package's own face offers what is public, to those above it
        assert (target.partition(".")[0] or own) in allowed, f"{name} imports {target}"
        assert target or own not in NUMBERS, f"{name} imports the public face"


@pytest.mark.parametrize("name", MODULES)
def test_numbers_need_numpy_and_numba_alone(name):
    others = IMPORTS[name][1] - set(sys.stdlib_module_names)
    assert others <= LIBRARIES, f"{name} imports {others}"


def test_there_is_no_circle():
    open_ = {name: inside - {name, ""} for name, (inside, _) in IMPORTS.items()}
    while open_:
        free = {name for name, inside in open_.items() if not inside & open_.keys()}
        assert free, f"a circle among {sorted(open_)}"
        open_ = {name: inside for name, inside in open_.items() if name not in free}
