"""One order to its end: upload, job, polling. Run again after any kill, it goes on and never starts a second job."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import Infrastructure, UserError
from veritrain_lib.llm.fine_tuning import MaybeDone, TuningJob, TuningOrder, TuningService

if TYPE_CHECKING:
    from veritrain_lib.llm.fine_tuning_record import TuningRecord, TuningState

FILE_SECONDS = 1800.0
"""How long an uploaded file may be checked by the provider."""
TRIES = 3
"""How often something that got no answer and is not found afterwards is sent in all."""
BLIND_LOOKS = 20
"""Looks in a row that may fail before polling gives up; the job goes on at the provider."""


UNKNOWN_LOOKS = 20
"""Looks in a row at a job in a status that is not known here before polling gives up."""
ENDED = {
    "cancelled": "cancelled at the provider",
    "expired": "it was not done within the provider's time limit",
    "deleted": "deleted at the provider",
    "succeeded": "the provider names no tuned model",
}
"""Why a job has no model, where the provider gives no reason."""


class JobEnded(Infrastructure):
    """A job that ended without a model; `job` is what the provider says of it."""

    def __init__(self, job: TuningJob, text: str) -> None:
        super().__init__(text)
        self.job = job


@dataclass(frozen=True)
class TuningProgress:
    """Where a job is. `events` are those that are new since the last call; `seconds` since it was first looked at."""

    job: TuningJob
    events: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Waits:
    """Seconds: between two looks at a job; and how long a job that may have been created is looked for before
    it is held not to exist (a provider's list can lag behind)."""

    poll: float = 30.0
    settle: float = 60.0


def run_order(
    service: TuningService,
    record: TuningRecord,
    order: TuningOrder,
    *,
    cost: float,
    waits: Waits | None = None,
    allow: Callable[[], None] = lambda: None,
    on_progress: Callable[[TuningProgress], None] | None = None,
) -> TuningJob:
    """Get a job for this order, an old one where there is any, and wait until it succeeded.

    `allow` is called once before anything is uploaded or created for the first time, and may refuse; `cost` is the
    estimate that it allowed.

    Raises:
        JobEnded: The job failed or was cancelled, with the provider's reason.
        Infrastructure: The provider can't be reached; run again, the job is taken up.
        UserError: The provider refused the file or the job.
    """
    waits = waits or Waits()
    state = record.state(order.key)
    if state.job_id is None:
        with record.alone(order.key):
            state = _begin(service, record, order, cost, waits, allow)
    assert state.job_id is not None
    job = _wait(service, state.job_id, waits.poll, on_progress)
    record.note(
        order.key,
        service.endpoint.address,
        order.base,
        status=job.status,
        model=job.model,
        trained_tokens=job.trained_tokens,
    )
    if job.status != "succeeded" or not job.model:
        why = job.reason or ENDED.get(job.status, "no reason given")
        raise JobEnded(
            job,
            f"fine-tuning job {job.id} {job.status}: {why}. Running again finds this same job; to start another "
            "one, correct the cause and raise trainer.parameters.attempt in the task file by 1.",
        )
    return job


def _begin(
    service: TuningService,
    record: TuningRecord,
    order: TuningOrder,
    cost: float,
    waits: Waits,
    allow: Callable[[], None],
) -> TuningState:
    """From whatever is known to a job's id on disk. Only one process at a time is in here for one order."""

    def note(**fields: str | float | None) -> TuningState:
        return record.note(order.key, service.endpoint.address, order.base, **fields)

    state = record.state(order.key)
    if state.job_id is not None:
        return state
    file_id = state.file_id or service.find_file(order)
    job = _found(service, order, file_id, state.intended, waits) if file_id else None
    if job is None:
        # Also after a kill: what was spent meanwhile may have left no room.
        allow()
        file_id = file_id or _upload(service, order)
        note(file_id=file_id, cost=cost)
        _until_ready(service, file_id, waits.poll)
        for number in range(1, TRIES + 1):
            intended = time.time()
            note(intended=intended)
            try:
                job = service.create(order, file_id)
            except MaybeDone:
                # No answer: it counts as not there only when the provider's list has had time to show it.
                job = _found(service, order, file_id, intended, waits)
                if job is None and number == TRIES:
                    raise
            except UserError:
                note(intended=None)
                raise
            if job is not None:
                break
    assert job is not None
    return note(file_id=file_id, job_id=job.id, status=job.status, cost=cost)


def _upload(service: TuningService, order: TuningOrder) -> str:
    for number in range(1, TRIES + 1):
        try:
            return service.upload(order)
        except MaybeDone:
            # A file costs nothing: one that turns up later still is never trained on.
            found = service.find_file(order)
            if found is not None:
                return found
            if number == TRIES:
                raise
    raise AssertionError("unreachable")


def _found(
    service: TuningService, order: TuningOrder, file_id: str, intended: float | None, waits: Waits
) -> TuningJob | None:
    """The job of this order at the provider; after an intent it is looked for until the list must be up to date."""
    until = (intended or 0.0) + waits.settle
    while True:
        now = time.time()
        jobs = service.jobs_of(order, file_id)
        if jobs:
            return jobs[0]
        # A clock that was set back must not make this wait for ever.
        left = min(until - now, waits.settle)
        if left <= 0:
            return None
        time.sleep(min(left, max(0.05, waits.settle / 10)))


def _until_ready(service: TuningService, file_id: str, poll: float) -> None:
    start = time.monotonic()
    while not service.file_ready(file_id):
        if time.monotonic() - start > FILE_SECONDS:
            raise Infrastructure(
                f"the provider has been checking the training file {file_id} for {FILE_SECONDS:.0f} s; run again later"
            )
        time.sleep(poll)


def _wait(
    service: TuningService, job_id: str, poll: float, on_progress: Callable[[TuningProgress], None] | None
) -> TuningJob:
    start, blind, strange, seen = time.monotonic(), 0, 0, set[str]()
    told: tuple[object, ...] | None = None
    while True:
        try:
            job = service.look(job_id)
            events = [one for one in service.events(job_id) if one[0] not in seen]
        except Infrastructure as error:
            blind += 1
            if blind >= BLIND_LOOKS:
                raise Infrastructure(
                    f"job {job_id} can't be looked at ({error}); it goes on at the provider, and the same command "
                    "takes it up again"
                ) from error
            time.sleep(poll)
            continue
        blind = 0
        seen.update(event_id for event_id, _ in events)
        facts = (job.status, job.trained_tokens)
        if on_progress is not None and (events or facts != told):
            told = facts
            texts = tuple(text for _, text in events)
            on_progress(TuningProgress(job, texts, time.monotonic() - start))
        if job.over:
            return job
        strange = 0 if job.known else strange + 1
        if strange >= UNKNOWN_LOOKS:
            raise Infrastructure(
                f"job {job_id} has the status {job.status!r}, which is not known here, for {strange} looks now; look at "
                "it on the provider's page. The same command takes it up again"
            )
        time.sleep(poll)
