"""What scikit-learn does once a process, done ahead in a process that others are forked from."""

from __future__ import annotations


def warm_up() -> None:
    """Fit the smallest estimator there is.

    The first fit looks through all installed packages for kinds of data frames (narwhals' plugins): 30 ms. Starts
    no thread, runs no OpenMP code and changes no result.
    """
    from sklearn.preprocessing import Normalizer

    Normalizer().fit([[1.0]])
