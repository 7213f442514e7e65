"""What `off_policy_value` refuses, by the argument's name and the record."""

import numpy as np
import pytest

import capg_core as capg

OLD, NEW, Q = np.array([0.5, -0.2, 0.1, -np.inf, 0.3]), np.array([0.1, 0.2, -0.3, 0.4, -np.inf]), np.arange(5.0)
GOOD = dict(log_logits=OLD, new_logits=NEW, shown=[4, 2, 1], rewards=[1.0, 0.0, 1.0], k=2, utility=Q)
LISTS = [[4, 2], [2, 0], [0, 1]]
ROWS = np.tile(OLD, (3, 1))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"log_logits": OLD[:4]}, r"new_logits has shape \(5,\); expected \(4,\), one number for each item, or"),
        ({"log_logits": ROWS[:2]}, r"log_logits has shape \(2, 5\); expected .* or \(3, n\), one row for each record"),
        ({"new_logits": NEW[None, None]}, r"new_logits has shape \(1, 1, 5\)"),
        ({"log_logits": [0.0, np.nan, 0, 0, 0]}, r"log_logits\[1\] = nan; expected a finite number, or -inf"),
        ({"new_logits": np.full((3, 5), np.inf)}, r"new_logits\[0, 0\] = inf"),
        ({"new_logits": ["a"] * 5}, "new_logits has dtype <U1"),
        ({"log_logits": None}, "log_logits has dtype object"),
        ({"log_logits": np.ma.masked_array(OLD, mask=OLD > 0)}, "log_logits has masked entries"),
        ({"shown": [4, 2, 5]}, r"shown\[2\] = 5; expected an item in 0 … 4"),
        ({"shown": [4, 2, -1]}, r"shown\[2\] = -1"),
        ({"shown": [4.0, 2.0, 1.0]}, "shown has dtype float64"),
        ({"shown": [4]}, r"shown has shape \(1,\); expected two or more records"),
        ({"shown": [[4, 2, 1]]}, r"shown has shape \(1, 3\); expected \(N,\)"),
        ({"shown": [4, 3, 1]}, r"shown\[1\] = 3; expected an item that the logging policy can show \(its log"),
        ({"shown": [4, 0, 1]}, r"shown\[1\] = 0; expected an item that the logging policy can show: its late"),
        ({"rewards": [1.0, 0.0]}, r"rewards has shape \(2,\); expected \(3,\)"),
        ({"rewards": [1.0, np.nan, 0.0]}, r"rewards\[1\] = nan"),
        ({"k": 5}, "k = 5; expected a whole number from 1 to 4, the number of finite logits in log_logits"),
        ({"k": 5, "log_logits": np.zeros((3, 5)), "new_logits": ROWS}, r"finite logits in new_logits\[0\]"),
        ({"k": 0}, "k = 0"),
        ({"k": 2.0}, "k = 2.0"),
        ({"utility": None}, "utility = None; expected what the late stage ranks by.*weights='inclusion' neither"),
        ({"utility": Q[:4]}, r"utility has shape \(4,\)"),
        ({"utility": [0.0, 1.0, np.inf, 0, 0]}, r"utility\[2\] = inf"),
        ({"late_stage": "best"}, "late_stage = 'best'"),
        ({"late_stage": "noisy"}, "late_stage = 'noisy'; expected one of .* add the noise to utility"),
        ({"candidates": LISTS[:2]}, r"candidates has shape \(2, 2\); expected shape \(3, 2\)"),
        ({"candidates": [[4, 2], [2, 9], [0, 1]]}, r"candidates\[3\] = 9"),
        ({"candidates": [[4, 2], [2, 2], [0, 1]]}, r"candidates\[1\] = 2; expected no item twice in a list"),
        ({"candidates": [[4, 2], [2, 3], [0, 1]]}, r"candidates\[1\] = 3; expected an item that the logging policy"),
        ({"candidates": [[4, 2], [1, 0], [0, 1]]}, r"shown\[1\] = 2; expected one of the record's candidates"),
        ({"weights": "list"}, "candidates = None; expected the lists in draw order"),
        ({"weights": "set"}, "weights = 'set'; expected one of 'outcome', 'list', 'inclusion'"),
        ({"marginal": "paper"}, "marginal = 'paper'"),
        ({"self_normalised": 1}, "self_normalised = 1; expected True or False"),
        ({"clip": 0}, "clip = 0"),
        ({"clip": -1.0}, "clip = -1.0"),
        ({"clip": np.inf}, "clip = inf"),
    ],
)
def test_what_is_wrong_is_said_by_name_and_record(changes, said):
    capg.off_policy_value(**GOOD)
    with pytest.raises(ValueError, match=said):
        capg.off_policy_value(**GOOD | changes)


def test_where_the_ranking_is_not_known():
    uniform = capg.off_policy_value(**GOOD | {"utility": None, "late_stage": "uniform"})
    pi = [capg.inclusion_probabilities(logits, 2)[GOOD["shown"]] for logits in (NEW, OLD)]
    np.testing.assert_allclose(uniform.importance, pi[0] / pi[1], rtol=1e-11)
    given = GOOD | {"utility": None, "late_stage": "noisy", "weights": "list", "candidates": LISTS}
    assert not capg.off_policy_value(**given).unbiased  # the new policy can show item 3, and the log's could not
    assert capg.off_policy_value(**given | {"new_logits": np.where(OLD == -np.inf, OLD, NEW)}).unbiased
    with pytest.raises(ValueError, match="utility = None"):
        capg.off_policy_value(**GOOD | {"utility": None, "late_stage": capg.mix("uniform", "optimal", 0.1)})
