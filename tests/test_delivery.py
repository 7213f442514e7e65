"""What a newcomer and Binder get: the layout, Binder's Dockerfile, Binder's postBuild, the README's promises."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ALLOWED = {
    "README.md", "requirements.txt", "notebooks", "capg_core", "tests", "binder",
    "pyproject.toml", "Makefile", "LICENSE", "CITATION.cff", "CONTRIBUTING.md", "CHANGELOG.md", ".gitignore", ".ci",
    ".github", ".devcontainer", "MANIFEST.in",
}  # fmt: skip
TEXT = {".py", ".md", ".txt", ".toml", ".ipynb", ".cff", ".yml", ".yaml", ".json", ""}
# A build machine's folders, and a package index that only one place has.
MACHINE = re.compile(r"(?<![\w.])/(?:home|Users|root|work)/\w|[A-Z]:\\Users\\|--(?:extra-)?index-url|file:[/]{2}")


def git(*arguments):
    found = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip("not a git checkout, so what is tracked is unknown")
    return [name for name in found.stdout.split("\0") if name]


@pytest.fixture(scope="module")
def tracked():
    """Every file that is tracked, or would be by `git add .`, and exists."""
    names = git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return sorted({name for name in names if (ROOT / name).is_file()})


@pytest.fixture(scope="module")
def tree(tracked, tmp_path_factory):
    """A copy of the tracked files, as a clone has them."""
    folder = tmp_path_factory.mktemp("clone") / "capg"
    for name in tracked:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    return folder


# Hygiene.


def test_top_level_holds_only_what_is_allowed(tracked):
    assert {name.split("/")[0] for name in tracked} <= ALLOWED


def test_nothing_tracked_is_ignored():
    """Compiled kernels and caches belong to one machine."""
    assert git("ls-files", "-z", "--cached", "--ignored", "--exclude-standard") == []


def test_no_file_names_a_build_machine(tracked):
    found = []
    for name in tracked:
        path = ROOT / name
        if path.suffix in TEXT:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                # A picture's base64 in a notebook may hold any letters and slashes.
                if len(line) < 2000 and (hit := MACHINE.search(line)):
                    found.append(f"{name}:{number}: {hit.group()}")
    assert found == []


def code_lines(function):
    """Lines of a function without its docstring, which may be long."""
    doc = function.body[0] if ast.get_docstring(function) else None
    return function.end_lineno - function.lineno + 1 - (doc.end_lineno - doc.lineno + 1 if doc else 0)


def test_files_and_functions_are_short(tracked):
    found = []
    for name in tracked:
        if name.endswith(".py"):
            text = (ROOT / name).read_text(encoding="utf-8")
            if len(text.splitlines()) > 400:
                found.append(f"{name}: {len(text.splitlines())} lines, at most 400")
            functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
            found += [f"{name}: {f.name} has 60 lines or more" for f in functions if code_lines(f) >= 60]
    assert found == []


def test_the_core_imports_numpy_and_numba_alone(tracked):
    allowed = set(sys.stdlib_module_names) | {"numpy", "numba", "capg_core"}
    modules = [n for n in tracked if re.fullmatch(r"capg_core/[^/]+\.py", n)]
    for name in modules:
        for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names.append(node.module)
            for imported in names:
                assert imported.split(".")[0] in allowed, f"{name} imports {imported}"


@pytest.mark.parametrize("name", [".ci/run", "binder/postBuild", "binder/start"])
def test_scripts_can_be_run(name):
    assert (ROOT / name).read_text().startswith("#!/usr/bin/env bash\n")
    if os.name == "posix":
        assert os.access(ROOT / name, os.X_OK), f"run: chmod +x {name}"
        subprocess.run(["bash", "-n", ROOT / name], check=True)


def test_pins_are_exact_and_cover_the_runtime():
    lines = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line and line[0] != "#"]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", line) for line in lines)
    names = {line.split("==")[0] for line in lines}
    assert {"numpy", "numba", "matplotlib", "ipywidgets", "jupyterlab", "nbval"} <= names


# Binder.


@pytest.fixture(scope="module")
def dockerfile(tree):
    pytest.importorskip("docker", reason="repo2docker is not installed; run: pip install -e '.[test]'")
    # In a process of its own: repo2docker changes the folder, the log and the warnings of its process.
    render = """
