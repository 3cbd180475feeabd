"""Lookup of reports in MLflow's tracking store: by id, the experiment that a report is about, and its content."""

from __future__ import annotations

from veritrain_lib.server.http.ids import RUN_ID
from veritrain_lib.server.http.problems import NotFound
from veritrain_lib.tracking import report_listing
from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.report_listing import EXPERIMENT_TAG, PREFIX

CONTENT_TAG = f"{PREFIX}content"
"""Tag of a requested report's MLflow run that names the report stage's run with its content."""


def find_report(report_id: str) -> Run:
    """Return the MLflow run of the report with an API id.

    Raises:
        NotFound: There is no such report.
    """
    reports = report_listing.read_reports([report_id]) if RUN_ID.fullmatch(report_id) else {}
    if report_id not in reports:
        raise NotFound(f"there is no report {report_id[:80]!r}")
    return reports[report_id]


def experiment_of(run: Run) -> str | None:
    """Return the run id of the experiment that a report is about; None if it is not known.

    It is the experiment that the request named, otherwise the one to which the report stage belongs.
    """
    tags = run.data.tags
    subject = tags.get("veritrain.input.about", "")
    experiment_id = tags.get(EXPERIMENT_TAG) or (
        subject if RUN_ID.fullmatch(subject) else tags.get("mlflow.parentRunId")
    )
    return experiment_id or None


def content_run(run: Run) -> str | None:
    """Return the id of the report stage's MLflow run with the content of a report; None if it has not been written."""
    if run.data.tags.get("veritrain.stage") == "report":
        return run.info.run_id
    return run.data.tags.get(CONTENT_TAG)
