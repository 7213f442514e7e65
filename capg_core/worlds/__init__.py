"""Worlds to train on: synthetic ones, films that people rated, watch times; and how well a late stage knows them."""

from capg_core.worlds.alignment import Alignment, alignment
from capg_core.worlds.films import FilmWorld, HeldOutError, completed_films, held_out_error, observed_films
from capg_core.worlds.kuairec import KuaiRecWorld, load_kuairec
from capg_core.worlds.ratings import Ratings, UserProblem, load_ratings
from capg_core.worlds.world import SyntheticWorld, World

__all__ = [
    "Alignment",
    "FilmWorld",
    "HeldOutError",
    "KuaiRecWorld",
    "Ratings",
    "SyntheticWorld",
    "UserProblem",
    "World",
    "alignment",
    "completed_films",
    "held_out_error",
    "load_kuairec",
    "load_ratings",
    "observed_films",
]
