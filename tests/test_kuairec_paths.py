"""KuaiRec's file is found behind links, under ~ and packed; what is cut, locked or another kind of file is named."""

import bz2
import gzip
import io
import lzma
import os
import tarfile

import numpy as np
import pytest
from kuairec_files import HEADER, assert_world_is, make_rows, published_row, refusal, text_of, write, zipped

from capg_core import _table
from capg_core.worlds import kuairec_place
from capg_core.worlds.kuairec import KuaiRecWorld, load_kuairec

LINKS = pytest.mark.skipif(os.name != "posix", reason="links need no rights on POSIX alone")


@pytest.fixture(params=[50, None], ids=["chunks of half a line", "one chunk"])
def chunks(request, monkeypatch):
    if request.param:
        monkeypatch.setattr(_table, "_CHUNK_BYTES", request.param)


@pytest.fixture
def text():
    return text_of(make_rows())


@LINKS
@pytest.mark.parametrize("target", ["data", "data/small_matrix.csv"])
@pytest.mark.parametrize("place", ["here", "folder/small_matrix.csv", "folder/KuaiRec", "folder/a/b/c"])
def test_links_are_followed(tmp_path, text, target, place):
    write(tmp_path / "there" / "data" / "small_matrix.csv", text)
    link = tmp_path / place
    if target == "data/small_matrix.csv" and not place.endswith(".csv"):
        link = link / "small_matrix.csv"
    if target == "data" and place.endswith(".csv"):
        link = link.with_name("KuaiRec 2.0")
    link.parent.mkdir(exist_ok=True, parents=True)
    link.symlink_to(tmp_path / "there" / target)
    (tmp_path / "shortcut").symlink_to(tmp_path / place.partition("/")[0])
    assert_world_is(load_kuairec(tmp_path / "shortcut"), text)


@LINKS
def test_a_circle_of_links_ends_and_a_file_seen_twice_is_one(tmp_path, text):
    path = write(tmp_path / "data" / "small_matrix.csv", text)
    (tmp_path / "data" / "up").symlink_to("..")
    (tmp_path / "again").symlink_to("data")
    (tmp_path / "a").symlink_to("a")
    (tmp_path / "data" / "copy").mkdir()
    (tmp_path / "data" / "copy" / "small_matrix.csv").symlink_to(path)
    assert_world_is(load_kuairec(tmp_path), text)
    assert "cannot be read (Too many levels of symbolic links)" in refusal(tmp_path / "a")


@LINKS
def test_a_link_to_nowhere_is_named(tmp_path):
    link = tmp_path / "small_matrix.csv"
    link.symlink_to("gone/small_matrix.csv")
    for path in (link, tmp_path):
        said = refusal(path)
        assert said.startswith(f"path: {link} is a link to 'gone/small_matrix.csv', which does not exist; expected")


def test_the_home_folder_is_expanded(tmp_path, text, monkeypatch):
    write(tmp_path / "data" / "small_matrix.csv", text)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for path in ("~", "~/data", "~/data/small_matrix.csv"):
        assert_world_is(load_kuairec(path), text)
    assert refusal("~/nowhere").startswith(f"path = {os.path.join(tmp_path, 'nowhere')!r} does not exist")


def test_a_folder_that_may_not_be_listed_is_not_called_empty(tmp_path, text, monkeypatch):
    locked, scandir = tmp_path / "locked", os.scandir
    write(tmp_path / "open" / "other.csv", text)
    locked.mkdir()

    def deny(path):
        if str(path) == str(locked):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(kuairec_place.os, "scandir", deny)
    for path in (locked, tmp_path):
        said = refusal(path)
        assert f"path = {str(path)!r}" in said and f"the folder {locked} cannot be read (Permission denied)" in said
    write(tmp_path / "open" / "small_matrix.csv", text)  # elsewhere it is there
    assert_world_is(load_kuairec(tmp_path), text)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_place_below_a_locked_folder_is_not_said_to_be_missing(tmp_path, text):
    path = write(tmp_path / "locked" / "small_matrix.csv", text)
    path.parent.chmod(0)
    try:
        assert "cannot be read (Permission denied)" in refusal(path)
        assert "the folder" in (said := refusal(path.parent)) and "cannot be read (Permission denied)" in said
    finally:
        path.parent.chmod(0o755)


@pytest.mark.parametrize(("pack", "ending"), [(gzip.compress, ".gz"), (bz2.compress, ".bz2"), (lzma.compress, ".xz")])
def test_packed_files_are_read(tmp_path, text, chunks, pack, ending):
    packed = pack(text.encode())
    path = write(tmp_path / "a" / f"small_matrix.csv{ending}", packed)
    for place in (path, tmp_path, write(tmp_path / "b" / "small_matrix.csv", packed)):
        assert_world_is(load_kuairec(place), text)
    # an unpacked one beside it is the one that counts
    other = text_of(make_rows(3, 4))
    write(tmp_path / "b" / "small_matrix.csv", other)
    assert_world_is(load_kuairec(tmp_path), other)
    bad = write(tmp_path / "bad", pack(text.replace(",", ";").encode()))
    assert refusal(bad).startswith(f"path: {bad}, unpacked as {ending}, line 1, column user_id is missing")
    cut = write(tmp_path / "cut", pack(text.encode())[:-40])
    assert f"path: {cut}" in (said := refusal(cut)) and "cannot be read" in said
    zipped(tmp_path / "in.zip", [("small_matrix.csv", packed)])
    assert_world_is(load_kuairec(tmp_path / "in.zip"), text)


