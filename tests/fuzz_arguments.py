"""Arguments for the fuzz, good and bad, one kind after the other.

A `Call` collects what one call is given and which of it is bad. A good argument is right in whatever form it comes
(a list, float32, read-only, strided …), and a bad one is wrong beyond doubt, so that what must happen is known.
"""

import decimal
import fractions

import numpy as np

import capg_core as capg

BAD_SHARE = 0.1  # of the arguments; about a third of the calls have a bad one
_NO_GENERATORS = [None, 7, "rng", np.random, np.random.RandomState(0), np.random.default_rng, np.random.PCG64(0)]
_NO_NUMBERS = ["1", "", b"1", [1.0], (1.0,), {}, 1j, np.array([1.0]), np.ma.masked, decimal.Decimal(1), True]
_NO_COUNTS = [0, -3, 2.0, "2", True, None, np.nan, np.inf, [1], np.array(2), np.array([1]), 1j, 10**30, np.ma.masked]
NO_NAMES = ["", "Exact", "best", None, 3, [], {}, b"exact", ("exact",), np.nan, np.array("exact"), np.array([1, 2])]
NO_WORLDS = [None, "synthetic", 0, np.ones((3, 4)), [[1.0, 2.0]], {"mean_reward": [[1.0]]}, capg.World]


