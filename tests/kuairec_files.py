"""Small files of KuaiRec's published format, and an independent, slow reading of them."""

import csv
import io
import warnings
import zipfile

import numpy as np
import pytest

from capg_core.worlds.kuairec import KuaiRecWorld, load_kuairec
from capg_core.worlds.world import World

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


def refusal(path):
    """Return the words with which a path is refused; they name it and say what was expected."""
    with pytest.raises(ValueError) as error:
        load_kuairec(path)
    assert "path" in str(error.value) and "expected" in str(error.value)
    return str(error.value)
