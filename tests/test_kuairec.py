"""A matrix of KuaiRec becomes the world its rows describe, from any published layout, or the error names the place."""

import codecs
import csv
import doctest
import io
import os
import pathlib
import random
import re
import subprocess
import sys
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest

import capg_core.kuairec
from capg_core.kuairec import KuaiRecWorld, load_kuairec
from capg_core.worlds import World

COLUMNS = "user_id,video_id,play_duration,video_duration,time,date,timestamp,watch_ratio".split(",")
HEADER = ",".join(COLUMNS)
LAYOUTS = [
    "small_matrix.csv",
    "data/small_matrix.csv",
    "KuaiRec/data/small_matrix.csv",
    "KuaiRec 2.0/data/small_matrix.csv",
    "unpacked/KuaiRec 2.0/data/small_matrix.csv",
]


def published_row(user, video, ratio):
    # The published file leaves the three columns of time empty in some rows.
    when = ",," if (user + video) % 25 == 0 else "2020-07-05 05:27:48.378,20200705.0,1593898068.378"
    return f"{user},{video},{4000 + user},{6000 + video},{when},{ratio!r}"


def make_rows(n_users=23, n_videos=31, seed=0):
    """Return rows in random order: ids with gaps, a heavy tail, one cell in 20 missing, one row in 15 repeated."""
    rng = np.random.default_rng(seed)
    users = rng.choice(7176, n_users, replace=False).tolist()
    videos = rng.choice(10728, n_videos, replace=False).tolist()
    rows = [published_row(u, v, float(rng.pareto(1.0))) for u in users for v in videos if rng.random() > 0.05]
    rows += [row.rsplit(",", 1)[0] + ",0.125" for row in rows[::15]]
    rng.shuffle(rows)
    return rows


def text_of(rows, header=HEADER):
    return "".join(line + "\n" for line in [header, *rows])


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def zipped(path, members):
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # a repeated name
        for name, content in members:
            archive.writestr(name, content)
    return path


def slow_reading(text):
    """Read the csv once more, independently: (users, videos, matrix, observed share, duplicates)."""
    cells, duplicates = {}, 0
    for row in csv.DictReader(io.StringIO(text)):
        key = int(row["user_id"]), int(row["video_id"])
        duplicates += key in cells
        cells.setdefault(key, min(float(row["watch_ratio"]), 10.0))
    users, videos = sorted({u for u, _ in cells}), sorted({v for _, v in cells})
    matrix = [[cells.get((u, v), 0.0) for v in videos] for u in users]
    return users, videos, matrix, len(cells) / (len(users) * len(videos)), duplicates


def assert_world_is(world, text):
    users, videos, matrix, share, duplicates = slow_reading(text)
    assert isinstance(world, KuaiRecWorld) and isinstance(world, World)
    assert (world.n_users, world.n_items) == (len(users), len(videos))
    assert (world.user_ids.tolist(), world.video_ids.tolist()) == (users, videos)
    assert world.mean_reward.tolist() == matrix  # to the last bit
    assert (world.observed_share, world.duplicates_dropped) == (share, duplicates)


@pytest.fixture(params=[50, 4000, None], ids=["chunks of half a line", "chunks of some lines", "one chunk"])
def chunks(request, monkeypatch):
    if request.param:
        monkeypatch.setattr(capg_core.kuairec, "_CHUNK_BYTES", request.param)


@pytest.fixture
def text():
    return text_of(make_rows())


def test_numbers_are_those_of_the_file(tmp_path, text, chunks):
    world = load_kuairec(write(tmp_path / "small_matrix.csv", text))
    assert_world_is(world, text)
    assert world.duplicates_dropped > 30 and 0.9 < world.observed_share < 0.99
    assert world.mean_reward.max() == 10.0 and (world.mean_reward == 0.0).any()


def test_noise_utility_and_pools(tmp_path, text):
    world = load_kuairec(write(tmp_path / "small_matrix.csv", text))
    np.testing.assert_array_equal(world.reward_std, 0.3 * world.mean_reward)
    assert world.utility is world.mean_reward
    assert world.available is None and world.smallest_pool == world.n_items


def test_rewards_have_the_stated_moments(tmp_path):
    rows = [published_row(3, 5, 2.0), published_row(3, 8, 40.0), published_row(4, 8, 0.5)]
    world = load_kuairec(write(tmp_path / "small_matrix.csv", text_of(rows)))
    rng, n = np.random.default_rng(3), 40_000
    for user, item, mean in ((0, 0, 2.0), (0, 1, 10.0), (1, 1, 0.5), (1, 0, 0.0)):
        drawn = world.reward(np.full(n, user), np.full(n, item), rng)
        assert abs(drawn.mean() - mean) <= 4 * 0.3 * mean / np.sqrt(n)
        assert abs(drawn.std() - 0.3 * mean) <= 4 * 0.3 * mean / np.sqrt(2 * n)