class Call:
    """What one call is given: positional and keyword arguments by name, and the names of those that are bad."""

    def __init__(self, rng):
        self.rng, self.given, self.bad = rng, {}, set()

    def pick(self, values):
        """Return one of some values."""
        return values[int(self.rng.integers(len(values)))]

    def chance(self, share):
        """Return True in this share of the calls."""
        return bool(self.rng.random() < share)

    def put(self, name, good, bad):
        """Give an argument: ``good``, or one of the ``bad`` ones. Return the good one, for what depends on it."""
        if bad and self.chance(BAD_SHARE):
            self.given[name] = self.pick(bad)
            self.bad.add(name)
        else:
            self.given[name] = good
        return good

    # numbers, counts, names

    def number(self, name, low=-3.0, high=3.0, also_bad=(), open_low=False):
        """Give a number within [low, high]."""
        value = float(self.rng.uniform(low, high)) + (1e-3 if open_low else 0.0)
        forms = [value, np.float64(value), np.float32(value), fractions.Fraction(value), 1, np.int8(1)]
        self.put(name, self.pick(forms), [np.nan, np.inf, -np.inf, 10**400, 1e200, *_NO_NUMBERS, *also_bad])

    def count(self, name, low, high, also_bad=(), optional=False):
        """Give a whole number from ``low`` to ``high``, and return it; with ``optional`` None would be right."""
        value = int(self.rng.integers(low, high + 1))
        bad = [x for x in _NO_COUNTS if not (type(x) is int and low <= x < 10**30) and not (x is None and optional)]
        if name == "seed":
            bad.remove(10**30)
        self.put(name, self.pick([value, np.int64(value), np.uint8(value)]), [*bad, *also_bad])
        return value

    def name(self, name, allowed, default=None):
        """Give one of the allowed names, and return it; the ``default`` may be left out."""
        value = self.pick(allowed)
        if default is not None and self.chance(0.3):
            return default
        self.put(name, self.pick([value, np.str_(value)]), NO_NAMES)
        return value

    def generator(self, name="rng", optional=False):
        """Give a generator."""
        bad = [x for x in _NO_GENERATORS if x is not None or not optional]
        self.put(name, np.random.default_rng(int(self.rng.integers(1000))), bad)

    def late_stage(self, noisy=True, mixed=True):
        """Give a late stage, and return it."""
        plain = ["optimal", "uniform", "anti"] + (["noisy", capg.noisy(2.0)] if noisy else [])
        value = self.pick(plain)
        if mixed and self.chance(0.3):
            value = capg.mix(self.pick(plain[:3]), self.pick(plain), self.pick([0.0, 0.3, 1.0]))
            if noisy and isinstance(value.second, str | capg.Noisy) and self.chance(0.5):
                value = capg.mix(value.second, "uniform", 0.25)
        bad = [
            *NO_NAMES,
            capg.Mixture,
            capg.Noisy,
            *([] if noisy else ["noisy", capg.noisy(), capg.mix("noisy", "anti", 0.5)]),
        ]
        if self.chance(0.8):
            self.put("late_stage", value, bad)
            return value
        return "optimal"

    def baseline(self, mean=True):
        """Give a baseline or leave it out."""
        if self.chance(0.5):
            good = [None, 0.3, 2, np.float32(1.0)] + (["mean"] if mean else [])
            self.put("baseline", self.pick(good), ["best", np.nan, 10**400, *_NO_NUMBERS[2:]])

    # arrays

    def dressed(self, array):
        """Return the same numbers in another form."""
        strided = np.repeat(array, 2, axis=0)[::2]
        frozen = array.copy()
        frozen.flags.writeable = False
        forms = [array, array.tolist(), strided, frozen, np.asfortranarray(array), array[::-1].copy()[::-1]]
        forms += [array.astype(array.dtype.newbyteorder()), np.ma.masked_array(array)]
        if array.ndim == 2:
            forms.append(array.view(np.matrix))
        if array.dtype == np.float64:
            forms += [array.astype(np.longdouble), tuple(array.tolist())]
        if array.dtype == np.int64:
            forms += [array.astype(np.int32), array.astype(np.uint8), array.astype(np.uint64)]
        return self.pick(forms)

    def spoiled(self, array, free=""):
        """Return what is no array of numbers of this shape; its "length" or its "shape" can be ``free``."""
        rest = array.astype(object)
        rest[(0,) * array.ndim] = self.pick([None, "a", 1j, [1.0, 2.0], np.ma.masked, 10**400])
        masked = np.ma.masked_array(array, mask=np.ones(array.shape, bool))
        ragged = [*array.reshape(-1).tolist(), [1.0, 2.0]]
        flat = array.reshape(-1).tolist()
        wrong = [
            None, "text", b"x", {}, {1, 2}, 1.5, np.array(1.5), [], np.empty((0, 3)), np.empty(array.shape + (0,)),
            ragged, [flat, flat + flat], rest, rest.tolist(), masked, [masked, masked], [*flat[:-1], np.ma.masked],
            array.astype(complex), array.astype(str), np.zeros(array.shape, "datetime64[s]"), iter(flat), lambda: array,
            np.zeros(array.shape, [("a", float)]),
        ]  # fmt: skip
        wrong += [] if free == "shape" else [array[None, None]]
        wrong += [] if free else [np.concatenate([array, array, array])]
        return self.pick(wrong)

    def real(self, name, array, bad_entries=(np.nan, np.inf, -np.inf, 1e300), optional=False, free=""):
        """Give an array of real numbers, and return it; with ``optional`` None would be right."""
        if not self.chance(BAD_SHARE):
            self.given[name] = self.dressed(array)
            return array
        self.bad.add(name)
        self.given[name] = self.spoiled(array, free)
        while optional and self.given[name] is None:
            self.given[name] = self.spoiled(array, free)
        if bad_entries and self.chance(0.3):
            wrong = array.copy()
            wrong[(-1,) * array.ndim] = self.pick(bad_entries)
            self.given[name] = self.dressed(wrong)
        return array

    def whole(self, name, array, n, free=""):
        """Give an array of whole numbers below n, and return it."""
        array = np.asarray(array, np.int64)
        if not self.chance(BAD_SHARE):
            self.given[name] = self.dressed(array)
            return array
        self.bad.add(name)
        wrong = array.copy()
        wrong[(-1,) * array.ndim] = self.pick([-1, n, 2**62])
        others = [wrong, wrong.tolist(), array.astype(float), array.astype(str), array == array]
        self.given[name] = self.pick(others) if self.chance(0.5) else self.spoiled(array, free)
        return array

    def pools(self, name, pools):
        """Give pools, and return them."""
        if not self.chance(2 * BAD_SHARE):
            self.given[name] = self.pick([pools, pools.tolist(), np.asfortranarray(pools), np.ma.masked_array(pools)])
            return pools
        self.bad.add(name)
        numbers = [pools.astype(t) for t in (int, np.uint8, float, str, object)]
        masked = np.ma.masked_array(pools, mask=np.ones(pools.shape, bool))
        others = ["all", 1, pools[:, :-1], pools[:-1], pools[None], [*pools.tolist(), [True]], np.empty((0, 0), bool)]
        self.given[name] = self.pick([*numbers, masked, *others])
        return pools

    def logits(self):
        """Give logits, and return them as the float64 they mean; n is 1 … 12, some masked, tied or far apart."""
        n = int(self.rng.integers(1, 13))
        scale = self.pick([0.0, 0.1, 1.0, 1.0, 5.0, 30.0, 1e3, 1e6, 1e14])
        array = scale * np.clip(self.rng.normal(size=n), -9.0, 9.0)
        if self.chance(0.2):
            array = np.round(array)
        if self.chance(0.2):  # groups far from each other, or all far from zero
            array = self.rng.normal(size=n) + self.pick([1e3, 1e6, 1e9, -1e12]) * self.rng.integers(
                0, self.pick([1, 3]), n
            )
        if self.chance(0.3):
            array[self.rng.random(n) < 0.3] = -np.inf
            array[int(self.rng.integers(n))] = 0.5
        if self.chance(0.1):
            with np.errstate(over="ignore"):
                array = array.astype(np.float32).astype(np.float64)
        return self.real("logits", array, (np.nan, np.inf, 1e16, -1e300), free="length")

    def k(self, n_most, name="k"):
        """Give the number of candidates, and return it."""
        return self.count(name, 1, n_most, [n_most + 1, 10**6])


def finite(logits):
    """Return the items that can be drawn."""
    return np.flatnonzero(np.isfinite(logits))


def small_world(call):
    """Return a world of a few users and items, and the most candidates there can be."""
    rng, n_users, n_items = call.rng, int(call.rng.integers(1, 5)), int(call.rng.integers(1, 9))
    mean = rng.normal(size=(n_users, n_items)) * call.pick([0.0, 1.0, 1.0, 1e6])
    available = None
    if call.chance(0.4):
        available = rng.random(mean.shape) < 0.6
        available[:, int(rng.integers(n_items))] = True
    utility = np.round(rng.normal(size=mean.shape)) if call.chance(0.5) else None
    return capg.World(mean, call.pick([0.0, 0.5]), utility, available=available)


def put_world(call):
    """Give a world, and return it."""
    return call.put("world", small_world(call), NO_WORLDS)
