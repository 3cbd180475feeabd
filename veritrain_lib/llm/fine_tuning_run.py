"""The function `run_tuning_job`, which follows one fine-tuning job from the upload of its rows to the tuned model.

After a kill, calling it again continues the same job; it never orders a second one.
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
"""Seconds for which the provider may check an uploaded file before the job is given up."""
MAX_ATTEMPTS = 3
"""Maximum number of attempts to upload a file or create a job if no answer comes and it is not found afterwards."""
MAX_FAILED_POLLS = 20
"""Failed polls in a row after which polling ends with an error; the job itself goes on at the provider."""


MAX_UNKNOWN_POLLS = 20
"""Polls in a row with an unknown job status after which polling ends with an error."""
DEFAULT_REASONS = {
    "cancelled": "cancelled at the provider",
    "expired": "it was not done within the provider's time limit",
    "deleted": "deleted at the provider",
    "succeeded": "the provider names no tuned model",
}
"""Reason that is given for a job without a model, by status, where the provider names no reason."""


class TuningJobFailed(Infrastructure):
    """Raised when a fine-tuning job ended without a model.

    Attributes:
        job: The job as the provider reports it.
    """

    def __init__(self, job: TuningJob, text: str) -> None:
        super().__init__(text)
        self.job = job


@dataclass(frozen=True)
class TuningProgress:
    """Progress of a running fine-tuning job, passed to the caller's callback.

    Attributes:
        job: The job as the provider reports it.
        events: Texts of the events since the last call.
        seconds: Seconds since polling began.
    """

    job: TuningJob
    events: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class PollingIntervals:
    """Waiting times while a fine-tuning job at the provider is followed.

    Attributes:
        poll: Seconds between two requests for the state of a job.
        settle: Seconds for which a job that may have been created is searched for before it counts as
            missing, since a provider's list can lag behind.
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
    """Fine-tune a model at the provider: find or create the job of a specification, and wait until it has succeeded.

    Args:
        service: Client of the provider.
        record: Storage for the progress of jobs.
        spec: Specification of the job.
        cost: The cost estimate in US dollars that `allow` accepted, stored with the job.
        waits: Waiting times; None for the defaults.
        allow: Called before a file is uploaded or a job is created; raises an error to refuse.
        on_progress: Called when there are new events or the state changes; None for no reports.

    Returns:
        The job, which has succeeded and names the tuned model.

    Raises:
        TuningJobFailed: The job failed or was cancelled; the message quotes the provider's reason.
        Infrastructure: The provider can't be reached; call again to resume the job.
        UserError: The provider refused the file or the job.
        Exception: Any error of `allow`; this call has then uploaded and created nothing.
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
    """Take all missing steps (upload, creation) until the id of the job is stored, and return the stored state.

    The caller holds the lock of the job, so only one process at a time does this.
    """

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
    """Return the oldest job at the provider that matches a specification; None if there is none.

    If a creation was attempted at the time `intended`, the search is repeated until `waits.settle` seconds
    after that time, when the provider's list is certainly up to date.
    """
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
