"""The results file: one row for each run and evaluation, kept so that a killed run can go on.

A job's rows are appended in one write when it is finished. Whatever is found in the file later is judged by ``rows``;
what cannot be used is moved to a file beside it, and never deleted. Only one process writes: the folder is locked while
it runs.
"""

import csv
import io
import os
from pathlib import Path

from capg_core._interrupt import uninterrupted
from capg_core.reproduce.files import append, is_protected, lock, remove_leftovers, write_atomically
from capg_core.reproduce.rows import COLUMNS, HEADER, Found, as_bytes, as_line, as_notes, read

FILE = "results.csv"
ASIDE_FILE = "results.set-aside.csv"
_LOCK = ".results.lock"


class Results:
    """
    The results in a folder. Use it in a ``with`` block: it holds the folder's lock.

    Parameters
    ----------
    folder : str or pathlib.Path
        Made if it does not exist. "~" is the home folder.

    Attributes
    ----------
    rows : dict
        From a job's key to its rows, each a dict with the names of `COLUMNS`. Only complete jobs.
    notes : list of str
        What was not as a finished run leaves it: lines left out because they are repeated, and lines that cannot be
        used and are in ``results.set-aside.csv`` now.

    Raises
    ------
    ValueError
        For a folder that is a file or is in use, or a results file that is another program's or write-protected.
    OSError
        If the folder cannot be made, or the disk is full.
    """

    def __init__(self, folder):
        self.folder = Path(folder).expanduser()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise ValueError(f"{str(folder)!r} is a file or is below one; expected a folder") from None
        self.path = self.folder / FILE
        self._held = []
        try:
            self._hold(self.folder)
            target = Path(os.path.realpath(self.path)).parent
            if not target.is_dir():
                raise ValueError(f"{str(self.path)!r} is a link into {str(target)!r}; expected a folder that exists")
            if not os.path.samefile(target, self.folder):  # two folders may have links to one file
                self._hold(target)
            self._read()
        except BaseException:
            self.close()
            raise

    def _hold(self, folder):
        held = lock(folder / _LOCK)
        if held is None:
            raise ValueError(f"{str(folder)!r} is in use by another run; expected a folder of its own")
        self._held.append(held)
        remove_leftovers(folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Give the folder free."""
        for held in self._held:
            held.close()

    def _read(self):
        """Read what is there, move aside what cannot be used, and bring the rest into our form."""
        if self.path.exists() and not self.path.is_file():  # a pipe could block for ever
            raise ValueError(f"{str(self.path)!r} is not a regular file; expected a file of results")
        if is_protected(self.path):
            raise ValueError(f"{str(self.path)!r} is write-protected; expected a file that may be written")
        data = self.path.read_bytes() if self.path.exists() else b""
        found = read(data, str(self.path)) if data else Found()
        self.rows = found.rows
        self.notes = as_notes(found, str(self.path), ASIDE_FILE)
        if found.aside:  # before they are gone from the other
            self._set_aside(found.aside)
        if (text := as_bytes(self.rows, self.rows)) != data:
            write_atomically(self.path, text)

    def _set_aside(self, aside):
        """Add lines to the file beside the results, but none that it has: a kill in between comes here twice."""
        path = self.folder / ASIDE_FILE
        there = path.read_bytes().decode("utf-8", "surrogateescape") if path.exists() else ""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        for place, why, fields in aside:
            writer.writerow((why if place.startswith("line ") else f"{place}: {why}", *fields))
        known = {"", *there.split("\n")}
        new = [line for line in text.getvalue().split("\n") if line not in known]
        start = "" if there.endswith("\n") else "\n" if there else f"why,{HEADER}\n"
        if new:
            append(path, (start + "\n".join(new) + "\n").encode("utf-8", "surrogateescape"))

    @uninterrupted()  # what is finished is kept, even if Ctrl-C comes now
    def add(self, job, experiments, curve):
        """
        Keep a finished job: in memory and, in one write, in the file.

        Parameters
        ----------
        job : Job
        experiments : set of str
        curve : Curve

        Raises
        ------
        OSError
            If the disk is full; the file is as before.
        """
        if job.key in self.rows:
            return
        same = {name: getattr(job, name) for name in COLUMNS if hasattr(job, name)}
        same |= {"job": job.key, "experiments": " ".join(sorted(experiments))}
        same |= {"optimal_value": curve.optimal_value, "uniform_value": curve.uniform_value}
        points = zip(curve.steps, curve.seconds, curve.policy_value, strict=True)
        rows = [same | {"step": step, "seconds": s, "policy_value": value} for step, s, value in points]
        if self.path.exists():
            append(self.path, "".join(as_line(row) + "\n" for row in rows).encode())
        else:  # someone has deleted it; what it held is still known here
            write_atomically(self.path, as_bytes(self.rows | {job.key: rows}, [*self.rows, job.key]))
        self.rows[job.key] = rows

    def finish(self, wanted):
        """
        Put the file in its final order, by job and step: the same for any order in which jobs were finished.

        Parameters
        ----------
        wanted : dict
            From a job to the set of its experiments; they are added to those that the file already names.

        Raises
        ------
        OSError
            If the disk is full; the file is as before.
        """
        for job, experiments in wanted.items():
            rows = self.rows[job.key]
            names = " ".join(sorted(experiments.union(rows[0]["experiments"].split())))
            for row in rows:
                row["experiments"] = names
        text = as_bytes(self.rows, sorted(self.rows))
        if not self.path.exists() or text != self.path.read_bytes():  # a finished file needs no room on the disk
            write_atomically(self.path, text)
