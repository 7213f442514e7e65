"""The exercises of the course by key; each notebook's stand in its lesson, which is loaded when one is asked for."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from capg_core.classroom import lessons

LESSONS = {name[1:3]: name for name in sorted(found.name for found in pkgutil.iter_modules(lessons.__path__))}


@cache
def _of_lesson(name):
    module = importlib.import_module(f"{lessons.__name__}.{name}.exercises")
    return {exercise.key: exercise for exercise in module.EXERCISES}


class _Course(Mapping):
    """All exercises in the order of the course. To look one up loads one lesson; to go through them loads all."""

    def __getitem__(self, key):
        return _of_lesson(LESSONS[str(key)[:2]])[key]

    def __iter__(self):
        return (key for name in LESSONS.values() for key in _of_lesson(name))

    def __len__(self):
        return sum(1 for _ in self)


EXERCISES = _Course()
