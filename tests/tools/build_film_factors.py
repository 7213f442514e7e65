"""Build ``film_factors.npz``: a Bayesian matrix factorisation of the shipped MovieLens ratings.

Run ``python tests/tools/build_film_factors.py``. It needs numpy and the package, and takes five to ten minutes;
users of the course read the .npz and never run this. PROVENANCE.md says what is stored.

The model: rating = overall mean + user bias + film bias + (user factors) . (film factors) + normal noise. A user's
factors and bias are one normal vector, a film's another; their means and covariances have normal-Wishart priors. All
are drawn by Gibbs sampling.

Source: Salakhutdinov and Mnih (2008), "Bayesian probabilistic matrix factorization using MCMC", ICML.
"""

import hashlib
import pathlib
from dataclasses import dataclass

import numpy as np

import capg_core
from capg_core.worlds.ratings import load_ratings

OUTPUT = pathlib.Path(capg_core.__file__).parent / "data" / "film_factors.npz"
SEED = 2008
RANK = 10
FOLDS = 10
BURN_IN = 200
DRAWS = 800
# The out-of-fold predictions are stored in hundredths of a star: finer adds bytes and changes no error.
STEPS_PER_STAR = 100
# The weight of the prior mean, 0, in the normal-Wishart prior, in rows. The paper's value.
_PRIOR_ROWS = 2.0


@dataclass
class Draw:
    """One draw of every unknown. The last column of ``users`` and ``films`` is the bias."""

    overall: float
    users: np.ndarray
    films: np.ndarray
    sigma: float

    def cells(self, user, film):
        """Return the predictions of the cells given, without noise."""
        left, right = self.users[user], self.films[film]
        product = np.einsum("ij,ij->i", left[:, :-1], right[:, :-1])
        return self.overall + left[:, -1] + right[:, -1] + product

    def matrix(self):
        """Return the predictions of all cells, (n_users, n_films)."""
        left, right = self.users, self.films
        return self.overall + left[:, -1:] + right[:, -1] + left[:, :-1] @ right[:, :-1].T


def draw_wishart(scale, freedom, rng):
    """Return one matrix from the Wishart distribution with mean ``freedom * scale``, by Bartlett's decomposition."""
    dim = scale.shape[0]
    lower = np.tril(rng.standard_normal((dim, dim)), -1)
    lower[np.diag_indices(dim)] = np.sqrt(rng.chisquare(freedom - np.arange(dim)))
    root = np.linalg.cholesky(scale) @ lower
    return root @ root.T


def draw_population(rows, rng):
    """Return a mean and a precision matrix of the normal that the rows come from, given the rows."""
    n, dim = rows.shape
    centre = rows.mean(axis=0)
    spread = (rows - centre).T @ (rows - centre)
    pull = _PRIOR_ROWS * n / (_PRIOR_ROWS + n) * np.outer(centre, centre)
    scale = np.linalg.inv(np.eye(dim) + spread + pull)
    precision = draw_wishart((scale + scale.T) / 2.0, dim + n, rng)
    root = np.linalg.cholesky((_PRIOR_ROWS + n) * precision)
    mean = n * centre / (_PRIOR_ROWS + n) + np.linalg.solve(root.T, rng.standard_normal(dim))
    return mean, precision


def draw_rows(own, other, seen, centred, noise_precision, rng):
    """Return new rows for one side, given the other side's rows.

    ``seen`` (own rows, other rows) is 1.0 where there is a rating and 0.0 elsewhere; ``centred`` holds the ratings
    minus the overall mean, 0.0 where there is none.
    """
    mean, precision = draw_population(own, rng)
    design = other.copy()
    design[:, -1] = 1.0  # a row's last entry is its own bias, which counts once for each rating
    n, dim = design.shape
    squares = (design[:, :, None] * design[:, None, :]).reshape(n, dim * dim)
    precisions = precision + noise_precision * (seen @ squares).reshape(-1, dim, dim)
    target = precision @ mean + noise_precision * ((centred - seen * other[:, -1]) @ design)
    roots = np.linalg.cholesky(precisions).transpose(0, 2, 1)
    noise = np.linalg.solve(roots, rng.standard_normal(own.shape)[:, :, None])
    return (np.linalg.solve(precisions, target[:, :, None]) + noise)[:, :, 0]


def gibbs(user, film, rating, shape, rank, n_sweeps, rng):
    """Yield ``n_sweeps`` successive draws given the ratings. With rank 0 the model has biases alone."""
    overall = float(rating.mean())
    seen, centred = np.zeros(shape), np.zeros(shape)
    seen[user, film] = 1.0
    centred[user, film] = rating - overall
    # Small random factors: at zero both sides would have nothing to regress on.
    state = Draw(overall, 0.1 * rng.standard_normal((shape[0], rank + 1)), np.zeros((shape[1], rank + 1)), 1.0)
    for _ in range(n_sweeps):
        precision = state.sigma**-2
        films = draw_rows(state.films, state.users, seen.T, centred.T, precision, rng)
        users = draw_rows(state.users, films, seen, centred, precision, rng)
        state = Draw(overall, users, films, state.sigma)
        squares = np.sum((rating - state.cells(user, film)) ** 2)
        # A flat prior on log sigma: with tens of thousands of ratings any other gives the same.
        state.sigma = float(np.sqrt(squares / rng.chisquare(rating.size)))
        yield state


