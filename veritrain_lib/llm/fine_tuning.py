"""The provider's files and fine-tuning jobs, as a few plain calls.

A call that may have been carried out without an answer raises `OutcomeUnknown`.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from veritrain_lib.core.errors import Infrastructure, UserError
from veritrain_lib.llm.keys import redact_keys

if TYPE_CHECKING:
    from openai.pagination import SyncCursorPage
    from openai.types.fine_tuning import FineTuningJob

    from veritrain_lib.llm.records import Endpoint

Item = TypeVar("Item")
STATUS_ALIASES = {
    "canceled": "cancelled",
    "success": "succeeded",
    "completed": "succeeded",
    "error": "failed",
}
"""Statuses of compatible services, and the OpenAI status each stands for."""
FINAL_STATUSES = ("succeeded", "failed", "cancelled", "expired", "deleted", "rejected")
ACTIVE_STATUSES = (
    "validating_files", "queued", "running", "paused", "pending", "notrunning", "created", "pausing", "resuming",
    "cancelling", "processing", "in_progress", "preprocessing", "submitted", "starting", "initializing",
)  # fmt: skip
"""Statuses of a job that will end. Any other status is not waited for without limit."""
PURPOSE: Literal["fine-tune"] = "fine-tune"


class OutcomeUnknown(Infrastructure):
    """A call that creates something got no answer: it may or may not have been carried out."""


@dataclass(frozen=True)
class TuningJob:
    """A fine-tuning job as the provider describes it.

    Attributes:
        id: The provider's id.
        status: The provider's status in small letters (validating_files, queued, running, paused, succeeded,
            failed, cancelled, expired).
        base: The model that is tuned.
        training_file: Id of the training file.
        created: Seconds since 1970.
        key: `TuningJobSpec.key`, where the provider stores it.
        model: The tuned model, None until it exists.
        trained_tokens: Tokens that were trained, as counted by the provider.
        reason: Why it failed.
        seconds_left: The provider's own estimate, None where it gives none.
    """

    id: str
    status: str
    base: str
    training_file: str
    created: float
    key: str = ""
    model: str | None = None
    trained_tokens: int | None = None
    reason: str = ""
    seconds_left: float | None = None

    @property
    def ended(self) -> bool:
        """Whether it has ended, well or not."""
        return self.status in FINAL_STATUSES

    @property
    def has_known_status(self) -> bool:
        """Whether its status is one that this module knows."""
        return self.status in FINAL_STATUSES or self.status in ACTIVE_STATUSES


@dataclass(frozen=True)
class TuningJobSpec:
    """The specification of a fine-tuning job.

    Attributes:
        key: Digest of rows, base and hyperparameters. It is stored in the file's name and the job's metadata, so that
            file and job are found again whatever was lost here.
        content: Content of the training file.
        base: The model to tune.
        suffix: Suffix of the tuned model's name.
        seed: The seed.
        hyperparameters: Hyperparameters of the provider's supervised method.
    """

    key: str
    content: bytes
    base: str
    suffix: str
    seed: int
    hyperparameters: Mapping[str, Any]

    @property
    def file_name(self) -> str:
        """The name under which the training file is uploaded."""
        return f"veritrain-{self.key[:32]}.jsonl"


class TuningService:
    """Files and jobs at one endpoint, whose `model` does not matter here.

    Every method raises UserError when the provider refuses, and Infrastructure when it can't be reached in spite
    of retries; `upload` and `create` are sent once and raise OutcomeUnknown when no answer came.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        from veritrain_lib.llm.connection import open_client

        self.endpoint = endpoint
        self._client = open_client(endpoint)
        self._once = open_client(endpoint, retries=0)

    def find_file(self, spec: TuningJobSpec) -> str | None:
        """Return the id of an uploaded file with this name and size that the provider did not reject."""
        with _translating_errors("list the files"):
            for file in _all(self._client.files.list(purpose=PURPOSE)):
                same = file.filename == spec.file_name and file.bytes == len(spec.content)
                if same and file.status not in ("error", "deleted"):
                    return file.id
        return None

    def upload(self, spec: TuningJobSpec) -> str:
        """Upload the training file and return its id."""
        with _translating_errors("upload the training file", creates=True):
            file = self._once.files.create(file=(spec.file_name, spec.content), purpose=PURPOSE)
        return _required_id(file.id, "upload the training file")

    def file_ready(self, file_id: str) -> bool:
        """Return whether an uploaded file may be used yet.

        Raises:
            UserError: The provider rejected the file.
        """
        with _translating_errors("look at the training file"):
            file = self._client.files.retrieve(file_id)
        if file.status == "error":
            reason = redact_keys(file.status_details or "no reason given")
            raise UserError(f"the provider refused the training file {file_id}: {reason}")
        # Azure checks a file before it may be used and says `pending` or `running` until then.
        return file.status not in ("pending", "running")

    def create(self, spec: TuningJobSpec, file_id: str) -> TuningJob:
        """Start a job. It is paid for from here on."""
        method = {"type": "supervised", "supervised": {"hyperparameters": dict(spec.hyperparameters)}}
        with _translating_errors("start the fine-tuning job", creates=True):
            job = self._once.fine_tuning.jobs.create(
                model=spec.base,
                training_file=file_id,
                suffix=spec.suffix,
                seed=spec.seed,
                method=method,  # type: ignore[arg-type]
                metadata={"veritrain": spec.key},
            )
            _required_id(job.id, "start the fine-tuning job")
            return _job(job)

    def jobs_of(self, spec: TuningJobSpec, file_id: str) -> list[TuningJob]:
        """Return every job of this specification, oldest first.

        That is a job with its training file, and its key where the provider stores it.
        """
        with _translating_errors("list the fine-tuning jobs"):
            jobs = [
                job
                for item in _all(self._client.fine_tuning.jobs.list(limit=100))
                if (job := _job(item)).training_file == file_id and job.key in ("", spec.key)
            ]
        return sorted(jobs, key=lambda job: job.created)

    def get_job(self, job_id: str) -> TuningJob:
        """Return the current state of a job."""
        with _translating_errors(f"look at the fine-tuning job {job_id}"):
            job = self._client.fine_tuning.jobs.retrieve(job_id)
            if not job.id or not job.status:
                raise TypeError("the answer is not a job")
            return _job(job)

    def events(self, job_id: str) -> list[tuple[str, str]]:
        """Return the latest events of a job, oldest first: (id, text)."""
        with _translating_errors(f"read the events of job {job_id}"):
            page = self._client.fine_tuning.jobs.list_events(job_id, limit=20)
        return [(event.id, redact_keys(event.message)) for event in reversed(page.data or [])]


