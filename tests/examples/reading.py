"""The committed files of a built-in example, as texts."""

from __future__ import annotations

import pandas as pd

from veritrain_lib.core import project


def table(task: str, name: str) -> pd.DataFrame:
    """A file of an example, every cell as it is written."""
    return pd.read_csv(project.example_task(task).with_name(f"{name}.csv"), keep_default_na=False, dtype=str)


def dirt_of(task: str) -> pd.DataFrame:
    """What is wrong with which rows; the index counts the rows of the pool from 0."""
    found = table(task, "dirt")
    found.index = found["row"].astype(int) - 1
    return found


def bare(texts: pd.Series) -> pd.Series:
    """Letters and digits alone, in one case and one width."""
    return texts.str.normalize("NFKC").str.lower().str.replace(r"[\W_]", "", regex=True)