@pytest.mark.parametrize("end", ["", "\r", "\r\r\r"])
def test_lines_that_end_in_a_carriage_return_alone_are_read(tmp_path, text, chunks, end):
    old = text.replace("\n", "\r")[:-1] + end
    assert_world_is(load_kuairec(write(tmp_path / "small_matrix.csv", old)), text)
    assert_world_is(load_kuairec(zipped(tmp_path / "old.zip", [("small_matrix.csv", old)])), text)
    lines = old.split("\r")
    lines[40] += ",7"
    path = write(tmp_path / "bad.csv", "\r".join(lines))
    assert refusal(path).startswith(f"path: {path}, line 41, column watch_ratio is not the last")


def tar(text):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("small_matrix.csv")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x28\xb5\x2f\xfd1234", " is packed by zstd"),
        (b"Rar!\x1a\x07\0", " is a RAR archive"),
        (b"7z\xbc\xaf\x27\x1c", " is a 7-Zip archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", " is an old spreadsheet (.xls)"),
        (b"PAR1....PAR1", " is a Parquet file"),
        (b"<!DOCTYPE html><html>", " is a page of the web (HTML)"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", " is a pointer to the file in Git LFS"),
        (tar(HEADER), " is a tar archive"),
        (gzip.compress(tar(HEADER)), ", unpacked as .gz is a tar archive"),
    ],
)
def test_another_kind_of_file_is_called_by_its_kind(tmp_path, content, said):
    path = write(tmp_path / "small_matrix.csv", content)
    assert refusal(path).startswith(f"path: {path}{said}; expected the csv itself")


def test_a_spreadsheet_is_called_one(tmp_path):
    path = zipped(tmp_path / "small_matrix.xlsx", [("xl/workbook.xml", "<x/>"), ("xl/worksheets/sheet1.xml", "<x/>")])
    assert refusal(path).startswith(f"path: {path} is a spreadsheet (.xlsx); expected the csv itself")


def rows_of(n_rows, n_videos=3327):
    """Return the short csv of complete users, cut after some rows."""
    users, videos = np.divmod(np.arange(n_rows), n_videos)
    return "user_id,video_id,watch_ratio\n" + "".join(
        f"{user},{video},0.5\n" for user, video in zip(users.tolist(), videos.tolist(), strict=True)
    )


@pytest.mark.parametrize("n_lines", [65_536, 1_048_576])
def test_a_file_that_a_spreadsheet_cut_is_refused(tmp_path, n_lines):
    text = rows_of(n_lines - 1)
    for name, content in (("lf.csv", text), ("crlf.csv", text.replace("\n", "\r\n")), ("no end.csv", text[:-1])):
        path = write(tmp_path / name, content)
        said = refusal(path)
        assert said.startswith(f"path: {path} has {n_lines:,} lines, which is where a spreadsheet cuts a file")
        path.unlink()
        if n_lines > 100_000:
            break


def test_a_file_that_was_cut_elsewhere_is_warned_of(tmp_path):
    path = write(tmp_path / "small_matrix.csv", rows_of(5 * 40 + 7, 40))
    with pytest.warns(UserWarning, match="the last user of the file, 5, has 7 of 40 videos.*may have been cut"):
        assert load_kuairec(path).n_users == 6
    load_kuairec(write(path, rows_of(5 * 40, 40)))
    load_kuairec(write(path, text_of([published_row(7, 9, 1.0)])))


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"mean_reward": [["a", "b"]]}, "mean_reward has dtype"),
        ({"mean_reward": [[-1.0, 0.0]]}, "mean_reward has -1.0"),
        ({"user_ids": [1.5]}, "user_ids has dtype float64"),
        ({"video_ids": [1]}, "video_ids has dtype int64 and shape"),
        ({"observed_share": np.nan}, "observed_share = nan"),
        ({"observed_share": 1.1}, "observed_share = 1.1"),
        ({"duplicates_dropped": -1}, "duplicates_dropped = -1"),
    ],
)
def test_a_world_made_by_hand_is_checked(changes, words):
    good = dict(
        mean_reward=[[2.0, 0.0]], user_ids=[14], video_ids=[8, 148], observed_share=0.5, duplicates_dropped=0
    )
    KuaiRecWorld(**good)
    with pytest.raises(ValueError, match=words):
        KuaiRecWorld(**good | changes)
