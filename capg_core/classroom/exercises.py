"""The exercises of the course by name; each notebook's stand in its lesson."""

import importlib
import pkgutil

from capg_core.classroom import lessons

EXERCISES = {
    exercise.key: exercise
    for lesson in sorted(pkgutil.iter_modules(lessons.__path__), key=lambda found: found.name)
    for exercise in importlib.import_module(f"{lessons.__name__}.{lesson.name}.exercises").EXERCISES
}
