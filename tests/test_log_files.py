"""Logs in files: read as they are, or refused by file, line, column and value."""

import bz2
import codecs
import gzip
import io
import lzma
import os
import random

import numpy as np
import pytest
from kuairec_files import write
from log_files import (
    ARRAYS,
    CONTEXT,
    FREE,
    GOOD,
    HEADER,
    ITEMS,
    LINES,
    LOGITS,
    MASKED,
    N_CONTEXTS,
    N_ITEMS,
    REWARD,
    SHOWN,
    SPLIT,
    TEXT,
    K,
    is_the_log,
    lines_of,
    refusal,
    saved,
    zipped,
)

import capg_core as capg
from capg_core import _table

LINKS = pytest.mark.skipif(os.name != "posix", reason="links need no rights on POSIX alone")


@pytest.fixture(params=[50, None], ids=["chunks of a line or two", "one chunk"])
def chunks(request, monkeypatch):
    if request.param:
        monkeypatch.setattr(_table, "_CHUNK_BYTES", request.param)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("last", ["", "{end}", "{end}{end}"])
def test_any_line_ends_and_a_byte_order_mark_are_read(tmp_path, chunks, end, start, last):
    text = start + end.join([HEADER, *LINES]) + last.format(end=end)
    is_the_log(capg.read_log(write(tmp_path / "log.csv", text), LOGITS))


def test_columns_come_in_any_order_and_others_are_ignored(tmp_path):
    rows = [line.split(",") for line in LINES]
    text = "\n".join(["when,reward,shown,context", *(f'"a, ""b""",{r},{a},{c}' for c, a, r, _, _ in rows)])
    is_the_log(capg.read_log(write(tmp_path / "log.csv", text), LOGITS), candidates=False)
    assert capg.read_log(write(tmp_path / "log.csv", TEXT), LOGITS.tolist()).candidates.shape == (60, K)


@pytest.mark.parametrize(("pack", "ending"), [(gzip.compress, ".gz"), (bz2.compress, ".bz2"), (lzma.compress, ".xz")])
def test_packed_files_are_read(tmp_path, chunks, pack, ending):
    for name in ("log.csv" + ending, "log.csv"):  # by what they are, and not by their name
        is_the_log(capg.read_log(write(tmp_path / name, pack(TEXT.encode())), LOGITS))
    bad = write(tmp_path / "bad", pack(TEXT.replace(",", ";").encode()))
    assert refusal(bad).startswith(f"path: {bad}, unpacked as {ending}, line 1, column context is missing")
    cut = write(tmp_path / "cut", pack(TEXT.encode())[:-20])
    assert f"path: {cut}" in (said := refusal(cut)) and "cannot be read" in said


def test_an_npz_is_read_with_its_own_logits_or_others(tmp_path):
    is_the_log(capg.read_log(saved(tmp_path / "log.npz", **ARRAYS)))
    rest = {name: array for name, array in ARRAYS.items() if name != "logits"}
    path = saved(tmp_path / "rest", **rest, id=np.arange(60).astype(str), other=np.array([None]))
    is_the_log(capg.read_log(path, LOGITS))
    one, two = saved(tmp_path / "logits.npz", logits=LOGITS), tmp_path / "logits.npy"
    np.save(two, np.asfortranarray(LOGITS))
    for logits in (one, str(one), two):
        is_the_log(capg.read_log(path, logits))
        is_the_log(capg.read_log(write(tmp_path / "log.csv", TEXT), logits))
    del rest["candidates"]
    is_the_log(capg.read_log(saved(path, **rest), LOGITS), candidates=False)
    np.savez_compressed(tmp_path / "small.npz", **ARRAYS)
    is_the_log(capg.read_log(tmp_path / "small.npz"))


def test_whole_numbers_and_short_floats_are_taken(tmp_path):
    short = {name: array.astype(np.float32 if array.dtype.kind == "f" else np.uint8) for name, array in ARRAYS.items()}
    same = {name: array.astype(ARRAYS[name].dtype) for name, array in short.items()}
    is_the_log(capg.read_log(saved(tmp_path / "log.npz", **short)), same)


def test_a_log_read_is_a_value(tmp_path):
    rng = np.random.default_rng(3)
    logits, utility, new = (rng.normal(size=(N_CONTEXTS, N_ITEMS)) for _ in range(3))
    context = rng.integers(N_CONTEXTS, size=40)
    lists = np.array([capg.sample_candidates(logits[c], K, rng) for c in context])
    shown = np.array([items[utility[c][items].argmax()] for c, items in zip(context, lists, strict=True)])
    arrays = dict(context=context, shown=shown, reward=rng.random(40), logits=logits, candidates=lists)
    path = write(tmp_path / "log.csv", "\n".join([HEADER, *lines_of(arrays)]))
    log = capg.read_log(path, logits)
    for weights in ("outcome", "list", "inclusion"):
        given = dict(utility=utility[context], candidates=lists, weights=weights)
        one = capg.off_policy_value(logits[context], new[context], shown, arrays["reward"], K, **given)
        other = capg.off_policy_value(
            log.log_logits, new[log.context], log.shown, log.reward, K, **given | {"candidates": log.candidates}
        )
        assert one.value == other.value and one.standard_error == other.standard_error


