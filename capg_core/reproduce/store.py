"""The results file: one row for each run and evaluation, kept so that a killed run can go on.

A job's rows are appended in one write when it is finished. What a killed process left half written is found by its end
and dropped. Only one process writes: the folder is locked while it runs. May import ``jobs``.
"""

import os
import tempfile
from pathlib import Path

COLUMNS = (
    "job", "experiments", "world", "estimator", "marginal", "baseline", "k", "n_experts", "n_outputs", "late_stage",
    "learning_rate", "n_steps", "seed", "step", "seconds", "policy_value", "optimal_value", "uniform_value",
)  # fmt: skip
FILE = "results.csv"
_LOCK = ".results.lock"
_HEADER = ",".join(COLUMNS)
_FLOATS = ("seconds", "policy_value", "optimal_value", "uniform_value")


def _sync_folder(folder):
    """Make a rename last through a loss of power, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_atomically(path, text):
    """
    Replace a file: after a kill there is the old one or the new one.

    Parameters
    ----------
    path : pathlib.Path
    text : str
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)  # mkstemp's are for the owner alone
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _lock(path):
    """Return an open file that holds a lock until it is closed, even by a kill; None if another process has it."""
    file = open(path, "a+b")  # noqa: SIM115, it is kept open
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def _parse(line):
    """Return a line of the file as a dict of typed values, or None if it is not one."""
    fields = line.split(",")
    if len(fields) != len(COLUMNS):
        return None
    row = dict(zip(COLUMNS, fields, strict=True))
    try:
        for name in ("step", "n_steps"):
            row[name] = int(row[name])
        for name in _FLOATS:
            row[name] = float(row[name])
    except ValueError:
        return None
    return row


def _text(row):
    """Return a row as a line; a float is written so that reading it gives the same one."""
    row = row | {"seconds": f"{row['seconds']:.3f}"}
    return ",".join(str(row[name]) for name in COLUMNS)


class Results:
    """
    The results in a folder. Use it in a ``with`` block: it holds the folder's lock.

    Parameters
    ----------
    folder : str or pathlib.Path
        Made if it does not exist.

    Attributes
    ----------
    rows : dict
        From a job's key to its rows, each a dict with the names of `COLUMNS`. Only complete jobs.
    dropped : int
        How many lines a killed run had left unfinished; they are gone from the file.

    Raises
    ------
    ValueError
        For a folder that is a file or is in use, or a results file that is another program's.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise ValueError(f"{str(folder)!r} is a file or is below one; expected a folder") from None
        self.path = self.folder / FILE
        self._held = _lock(self.folder / _LOCK)
        if self._held is None:
            raise ValueError(f"{str(folder)!r} is in use by another run; expected a folder of its own")
        try:
            self._read()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Give the folder free."""
        self._held.close()

    def _read(self):
        """Read what is there, and repair the end that a killed run left."""
        self.rows, self.dropped = {}, 0
        if not self.path.exists() or self.path.stat().st_size == 0:
            write_atomically(self.path, _HEADER + "\n")
            return
        *lines, tail = self.path.read_bytes().decode("utf-8", "replace").split("\n")
        if not lines or lines[0] != _HEADER:
            raise ValueError(
                f"{str(self.path)!r} has another header: {(lines + [tail])[0][:60]!r}; expected {_HEADER!r}. "
                "It is left as it is: choose another folder"
            )
        read = [_parse(line) for line in lines[1:]]
        if None in read[:-1]:
            raise ValueError(
                f"{str(self.path)!r}, line {read.index(None) + 2} is not a row of results; expected {len(COLUMNS)} "
                "fields. It is left as it is: choose another folder"
            )
        for row in read:
            if row is not None:
                self.rows.setdefault(row["job"], []).append(row)
        # the rows of a job are written in order, so a job is whole if its last step is there
        self.rows = {key: rows for key, rows in self.rows.items() if rows[-1]["step"] == rows[-1]["n_steps"]}
        kept = sum(map(len, self.rows.values()))
        self.dropped = len(read) + (tail != "") - kept
        if self.dropped:
            self._write(self.rows)

    def _write(self, keys):
        lines = [_text(row) for key in keys for row in self.rows[key]]
        write_atomically(self.path, "\n".join([_HEADER, *lines]) + "\n")

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
            If the disk is full; the next run drops what was half written.
        """
        if job.key in self.rows:
            return
        same = {name: getattr(job, name) for name in COLUMNS if hasattr(job, name)}
        same |= {"job": job.key, "experiments": " ".join(sorted(experiments))}
        same |= {"optimal_value": curve.optimal_value, "uniform_value": curve.uniform_value}
        points = zip(curve.steps, curve.seconds, curve.policy_value, strict=True)
        rows = [same | {"step": step, "seconds": s, "policy_value": value} for step, s, value in points]
        with self.path.open("ab") as file:
            file.write("".join(_text(row) + "\n" for row in rows).encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        self.rows[job.key] = rows

    def finish(self, wanted):
        """
        Put the file in its final order, by job and step: the same for any order in which jobs were finished.

        Parameters
        ----------
        wanted : dict
            From a job to the set of its experiments; they are added to those that the file already names.
        """
        for job, experiments in wanted.items():
            rows = self.rows[job.key]
            names = " ".join(sorted(experiments.union(rows[0]["experiments"].split())))
            for row in rows:
                row["experiments"] = names
        self._write(sorted(self.rows))
