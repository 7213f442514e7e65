"""How the three weights are drawn: each as the estimator that differentiates the log of the same probability."""

from dataclasses import replace

from capg_core.look import look_of

LOOKS = {
    name: replace(look_of(estimator), label=name)
    for name, estimator in (("list", "V-PG"), ("outcome", "Outcome-PG"), ("inclusion", "CA-PG"))
}