def test_logits_of_a_model_are_welcome(tmp_path):
    model = capg.TwoTower(N_CONTEXTS, N_ITEMS, 2, 1, np.random.default_rng(0))
    logits = model.logits(range(model.n_users))[0]
    log = capg.read_log(write(tmp_path / "log.csv", "context,shown,reward\n6,0,1\n"), logits)
    assert log.log_logits.tolist() == logits[[6]].tolist()


def row(context=CONTEXT, shown=SHOWN, reward=REWARD, candidates=ITEMS, name="new"):
    return f"{context},{shown},{reward},{candidates},{name}"


def whole(n):
    return f"expected a whole number in 0 … {n - 1}, in digits alone (14, not 14.0)"


FINITE = "expected a finite number of size at most 1e+100, without spaces"
ONE_SPACE = f"expected items in 0 … {N_ITEMS - 1}, with one space between them"
BAD_ROWS = [
    *[
        (row(context=bad), f"column context = {bad!r}; {whole(N_CONTEXTS)}")
        for bad in ("", "x", "-1", "1.0", " 1", "1_0", "nan", "7", "9223372036854775808", "9" * 30, "١")
    ],
    *[(row(shown=bad), f"column shown = {bad!r}; {whole(N_ITEMS)}") for bad in ("", "12", "-1", "2.0", "9" * 30)],
    (row(shown="9" * 5000), f"column shown = '{'9' * 60}'…; {whole(N_ITEMS)}"),
    *[
        (row(reward=bad), f"column reward = {bad!r}; {FINITE}")
        for bad in ("", "abc", "nan", "NaN", "inf", "-inf", "1e999", "1e101", "0.5 ", "0_5", ".", "1e")
    ],
    *[
        (row(candidates=bad), f"column candidates = {bad!r}; {ONE_SPACE}")
        for bad in ("", "1  2", " 1 2", "1;2;3", "1 2 x", "1 2 12", "1 2 -3", "1.0 2 3", "[1 2 3]")
    ],
    (row(candidates=f"{ITEMS} {FREE}"), f"column candidates = '{ITEMS} {FREE}'; expected as many items as on line 2"),
    (row(candidates=SPLIT[1]), f"column candidates = '{SPLIT[1]}'; expected as many items as on line 2, 3"),
    (row(name="r5"), "column id = 'r5'; expected each record once: line 7 has this id already"),
    (row(candidates=f"{SHOWN} {SHOWN} {FREE}"), f"column candidates has {SHOWN}; expected no item twice in a list"),
    (
        row(candidates=f"{SHOWN} {FREE} {MASKED}"),
        f"column candidates has {MASKED}; expected an item that the logging policy can draw (its logging logit is",
    ),
    (row(shown=FREE), f"column shown has {FREE}; expected one of the record's candidates"),
    (GOOD.rsplit(",", 1)[0], "column id is missing: the line has 4 fields; expected 5, as many as the header"),
    (GOOD[:1], "column shown is missing: the line has 1 field; expected 5"),
    (row() + ",", "column id is not the last: the line has 6 fields; expected 5"),
    ("", "column context is missing: the line is blank; expected no blank line before the last row"),
    (row(name='"x'), "column id is not csv (unexpected end of data); expected a field whose quotes end"),
    (row().encode() + b"\xff", "column id has bytes that are not UTF-8; expected a text file in UTF-8"),
    (row(reward="0.5\0"), f"column reward = '0.5\\x00'; {FINITE}"),
]


@pytest.mark.parametrize(("bad", "said"), BAD_ROWS, ids=[f"{n} {said[:30]}" for n, (_, said) in enumerate(BAD_ROWS)])
def test_a_bad_line_is_named(tmp_path, monkeypatch, bad, said):
    bad = bad if isinstance(bad, bytes) else bad.encode()
    good = [line.encode() for line in LINES]
    for place in (6, len(LINES) - 2):
        lines = [HEADER.encode(), *good[:place], bad, *good[place:]]
        for chunk, end in ((4_000_000, b"\n"), (60, b"\r\n")):
            monkeypatch.setattr(_table, "_CHUNK_BYTES", chunk)
            path = write(tmp_path / "log.csv", end.join(lines))
            assert refusal(path).startswith(f"path: {path}, line {place + 2}, {said}")


