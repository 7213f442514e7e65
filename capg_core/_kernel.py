"""How the kernels are compiled: one set of options, so that all of them treat a division by zero as NumPy does."""

from numba import njit

kernel = njit(cache=True, error_model="numpy")
# May add in any order, so that the compiler can vectorise a sum. NaN and infinity keep their meaning.
summing_kernel = njit(cache=True, error_model="numpy", fastmath={"reassoc", "contract"})
