"""The stored curve: what methods learned under late stages that err more and more, and where a lead ends.

200 steps each, by ``tests/tools/build_concordance_curve.py``; that script says how the late stages err. Each seed has
towers, batches and errors of its own, the same for all methods, so that differences are taken seed by seed.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources

import numpy as np

FILMS, CLICKS = "films", "films, clicks"
BASE = "V-PG + b"


@dataclass(frozen=True, eq=False)
class Curve:
    """What was learned in one setting.

    Attributes
    ----------
    setting : str
    methods : tuple of str
        Those that were trained.
    by_seed : (L, seeds) ndarray
        Concordance of the late stage, falling with L.
    value : dict of str to (L, seeds) ndarray
        Value after training, of each method.
    """

    setting: str
    methods: tuple
    by_seed: np.ndarray
    value: dict

    @property
    def n_seeds(self):
        """How many seeds there are."""
        return self.by_seed.shape[1]

    @cached_property
    def concordance(self):
        """The mean over seeds, (L,)."""
        return self.by_seed.mean(axis=1)

    def lead(self, method, over=BASE):
        """Return the mean difference of two methods and its standard error over seeds, each (L,)."""
        difference = self.value[method] - self.value[over]
        return difference.mean(axis=1), difference.std(axis=1, ddof=1) / np.sqrt(self.n_seeds)

    def lead_ends(self, method="CA-PG", over=BASE):
        """Return the concordance at which the mean lead becomes zero, and its standard error by leaving out a seed.

        Between two levels the lead is taken to be a straight line. NaN where it has one sign.
        """
        seeds = np.arange(self.n_seeds)
        all_of_them = self._crossing(method, over, seeds)
        without = np.array([self._crossing(method, over, seeds[seeds != s]) for s in seeds])
        error = np.sqrt((self.n_seeds - 1) * np.mean((without - without.mean()) ** 2))
        return all_of_them, float(error)

    def _crossing(self, method, over, seeds):
        lead = (self.value[method] - self.value[over])[:, seeds].mean(axis=1)
        place = self.by_seed[:, seeds].mean(axis=1)
        for i in range(lead.size - 1, 0, -1):  # from the worst late stage: the first level from which on it leads
            if lead[i - 1] > 0.0 >= lead[i]:
                return float(place[i] + (place[i - 1] - place[i]) * -lead[i] / (lead[i - 1] - lead[i]))
        return float("nan")


@lru_cache(maxsize=1)
def curves():
    """
    Return the stored curves.

    Returns
    -------
    dict of str to Curve

    Examples
    --------
    >>> found = curves()
    >>> list(found)[:2], found["films"].n_seeds >= 5
    (['films', 'films, clicks'], True)
    """
    path = resources.files("capg_core") / "data" / "concordance_curve.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        d = dict(stored)
    found = {}
    for s, setting in enumerate(d["settings"].tolist()):
        levels = ~np.isnan(d["levels"][s])
        value = {m: d["value"][s, levels, i].astype(float) for i, m in enumerate(d["methods"].tolist())}
        value = {m: v for m, v in value.items() if not np.isnan(v).any()}
        found[setting] = Curve(setting, tuple(value), d["concordance"][s, levels].astype(float), value)
    return found