def test_an_item_that_is_masked_is_named_where_no_candidates_were_kept(tmp_path):
    path = write(tmp_path / "log.csv", f"context,shown,reward\n{CONTEXT},{SHOWN},1\n{CONTEXT},{MASKED},1\n")
    said = "column shown has {}; expected an item that the logging policy can show (its logging logit is -inf)"
    assert refusal(path).startswith(f"path: {path}, line 3, {said.format(MASKED)}")


def test_a_last_line_that_was_cut_is_refused_or_is_whole(tmp_path):
    whole_text = TEXT.rstrip("\n")
    for size in range(len(whole_text) - len(LINES[-1]) + 1, len(whole_text)):
        path = write(tmp_path / "log.csv", whole_text[:size])
        if whole_text[:size].count(",") < whole_text.count(","):
            assert f"path: {path}, line 61, column " in refusal(path)
        elif whole_text[:size].endswith("r5"):  # the id r59 was cut to one that is there
            assert f"path: {path}, line 61, column id = 'r5'" in refusal(path)
        else:
            is_the_log(capg.read_log(path, LOGITS))
    without = "\n".join(line.rsplit(",", 2)[0] for line in [HEADER, *LINES])  # the reward is last
    assert "column reward" in refusal(write(path, without[: without.rindex(",") + 1]))


def test_a_repeated_record_is_refused_by_its_id_and_counted_without_one(tmp_path):
    path = write(tmp_path / "log.csv", "\n".join([HEADER, *LINES, LINES[3]]))
    assert refusal(path) == (
        f"path: {path}, line 62, column id = 'r3'; expected each record once: line 5 has this id already"
    )
    no_id = "\n".join(line.rsplit(",", 1)[0] for line in [HEADER, *LINES, LINES[3]])
    assert capg.read_log(write(path, no_id), LOGITS).shown.size == 61
    path = saved(tmp_path / "log.npz", **ARRAYS, id=np.append(np.arange(59), 3))
    assert refusal(path, None) == f"path: {path}, id[59] = 3; expected each record once: id[3] is the same"
    path = saved(tmp_path / "log.npz", **ARRAYS, id=np.arange(59))
    assert f"path: {path}, id has shape (59,); expected (60,), one for each record" in refusal(path, None)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "line 1, column context is missing: the file is empty; expected a header with context, shown, reward"),
        (codecs.BOM_UTF8, "line 1, column context is missing from the header ''"),
        ("\n" + TEXT, "line 1, column context is missing from the header ''"),
        (HEADER, "line 2, column context is missing: the file ends after its header; expected at least one row"),
        (HEADER + "\r\n\r\n", "line 2, column context is missing: the file ends after its header"),
        ("context,shown\n1,2\n", "line 1, column reward is missing from the header 'context,shown'"),
        ("context,item,reward\n1,2,3", "line 1, column shown is missing from the header"),
        ("Context,shown,reward\n1,2,3", "line 1, column context is missing from the header"),
        (LINES[0], "line 1, column context is missing from the header"),
        (HEADER + ",id\n1,2,3,4,5,6", "line 1, column id is there 2 times"),
        (HEADER + ",shown\n1,2,3,4,5,6", "line 1, column shown is there 2 times"),
        (HEADER.encode("utf-16"), "line 1, column number 1 has bytes that are not UTF-8"),
        (HEADER.replace(",", ";"), "line 1, column context is missing from the header"),
    ],
)
def test_a_bad_start_is_named(tmp_path, chunks, content, said):
    path = write(tmp_path / "log.csv", content)
    assert refusal(path).startswith(f"path: {path}, {said}")


@pytest.mark.parametrize("path", [None, 3, b"log.csv", ["log.csv"], np.nan])
def test_what_is_no_path_is_refused(path):
    assert refusal(path).startswith(f"path = {path!r}; expected a log: a .csv with the columns context, shown, reward")


def test_places_that_are_no_file_are_refused(tmp_path, monkeypatch):
    assert refusal(tmp_path).startswith(f"path = {str(tmp_path)!r} is a folder; expected a log")
    for name in ("nowhere.csv", "nowhere/log.csv", "nul\0l"):
        path = os.path.join(tmp_path, name)
        assert refusal(path).startswith(f"path = {path!r} does not exist; expected a log")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        assert "pipe is not a regular file" in refusal(tmp_path / "pipe")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    write(tmp_path / "log.csv", TEXT)
    np.save(tmp_path / "logits.npy", LOGITS)
    is_the_log(capg.read_log("~/log.csv", "~/logits.npy"))


