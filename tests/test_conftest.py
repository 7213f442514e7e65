"""The tests' own rules: compiled kernels stay only while their sources do, and a notebook's cells stay together."""

import shutil
import subprocess
import sys
from pathlib import Path

import conftest


def test_a_change_below_the_panels_starts_a_new_kernel_cache(tmp_path, monkeypatch):
    copy = tmp_path / "capg_core"
    shutil.copytree(conftest.PACKAGE, copy, ignore=shutil.ignore_patterns("data", "__pycache__"))
    monkeypatch.setattr(conftest, "PACKAGE", copy)
    seen = [conftest.version_of_the_kernels()]
    (copy / "classroom" / "panel.py").write_text("")
    (copy / "reproduce" / "store.py").write_text("")
    assert conftest.version_of_the_kernels() == seen[0]
    for name in ("_kernel.py", "exact/race.py", "late_stage.py", "batch/__init__.py", "exact/new.py"):
        (copy / name).write_text("# changed")
        seen.append(conftest.version_of_the_kernels())
    monkeypatch.setenv("NUMBA_BOUNDSCHECK", "1")
    seen.append(conftest.version_of_the_kernels())
    assert len(set(seen)) == len(seen) == 7


def test_cells_of_a_notebook_are_not_torn_apart():
    command = [sys.executable, "-m", "pytest", "--nbval", "-n", "2", str(Path(__file__).parent / "test_course.py")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 4 and "with --nbval say --dist loadfile" in done.stderr + done.stdout