from repo2docker.app import Repo2Docker
app = Repo2Docker()
for kind in app.buildpacks:
    pack = kind(app.base_image)
    pack.platform = "linux/amd64"
    if pack.detect():
        break
print("python version", pack.python_version)
print("frozen environment", *[name for name in pack.get_build_script_files() if "environment" in name])
print(pack.render({"NB_UID": "1000", "NB_USER": "jovyan", "REPO_DIR": "/srv/repo"}))
"""
    found = subprocess.run([sys.executable, "-c", render], cwd=tree, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout


def test_binder_takes_the_python_version(dockerfile):
    assert (ROOT / "binder" / "runtime.txt").read_text().strip() == "python-3.11"
    assert re.search(r"^python version 3\.11$", dockerfile, re.M)
    # The Dockerfile itself names only the copy; the file it is copied from has the version in its name.
    assert re.search(r"^frozen environment .*environment\.py-3\.11", dockerfile, re.M)


def test_binder_takes_the_requirements(dockerfile):
    assert re.search(r'pip install .*-r "?binder/requirements\.txt', dockerfile)


def test_binder_runs_post_build_and_start(dockerfile):
    assert re.search(r"^RUN \./binder/postBuild", dockerfile, re.M)
    assert re.search(r'^ENV R2D_ENTRYPOINT="\S*binder/start"', dockerfile, re.M)


def test_start_hands_over_with_the_environment_of_post_build():
    script = "import os; print(os.environ['NUMBA_CPU_NAME'], os.environ['NUMBA_NUM_THREADS'])"
    command = ["bash", str(ROOT / "binder" / "start"), sys.executable, "-c", script]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == ["generic", "1"]
    post_build = (ROOT / "binder" / "postBuild").read_text()
    for line in ("export NUMBA_CPU_NAME=generic", "export NUMBA_NUM_THREADS=1"):
        assert line in post_build


def run(command, **options):
    found = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, **options)
    assert found.returncode == 0, f"{command}\n{found.stdout[-2000:]}\n{found.stderr[-3000:]}"
    return found.stdout


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="Binder is Linux")
def test_post_build_in_a_fresh_venv(tree, tmp_path):
    """What Binder does, without its image: pins, postBuild, then Lab's settings and the kernels' cache."""
    venv = tmp_path / "venv"
    run([sys.executable, "-m", "venv", venv])
    unset = ("NUMBA_CACHE_DIR", "PYTHONPATH", "VIRTUAL_ENV", "NUMBA_CPU_NAME", "NUMBA_NUM_THREADS")
    environment = {k: v for k, v in os.environ.items() if k not in unset and not k.startswith("JUPYTER")}
    environment["PATH"] = f"{venv / 'bin'}{os.pathsep}{environment['PATH']}"
    environment["PIP_NO_COMPILE"] = "0"  # which is how pip spells yes: of 800 MB, little is imported here
    python = venv / "bin" / "python"
    run([python, "-m", "pip", "install", "-q", "-r", "binder/requirements.txt"], cwd=tree, env=environment)
    run(["binder/postBuild"], cwd=tree, env=environment)

    ask = "from jupyterlab.commands import get_app_dir; print(get_app_dir())"
    application = Path(run([python, "-c", ask], cwd=tree, env=environment).strip())
    override = json.loads((application / "settings" / "overrides.json").read_text())
    plugin = "@jupyterlab/apputils-extension:kernels-settings"
    assert override[plugin] == {"commsOverSubshells": "disabled"}
    assert application.is_relative_to(venv)
    # The setting still exists in this version of Lab, and takes this value.
    folder, name = plugin.split(":")
    schema = json.loads((application / "schemas" / folder / f"{name}.json").read_text())
    choices = [choice["const"] for choice in schema["properties"]["commsOverSubshells"]["oneOf"]]
    assert "disabled" in choices

    cache = list((tree / "capg_core").rglob("*.nbc"))
    assert cache, "postBuild compiled no kernels into the tree"
    # What `start` sets must find them: the same warming compiles nothing new.
    run(["binder/start", python, "-m", "capg_core.warm"], cwd=tree, env=environment)
    assert len(list((tree / "capg_core").rglob("*.nbc"))) == len(cache)
