"""What the KuaiRec reader refuses, and how exactly it says where."""

import codecs
import os
import random
import re

import pytest
from kuairec_files import (
    HEADER,
    make_rows,
    published_row,
    refusal,
    text_of,
    write,
    zipped,
)

from capg_core import _table
from capg_core.worlds import kuairec_csv, kuairec_place
from capg_core.worlds.kuairec import load_kuairec


@pytest.fixture(params=[50, 4000, None], ids=["chunks of half a line", "chunks of some lines", "one chunk"])
def chunks(request, monkeypatch):
    if request.param:
        monkeypatch.setattr(_table, "_CHUNK_BYTES", request.param)


@pytest.fixture
def text():
    return text_of(make_rows())


@pytest.mark.parametrize("path", [None, 3, 2.5, b"small_matrix.csv", ["small_matrix.csv"]])
def test_a_path_of_another_type_is_refused(path):
    assert refusal(path).startswith(f"path = {path!r}; expected a small_matrix.csv of KuaiRec, a folder")


@pytest.mark.parametrize("name", ["nowhere", "nowhere/small_matrix.csv", "nul\0l", ""])
def test_a_path_that_does_not_exist_is_refused(tmp_path, name):
    path = os.path.join(tmp_path, name) if name else name
    assert refusal(path).startswith(f"path = {path!r} does not exist; expected a small_matrix.csv of KuaiRec")


def test_a_place_without_the_file_is_refused(tmp_path):
    write(tmp_path / "data" / "big_matrix.csv", HEADER)
    write(tmp_path / "a" / "b" / "c" / "d" / "small_matrix.csv", HEADER)  # one level too deep
    assert f"path = {str(tmp_path)!r}: there is no small_matrix.csv in this folder, down to 3" in refusal(tmp_path)
    path = zipped(tmp_path / "other.zip", [("data/big_matrix.csv", HEADER)])
    assert f"path = {str(path)!r}: there is no small_matrix.csv in this zip" in refusal(path)
    path = zipped(tmp_path / "empty.zip", [])
    assert f"path = {str(path)!r}: there is no small_matrix.csv in this zip" in refusal(path)


def test_more_than_one_file_is_refused_by_name(tmp_path, text):
    files = [write(tmp_path / name / "small_matrix.csv", text) for name in ("KuaiRec", "KuaiRec 2.0/data")]
    message = refusal(tmp_path)
    assert "holds 2 files" in message and all(str(file) in message for file in files)
    path = zipped(tmp_path / "two.zip", [("a/small_matrix.csv", text), ("small_matrix.csv", text)])
    assert "holds 2 files: 'a/small_matrix.csv', 'small_matrix.csv'; expected only one" in refusal(path)
    path = zipped(tmp_path / "same.zip", [("a/small_matrix.csv", text)] * 2)
    assert "holds 2 files: 'a/small_matrix.csv', 'a/small_matrix.csv' (entry 2)" in refusal(path)


