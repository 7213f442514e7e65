"""Watch times: the fully observed matrix of KuaiRec as a world.

The user supplies the data; nothing of it is shipped.

Data: KuaiRec, licence CC BY-SA 4.0, https://kuairec.com.
Source: Gao et al. (2022), "KuaiRec: A Fully-observed Dataset and Insights for Evaluating Recommender Systems", CIKM.
"""

import os
import warnings

import numpy as np

from capg_core._checks import as_count, as_number
from capg_core._types import ArrayLike
from capg_core.worlds.kuairec_csv import read_rows
from capg_core.worlds.kuairec_place import FILE, open_csv
from capg_core.worlds.ratings import as_whole_vector
from capg_core.worlds.world import World, as_matrix

# The reward is mean (1 + eps), eps normal with deviation 0.3; Kiyohara et al. (2026) use KuaiRec in this manner.
_LARGEST_REWARD = 10.0  # watch ratios reach into the hundreds, and a few of them would rule every average
_RELATIVE_NOISE = 0.3
_MAX_CELLS = 20_000_000  # small_matrix.csv has 4.7 million; big_matrix.csv, 77 million and mostly empty, is refused
_NEARLY_ALL, _FEW = 0.9, 0.5  # of the videos: what a user has, and what one has at whom a file was cut


class KuaiRecWorld(World):
    """
    A `World` that remembers which user and video of KuaiRec each row and column is. `load_kuairec` makes it.

    Parameters
    ----------
    mean_reward : (n_users, n_items) array_like
        Clipped watch ratios, 0 where none was observed. The standard deviation of the reward is 0.3 times as large.
    user_ids, video_ids : array_like of int
        KuaiRec's numbers of the rows and of the columns, ascending.
    observed_share : float
        The share of cells that the file has a row for.
    duplicates_dropped : int
        The number of rows that repeated an earlier pair of user and video.

    Attributes
    ----------
    user_ids : (n_users,) int64, read-only
    video_ids : (n_items,) int64, read-only
    observed_share : float
    duplicates_dropped : int

    Examples
    --------
    >>> from capg_core.worlds.kuairec import KuaiRecWorld
    >>> KuaiRecWorld([[2.0, 0.0]], [14], [8, 148], 0.5, 0).reward_std.tolist()
    [[0.6, 0.0]]
    """

    def __init__(
        self,
        mean_reward: ArrayLike,
        user_ids: ArrayLike,
        video_ids: ArrayLike,
        observed_share: float,
        duplicates_dropped: int,
    ) -> None:
        super().__init__(mean_reward, critic=mean_reward)
        if self.mean_reward.min() < 0.0:
            raise ValueError(f"mean_reward has {self.mean_reward.min()}; expected watch ratios, at least 0")
        self.reward_std = as_matrix(_RELATIVE_NOISE * self.mean_reward, self.mean_reward.shape, "reward_std")
        self.user_ids = as_whole_vector(user_ids, self.n_users, "user_ids", "user")
        self.video_ids = as_whole_vector(video_ids, self.n_items, "video_ids", "video")
        self.observed_share = as_number(observed_share, "observed_share", 0.0, 1.0)
        self.duplicates_dropped = as_count(duplicates_dropped, "duplicates_dropped", 0)


def _distinct(parts, index):
    """Return the distinct ids, ascending. Block by block, because sorting all rows at once takes more memory."""
    return np.unique(np.concatenate([np.unique(part[index]) for part in parts]))


def _fill(parts, user_ids, video_ids):
    """Return the matrix and each user's number of cells with a row. Empties ``parts`` on the way, to save memory."""
    shape = user_ids.size, video_ids.size
    mean, seen = np.zeros(shape), np.zeros(shape, bool)
    parts.reverse()
    while parts:
        users, videos, ratios = parts.pop()
        cells = np.searchsorted(user_ids, users) * shape[1] + np.searchsorted(video_ids, videos)
        cells, first = np.unique(cells, return_index=True)
        new = ~seen.ravel()[cells]
        mean.ravel()[cells[new]] = np.minimum(ratios[first[new]], _LARGEST_REWARD)
        seen.ravel()[cells] = True
    return mean, np.count_nonzero(seen, axis=1)


