"""A log, as arrays, as csv and as npz, and what `read_log` must make of it."""

import zipfile

import numpy as np
import pytest

import capg_core as capg

N_CONTEXTS, N_ITEMS, K = 7, 12, 3


def make_log(n_records=60, seed=0, masked=True):
    """Return the arrays of a log."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(N_CONTEXTS, N_ITEMS))
    if masked:
        logits[rng.random(logits.shape) < 0.2] = -np.inf
    context = rng.integers(N_CONTEXTS, size=n_records)
    candidates = np.array([capg.sample_candidates(logits[c], K, rng) for c in context])
    return dict(
        context=context, shown=candidates[:, 1].copy(), reward=rng.normal(size=n_records), logits=logits,
        candidates=candidates,
    )  # fmt: skip


ARRAYS = make_log()
LOGITS = ARRAYS["logits"]
HEADER = "context,shown,reward,candidates,id"


def lines_of(arrays):
    parts = zip(*(arrays[name].tolist() for name in ("context", "shown", "reward", "candidates")), strict=True)
    return [f"{c},{a},{r!r},{' '.join(map(str, items))},r{i}" for i, (c, a, r, items) in enumerate(parts)]


LINES = lines_of(ARRAYS)
TEXT = "\n".join([HEADER, *LINES, ""])

# one record, an item that its context cannot draw, and one that it can and has not drawn
GOOD = LINES[20]
CONTEXT, SHOWN, REWARD, ITEMS, ID = GOOD.split(",")
MASKED = int(np.flatnonzero(LOGITS[int(CONTEXT)] == -np.inf)[0])
FREE = next(a for a in range(N_ITEMS) if str(a) not in ITEMS.split(" ") and np.isfinite(LOGITS[int(CONTEXT), a]))
SPLIT = ITEMS.split(" ")


def is_the_log(log, arrays=ARRAYS, candidates=True):
    for name, expected in arrays.items():
        found = getattr(log, name)
        if name == "candidates" and not candidates:
            assert found is None
            continue
        assert found.tolist() == expected.tolist()  # to the last bit
        assert not found.flags.writeable and found.dtype == (np.int64 if expected.dtype.kind == "i" else np.float64)


def refusal(path, logits=LOGITS):
    with pytest.raises(ValueError) as error:
        capg.read_log(path, logits)
    assert "expected" in str(error.value)
    return str(error.value)


def saved(path, **arrays):
    with open(path, "wb") as file:
        np.savez(file, **arrays)
    return path


def zipped(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path