@LINKS
def test_links_are_followed_or_named(tmp_path):
    (tmp_path / "link").symlink_to(write(tmp_path / "log.csv", TEXT))
    is_the_log(capg.read_log(tmp_path / "link", LOGITS))
    (tmp_path / "gone").symlink_to("nowhere")
    assert refusal(tmp_path / "gone").startswith(f"path: {tmp_path / 'gone'} is a link to 'nowhere', which does not")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path):
    path = write(tmp_path / "log.csv", TEXT)
    path.chmod(0)
    assert "cannot be read" in (said := refusal(path)) and "Permission denied" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PAR1....PAR1", " is a Parquet file"),
        (b"<!DOCTYPE html>", " is a page of the web (HTML)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", " is an old spreadsheet (.xls)"),
        (b"7z\xbc\xaf\x27\x1c", " is a 7-Zip archive"),
        (b"\x93NUMPY\x01\0", " is a single array (.npy)"),
        (b"PK\x03\x04 and no more", " cannot be read (BadZipFile: File is not a zip file)"),
    ],
)
def test_another_kind_of_file_is_called_by_its_kind(tmp_path, content, said):
    path = write(tmp_path / "log.csv", content)
    assert refusal(path).startswith(f"path: {path}{said}")


def test_a_zip_that_is_no_log_is_refused(tmp_path):
    path = zipped(tmp_path / "log.xlsx", [("xl/workbook.xml", "<x/>")])
    assert refusal(path).startswith(f"path: {path} is a spreadsheet (.xlsx); expected a log")
    for path in (zipped(tmp_path / "a.zip", [("log.csv", TEXT)]), zipped(tmp_path / "b.zip", [])):
        assert refusal(path).startswith(f"path: {path} has no array context; expected a log")
    path = zipped(tmp_path / "text.npz", [("context.npy", "text")])
    assert refusal(path).startswith(f"path: {path}, array context cannot be read (ValueError: ")


def test_where_the_logits_are_is_said(tmp_path):
    path = write(tmp_path / "log.csv", TEXT)
    assert refusal(path, None).startswith("logits = None; expected the logging policy's logits: an array (contexts, n)")
    assert refusal(path, LOGITS[0]).startswith("logits has shape (12,); expected one row of logits for each context")
    assert refusal(path, [[0.0, np.nan]]).startswith("logits[0, 1] = nan")
    missing = tmp_path / "no.npy"
    assert refusal(path, missing).startswith(f"logits, path = {str(missing)!r} does not exist; expected the logging")
    assert refusal(path, path).startswith(f"logits, path: {path} is no file of NumPy's; expected the logging policy's")
    npz = saved(tmp_path / "a.npz", **ARRAYS)
    assert refusal(npz).startswith(f"logits is given, and path: {npz} has an array logits too; expected one of them")
    del (rest := dict(ARRAYS))["logits"]
    npz = saved(tmp_path / "a.npz", **rest)
    assert refusal(npz, None).startswith(f"logits = None, and path: {npz} has no array logits; expected the logging")
    assert refusal(path, npz).startswith(f"logits, path: {npz} has no array logits")
    for array, said in ((np.array([None]), "has dtype object"), (np.ones((2, 2), complex), "has dtype complex128")):
        np.save(tmp_path / "x.npy", array, allow_pickle=True)
        assert said in (text := refusal(path, tmp_path / "x.npy")) and text.startswith("logits, path: ")
    whole_array = io.BytesIO()
    np.save(whole_array, LOGITS)
    for size in range(8, len(whole_array.getvalue()), 50):
        assert refusal(path, write(tmp_path / "x.npy", whole_array.getvalue()[:size])).startswith("logits, path: ")


def test_mutilated_csvs_are_read_or_refused_by_line_and_column(tmp_path):
    text, rng, refused = TEXT.encode(), random.Random(11), 0
    pieces = [b"\xff", *map(str.encode, [",", "\n", "\r", "\r\n", "", "5", "0", ".", "-", "e", "_", " ", '"', "é"])]
    for _ in range(500):
        content = bytearray(text)
        for _ in range(rng.choice([1, 1, 2])):
            place = rng.randrange(len(HEADER) + 1, len(content))
            content[place : place + rng.choice([0, 1, 1, 3])] = rng.choice(pieces)
        path = write(tmp_path / "log.csv", bytes(content))
        try:
            log = capg.read_log(path, LOGITS)
        except ValueError as error:
            assert str(error).startswith(f"path: {path}, line ") and ", column " in str(error)
            refused += 1
        else:
            assert log.shown.size in (59, 60, 61) and np.isfinite(log.reward).all()
    assert 200 < refused < 490


def test_a_log_made_by_hand_is_its_own(tmp_path):
    arrays = {name: array.copy() for name, array in ARRAYS.items()}
    log = capg.Log(**arrays)
    arrays["shown"][0] = -7
    is_the_log(log)
    with pytest.raises(ValueError, match="read-only"):
        log.shown[0] = 0
    with pytest.raises(AttributeError):
        log.shown = arrays["shown"]
