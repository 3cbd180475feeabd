"""Reports in the record: lookup by id, what a report is about, and the run that has its content."""

from __future__ import annotations

from veritrain_lib.server.http.ids import RUN_ID
from veritrain_lib.server.http.problems import NotFound
from veritrain_lib.tracking import report_listing
from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.report_listing import EXPERIMENT_TAG, PREFIX

CONTENT_TAG = f"{PREFIX}content"
"""Tag of a run of kind `report`: the run of the report stage that wrote its content."""


def find_report(report_id: str) -> Run:
    """Return the run of a report. Raises NotFound."""
    reports = report_listing.read_reports([report_id]) if RUN_ID.fullmatch(report_id) else {}
    if report_id not in reports:
        raise NotFound(f"there is no report {report_id[:80]!r}")
    return reports[report_id]


def experiment_of(run: Run) -> str | None:
    """Return the id of the run that a report is about: the requested one, else the round that it belongs to."""
    tags = run.data.tags
    subject = tags.get("veritrain.input.about", "")
    experiment_id = tags.get(EXPERIMENT_TAG) or (
        subject if RUN_ID.fullmatch(subject) else tags.get("mlflow.parentRunId")
    )
    return experiment_id or None


def content_run(run: Run) -> str | None:
    """Return the id of the report stage's run with the content of a report; None if it was not written."""
    if run.data.tags.get("veritrain.stage") == "report":
        return run.info.run_id
    return run.data.tags.get(CONTENT_TAG)