def test_attributes_are_read_only(tmp_path, text):
    world = load_kuairec(write(tmp_path / "small_matrix.csv", text))
    assert world.user_ids.dtype == world.video_ids.dtype == np.int64
    assert type(world.observed_share) is float and type(world.duplicates_dropped) is int
    for array in (world.user_ids, world.video_ids, world.mean_reward, world.reward_std):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_ids_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"video_ids has shape \(2,\); expected \(1,\)"):
        KuaiRecWorld([[1.0]], [3], [4, 5], 1.0, 0)


def test_of_repeated_pairs_the_first_counts(tmp_path, chunks):
    filler = [published_row(1, video, 1.0) for video in range(2, 200)]
    rows = [published_row(1, 1, 0.25), published_row(1, 1, 3.0), *filler, published_row(1, 1, 5.0)]
    world = load_kuairec(write(tmp_path / "small_matrix.csv", text_of(rows)))
    assert world.mean_reward[0, 0] == 0.25 and world.duplicates_dropped == 2 and world.observed_share == 1.0


def test_a_repeated_pair_is_no_less_observed_when_its_ratio_is_zero(tmp_path, chunks):
    rows = [published_row(1, 1, 0.0), *[published_row(1, v, 1.0) for v in range(2, 99)], published_row(1, 1, 5.0)]
    world = load_kuairec(write(tmp_path / "small_matrix.csv", text_of(rows)))
    assert world.mean_reward[0, 0] == 0.0 and world.duplicates_dropped == 1 and world.observed_share == 1.0


@pytest.mark.parametrize("n_extra", [0, 1, 9])
def test_columns_in_any_order(tmp_path, text, chunks, n_extra):
    rows = list(csv.DictReader(io.StringIO(text)))
    names = ["user_id", "video_id", "watch_ratio", *COLUMNS[2:7], "café", "a", "b", "c"][: 3 + n_extra]
    np.random.default_rng(n_extra).shuffle(names)
    content = text_of([",".join(row.get(name, "naïve") for name in names) for row in rows], ",".join(names))
    assert_world_is(load_kuairec(write(tmp_path / "small_matrix.csv", content)), text)


def quote_all(text):
    return "".join('"' + line.replace(",", '","') + '"\n' for line in text.splitlines())


def quote_text(text):
    # a quoted comma and a doubled quote in a column that is not needed
    return text.replace("2020-07-05 05", '"5 July, ""2020"" 05').replace("48.378,2020", '48.378",2020')


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r\n")[:-2],
        lambda text: text[:-1],
        lambda text: text + "\n\n \n",
        lambda text: text.replace("\n", "\r\n") + "\r\n" * 200,
        lambda text: text.replace("\n", "\r\n", 300),
        lambda text: codecs.BOM_UTF8.decode() + text,
        lambda text: codecs.BOM_UTF8.decode() + quote_all(text),
        quote_all,
        quote_text,
        lambda text: quote_text(text).replace("\n", "\r\n")[:-2],
    ],
)
def test_line_ends_byte_order_mark_and_quotes(tmp_path, text, chunks, change):
    assert_world_is(load_kuairec(write(tmp_path / "small_matrix.csv", change(text))), text)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_as_published_is_left_to_the_fast_reader(tmp_path, text, monkeypatch, end):
    monkeypatch.setattr(capg_core.kuairec, "_parse_lines", None)
    path = write(tmp_path / "small_matrix.csv", text.replace("\n", end)[: -len(end)])
    assert_world_is(load_kuairec(path), text)


def test_every_way_to_write_a_number(tmp_path):
    ratios = [
        "0",
        "00.5",
        ".5",
        "5.",
        "1e-3",
        "2.5E+00",
        "+1",
        "-0.0",
        "0.1000000000000000055511151231257827",
        "1e-400",
    ]
    rows = [f"7,{video},{ratio}" for video, ratio in enumerate(ratios)] + [f"007,{2**63 - 1},3.25"]
    rows += [f"7,90,0.{'3' * 500}", f"7,{'0' * 500}91,1"]
    text = text_of(rows, "user_id,video_id,watch_ratio")
    world = load_kuairec(write(tmp_path / "small_matrix.csv", text))
    assert_world_is(world, text)
    assert world.video_ids[-1] == 2**63 - 1


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", ["str", "Path", "zip", "zip as str"])
def test_published_layouts(tmp_path, text, layout, kind):
    beside = "1,2,3\n"  # other files of the same names in part, and what the archiver of macOS leaves
    shadow = "__MACOSX/" + layout.replace("small", "._small")
    others = [layout.replace("small", "big"), shadow, "__MACOSX/" + layout, layout + ".txt"]
    if "zip" in kind:
        path = zipped(tmp_path / "KuaiRec.ZIP", [(name, beside) for name in others] + [(layout, text)])
    else:
        path = tmp_path / "KuaiRec"
        for name, content in [(layout, text)] + [(name, beside) for name in others]:
            write(path / name, content)
    assert_world_is(load_kuairec(str(path) if "str" in kind else path), text)


def test_a_zip_under_another_name_and_deep_inside(tmp_path, text, chunks):
    path = zipped(tmp_path / "download", [("a/b/c/d\\e/small_matrix.csv", text)])
    before = sorted(tmp_path.rglob("*"))
    assert_world_is(load_kuairec(path), text)
    assert sorted(tmp_path.rglob("*")) == before  # nothing was unpacked


