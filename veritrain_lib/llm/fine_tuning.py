"""The provider's files and fine-tuning jobs, as few plain calls. A call that may have worked unseen says so."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from veritrain_lib.core.errors import Infrastructure, UserError
from veritrain_lib.llm.keys import without_keys

if TYPE_CHECKING:
    from openai.pagination import SyncCursorPage
    from openai.types.fine_tuning import FineTuningJob

    from veritrain_lib.llm.records import Endpoint

Item = TypeVar("Item")
SPELT = {"canceled": "cancelled", "success": "succeeded", "completed": "succeeded", "error": "failed"}
"""Statuses of compatible services, as OpenAI's."""
OVER = ("succeeded", "failed", "cancelled", "expired", "deleted", "rejected")
UNDER_WAY = (
    "validating_files", "queued", "running", "paused", "pending", "notrunning", "created", "pausing", "resuming",
    "cancelling", "processing", "in_progress", "preprocessing", "submitted", "starting", "initializing",
)  # fmt: skip
"""Any other status is none that is known to end: it is not waited for without end."""
PURPOSE: Literal["fine-tune"] = "fine-tune"


class MaybeDone(Infrastructure):
    """A call that creates something got no answer: it may or may not have been carried out."""


@dataclass(frozen=True)
class TuningJob:
    """A fine-tuning job as the provider tells of it.

    `status` is the provider's word (validating_files, queued, running, paused, succeeded, failed, cancelled,
    expired), in small letters;
    `base` the model that is tuned and `model` the tuned one, None until it is there; `reason` why it failed;
    `seconds_left` the provider's own guess, None where it gives none; `created` in seconds since 1970.
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
    def over(self) -> bool:
        """Whether it has ended, well or not."""
        return self.status in OVER

    @property
    def known(self) -> bool:
        """Whether its status is one that is known."""
        return self.status in OVER or self.status in UNDER_WAY


@dataclass(frozen=True)
class TuningOrder:
    """What is ordered: a file's content, the model to tune, and how.

    `key` names the order by its content: digest of rows, base and hyperparameters; it goes into the file's name
    and the job's metadata, so that file and job are found again whatever was lost here.
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
    of retries; `upload` and `create` are sent once and raise MaybeDone when no answer came.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        from veritrain_lib.llm.connection import open_client

        self.endpoint = endpoint
        self._client = open_client(endpoint)
        self._once = open_client(endpoint, retries=0)

    def find_file(self, order: TuningOrder) -> str | None:
        """The id of an uploaded file with this order's name and size that the provider did not turn down."""
        with _calling("list the files"):
            for file in _all(self._client.files.list(purpose=PURPOSE)):
                same = file.filename == order.file_name and file.bytes == len(order.content)
                if same and file.status not in ("error", "deleted"):
                    return file.id
        return None

    def upload(self, order: TuningOrder) -> str:
        """Upload the training file; gives its id."""
        with _calling("upload the training file", creates=True):
            file = self._once.files.create(file=(order.file_name, order.content), purpose=PURPOSE)
        return _there(file.id, "upload the training file")

    def file_ready(self, file_id: str) -> bool:
        """Whether an uploaded file may be used yet. Raises UserError when the provider found it wrong."""
        with _calling("look at the training file"):
            file = self._client.files.retrieve(file_id)
        if file.status == "error":
            why = without_keys(file.status_details or "no reason given")
            raise UserError(f"the provider refused the training file {file_id}: {why}")
        # Azure checks a file before it may be used and says `pending` or `running` until then.
        return file.status not in ("pending", "running")

    def create(self, order: TuningOrder, file_id: str) -> TuningJob:
        """Start a job. It is paid for from here on."""
        method = {"type": "supervised", "supervised": {"hyperparameters": dict(order.hyperparameters)}}
        with _calling("start the fine-tuning job", creates=True):
            job = self._once.fine_tuning.jobs.create(
                model=order.base,
                training_file=file_id,
                suffix=order.suffix,
                seed=order.seed,
                method=method,  # type: ignore[arg-type]
                metadata={"veritrain": order.key},
            )
            _there(job.id, "start the fine-tuning job")
            return _job(job)

    def jobs_of(self, order: TuningOrder, file_id: str) -> list[TuningJob]:
        """Every job of this order, oldest first: with its training file, and its key where the provider keeps it."""
        with _calling("list the fine-tuning jobs"):
            found = [
                job
                for each in _all(self._client.fine_tuning.jobs.list(limit=100))
                if (job := _job(each)).training_file == file_id and job.key in ("", order.key)
            ]
        return sorted(found, key=lambda job: job.created)

    def look(self, job_id: str) -> TuningJob:
        """The job as it stands now."""
        with _calling(f"look at the fine-tuning job {job_id}"):
            job = self._client.fine_tuning.jobs.retrieve(job_id)
            if not job.id or not job.status:
                raise TypeError("the answer is no job")
            return _job(job)

    def events(self, job_id: str) -> list[tuple[str, str]]:
        """The latest events of a job, oldest first: (id, text)."""
        with _calling(f"read the events of job {job_id}"):
            page = self._client.fine_tuning.jobs.list_events(job_id, limit=20)
        return [(event.id, without_keys(event.message)) for event in reversed(page.data or [])]


def _job(job: FineTuningJob) -> TuningJob:
    error, finish = job.error, job.estimated_finish
    reason = f"{error.code}: {error.message}" if error and (error.code or error.message) else ""
    return TuningJob(
        id=job.id,
        status=SPELT.get(job.status.lower(), job.status.lower()),
        base=job.model,
        training_file=job.training_file,
        created=float(job.created_at or 0),
        key=(job.metadata or {}).get("veritrain", ""),
        model=job.fine_tuned_model or None,
        trained_tokens=job.trained_tokens,
        reason=without_keys(reason),
        seconds_left=max(0.0, finish - time.time()) if finish else None,
    )


def _all(page: SyncCursorPage[Item]) -> Iterator[Item]:
    """Every item of a list, page by page; a page that is none must not pass for an empty one."""
    for one in page.iter_pages():
        if one.data is None:
            raise TypeError("the answer is no list")
        yield from one.data


def _there(given: str | None, what: str) -> str:
    # A 200 whose body is not what it should be parses into an object of Nones.
    if not given:
        raise MaybeDone(f"could not {what}: the answer makes no sense; it may have been carried out")
    return given


@contextlib.contextmanager
def _calling(what: str, *, creates: bool = False) -> Iterator[None]:
    """Turn the SDK's errors into ours; with `creates`, those after which nobody knows into MaybeDone."""
    import json

    import openai

    try:
        yield
    except openai.APIStatusError as error:
        said = without_keys(f"{error.status_code} {error.message}")
        if error.status_code in (408, 409) or error.status_code >= 500:
            raise _unknown(what, said, creates) from error
        if error.status_code == 429:
            raise Infrastructure(
                f"could not {what}: {said}. Wait, and run the same command again."
            ) from error
        raise UserError(f"the provider refused to {what}: {said}") from error
    except (openai.APIError, json.JSONDecodeError, AttributeError, TypeError) as error:
        # The last two: a 200 with an empty object comes back as fields of None.
        raise _unknown(what, without_keys(f"{type(error).__name__}: {error}"), creates) from error


def _unknown(what: str, said: str, creates: bool) -> Infrastructure:
    if creates:
        return MaybeDone(f"could not {what}: {said}; it may have been carried out")
    return Infrastructure(f"could not {what}: {said}. Run the same command again.")
