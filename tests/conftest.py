"""One fresh kernel cache for each test run: the disk cache does not see a change in another file."""

import os
import tempfile

os.environ.setdefault("NUMBA_CACHE_DIR", tempfile.mkdtemp(prefix="capg-kernels-"))