def _warn_if_cut(counts, last, user, n_videos):
    """Warn if the user of the file's last row has few videos, where most users have nearly all."""
    others = np.delete(counts, last)
    if others.size and np.median(others) >= _NEARLY_ALL * n_videos and counts[last] < _FEW * n_videos:
        warnings.warn(
            f"the last user of the file, {user}, has {counts[last]} of {n_videos} videos, and most users have nearly "
            "all: the file may have been cut. What is missing counts as never watched",
            stacklevel=3,
        )


def load_kuairec(path: str | os.PathLike[str]) -> KuaiRecWorld:
    """
    Read KuaiRec's fully observed matrix as a world.

    The mean reward is the watch ratio (time watched over the length of the video), clipped to at most 10. The
    standard deviation of the reward is 0.3 times its mean. The late stage ranks by the mean reward. A pair of user and
    video that the file does not have counts as never watched: reward 0. Of repeated pairs the first counts.

    KuaiRec's licence is CC BY-SA 4.0. Nothing of it is shipped: download it from https://kuairec.com.

    Parameters
    ----------
    path : str or os.PathLike
        ``small_matrix.csv``, or a folder or zip with a file of that name inside, such as
        ``KuaiRec 2.0/data/small_matrix.csv``. Folders are searched three levels deep, through links too. "~" is the
        home folder. A zip is not unpacked to disk, nor is a csv packed as .gz, .bz2 or .xz. Any line ends are read.
        The columns ``user_id``, ``video_id`` and ``watch_ratio`` are read; others are ignored.

    Returns
    -------
    KuaiRecWorld
        Rows are users and columns are videos, both by ascending id. The published file gives 1,411 by 3,327.

    Raises
    ------
    ValueError
        If there is no such file or more than one, if it cannot be read, or if it is malformed. The message then names
        file, line (the header is line 1) and column. Also for more than 20 million pairs of user and video, and for a
        file that ends where spreadsheets cut (after 1,048,576 or 65,536 lines).

    Warns
    -----
    UserWarning
        If the last user of the file has few videos where most have nearly all, as in a file that was cut.

    References
    ----------
    Gao et al. (2022), "KuaiRec: A Fully-observed Dataset and Insights for Evaluating Recommender Systems", CIKM.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from capg_core.worlds.kuairec import load_kuairec
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "small_matrix.csv")
    ...     _ = file.write_text("user_id,video_id,watch_ratio\\n14,148,0.5\\n19,7,123.4\\n")
    ...     world = load_kuairec(folder)
    >>> world.mean_reward.tolist(), world.user_ids.tolist(), world.video_ids.tolist(), world.observed_share
    ([[0.0, 0.5], [10.0, 0.0]], [14, 19], [7, 148], 0.5)
    """
    with open_csv(path) as (stream, source):
        parts = read_rows(stream, source)
    user_ids, video_ids = _distinct(parts, 0), _distinct(parts, 1)
    if user_ids.size * video_ids.size > _MAX_CELLS:
        raise ValueError(
            f"path: {source} has {user_ids.size} users and {video_ids.size} videos; expected at most "
            f"{_MAX_CELLS} pairs of them ({FILE} has 1411 users and 3327 videos)"
        )
    n_rows = sum(part[0].size for part in parts)
    user = parts[-1][0][-1]
    mean, counts = _fill(parts, user_ids, video_ids)
    _warn_if_cut(counts, np.searchsorted(user_ids, user), user, video_ids.size)
    observed = int(counts.sum())
    return KuaiRecWorld(mean, user_ids, video_ids, observed / mean.size, n_rows - observed)
