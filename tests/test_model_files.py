"""Saved models: a file comes back as it was, or is refused by its name; whatever happened to it on the way."""

import io
import os
import pathlib
import stat
import zipfile

import numpy as np
import pytest

import capg_core as capg

MODEL = capg.TwoTower(4, 5, 3, 2, np.random.default_rng(0))


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "model.npz"
    MODEL.save(path)
    return path


def refused(path):
    with pytest.raises(ValueError, match=f"path = .*{path.name}.*expected an .npz file that TwoTower.save wrote"):
        capg.TwoTower.load(path)


def test_a_cut_file_is_refused_wherever_it_was_cut(saved):
    data = saved.read_bytes()
    for size in range(0, len(data), 7):
        saved.write_bytes(data[:size])
        refused(saved)


def test_a_changed_byte_changes_nothing_or_is_refused(saved):
    """Some bytes hold dates or sizes that no one needs; the numbers have a checksum."""
    data, n_refused = saved.read_bytes(), 0
    for place in range(len(data)):
        flipped = bytearray(data)
        flipped[place] ^= 1 << (place % 8)
        saved.write_bytes(flipped)
        try:
            again = capg.TwoTower.load(saved)
        except ValueError as error:
            n_refused += 1
            assert "model.npz" in str(error)
        else:
            assert (again.users == MODEL.users).all() and (again.items == MODEL.items).all()
    assert n_refused > len(data) / 2


def stored(path, users, items):
    with open(path, "wb") as file:
        np.savez(file, users=users, items=items)
    return path


@pytest.mark.parametrize("dtype", [complex, bool, str, object, "datetime64[s]", [("a", float)]], ids=str)
def test_what_is_not_real_numbers_is_refused(tmp_path, dtype):
    refused(stored(tmp_path / "other.npz", np.ones((1, 2, 3)).astype(dtype), np.ones((1, 2, 3))))


def test_other_shapes_and_sizes_are_refused(tmp_path):
    one = np.ones((1, 2, 3))
    for users, items in [
        (one[0], one[0]), (one, np.ones((2, 2, 3))), (one, np.ones((1, 2, 4))), (one[:, :0], one), (1e200 * one, one),
        (np.full((1, 2, 3), np.inf), one), (np.ones((1, 2, 3, 1)), one), (np.float64(1.0), one),
    ]:  # fmt: skip
        refused(stored(tmp_path / "other.npz", users, items))


def test_whole_numbers_and_short_floats_are_taken(tmp_path):
    path = stored(tmp_path / "other.npz", np.ones((1, 2, 3), np.float32), np.ones((1, 4, 3), int))
    assert capg.TwoTower.load(path).users.dtype == capg.TwoTower.load(path).items.dtype == np.float64


def test_foreign_files_are_refused(tmp_path):
    path = tmp_path / "foreign.npz"
    for content in (b"", b"no model", b"\x80\x04N.", b"PK\x05\x06" + bytes(18), np.random.default_rng(0).bytes(999)):
        path.write_bytes(content)
        refused(path)
    with open(path, "wb") as file:
        np.save(file, np.ones(3))  # an .npy file
    refused(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("users.npy", "text")
    refused(path)
    refused(tmp_path)  # a folder
    refused(tmp_path / "missing.npz")


def test_a_header_that_claims_more_than_the_file_holds_is_refused_before_anything_is_reserved(tmp_path):
    header = io.BytesIO()
    fields = {"descr": "<f8", "fortran_order": False, "shape": (1, 10**9, 10**5)}
    np.lib.format.write_array_header_1_0(header, fields)
    path = tmp_path / "huge.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("users.npy", header.getvalue())
        archive.writestr("items.npy", header.getvalue())
    with pytest.raises(ValueError, match="huge.npz.*users has .* bytes, for shape"):
        capg.TwoTower.load(path)


def test_no_refused_file_stays_open(tmp_path, saved):
    saved.write_bytes(saved.read_bytes()[:-30])
    refused(saved)  # pytest's filter makes an unclosed file an error
    saved.unlink()


def test_home_and_paths_of_any_kind(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for path in ("~/model.npz", pathlib.Path("~/model.npz"), str(tmp_path / "model.npz")):
        MODEL.save(path)
        assert (capg.TwoTower.load(path).users == MODEL.users).all()
    assert [file.name for file in tmp_path.iterdir()] == ["model.npz"]


@pytest.mark.parametrize("path", [None, 3, b"model.npz", ["model.npz"], np.nan])
def test_what_is_no_path_is_refused(path):
    for call in (MODEL.save, capg.TwoTower.load):
        with pytest.raises(ValueError, match="^path = .*; expected the name of a file"):
            call(path)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "folder.npz").mkdir()
    for path in (tmp_path / "no" / "model.npz", tmp_path / "folder.npz", tmp_path / "nul\0.npz"):
        with pytest.raises(ValueError, match="^path = .*npz'; expected a file that can be written"):
            MODEL.save(path)
    assert [file.name for file in tmp_path.iterdir()] == ["folder.npz"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the system's administrator may write anywhere")
def test_a_folder_without_permission_is_named(tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(ValueError, match="model.npz.*expected a file that can be written"):
            MODEL.save(tmp_path / "model.npz")
    finally:
        tmp_path.chmod(stat.S_IRWXU)


def test_a_link_stays_a_link(tmp_path, saved):
    link = tmp_path / "link.npz"
    link.symlink_to(saved)
    capg.TwoTower(1, 1, 1, 1, np.random.default_rng(0)).save(link)
    assert link.is_symlink() and capg.TwoTower.load(saved).n_users == 1