def _job(job: FineTuningJob) -> TuningJob:
    error, finish = job.error, job.estimated_finish
    reason = f"{error.code}: {error.message}" if error and (error.code or error.message) else ""
    return TuningJob(
        id=job.id,
        status=STATUS_ALIASES.get(job.status.lower(), job.status.lower()),
        base=job.model,
        training_file=job.training_file,
        created=float(job.created_at or 0),
        key=(job.metadata or {}).get("veritrain", ""),
        model=job.fine_tuned_model or None,
        trained_tokens=job.trained_tokens,
        reason=redact_keys(reason),
        seconds_left=max(0.0, finish - time.time()) if finish else None,
    )


def _all(page: SyncCursorPage[Item]) -> Iterator[Item]:
    """Yield every item of a list, page by page; a malformed page must not pass for an empty one."""
    for page_of_items in page.iter_pages():
        if page_of_items.data is None:
            raise TypeError("the answer is not a list")
        yield from page_of_items.data


def _required_id(value: str | None, action: str) -> str:
    # A 200 with an unexpected body is parsed into an object of Nones.
    if not value:
        raise OutcomeUnknown(f"could not {action}: the answer is malformed; it may have been carried out")
    return value


@contextlib.contextmanager
def _translating_errors(action: str, *, creates: bool = False) -> Iterator[None]:
    """Turn the SDK's errors into ours; with `creates`, those with unknown outcome into OutcomeUnknown."""
    import json

    import openai

    try:
        yield
    except openai.APIStatusError as error:
        message = redact_keys(f"{error.status_code} {error.message}")
        if error.status_code in (408, 409) or error.status_code >= 500:
            raise _unanswered(action, message, creates) from error
        if error.status_code == 429:
            raise Infrastructure(
                f"could not {action}: {message}. Wait, and run the same command again."
            ) from error
        raise UserError(f"the provider refused to {action}: {message}") from error
    except (openai.APIError, json.JSONDecodeError, AttributeError, TypeError) as error:
        # The last two: a 200 with an empty object comes back as fields of None.
        raise _unanswered(action, redact_keys(f"{type(error).__name__}: {error}"), creates) from error


def _unanswered(action: str, message: str, creates: bool) -> Infrastructure:
    if creates:
        return OutcomeUnknown(f"could not {action}: {message}; it may have been carried out")
    return Infrastructure(f"could not {action}: {message}. Run the same command again.")
