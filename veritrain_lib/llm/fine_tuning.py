"""Client for a provider's API of files and fine-tuning jobs, such as OpenAI's.

A call that creates something and gets no answer raises `OutcomeUnknown`, because the provider may have
carried it out.
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
"""Job statuses that compatible services use, each with the OpenAI status that means the same."""
FINAL_STATUSES = ("succeeded", "failed", "cancelled", "expired", "deleted", "rejected")
ACTIVE_STATUSES = (
    "validating_files", "queued", "running", "paused", "pending", "notrunning", "created", "pausing", "resuming",
    "cancelling", "processing", "in_progress", "preprocessing", "submitted", "starting", "initializing",
)  # fmt: skip
"""Statuses of a job that is still going on and will end.

A job with a status outside this list and `FINAL_STATUSES` is polled a limited number of times only.
"""
PURPOSE: Literal["fine-tune"] = "fine-tune"


class OutcomeUnknown(Infrastructure):
    """Raised when a call that should create a file or job at the provider got no answer; it may have succeeded."""


@dataclass(frozen=True)
class TuningJob:
    """State of a fine-tuning job as the provider reports it.

    Attributes:
        id: The provider's id of the job.
        status: The provider's status in small letters (validating_files, queued, running, paused, succeeded,
            failed, cancelled, expired).
        base: Name of the model that is tuned.
        training_file: The provider's id of the training file.
        created: Time of creation, in seconds since 1970.
        key: `TuningJobSpec.key`; empty where the provider does not store it.
        model: Name of the tuned model; None until it exists.
        trained_tokens: Number of tokens trained on, as counted by the provider; None if not reported.
        reason: Reason of a failure; empty otherwise.
        seconds_left: The provider's estimate of the remaining seconds; None if it gives none.
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
        """Whether the fine-tuning job has ended, successfully or not."""
        return self.status in FINAL_STATUSES

    @property
    def has_known_status(self) -> bool:
        """Whether the provider's status of the job is in `FINAL_STATUSES` or `ACTIVE_STATUSES`."""
        return self.status in FINAL_STATUSES or self.status in ACTIVE_STATUSES


@dataclass(frozen=True)
class TuningJobSpec:
    """Specification of a fine-tuning job: base model, training file and hyperparameters.

    Attributes:
        key: Digest of rows, base model and hyperparameters. It is part of the training file's name and of the
            job's metadata at the provider, so both can be found there even if all local data is lost.
        content: Content of the training file.
        base: Name of the model to tune.
        suffix: Suffix of the tuned model's name.
        seed: Random seed of the training.
        hyperparameters: Hyperparameters of the provider's supervised fine-tuning.
    """

    key: str
    content: bytes
    base: str
    suffix: str
    seed: int
    hyperparameters: Mapping[str, Any]

    @property
    def file_name(self) -> str:
        """The name under which the job's training file is uploaded to the provider."""
        return f"veritrain-{self.key[:32]}.jsonl"


class TuningService:
    """Client of a provider's files and fine-tuning jobs; it uses only the endpoint's provider, URL and key.

    Every method raises UserError when the provider refuses, and Infrastructure when it can't be reached after
    retries. `upload` and `create` are never retried; they raise OutcomeUnknown when no answer came.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        from veritrain_lib.llm.connection import open_client

        self.endpoint = endpoint
        self._client = open_client(endpoint)
        self._once = open_client(endpoint, retries=0)

    def find_file(self, spec: TuningJobSpec) -> str | None:
        """Return the provider's id of a job's training file if it was uploaded before; None if it was not.

        A file counts when it has the job's file name and size and the provider has neither rejected nor
        deleted it.
        """
        with _translating_errors("list the files"):
            for file in _all(self._client.files.list(purpose=PURPOSE)):
                same = file.filename == spec.file_name and file.bytes == len(spec.content)
                if same and file.status not in ("error", "deleted"):
                    return file.id
        return None

    def upload(self, spec: TuningJobSpec) -> str:
        """Upload a job's training file to the provider and return the provider's id of the file."""
        with _translating_errors("upload the training file", creates=True):
            file = self._once.files.create(file=(spec.file_name, spec.content), purpose=PURPOSE)
        return _required_id(file.id, "upload the training file")

    def file_ready(self, file_id: str) -> bool:
        """Return whether the provider has finished checking an uploaded training file, so that a job can use it.

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
        """Start a fine-tuning job at the provider, which costs money from this moment on.

        Args:
            spec: Specification of the job.
            file_id: The provider's id of the uploaded training file.
        """
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
        """Return all fine-tuning jobs at the provider that match a specification, oldest first.

        A job matches when it uses the training file and has the specification's key; where the provider
        stores no keys, the file is enough.
        """
        with _translating_errors("list the fine-tuning jobs"):
            jobs = [
                job
                for item in _all(self._client.fine_tuning.jobs.list(limit=100))
                if (job := _job(item)).training_file == file_id and job.key in ("", spec.key)
            ]
        return sorted(jobs, key=lambda job: job.created)

    def get_job(self, job_id: str) -> TuningJob:
        """Return the current state of a fine-tuning job at the provider."""
        with _translating_errors(f"look at the fine-tuning job {job_id}"):
            job = self._client.fine_tuning.jobs.retrieve(job_id)
            if not job.id or not job.status:
                raise TypeError("the answer is not a job")
            return _job(job)

    def events(self, job_id: str) -> list[tuple[str, str]]:
        """Return the latest events of a fine-tuning job (at most 20), oldest first, as pairs of id and text."""
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
    """Yield every item of a paged list, page by page.

    Raises:
        TypeError: A page is malformed; it must not be mistaken for an empty one.
    """
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
    """Turn errors of the openai SDK inside the `with` block into errors of this library.

    Args:
        action: The action in words, for the message, such as "list the files".
        creates: Whether the call creates something; if so, an unknown outcome raises OutcomeUnknown.
    """
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