def test_a_pipe_is_refused_without_waiting(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(tmp_path / "small_matrix.csv")
    for path in (tmp_path, tmp_path / "small_matrix.csv"):
        assert f"path: {tmp_path / 'small_matrix.csv'} is not a regular file" in refusal(path)


def test_a_file_that_may_not_be_read_is_refused(tmp_path, text, monkeypatch):
    def locked(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(kuairec_place, "open", locked, raising=False)
    path = write(tmp_path / "small_matrix.csv", text)
    assert refusal(path).startswith(f"path: {path} cannot be read ([Errno 13] Permission denied)")


def test_a_broken_zip_is_refused(tmp_path, text):
    whole = zipped(tmp_path / "whole.zip", [("data/small_matrix.csv", text)]).read_bytes()
    cut = write(tmp_path / "cut.zip", whole[: len(whole) // 2])
    assert f"path: {cut} cannot be read (File is not a zip file)" in refusal(cut)
    assert "cannot be read" in refusal(write(tmp_path / "text.zip", text))
    assert "cannot be read" in refusal(write(tmp_path / "zero.zip", b""))
    # A changed byte of the packed data is only found while reading, after rows were already taken.
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0xFF
    path = write(tmp_path / "damaged.zip", bytes(damaged))
    assert f"path: {path}, member 'data/small_matrix.csv'" in refusal(path)


def test_an_encrypted_zip_is_refused(tmp_path, text):
    content = bytearray(zipped(tmp_path / "open.zip", [("small_matrix.csv", text)]).read_bytes())
    content[6] |= 1  # the flag in the entry, and in the table of contents at the end
    content[content.rfind(b"PK\x01\x02") + 8] |= 1
    assert "cannot be read" in (said := refusal(write(tmp_path / "locked.zip", bytes(content)))) and "encrypted" in said


def test_any_damage_to_a_zip_is_a_value_error(tmp_path):
    whole = zipped(tmp_path / "whole.zip", [("data/small_matrix.csv", text_of(make_rows(3, 4)))]).read_bytes()
    rng, refused = random.Random(5), 0
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(rng.choice([1, 1, 2, 5])):
            damaged[rng.randrange(len(whole))] = rng.randrange(256)
        path = write(tmp_path / "damaged.zip", bytes(damaged))
        try:
            load_kuairec(path)
        except ValueError as error:
            assert "path" in str(error) and "expected" in str(error)
            refused += 1
    assert refused > 200


GOOD = published_row(14, 148, 0.5)
WHOLE = "expected a whole number of at least 0, below 2^63, in digits alone (14, not 14.0)"
FINITE = "expected a finite number of at least 0, without spaces"
BAD_LINES = [
    *[
        (GOOD.replace("14,148", f"{bad},148"), f"column user_id = {bad!r}; {WHOLE}")
        for bad in ("14.0", "-3", "", "x", " 14", "14 ", "+14", "1_4", "1e3", "nan", "١٤", "0x1", "9223372036854775808")
    ],
    *[
        (GOOD.replace("14,148", f"14,{bad}"), f"column video_id = {bad!r}; {WHOLE}")
        for bad in ("148.0", "-1", "", "-", "9" * 30)
    ],
    (GOOD.replace("14,148", f"14,{'9' * 5000}"), f"column video_id = '{'9' * 60}'…; {WHOLE}"),
    *[
        (GOOD.replace(",0.5", f",{bad}"), f"column watch_ratio = {bad!r}; {FINITE}")
        for bad in ("", "abc", "nan", "NaN", "inf", "-inf", "1e999", "-0.5", "0.5 ", "0_5", ".", "1e", "--1")
    ],
    (GOOD.replace("14,", "", 1), "column watch_ratio is missing: the line has 7 fields; expected 8, as many as the"),
    ("14,148", "column play_duration is missing: the line has 2 fields; expected 8"),
    ("14", "column video_id is missing: the line has 1 field; expected 8"),
    (GOOD + ",", "column watch_ratio is not the last: the line has 9 fields; expected 8, as many as the header"),
    (GOOD + "," + GOOD, "column watch_ratio is not the last: the line has 16 fields; expected 8"),
    ("", "column user_id is missing: the line is blank; expected no blank line before the last row"),
    (GOOD.replace("14,", '14,"', 1), "column video_id is not csv (unexpected end of data); expected a field whose"),
    (GOOD.replace("148,", '148,"40"9,', 1), "column play_duration is not csv (',' expected after '\"')"),
    (GOOD.replace("148,", '148,"a, ""b"", c",', 1), "column watch_ratio is not the last: the line has 9 fields"),
    (GOOD.encode().replace(b"2020-07-05", b"2020\xff"), "column time has bytes that are not UTF-8; expected a text"),
    (GOOD.encode().replace(b"0.5", b"0.5\xc3"), "column watch_ratio has bytes that are not UTF-8"),
    (GOOD.replace(",0.5", ",0.5\0"), f"column watch_ratio = '0.5\\x00'; {FINITE}"),
    (GOOD.replace(",0.5", ",\r0.5"), f"column watch_ratio = '\\r0.5'; {FINITE}"),
]


@pytest.mark.parametrize(("bad", "said"), BAD_LINES, ids=[f"{n} {said[:30]}" for n, (_, said) in enumerate(BAD_LINES)])
def test_a_bad_line_is_named(tmp_path, monkeypatch, bad, said):
    bad = bad if isinstance(bad, bytes) else bad.encode()
    rows = [row.encode() for row in make_rows(15, 20)]
    first = HEADER.encode()
    for place in (0, 217, len(rows) - 3):
        lines = [first, *rows[:place], bad, *rows[place:]]
        for chunk, end in ((4_000_000, b"\n"), (3000, b"\n"), (3000, b"\r\n"), (61, b"\n")):
            if chunk == 61 and place != 217:
                continue  # this small, every line is a chunk; one place is enough
            monkeypatch.setattr(_table, "_CHUNK_BYTES", chunk)
            path = write(tmp_path / "small_matrix.csv", end.join(lines))
            assert refusal(path).startswith(f"path: {path}, line {place + 2}, {said}")


def test_a_bad_line_in_a_zip_names_archive_and_member(tmp_path):
    rows = make_rows()
    rows.insert(500, GOOD.replace("0.5", "x"))
    path = zipped(tmp_path / "KuaiRec.zip", [("KuaiRec 2.0/data/small_matrix.csv", text_of(rows))])
    place = f"path: {path}, member 'KuaiRec 2.0/data/small_matrix.csv', line 502, column watch_ratio = 'x'"
    assert refusal(path).startswith(place)


def test_a_bad_line_in_a_folder_names_the_file(tmp_path):
    path = write(tmp_path / "data" / "small_matrix.csv", text_of([GOOD, GOOD.replace("148", "-148")]))
    assert refusal(tmp_path).startswith(f"path: {path}, line 3, column video_id = '-148'")


def test_of_two_bad_lines_the_first_is_named(tmp_path):
    # Together they have the right number of commas.
    path = write(tmp_path / "small_matrix.csv", text_of([GOOD, GOOD[:-4], GOOD + ",7", GOOD]))
    assert ", line 3, column watch_ratio is missing" in refusal(path)
    path = write(tmp_path / "small_matrix.csv", text_of([GOOD, GOOD + ",7", GOOD[:-4], GOOD]))
    assert ", line 3, column watch_ratio is not the last" in refusal(path)
    # Read without regard to the lines, the second row would pass as user 4, video 5, ratio 6.
    content = text_of(["p,q,1,2,3,y,7", "p,4,5,6,y"], "p,q,user_id,video_id,watch_ratio,y")
    path = write(tmp_path / "small_matrix.csv", content)
    assert ", line 2, column y is not the last" in refusal(path)


def test_blank_lines_across_chunks_are_refused_if_rows_follow(tmp_path, chunks):
    path = write(tmp_path / "small_matrix.csv", text_of([GOOD, *[""] * 200, published_row(15, 148, 1.0)]))
    assert ", line 3, column user_id is missing: the line is blank" in refusal(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "line 1, column user_id is missing: the file is empty; expected a header with user_id, video_id, watch"),
        (codecs.BOM_UTF8, "line 1, column user_id is missing from the header ''"),
        ("\n" + HEADER + "\n" + GOOD, "line 1, column user_id is missing from the header ''"),
        (HEADER, "line 2, column user_id is missing: the file ends after its header; expected at least one row"),
        (HEADER + "\n", "line 2, column user_id is missing: the file ends after its header"),
        (HEADER + "\r\n\r\n", "line 2, column user_id is missing: the file ends after its header"),
        ("user_id,video_id\n1,2\n", "line 1, column watch_ratio is missing from the header 'user_id,video_id'"),
        ("user_id,item,watch_ratio\n1,2,3", "line 1, column video_id is missing from the header"),
        ("User_id,video_id,watch_ratio\n1,2,3", "line 1, column user_id is missing from the header"),
        ("user_id, video_id,watch_ratio\n1,2,3", "line 1, column video_id is missing from the header"),
        (GOOD + "\n" + GOOD, "line 1, column user_id is missing from the header '14,148,"),
        (HEADER + ",user_id\n" + GOOD + ",14", "line 1, column user_id is there 2 times; expected a header with"),
        (HEADER.encode("utf-16"), "line 1, column number 1 has bytes that are not UTF-8"),
        (b"user_id,\xff,video_id", "line 1, column number 2 has bytes that are not UTF-8"),
        ('user_id,"video_id,watch_ratio\n1,2,3', "line 1, column number 2 is not csv"),
        (HEADER.replace(",", ";"), "line 1, column user_id is missing from the header"),
    ],
)
def test_a_bad_start_is_named(tmp_path, chunks, content, said):
    path = write(tmp_path / "small_matrix.csv", content)
    assert refusal(path).startswith(f"path: {path}, {said}")


def test_a_file_without_line_ends_is_not_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(_table, "_CHUNK_BYTES", 1000)
    monkeypatch.setattr(_table, "_MAX_LINE_BYTES", 20_000)
    path = write(tmp_path / "small_matrix.csv", text_of([GOOD]) + "7" * 100_000)
    assert refusal(path).startswith(f"path: {path}, line 3 is longer than 20000 bytes; expected csv")


def test_a_matrix_too_large_to_be_the_small_one_is_refused(tmp_path):
    rows = (published_row(number, number, 1.0) for number in range(5000))
    path = write(tmp_path / "small_matrix.csv", text_of(rows))
    assert refusal(path).startswith(f"path: {path} has 5000 users and 5000 videos; expected at most 20000000 pairs")


def test_both_readers_agree_on_mutilated_files(tmp_path, monkeypatch):
    """The fast reader takes nothing that the exact one refuses, and gives the same numbers."""
    fast, rng, outcomes = kuairec_csv._parse_fast, random.Random(11), []
    text = text_of(make_rows(3, 4)).encode()
    used = []
    pieces = [
        b"\xff",
        *map(str.encode, [",", "\n", "\r", "\r\n", "", "5", "0", ".", "-", "+", "e", "_", " ", '"', "é"]),
    ]

    def counted(*args):
        used.append(fast(*args))
        return used[-1]

    for _ in range(800):
        content = bytearray(text)
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            place = rng.randrange(len(HEADER) + 1, len(content))
            content[place : place + rng.choice([0, 1, 1, 3])] = rng.choice(pieces)
        path = write(tmp_path / "small_matrix.csv", bytes(content))
        said = []
        for reader in (counted, lambda *_: None):
            monkeypatch.setattr(kuairec_csv, "_parse_fast", reader)
            try:
                world = load_kuairec(path)
                said.append((world.mean_reward.tolist(), world.user_ids.tolist(), world.video_ids.tolist()))
            except ValueError as error:
                said.append(str(error))
                assert re.search(r", line \d+, column [a-z_]+ .*; expected ", said[-1], re.DOTALL)
        assert said[0] == said[1]
        outcomes.append(isinstance(said[0], str))
    assert 150 < sum(outcomes) < 650
    assert 150 < sum(part is not None for part in used)
