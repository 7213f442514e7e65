"""``python -m capg_core.classroom.site OUT`` builds the course as a folder of pages."""

import argparse
import os
import sys
import time

# before NumPy is loaded: each process draws in one thread
for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")


def main(arguments=None):
    """Build, say what was done, and return 1 if something could not be built."""
    from pathlib import Path

    from capg_core.classroom.site.build import NOTEBOOKS, build

    options = argparse.ArgumentParser(prog="python -m capg_core.classroom.site", description=__doc__.strip("`"))
    options.add_argument("out", metavar="OUT", type=Path, help="a new folder, or one that an earlier build made")
    options.add_argument("--notebooks", type=Path, default=NOTEBOOKS, help="the folder of the notebooks and guides")
    options.add_argument("--only", nargs="+", metavar="NAME", help="notebooks whose panels come alive (default: all)")
    options.add_argument("--processes", type=int, default=2, metavar="N")
    given, begun = options.parse_args(arguments), time.monotonic()
    try:
        report = build(given.out, given.notebooks, given.only, given.processes)
    except ValueError as error:
        options.error(str(error))
    size = sum(path.stat().st_size for path in given.out.rglob("*") if path.is_file())
    print(f"{given.out / 'index.html'}: {report.drawn} pictures drawn and {report.kept} kept, {size / 1e6:.1f} MB, "
          f"{time.monotonic() - begun:.0f} s")  # fmt: skip
    for words in report.left_out:
        print(f"left out: {words}")
    for words in report.problems:
        print(f"PROBLEM: {words}", file=sys.stderr)
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
