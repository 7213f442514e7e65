"""Annotations: on every public name, and worth something to somebody who checks types strictly."""

import ast
import dataclasses
import inspect
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typed_client

import capg_core as capg

ROOT = Path(__file__).resolve().parents[1]
PUBLIC = [name for name in capg.__all__ if callable(getattr(capg, name))]


def functions_of(name):
    """Yield a public function, or the constructor and the public methods that a class defines."""
    value = getattr(capg, name)
    if not inspect.isclass(value):
        yield name, value
        return
    for key, method in vars(value).items():
        generated = key == "__init__" and dataclasses.is_dataclass(value)
        method = method.fget if isinstance(method, property) else inspect.unwrap(getattr(method, "__func__", method))
        if inspect.isfunction(method) and not generated and (key == "__init__" or not key.startswith("_")):
            yield f"{name}.{key}", method


@pytest.mark.parametrize("name", PUBLIC)
def test_every_argument_and_result_is_annotated(name):
    for where, function in functions_of(name):
        signature = inspect.signature(inspect.unwrap(function))
        given = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
        bare = [p.name for p in given if p.annotation is p.empty]
        assert not bare, f"{where}: {bare}"
        assert signature.return_annotation is not signature.empty, where


def mypy(path):
    """Return what mypy's strict mode says of a file; of the package's own sources it reads the annotations only."""
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-incremental", str(path)]
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=path.parent)


def test_mypy_accepts_a_client_in_strict_mode_and_finds_its_wrong_calls(tmp_path):
    pytest.importorskip("mypy", reason="mypy is not installed; run: pip install -e '.[test]'")
    source = Path(typed_client.__file__).read_text(encoding="utf-8")
    client = tmp_path / "client.py"
    client.write_text(source, encoding="utf-8")
    found = mypy(client)
    assert found.returncode == 0, found.stdout + found.stderr
    # the same without its excuses: each wrong call is found
    client.write_text(source.replace("  # type: ignore", "  # "), encoding="utf-8")
    lines = [i for i, line in enumerate(source.splitlines(), 1) if "type: ignore[" in line]
    found = mypy(client)
    assert len(lines) == 4 and all(f"client.py:{line}: error" in found.stdout for line in lines), found.stdout


def test_the_client_runs():
    rng = np.random.default_rng(0)
    assert typed_client.one_context(rng).shape == (12,)
    assert typed_client.own_model(rng).shape == (3, 8)
    assert typed_client.training().steps.tolist() == [0, 1, 2, 3]
    assert typed_client.old_logs(rng) > 0.0


def test_wheels_carry_the_mark_of_types():
    assert (ROOT / "capg_core" / "py.typed").is_file()
    assert '"py.typed"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    client = ast.walk(ast.parse(Path(typed_client.__file__).read_text(encoding="utf-8")))
    called = {node.attr for node in client if isinstance(node, ast.Attribute)}
    assert len(called & set(PUBLIC)) >= 20  # the client is no toy
