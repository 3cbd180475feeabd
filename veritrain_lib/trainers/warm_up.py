"""Warm-up of scikit-learn in a process that worker processes are forked from."""

from __future__ import annotations


def warm_up() -> None:
    """Fit a trivial estimator, so that one-time initialization is done before the fork.

    The first fit searches all installed packages for data frame plugins (of narwhals): 30 ms. Starts no thread, runs
    no OpenMP code and changes no result.
    """
    from sklearn.preprocessing import Normalizer

    Normalizer().fit([[1.0]])
