"""The locks: every version with the hashes of its files, agreeing with the pins that are written by hand."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LOCKS = {"binder/lock.txt": False, "tests/lock.txt": True}  # whether it holds what the tests need too


def locked(name):
    """Return {package: (versions, hashes of each)} of a lock."""
    entries = re.split(r"\n(?=[a-z0-9])", "\n".join(line for line in text(name).splitlines() if line[:1] != "#"))
    found = {}
    for entry in entries:
        package, version = re.match(r"\n*([a-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+)", entry).groups()
        found.setdefault(package, []).append((version, re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry)))
    return found


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def pins(with_tests):
    lines = [line for line in text("requirements.txt").splitlines() if line and line[0] != "#"]
    if with_tests:
        lines += tomllib.loads(text("pyproject.toml"))["project"]["optional-dependencies"]["test"]
    return dict(line.split("==") for line in lines)


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_is_locked_with_its_hashes(name):
    found = locked(name)
    for package, version in pins(LOCKS[name]).items():
        assert [v for v, _ in found[package]] == [version], "run `make lock`"
    assert all(hashes for versions in found.values() for _, hashes in versions)
    assert "index-url" not in text(name) and "://" not in text(name)


def test_the_tests_lock_has_all_of_the_courses_lock():
    course, tests = (locked(name) for name in LOCKS)
    assert course.items() <= tests.items(), "run `make lock`: the two must agree"


def test_binder_and_make_install_the_locks():
    assert text("binder/requirements.txt").splitlines()[-1] == "-r lock.txt"
    makefile = text("Makefile")
    for name in LOCKS:
        assert f"--require-hashes -r {name}" in makefile
