"""What one estimator is: a record, what its kernels are given, and a rung as it was asked for.

An estimate is gain x score, the gain being (reward - baseline). A rung with a critic gives the gradient of what its
critic expects, and beside it, where a residual is asked for, (reward - critic - baseline) x the score of another rung.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from capg_core._checks import as_name
from capg_core.exact.problem import Problem

LIST, OUTPUT, FIRST = "list", "output", "first arrivals"
MARGINALS = ("exact", "asymptotic", "paper")


@dataclass(eq=False)
class First:
    """
    What a rung with a critic sees of a batch: the K+1 first arrivals, and what the late stage thinks of each.

    Attributes
    ----------
    arrivals : (B, K+1) int64
        In the order of the draws; (B, K) where there is no next one.
    utility, critic : (B, K+1) float64
        The critic is the predicted reward.
    noise : (B, K+1) float64
        What a noisy part of the late stage adds to the utility; (0, 0) without one.
    position_weights : (L,) float64
        They sum to one.
    """

    arrivals: np.ndarray
    utility: np.ndarray
    critic: np.ndarray
    noise: np.ndarray
    position_weights: np.ndarray


@dataclass(eq=False)
class Batch:
    """
    What the kernels of a batch are given; arrays of M experts, B contexts, n items, K candidates and L outputs.

    Attributes
    ----------
    theta, exp_theta : (M, B, n) float64
        Logits, and exp(theta + shift).
    shifts : (M, B) float64
    places : (M,) int64
        How many of the K candidates each expert draws.
    candidates : (B, K) int64 or None
        What a rung that sees the list needs.
    outputs : (B, L) int64
    gains : (B, L) float64
        Position weight x (reward - baseline) of each output, or x (reward - critic - baseline).
    parts : tuple of (LateStage, float)
    utility : (B, n) float64
        What a rung that needs the ranking sees; (0, 0) for the others.
    noise : (B, n) float64
        What a noisy part of the late stage adds to the utility; (0, 0) without one.
    first : First, optional
        For a rung with a critic.
    """

    theta: np.ndarray
    exp_theta: np.ndarray
    shifts: np.ndarray
    places: np.ndarray
    candidates: np.ndarray
    outputs: np.ndarray
    gains: np.ndarray
    parts: tuple
    utility: np.ndarray
    noise: np.ndarray
    first: First | None = None

    @property
    def k(self):
        """Number of candidates."""
        return int(self.places.sum())

    def problem(self, b):
        """Return one context as the exact formulas take it; of one expert."""
        utility = self.utility[b] if self.utility.size else None
        noise = self.noise[b] if self.noise.size else None
        return Problem(self.theta[0, b], self.k, None, utility, self.parts, noise)


@dataclass(frozen=True)
class Rung:
    """
    One estimator.

    Attributes
    ----------
    name : str
    event : str
        Whose probability is differentiated, in a word or two.
    sees : {"list", "output", "first arrivals"}
        What its score depends on: the candidates, the item shown alone, or the candidates and the next arrival.
    unbiased : bool
        Whether its expectation is the policy gradient, with an exact marginal.
    score : callable or None
        ``score(problem, seen, marginal)`` gives (N, n) scores in one context, of the lists (N, k) or outputs (N,) seen.
        Of a rung with a critic, what it credits beside the residual, by the first arrivals (N, k+1).
    kernels : mapping
        From a marginal, or from None where there is no choice, to ``kernel(batch, rows)``, which fills (M, B, n); that
        of a rung with a critic adds to it.
    marginals : tuple of str
        The ways to compute its probability that one can choose from; empty if there is one.
    needs_ranking : bool
        Whether it needs the utility by which the late stage ranks all items.
    residuals : mapping
        From what a residual can be called to the name of the rung whose score it multiplies; only for a rung that needs
        a critic.
    needs_baseline : tuple of str
        The marginals whose score has a small mean, which a reward far from zero multiplies.
    with_experts : tuple or None
        The marginals that have a form for several experts; None where it has none.
    with_outputs : bool
        Whether it has a form where several items are shown.
    ordered : bool
        Whether it needs the candidates in the order of the draws.
    approximates : bool
        True for what drops "without replacement" from the rung above it.
    """

    name: str
    event: str
    sees: str
    unbiased: bool
    score: Callable | None = None
    kernels: Mapping = field(default_factory=dict)
    marginals: tuple = ()
    needs_ranking: bool = False
    residuals: Mapping = field(default_factory=dict)
    needs_baseline: tuple = ()
    with_experts: tuple | None = MARGINALS
    with_outputs: bool = True
    ordered: bool = False
    approximates: bool = False

    @property
    def needs_critic(self):
        """True where it needs a predicted reward of each item, and one arrival more than the candidates."""
        return self.sees == FIRST

    def as_marginal(self, marginal):
        """Return a marginal that this rung has; without a choice, any known name will do."""
        return as_name(marginal, "marginal", self.marginals or MARGINALS)

    def is_unbiased(self, marginal):
        """Say whether its expectation is the policy gradient itself with this marginal."""
        return self.unbiased and (not self.marginals or marginal == "exact")

    def scores(self, problem, seen, marginal):
        """Return the scores (N, n) in one context of the lists or outputs seen."""
        if self.score is None:
            raise ValueError(f"estimator = {self.name!r}; expected one with a formula for a single context")
        return self.score(problem, seen, marginal)

    def kernel(self, marginal):
        """Return the kernel of a marginal, or None."""
        return self.kernels.get(marginal if self.marginals else None)

    def check(self, marginal, n_experts, n_outputs):
        """Refuse a combination that has no form, rather than approximate silently."""
        self.as_marginal(marginal)
        if n_experts > 1 and self.with_experts is None:
            raise ValueError(
                f"n_experts = {n_experts} with estimator = {self.name!r}; expected 1: no such form is known"
            )
        if n_experts > 1 and marginal not in self.with_experts:
            expected = ", ".join(map(repr, self.with_experts))
            raise ValueError(
                f"n_experts = {n_experts} with marginal = {marginal!r}; expected {expected}: no other is known"
            )
        if n_outputs > 1 and not self.with_outputs:
            raise ValueError(
                f"n_outputs = {n_outputs} with estimator = {self.name!r}; expected 1: no such form is built"
            )
        if self.kernel(marginal) is None and self.score is None:
            raise ValueError(f"estimator = {self.name!r}; expected one with a formula, for a batch or a single context")

    def fill(self, batch, marginal, rows):
        """Fill rows (M, B, n) with gain times score: by its kernel, else context by context."""
        kernel = self.kernel(marginal)
        if kernel is not None:
            kernel(batch, rows)
            return
        for b in range(rows.shape[1]):
            problem = batch.problem(b)
            if self.sees == LIST:
                rows[0, b] = batch.gains[b].sum() * self.scores(problem, batch.candidates[b : b + 1], marginal)[0]
            else:
                rows[0, b] = batch.gains[b] @ self.scores(problem, batch.outputs[b], marginal)


@dataclass(frozen=True)
class Chosen:
    """
    An estimator as it was asked for.

    Attributes
    ----------
    rung : Rung
    marginal : str
    scored : Rung or None
        Whose score the gain multiplies: the rung itself, that of its residual, or none.
    residual : str or None
    """

    rung: Rung
    marginal: str
    scored: Rung | None
    residual: str | None = None

    @property
    def needs_critic(self):
        """True where it needs a predicted reward of each item, and one arrival more than the candidates."""
        return self.rung.needs_critic

    @property
    def needs_ranking(self):
        """True where it needs the utility of every item."""
        return self.scored is not None and self.scored.needs_ranking

    @property
    def ordered(self):
        """True where the order of the draws counts, or which of the arrivals is the last."""
        return self.needs_critic or self.scored.ordered

    def refuse_missing(self, utility, critic, parts):
        """Raise for a utility or critic that is None though it is needed."""
        name = self.rung.name
        ranks = self.needs_critic and not all(stage.is_uniform for stage, _ in parts)
        if utility is None and (ranks or self.needs_ranking):
            raise ValueError(f"utility = None; expected the late stage's utility, which {name!r} needs")
        if critic is None and self.needs_critic:
            raise ValueError(f"critic = None; expected the predicted reward of each item, which {name!r} needs")

    def check(self, n_experts, n_outputs):
        """Refuse a combination that has no form, rather than approximate silently."""
        self.rung.check(self.marginal, n_experts, n_outputs)
        if self.scored is not None:
            self.scored.check(self.marginal, n_experts, n_outputs)

    def fill(self, batch, rows):
        """Fill rows (M, B, n) with the estimates of a batch."""
        if self.scored is None:
            rows[:] = 0.0
        else:
            self.scored.fill(batch, self.marginal, rows)
        if self.needs_critic:
            self.rung.kernel(self.marginal)(batch, rows)

    def is_unbiased(self):
        """Say whether its expectation is the policy gradient itself, whatever the critic."""
        return self.scored is not None and self.scored.is_unbiased(self.marginal)
