"""The tests' own rules: a notebook's cells stay together, in this environment's kernel, whatever a user has set up."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat.v4 as nb
from nbformat import write


def test_cells_of_a_notebook_are_not_torn_apart():
    command = [sys.executable, "-m", "pytest", "--nbval", "-n", "2", str(Path(__file__).parent / "test_course.py")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 4 and "with --nbval say --dist loadfile" in done.stderr + done.stdout


def test_another_kernel_of_the_same_name_and_an_unwritable_font_cache_fail_no_notebook(tmp_path):
    for place in ("path", "data"):
        kernel = tmp_path / place / "kernels" / "python3"
        kernel.mkdir(parents=True)
        spec = {"argv": ["false", "{connection_file}"], "display_name": "another", "language": "python"}
        (kernel / "kernel.json").write_text(json.dumps(spec))
    source = "import sys\nfrom capg_core.classroom import RacePanel\nprint(sys.prefix)\n_ = RacePanel()"
    output = nb.new_output("stream", name="stdout", text=f"{sys.prefix}\n")
    cell = nb.new_code_cell(source, execution_count=1, outputs=[output])
    kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    write(nb.new_notebook(cells=[cell], metadata={"kernelspec": kernelspec}), tmp_path / "one.ipynb")
    environment = {name: value for name, value in os.environ.items() if name not in ("CAPG_TESTS_HOME", "MPLCONFIGDIR")}
    environment |= {
        "JUPYTER_PATH": str(tmp_path / "path"), "JUPYTER_DATA_DIR": str(tmp_path / "data"),
        "MPLCONFIGDIR": "/proc/none", "HOME": "/proc/none", "PYTHONPATH": os.pathsep.join(
            [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
        ),
    }  # fmt: skip
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "--nbval", str(tmp_path / "one.ipynb"), "-q"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=Path(__file__).parents[1])
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr
