"""Logs in npz files: damaged ones are refused by array and value."""

import io
import random

import numpy as np
import pytest
from kuairec_files import write
from log_files import ARRAYS, FREE, LOGITS, N_CONTEXTS, is_the_log, refusal, saved, zipped

import capg_core as capg


@pytest.mark.parametrize("name", ["context", "shown", "reward", "logits", "candidates"])
@pytest.mark.parametrize("dtype", [complex, bool, str, object, "datetime64[s]", [("a", float)]], ids=str)
def test_arrays_that_are_not_numbers_are_refused(tmp_path, name, dtype):
    path = saved(tmp_path / "log.npz", **ARRAYS | {name: np.ones(ARRAYS[name].shape).astype(dtype)})
    assert f"path: {path}, array {name} cannot be read (ValueError: {name} has dtype" in refusal(path, None)


def spoiled(name, place, value, dtype=None):
    array = ARRAYS[name].astype(dtype or ARRAYS[name].dtype)
    array[place] = value
    return {name: array}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"context": ARRAYS["context"].astype(float)}, "context has dtype float64; expected whole numbers"),
        (spoiled("context", 5, N_CONTEXTS), "context[5] = 7; expected a context in 0 … 6"),
        (spoiled("context", 5, 2**63, np.uint64), "context[5] = 9223372036854775808; expected a context in 0 … 6"),
        ({"context": ARRAYS["context"][:-1]}, "context has shape (59,); expected (60,)"),
        (spoiled("shown", 3, -1), "shown[3] = -1; expected an item in 0 … 11"),
        ({"shown": ARRAYS["shown"][None]}, "shown has shape (1, 60); expected (N,)"),
        ({"shown": ARRAYS["shown"][:0]}, "shown is empty"),
        (spoiled("reward", 9, np.nan), "reward[9] = nan; expected a finite number"),
        (spoiled("reward", 9, np.inf), "reward[9] = inf"),
        ({"reward": ARRAYS["reward"][:-1]}, "reward has shape (59,); expected (60,)"),
        (spoiled("logits", (1, 2), np.nan), "logits[1, 2] = nan; expected a finite number, or -inf for a masked item"),
        ({"logits": LOGITS[0]}, "logits has shape (12,); expected one row of logits for each context"),
        ({"candidates": ARRAYS["candidates"][:, 0]}, "candidates has shape (60,); expected (60, K)"),
        (
            spoiled("candidates", (4, 0), ARRAYS["candidates"][4, 1]),
            f"candidates[4] = {ARRAYS['candidates'][4, 1]}; expected no item twice in a list",
        ),
        (spoiled("shown", 20, FREE), f"shown[20] = {FREE}; expected one of the record's candidates"),
    ],
)
def test_a_bad_array_is_named(tmp_path, changes, said):
    path = saved(tmp_path / "log.npz", **ARRAYS | changes)
    assert refusal(path, None).startswith(f"path: {path}, {said}")
    with pytest.raises(ValueError) as error:
        capg.Log(**ARRAYS | changes)
    assert str(error.value).startswith(said)


def test_an_array_that_is_missing_is_named(tmp_path):
    for name in ("context", "shown", "reward"):
        path = saved(tmp_path / "log.npz", **{key: array for key, array in ARRAYS.items() if key != name})
        assert refusal(path, None).startswith(f"path: {path} has no array {name}; expected a log")


def test_any_damage_to_an_npz_is_a_value_error_or_harmless(tmp_path):
    data = saved(tmp_path / "log.npz", **ARRAYS).read_bytes()
    for size in range(0, len(data), 97):
        refusal(write(tmp_path / "cut.npz", data[:size]), None)
    rng, refused = random.Random(5), 0
    for _ in range(400):
        damaged = bytearray(data)
        damaged[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        try:
            is_the_log(capg.read_log(write(tmp_path / "damaged.npz", bytes(damaged))))
        except ValueError as error:
            assert "damaged.npz" in str(error) or "logits" in str(error)
            refused += 1
    assert refused > 200


def test_a_header_that_claims_more_than_the_file_holds_is_refused_before_anything_is_reserved(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<i8", "fortran_order": False, "shape": (10**14,)})
    path = zipped(tmp_path / "huge.npz", [("context.npy", header.getvalue())])
    assert "context has 128 bytes, for shape (100000000000000,)" in refusal(path, None)
