"""Frames to draw: plain, hostile and Japanese labels."""

import numpy as np
import pandas as pd

LABELS = [
    "invoice_wrong", "invoice_missing", "billing_address_change", "refund_request", "cancel_subscription",
    "password_reset", "login_problem", "feature_question", "bug_report", "data_export",
    "請求書の間違い", "plan from $5 to $6",
]  # fmt: skip


def rounds(count: int = 5) -> pd.DataFrame:
    value = 0.71 + 0.03 * np.arange(count)
    return pd.DataFrame(
        {
            "round": range(count), "value": value, "low": value - 0.03, "high": value + 0.03,
            "promoted": [at % 2 == 0 for at in range(count)],
        }
    )  # fmt: skip


def slices(count: int = 40) -> pd.DataFrame:
    difference = np.linspace(-0.1, 0.3, count)
    verdicts = ["worse", "can't tell", "not worse", "better"]
    return pd.DataFrame(
        {
            "name": [f"label={LABELS[at % 12]}{'_and_a_very_long_end' * (at % 3)}_{at}" for at in range(count)],
            "n": range(5, 5 + count), "champion": 0.6, "challenger": 0.6 + difference,
            "difference": difference, "low": difference - 0.05, "high": difference + 0.05,
            "verdict": [verdicts[at * 4 // count] for at in range(count)],
        }
    )  # fmt: skip


def pairs() -> pd.DataFrame:
    rows = [(one, other) for one in LABELS for other in LABELS]
    frame = pd.DataFrame(rows, columns=["expected", "answered"])
    return frame.assign(count=[(at * 7) % 31 for at in range(len(frame))])


def matrix(count: int = 12) -> pd.DataFrame:
    labels = LABELS if count == 12 else [f"intent_{at}" for at in range(count)]
    counts = np.fromfunction(lambda row, column: (row * 5 + column * 3) % 4 // 3, (count, count), dtype=int)
    return pd.DataFrame(counts + 40 * np.eye(count, dtype=int), index=labels, columns=labels)


def rules() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rule": ["exact_duplicate", "leakage", "label_disagreement", "contract"],
            "rejected": [10, 40, 6, 0], "share": [0.02, 0.08, 0.012, 0.0], "limit": [0.1, 0.05, None, 0.01],
            "outcome": ["passed", "blocked", "warned", "passed"],
        }
    )  # fmt: skip


def copies(count: int = 20) -> pd.DataFrame:
    lines = []
    for group in range(1, count + 1):
        text = LABELS[group % 12].replace("_", " ") + " please, a rather long message of somebody" * (
            group % 2
        )
        near = {"group": group, "text": text, "kind": "near_duplicate", "copies": 1 + group % 3}
        lines += [{**near, "kind": "exact_duplicate", "copies": count - group}, near]
    return pd.DataFrame(lines)


def rates() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": ["several_candidates", "explanation", "contract_kept", "cost"],
            "value": [1.0, 0.42, 0.98, None], "low": [0.97, 0.33, 0.95, None], "high": [1.0, 0.51, 0.99, None],
            "n": [120, 120, 120, 0],
        }
    )  # fmt: skip


def plan(count: int = 12) -> pd.DataFrame:
    error = np.linspace(0.05, 0.4, count)
    rows = np.arange(count) * 5
    return pd.DataFrame(
        {
            "slice": [f"label={LABELS[at % 12]}_{at}" for at in range(count)], "rows": rows, "error": error,
            "low": error / 2, "high": error + 0.1, "share": rows / max(rows.sum(), 1),
        }
    )  # fmt: skip


def counts(count: int = 12) -> pd.DataFrame:
    labels = [f"{LABELS[at % 12]}_{at}" for at in range(count)]
    return pd.DataFrame({"label": labels, "before": 10, "after": [10 + at for at in range(count)]})


def margins() -> pd.DataFrame:
    values = np.linspace(0, 1, 300)
    return pd.DataFrame({"margin": values, "chosen": values < 0.2})


def arms(count: int = 4) -> pd.DataFrame:
    mean = np.linspace(0.84, 0.61, count)
    relations = ["best", "within noise", "differs", "not tested"]
    return pd.DataFrame(
        {
            "arm": [f"trainer {LABELS[at % 12]}, choose random, round {at}" for at in range(count)], "seeds": 4,
            "mean": mean, "low": mean - 0.03, "high": mean + 0.03,
            "against_best": [relations[min(at, 1 + at % 3)] for at in range(count)],
        }
    )  # fmt: skip
