"""Running the paper's experiments again: ``python -m capg_core reproduce --help``.

From the bottom up: ``jobs`` (what is trained), ``experiments`` (which jobs each experiment needs), ``files`` (writing
that a kill leaves whole), ``rows`` (which rows of a file are a finished run), ``store`` (the results file),
``progress``, ``local`` and ``cluster`` (where jobs run), ``summary``, ``figures`` and ``command`` (the command line).
Matplotlib and Dask are needed only where they are used.
"""