def test_a_csv_under_another_name(tmp_path, text):
    assert_world_is(load_kuairec(write(tmp_path / "matrix.txt", text)), text)


def refusal(path):
    with pytest.raises(ValueError) as error:
        load_kuairec(path)
    assert "path" in str(error.value) and "expected" in str(error.value)
    return str(error.value)


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

    monkeypatch.setattr(capg_core.kuairec, "open", locked, raising=False)
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
            monkeypatch.setattr(capg_core.kuairec, "_CHUNK_BYTES", chunk)
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
    monkeypatch.setattr(capg_core.kuairec, "_CHUNK_BYTES", 1000)
    monkeypatch.setattr(capg_core.kuairec, "_MAX_LINE_BYTES", 20_000)
    path = write(tmp_path / "small_matrix.csv", text_of([GOOD]) + "7" * 100_000)
    assert refusal(path).startswith(f"path: {path}, line 3 is longer than 20000 bytes; expected csv")


def test_a_matrix_too_large_to_be_the_small_one_is_refused(tmp_path):
    rows = (published_row(number, number, 1.0) for number in range(5000))
    path = write(tmp_path / "small_matrix.csv", text_of(rows))
    assert refusal(path).startswith(f"path: {path} has 5000 users and 5000 videos; expected at most 20000000 pairs")


def test_both_readers_agree_on_mutilated_files(tmp_path, monkeypatch):
    """The fast reader takes nothing that the exact one refuses, and gives the same numbers."""
    fast, rng, outcomes = capg_core.kuairec._parse_fast, random.Random(11), []
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
            monkeypatch.setattr(capg_core.kuairec, "_parse_fast", reader)
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


def write_big(path, n_users, n_videos):
    """Write a matrix with one cell in 250 missing, quickly; return ids and the clipped matrix. Seven rows alternate."""
    rng = np.random.default_rng(5)
    users = np.sort(rng.choice(7176, n_users, replace=False))
    videos = np.sort(rng.choice(10728, n_videos, replace=False))
    ratios = rng.lognormal(-0.3, 1.0, (7, n_videos))
    tails = [[published_row(0, v, r)[2:].encode() for v, r in zip(videos.tolist(), row, strict=True)]
             for row in ratios.tolist()]  # fmt: skip
    seen = (31 * np.arange(n_users)[:, None] + np.arange(n_videos)) % 250 != 0
    with open(path, "wb") as file:
        file.write(HEADER.encode() + b"\n")
        for place, user in enumerate(users.tolist()):
            kept = [tail for tail, there in zip(tails[place % 7], seen[place].tolist(), strict=True) if there]
            file.write(b"%d," % user + (b"\n%d," % user).join(kept) + b"\n")
    return users, videos, np.where(seen, np.minimum(ratios, 10.0)[np.arange(n_users) % 7], 0.0)


def test_memory_is_bounded(tmp_path):
    path = tmp_path / "small_matrix.csv"
    users, videos, matrix = write_big(path, 200, 2000)
    tracemalloc.start()
    try:
        world = load_kuairec(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(world.mean_reward, matrix)
    # 24 bytes for each of 400,000 rows, and what one chunk of 4 MB needs; the file has 35 MB.
    assert peak < 45e6, peak


MEASURE = """
import pathlib, sys
import numpy as np
from capg_core.kuairec import load_kuairec

def peak():
    # The peak of this program alone: the peak that getrusage gives starts at that of the program that began it.
    status = pathlib.Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)

before = peak()
world = load_kuairec(sys.argv[1])
print(peak() - before)
np.savez(sys.argv[2], mean=world.mean_reward, users=world.user_ids, videos=world.video_ids,
         share=world.observed_share, dropped=world.duplicates_dropped)
"""


@pytest.mark.slow
def test_real_size(tmp_path):
    path, result = tmp_path / "small_matrix.csv", tmp_path / "result.npz"
    try:
        users, videos, matrix = write_big(path, 1411, 3327)
        command = [sys.executable, "-c", MEASURE, str(path), str(result)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
        with np.load(result) as world:
            assert world["mean"].shape == (1411, 3327)
            np.testing.assert_array_equal(world["mean"], matrix)
            np.testing.assert_array_equal(world["users"], users)
            np.testing.assert_array_equal(world["videos"], videos)
            assert world["dropped"] == 0
            assert world["share"] == np.count_nonzero(matrix) / matrix.size == pytest.approx(0.996, abs=1e-4)
        # Two matrices of 37.6 MB are the world's own. The file has 420 MB.
        assert int(done.stdout) < 400e6, done.stdout
    finally:
        for file in (path, result):  # pytest keeps the folders of its last runs
            pathlib.Path(file).unlink(missing_ok=True)


def test_docstring_examples():
    result = doctest.testmod(capg_core.kuairec)
    assert result.attempted >= 6 and result.failed == 0


def test_licence_and_citation_are_stated():
    for text in (load_kuairec.__doc__, capg_core.kuairec.__doc__):
        assert "CC BY-SA 4.0" in text and "Gao et al. (2022)" in text and "othing of it is shipped" in text
