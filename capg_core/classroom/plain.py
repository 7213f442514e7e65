"""Plackett-Luce as one writes it first: plain exponentials and all lists. What wrong answers are made from.

Nothing here is safe for large logits or for many items; the library's own functions are.
"""

from itertools import permutations

import numpy as np


def softmax(logits):
    """Return the chance of each item to be drawn first."""
    weights = np.exp(logits)
    return weights / np.sum(weights)


def all_lists(n_items, k):
    """Return every list of k of the items, one a row."""
    return np.array(list(permutations(range(n_items), k)))
