"""What was compiled is kept on disk: found again, never stale, mended when damaged, and dispensable."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import capg_core
from capg_core import _kernel

SCRIPT = """
import warnings
{before}
import numpy as np
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    import capg_core as capg
messages = [str(w.message) for w in said if "capg_core" in str(w.message)]
print(capg.list_score([0.0, 0.0, 0.0], [2, 0]).round(6).tolist(), messages)
"""
RIGHT = "[0.166667, -0.833333, 0.666667] []\n"


def start(root, before="", **environment):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("{before}", before)], capture_output=True, text=True, cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the package, with a cache of its own that holds what the script needs."""
    root = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__", "classroom", "reproduce")
    shutil.copytree(Path(capg_core.__file__).parent, root / "capg_core", ignore=ignored)
    assert start(root, NUMBA_CACHE_DIR=str(root / "cache")) == RIGHT
    return root


def kept(root):
    """Return the files of the cache and when each was written."""
    return {path: path.stat().st_mtime_ns for path in (root / "cache").rglob("*.nb?")}


def test_a_second_start_compiles_nothing(copy):
    before = kept(copy)
    assert before
    assert start(copy, NUMBA_CACHE_DIR=str(copy / "cache")) == RIGHT
    assert kept(copy) == before


@pytest.mark.parametrize("cut", [0, 0.5, -1])
def test_a_damaged_file_mends_itself(copy, cut):
    files = sorted(kept(copy))
    for path in files:
        whole = path.read_bytes()
        path.write_bytes(whole[: int(cut * len(whole)) if isinstance(cut, float) else cut])
    for _ in range(2):
        assert start(copy, NUMBA_CACHE_DIR=str(copy / "cache")) == RIGHT
    assert all(path.stat().st_size > 37 for path in kept(copy) if path.suffix == ".nbc")


def test_a_change_in_a_file_whose_kernels_another_calls_is_seen(copy):
    source = copy / "capg_core" / "batch" / "exp.py"
    text = source.read_text(encoding="utf-8")
    changed = text.replace("        total += x[i]\n    return total", "        total += x[i]\n    return 2.0 * total")
    assert changed != text
    try:
        source.write_text(changed, encoding="utf-8")
        assert start(copy, NUMBA_CACHE_DIR=str(copy / "cache")) != RIGHT
    finally:
        source.write_text(text, encoding="utf-8")
    before = kept(copy)
    assert start(copy, NUMBA_CACHE_DIR=str(copy / "cache")) == RIGHT  # and back again, from what was kept
    assert kept(copy) == before


def test_without_a_writable_place_there_is_one_warning_that_names_the_variable(copy):
    before = "import tempfile; tempfile.gettempdir = lambda: '/proc/none'"
    (copy / "file").write_text("")
    nowhere = str(copy / "file" / "below")
    shutil.rmtree(copy / "capg_core" / "__pycache__", ignore_errors=True)
    (copy / "capg_core" / "__pycache__").write_text("")  # Python itself cannot write here either
    try:
        said = start(copy, before, NUMBA_CACHE_DIR=nowhere, XDG_CACHE_HOME=nowhere, HOME=nowhere)
    finally:
        (copy / "capg_core" / "__pycache__").unlink()
    assert said.startswith(RIGHT.partition("] [")[0]) and said.count("NUMBA_CACHE_DIR") == 1


def test_the_next_place_is_taken_where_the_first_cannot_be_written(copy):
    (copy / "file").write_text("")
    assert start(copy, NUMBA_CACHE_DIR=str(copy / "file" / "below")) == RIGHT
    assert list((copy / "capg_core" / "__pycache__").glob("capg-kernels-*/*/*.nbi"))


def test_old_folders_go_and_the_present_one_stays(tmp_path):
    names = [f"capg-kernels-{i}" for i in range(8)]
    for age, name in enumerate(reversed(names)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (10**9 - age, 10**9 - age))
    _kernel._sweep(tmp_path, names[0])
    assert sorted(path.name for path in tmp_path.iterdir()) == [names[0], *names[4:]]


def test_the_users_own_kernels_stay_where_numba_puts_them():
    import numba

    assert numba.config.CACHE_DIR == os.environ.get("NUMBA_CACHE_DIR", "")
