"""The command: ``python -m capg_core.classroom.report FOLDER [--out FOLDER]``."""

import argparse
import sys
from pathlib import Path

from capg_core.classroom.report.page import page_of, summary_of, tables_of
from capg_core.classroom.report.reading import read_folder

_ABOUT = """\
Read the notebooks that a class has handed in, and write what their checks say: a page (report.html), and tables for a
spreadsheet (exercises.csv, guesses.csv, misconceptions.csv, files.csv). Each student's notebooks lie in a folder of
their own, or carry a name beside the notebook's: anna/00_start_here.ipynb, or 00_start_here_anna.ipynb.

Only what a notebook stores is read: none of its code runs, and nothing leaves this machine. A guess is stored when the
notebook runs once more after it, so ask for Run All before handing in: guesses survive it.
"""


def main(arguments=None):
    """Run the command; return the exit status."""
    options = argparse.ArgumentParser(
        "python -m capg_core.classroom.report", description=_ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("folder", type=Path, help="with the notebooks, in folders or not")
    default = Path("class-report")
    options.add_argument("--out", type=Path, default=default, help=f"where to write (default: {default})")
    given = options.parse_args(arguments)
    try:
        handed_in, notes = read_folder(given.folder)
    except ValueError as error:
        options.error(str(error))
    summary = summary_of(handed_in)
    files = tables_of(summary, notes, given.folder)
    files["report.html"] = page_of(summary, notes, given.folder)
    try:
        given.out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            beside = given.out / f"{name}.new"  # a full disk leaves the old report whole
            beside.write_text(text, encoding="utf-8", newline="")
            beside.replace(given.out / name)
    except OSError as error:
        print(f"could not write to {given.out}: {error.strerror or error}", file=sys.stderr)
        return 1
    for path, note in notes:
        print(f"{path}: {note}")
    print(f"{len(summary['students'])} students, {len(handed_in)} notebooks; see {given.out / 'report.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
