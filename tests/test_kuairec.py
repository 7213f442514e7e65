"""A matrix of KuaiRec becomes the world its rows describe, from any published layout, or the error names the place."""

import codecs
import csv
import doctest
import io
import pathlib
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from kuairec_files import (
    COLUMNS,
    HEADER,
    LAYOUTS,
    assert_world_is,
    make_rows,
    published_row,
    text_of,
    write,
    zipped,
)

import capg_core.worlds.kuairec
from capg_core import _table
from capg_core.worlds import kuairec_csv
from capg_core.worlds.kuairec import KuaiRecWorld, load_kuairec


@pytest.fixture(params=[50, 4000, None], ids=["chunks of half a line", "chunks of some lines", "one chunk"])
def chunks(request, monkeypatch):
    if request.param:
        monkeypatch.setattr(_table, "_CHUNK_BYTES", request.param)


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
    with pytest.raises(ValueError, match=r"video_ids has .*shape \(2,\); expected .*shape \(1,\)"):
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
    monkeypatch.setattr(kuairec_csv, "_parse_lines", None)
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
from capg_core.worlds.kuairec import load_kuairec

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
    result = doctest.testmod(capg_core.worlds.kuairec)
    assert result.attempted >= 6 and result.failed == 0


def test_licence_and_citation_are_stated():
    for text in (load_kuairec.__doc__, capg_core.worlds.kuairec.__doc__):
        assert "CC BY-SA 4.0" in text and "Gao et al. (2022)" in text and "othing of it is shipped" in text
