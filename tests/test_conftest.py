"""The tests' own rules: a notebook's cells stay together."""

import subprocess
import sys
from pathlib import Path


def test_cells_of_a_notebook_are_not_torn_apart():
    command = [sys.executable, "-m", "pytest", "--nbval", "-n", "2", str(Path(__file__).parent / "test_course.py")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 4 and "with --nbval say --dist loadfile" in done.stderr + done.stdout
