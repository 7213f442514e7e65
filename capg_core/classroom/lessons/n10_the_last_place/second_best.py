"""A late stage that no ranking describes: it shows the second best of the candidates. Exact, on the race clock.

For the m best items B_m the second best of A is in B_m if two of B_m are in A: if the second arrival of B_m comes
before K - 1 of the others. With lam = w t, Lam_m and O_m the sums over B_m of lam and of o = exp(lam) - 1, and
s = log t::

    P(|A n B_m| >= 2) = integral of f_m P(N_(-B_m) <= K - 2) ds,   f_m = exp(-Lam_m) (Lam_m O_m - sum of lam o)

The gradient of any weighted sum of these is one sweep back through the counts.
"""

import numpy as np

_CLOCK = np.arange(-16.0, 8.0, 0.125)  # log times; the integrand is analytic and dies off on both sides
_ARRIVED = 30.0  # a rate from which on an item is there


class SecondBest:
    """
    The second best of K candidates.

    Parameters
    ----------
    logits : (n,) array
        Of a spread of a few: the clock is fixed.
    k : int
        At least 2.
    utility : (n,) array
        Without ties.

    Attributes
    ----------
    outcome : (n,) array
        The chance of each item to be shown.

    Examples
    --------
    >>> SecondBest(np.zeros(3), 2, np.array([1.0, 3.0, 2.0])).outcome.round(6)
    array([0.666667, 0.      , 0.333333])
    """

    def __init__(self, logits, k, utility):
        self._best_first = np.argsort(-utility, kind="stable")
        lam = self._lam = np.minimum(np.exp(logits[self._best_first, None] + _CLOCK), _ARRIVED)  # (n, nodes)
        n, self._o = logits.size, np.expm1(lam)
        self._p = -np.expm1(-lam)
        total, odds, both = (np.cumsum(x, axis=0) for x in (lam, self._o, lam * self._o))
        self._total, self._odds, self._none = total, odds, np.exp(-total)
        self._second = self._none * (total * odds - both)  # f_m, row m - 1
        # the number of arrivals among the items from i on: P(0), ..., P(K - 2)
        self._counts = np.zeros((n + 1, k - 1, _CLOCK.size))
        self._counts[n, 0] = 1.0
        for i in range(n - 1, -1, -1):
            after = self._counts[i + 1]
            self._counts[i] = (1.0 - self._p[i]) * after
            self._counts[i, 1:] += self._p[i] * after[:-1]
        self._few = self._counts[1:].sum(axis=1)  # P(N_(-B_m) <= K - 2), row m - 1
        two = (self._second * self._few).sum(axis=1) * (_CLOCK[1] - _CLOCK[0])
        self.outcome = np.empty(n)
        self.outcome[self._best_first] = np.diff(two, prepend=0.0)

    def gradient(self, worth):
        """Return the gradient (n,) of the expected worth of what is shown, given the worth (n,) of each item."""
        ranked = worth[self._best_first]
        drop = (ranked - np.append(ranked[1:], 0.0))[:, None] * (_CLOCK[1] - _CLOCK[0])
        # through f_m: what lam_b does to every m from b on
        few, none, lam, o = drop * self._few, self._none, self._lam, self._o

        def from_here(x):
            return np.cumsum(x[::-1], axis=0)[::-1]

        slope = from_here(few * (none * self._odds - self._second)) + (o + 1.0) * from_here(few * none * self._total)
        slope -= (o + lam * (o + 1.0)) * from_here(few * none)
        # through the counts: back from B_1 on
        weight, back = drop * self._second, np.zeros(self._counts.shape[1:])
        for i in range(1, lam.shape[0]):
            p = self._p[i - 1]
            ahead = p * np.append(back[1:], np.zeros((1, back.shape[1])), axis=0)
            back = (1.0 - p) * back + ahead if i > 1 else back
            back = back + weight[i - 1]
            after = self._counts[i + 1]
            moved = -(back * after).sum(axis=0)
            moved += (back[1:] * after[:-1]).sum(axis=0)
            slope[i] += moved * (1.0 - self._p[i])
        found = np.empty(worth.size)
        found[self._best_first] = (slope * lam).sum(axis=1)
        return found
