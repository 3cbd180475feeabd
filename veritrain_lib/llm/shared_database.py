"""Function that finds the PostgreSQL database that several machines share and that holds their ledger of paid answers.

Open it when paid answers are missing or counted twice because machines do not use the same ledger.
"""

from __future__ import annotations

import os

from veritrain_lib.llm.keys import project_setting


def address() -> str:
    """Return the URL of the PostgreSQL database that several machines share; empty where there is none.

    It is the tracking store's own database (see `tracking/state/database.py`): `MLFLOW_TRACKING_URI`, or
    `DATABASE_URL` where that is unset or names an MLflow server.
    """
    record = os.environ.get("MLFLOW_TRACKING_URI", "")
    if not record or record.startswith(("http://", "https://")):
        record = project_setting("DATABASE_URL")
    scheme, separator, rest = record.partition("://")
    if not separator or scheme.partition("+")[0] not in ("postgresql", "postgres"):
        return ""
    return f"postgresql://{rest}"
