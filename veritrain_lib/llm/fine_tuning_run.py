"""One fine-tuning job from upload to the tuned model.

Run again after any kill, it continues and never starts a second job.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import Infrastructure, UserError
from veritrain_lib.llm.fine_tuning import OutcomeUnknown, TuningJob, TuningJobSpec, TuningService

if TYPE_CHECKING:
    from veritrain_lib.llm.fine_tuning_record import TuningRecord, TuningState

FILE_CHECK_TIMEOUT_S = 1800.0
"""Seconds that the provider may take to check an uploaded file."""
MAX_ATTEMPTS = 3
"""How often something that got no answer and is not found afterwards is sent in all."""
MAX_FAILED_POLLS = 20
"""Polls in a row that may fail before polling ends; the job goes on at the provider."""


MAX_UNKNOWN_POLLS = 20
"""Polls in a row of a job with an unknown status before polling ends."""
DEFAULT_REASONS = {
    "cancelled": "cancelled at the provider",
    "expired": "it was not done within the provider's time limit",
    "deleted": "deleted at the provider",
    "succeeded": "the provider names no tuned model",
}
"""Why a job has no model, where the provider gives no reason."""


class TuningJobFailed(Infrastructure):
    """A job that ended without a model.

    Attributes:
        job: The job as the provider describes it.
    """

    def __init__(self, job: TuningJob, text: str) -> None:
        super().__init__(text)
        self.job = job


@dataclass(frozen=True)
class TuningProgress:
    """The state of a job that is waited for.

    Attributes:
        job: The job.
        events: Events that are new since the last call.
        seconds: Seconds since polling began.
    """

    job: TuningJob
    events: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class PollingIntervals:
    """Waiting times.

    Attributes:
        poll: Seconds between two looks at a job.
        settle: Seconds that a job which may have been created is searched for before it counts as missing (a
            provider's list can lag behind).
    """

    poll: float = 30.0
    settle: float = 60.0


def run_tuning_job(
    service: TuningService,
    record: TuningRecord,
    spec: TuningJobSpec,
    *,
    cost: float,
    waits: PollingIntervals | None = None,
    allow: Callable[[], None] = lambda: None,
    on_progress: Callable[[TuningProgress], None] | None = None,
) -> TuningJob:
    """Get a job for this specification, an existing one if there is any, and wait until it succeeded.

    Args:
        service: The provider.
        record: The record of jobs on disk.
        spec: The job.
        cost: The estimate that `allow` accepted, in US dollars.
        waits: Waiting times.
        allow: Called once before anything is uploaded or created for the first time; may raise to refuse.
        on_progress: Called when there are new events or the state changes.

    Raises:
        TuningJobFailed: The job failed or was cancelled, with the provider's reason.
        Infrastructure: The provider can't be reached; run again to resume the job.
        UserError: The provider refused the file or the job.
    """
    waits = waits or PollingIntervals()
    state = record.state(spec.key)
    if state.job_id is None:
        with record.lock(spec.key):
            state = _ensure_job(service, record, spec, cost, waits, allow)
    assert state.job_id is not None
    job = _wait(service, state.job_id, waits.poll, on_progress)
    record.save(
        spec.key,
        service.endpoint.address,
        spec.base,
        status=job.status,
        model=job.model,
        trained_tokens=job.trained_tokens,
    )
    if job.status != "succeeded" or not job.model:
        reason = job.reason or DEFAULT_REASONS.get(job.status, "no reason given")
        raise TuningJobFailed(
            job,
            f"fine-tuning job {job.id} {job.status}: {reason}. Running again finds this same job; to start another "
            "one, correct the cause and raise trainer.parameters.attempt in the task file by 1.",
        )
    return job


def _ensure_job(
    service: TuningService,
    record: TuningRecord,
    spec: TuningJobSpec,
    cost: float,
    waits: PollingIntervals,
    allow: Callable[[], None],
) -> TuningState:
    """Continue from the recorded state to a job's id on disk; one process at a time does this for a job."""

    def save(**fields: str | float | None) -> TuningState:
        return record.save(spec.key, service.endpoint.address, spec.base, **fields)

    state = record.state(spec.key)
    if state.job_id is not None:
        return state
    file_id = state.file_id or service.find_file(spec)
    job = _find_job(service, spec, file_id, state.intended, waits) if file_id else None
    if job is None:
        # Also after a kill: money spent meanwhile may have used up the cap.
        allow()
        file_id = file_id or _upload(service, spec)
        save(file_id=file_id, cost=cost)
        _until_ready(service, file_id, waits.poll)
        for number in range(1, MAX_ATTEMPTS + 1):
            intended = time.time()
            save(intended=intended)
            try:
                job = service.create(spec, file_id)
            except OutcomeUnknown:
                # No answer: the job counts as missing only when the provider's list has had time to show it.
                job = _find_job(service, spec, file_id, intended, waits)
                if job is None and number == MAX_ATTEMPTS:
                    raise
            except UserError:
                save(intended=None)
                raise
            if job is not None:
                break
    assert job is not None
    return save(file_id=file_id, job_id=job.id, status=job.status, cost=cost)


def _upload(service: TuningService, spec: TuningJobSpec) -> str:
    for number in range(1, MAX_ATTEMPTS + 1):
        try:
            return service.upload(spec)
        except OutcomeUnknown:
            # A file costs nothing: one that appears later is never trained on.
            file_id = service.find_file(spec)
            if file_id is not None:
                return file_id
            if number == MAX_ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def _find_job(
    service: TuningService, spec: TuningJobSpec, file_id: str, intended: float | None, waits: PollingIntervals
) -> TuningJob | None:
    """Return the existing job at the provider; after an intent, search until its list must be up to date."""
    until = (intended or 0.0) + waits.settle
    while True:
        now = time.time()
        jobs = service.jobs_of(spec, file_id)
        if jobs:
            return jobs[0]
        # A clock that was set back must not make this loop wait for ever.
        remaining = min(until - now, waits.settle)
        if remaining <= 0:
            return None
        time.sleep(min(remaining, max(0.05, waits.settle / 10)))


def _until_ready(service: TuningService, file_id: str, poll: float) -> None:
    start = time.monotonic()
    while not service.file_ready(file_id):
        if time.monotonic() - start > FILE_CHECK_TIMEOUT_S:
            raise Infrastructure(
                f"the provider has been checking the training file {file_id} for {FILE_CHECK_TIMEOUT_S:.0f} s; run again later"
            )
        time.sleep(poll)


def _wait(
    service: TuningService, job_id: str, poll: float, on_progress: Callable[[TuningProgress], None] | None
) -> TuningJob:
    start, failed_polls, unknown_polls, seen_ids = time.monotonic(), 0, 0, set[str]()
    last_facts: tuple[object, ...] | None = None
    while True:
        try:
            job = service.get_job(job_id)
            events = [event for event in service.events(job_id) if event[0] not in seen_ids]
        except Infrastructure as error:
            failed_polls += 1
            if failed_polls >= MAX_FAILED_POLLS:
                raise Infrastructure(
                    f"job {job_id} can't be looked at ({error}); it goes on at the provider, and the same command "
                    "resumes it"
                ) from error
            time.sleep(poll)
            continue
        failed_polls = 0
        seen_ids.update(event_id for event_id, _ in events)
        facts = (job.status, job.trained_tokens)
        if on_progress is not None and (events or facts != last_facts):
            last_facts = facts
            texts = tuple(text for _, text in events)
            on_progress(TuningProgress(job, texts, time.monotonic() - start))
        if job.ended:
            return job
        unknown_polls = 0 if job.has_known_status else unknown_polls + 1
        if unknown_polls >= MAX_UNKNOWN_POLLS:
            raise Infrastructure(
                f"job {job_id} has the status {job.status!r}, which is not known here, for {unknown_polls} looks now; look at "
                "it on the provider's page. The same command resumes it"
            )
        time.sleep(poll)
