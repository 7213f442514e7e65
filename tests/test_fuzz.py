"""Every public name, called with good and bad arguments by the thousand.

A call with good arguments returns what its check says: finite numbers, probabilities in [0, 1] that sum to what they
must, scores and gradients that sum to zero within 1e-10 of their largest entry (1e-6 for the asymptotic Outcome-PG).
A call with a bad one is a ValueError that names a bad argument. Arguments are left as they were.
"""

import re

import fuzz_records  # noqa: F401 - its calls join those of fuzz_calls
import fuzz_worlds  # noqa: F401 - and these
import numpy as np
import pytest
from fuzz_arguments import Call
from fuzz_calls import CALLS

import capg_core as capg

SEED, QUICK, SLOW, CHUNK = 9, 1_500, 20_000, 2_000
# slow ones, and those of few arguments, come by less often
RARE = """train Training TrainingResult Progress load_ratings Ratings completed_films held_out_error HeldOutError
observed_films ESTIMATORS KuaiRecWorld GradientDiagnostics Alignment""".split()
NAMES = [name for name in sorted(CALLS) for _ in range(1 if name in RARE else 4)]


def make(number):
    """Return (call, function, check) of one numbered call."""
    call = Call(np.random.default_rng([SEED, number]))
    call.function, call.harmless = NAMES[number % len(NAMES)], False
    return call, *CALLS[call.function](call)


def snapshot(values):
    arrays = {name: value for name, value in values.items() if type(value) is np.ndarray and name != "out"}
    return {name: (value.copy(), value.flags.writeable) for name, value in arrays.items()}


def run(number):
    """Make one call; ``run(number)`` repeats it."""
    call, function, check = make(number)
    before = snapshot(call.given)
    try:
        result = function(**call.given)
    except ValueError as error:
        named = [name for name in call.bad if re.search(rf"\b{name}\b", str(error))]
        assert named or (call.harmless and "path" in str(error)), f"{sorted(call.bad)} not named: {error}"
    else:
        assert not call.bad, f"{sorted(call.bad)} not refused"
        check(result)
    for name, (value, writeable) in before.items():
        same = call.given[name].dtype == value.dtype and call.given[name].tobytes() == value.tobytes()
        assert same and call.given[name].flags.writeable == writeable, f"{name} was changed"


def run_all(numbers):
    for number in numbers:
        try:
            run(number)
        except Exception as error:
            call, _, _ = make(number)
            given = ", ".join(f"{name}={value!r}" for name, value in call.given.items())
            raise AssertionError(f"test_fuzz.run({number}): {call.function}({given})") from error


def test_every_public_name_is_called():
    assert set(capg.__all__) <= set(CALLS)
    methods = {name.partition(".")[0] for name in CALLS if "." in name}
    assert methods == {"World", "Ratings", "TwoTower"}


def test_an_unknown_keyword_is_a_type_error():
    for name in capg.__all__:
        if callable(getattr(capg, name)):
            with pytest.raises(TypeError):
                getattr(capg, name)(nonsense=1)


def test_good_and_bad_arguments():
    run_all(range(QUICK))


@pytest.mark.slow
@pytest.mark.parametrize("start", range(QUICK, QUICK + SLOW, CHUNK))
def test_good_and_bad_arguments_by_the_thousand(start):
    run_all(range(start, start + CHUNK))
