"""Types of what public functions take and return, as their annotations name them."""

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Bools: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]
Items: TypeAlias = NDArray[np.int64]

__all__ = ["ArrayLike", "Bools", "Floats", "Items", "NDArray"]
