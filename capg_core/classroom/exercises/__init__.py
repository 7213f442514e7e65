"""The exercises of the course: each answer is computed by code, beside the mistakes its check knows.

One file a notebook, `n00` for ``00_start_here`` and so on, each with a tuple ``EXERCISES``; all are found by name.
"""

import importlib
import pkgutil

EXERCISES = {
    exercise.key: exercise
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda found: found.name)
    for exercise in importlib.import_module(f"{__name__}.{module.name}").EXERCISES
}