def posterior(user, film, rating, shape, rank, sweeps, rng, predict):
    """Return the mean of ``predict(draw)`` over the draws after burn-in, and the last draw.

    ``sweeps`` is (burn-in, draws).
    """
    burn_in, draws = sweeps
    total = 0.0
    for sweep, draw in enumerate(gibbs(user, film, rating, shape, rank, burn_in + draws, rng)):
        if sweep >= burn_in:
            total = total + predict(draw)
    return total / draws, draw


def fold_of(n_ratings):
    """Return the fold of each rating, 0 … FOLDS-1: random, sizes equal up to one."""
    return np.random.default_rng(SEED).permutation(n_ratings) % FOLDS


def predict_fold(ratings, fold, rank, sweeps=(BURN_IN, DRAWS)):
    """Return the predictions of one fold's ratings by the posterior mean of a fit to the other folds."""
    out = fold_of(ratings.rating.size) == fold
    user, film = ratings.user[out], ratings.film[out]
    mean, _ = posterior(
        ratings.user[~out],
        ratings.film[~out],
        ratings.rating[~out],
        (ratings.n_users, ratings.n_films),
        rank,
        sweeps,
        np.random.default_rng([SEED, fold]),
        lambda draw: draw.cells(user, film),
    )
    return mean


def out_of_fold(ratings, rank):
    """Return a prediction of every rating by fits that never saw it."""
    folds, predicted = fold_of(ratings.rating.size), np.empty(ratings.rating.size)
    for fold in range(FOLDS):
        predicted[folds == fold] = predict_fold(ratings, fold, rank)
    return predicted


def rmse(predicted, rating):
    """Return the root mean squared error, predictions first moved into the scale of 0.5 to 5 stars."""
    return float(np.sqrt(np.mean((np.clip(predicted, 0.5, 5.0) - rating) ** 2)))


def build_arrays(ratings):
    """Return the arrays of the .npz, by name, and the predictions and the draw before rounding."""
    predicted = out_of_fold(ratings, RANK)
    steps = np.rint(STEPS_PER_STAR * predicted).astype(np.int16)
    shape = (ratings.n_users, ratings.n_films)
    rng = np.random.default_rng([SEED, FOLDS])
    sweeps = (BURN_IN, DRAWS)
    mean, draw = posterior(ratings.user, ratings.film, ratings.rating, shape, RANK, sweeps, rng, Draw.matrix)
    return {
        "predicted": steps,
        "users": draw.users.astype(np.float16),
        "films": draw.films.astype(np.float16),
        "overall": np.float64(draw.overall),
        "sigma": np.float64(draw.sigma),
        "rmse": np.float64(rmse(steps / STEPS_PER_STAR, ratings.rating)),
        "rmse_biases": np.float64(rmse(out_of_fold(ratings, 0), ratings.rating)),
        "best_of_mean": mean.argmax(axis=1).astype(np.int16),
        "rank": np.int64(RANK),
        "folds": np.int64(FOLDS),
        "seed": np.int64(SEED),
        "sweeps": np.array(sweeps, np.int64),
    }, (predicted, draw)


def check_rounding(arrays, exact, rating):
    """Stop if storing fewer digits changed the held-out error or the draw by more than is said in PROVENANCE.md."""
    predicted, draw = exact
    change = abs(arrays["rmse"] - rmse(predicted, rating))
    stored = Draw(draw.overall, arrays["users"].astype(np.float64), arrays["films"].astype(np.float64), draw.sigma)
    # A normal density is at most 0.4, which bounds the change of P(rating >= 4).
    shift = 0.4 * np.abs(stored.matrix() - draw.matrix()).max() / draw.sigma
    print(f"rounding changes the held-out RMSE by {change:.1e} and no P(rating >= 4) by more than {shift:.1e}")
    if change > 1e-4 or shift > 1e-2:
        raise SystemExit("the stored numbers are too coarse; expected 1e-4 in RMSE and 1e-2 in probability at most")


def build(output=OUTPUT):
    """Write the .npz to ``output``, print what was measured and return the file's sha256."""
    ratings = load_ratings()
    arrays, exact = build_arrays(ratings)
    check_rounding(arrays, exact, ratings.rating)
    np.savez_compressed(output, **arrays)
    for name in ("rmse", "rmse_biases", "sigma"):
        print(f"{name}: {arrays[name]:.6g}")
    for name, best in (("mean", arrays["best_of_mean"]), ("draw", exact[1].matrix().argmax(axis=1))):
        counts = np.bincount(best)
        print(f"{name}: {np.count_nonzero(counts)} films are someone's best, one of them for {counts.max()} users")
    return hashlib.sha256(pathlib.Path(output).read_bytes()).hexdigest()


if __name__ == "__main__":
    digest = build()
    print(f"{OUTPUT.name}: {OUTPUT.stat().st_size:,} bytes, sha256 {digest}")
    print("Write that sha256 into PROVENANCE.md.")
