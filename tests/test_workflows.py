"""What runs on a public host and cannot run here: actions are pinned by commit, and settings have known names."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_by_its_commit_and_says_its_version(path):
    text = path.read_text(encoding="utf-8")
    used = re.findall(r"uses: (.*)", text)
    assert used
    for action in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[\d.]+", action), action
    assert text.count("persist-credentials: false") == text.count("actions/checkout@")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_file_that_a_workflow_runs_is_there(path):
    for name in re.findall(r"\b((?:tests|binder|capg_core)/[\w/]+\.(?:py|txt))", path.read_text(encoding="utf-8")):
        assert (ROOT / name).is_file(), name


def test_tests_run_on_every_version_and_system_that_is_promised():
    text = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    for word in ('["3.11", "3.12", "3.13"]', "ubuntu", "macos", "windows", "check_wheel.py", "colab.py"):
        assert word in text


def test_the_dev_container_has_only_settings_that_its_schema_knows():
    """Names and types from the schema of the dev container specification, read on its public page."""
    stored = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    kinds = {"name": str, "image": str, "postCreateCommand": str, "forwardPorts": list, "customizations": dict}
    assert stored.keys() == kinds.keys()
    assert all(isinstance(stored[name], kind) for name, kind in kinds.items())
    assert "make .venv/.test" in stored["postCreateCommand"]


def test_the_class_servers_settings_are_python_and_ask_for_a_password():
    text = (ROOT / "binder" / "jupyterhub_config.py").read_text(encoding="utf-8")
    compile(text, "jupyterhub_config.py", "exec")
    assert 'os.environ["CAPG_CLASS_PASSWORD"]' in text  # without one it does not start
    guide = (ROOT / "notebooks" / "INSTRUCTOR.md").read_text(encoding="utf-8")
    for name in ("binder/jupyterhub_config.py", "tests/tools/class_hub.py", "capg_core.classroom.report"):
        assert name in guide
