"""MLflow traces of paid calls to chat models, written by a background thread.

MLflow's autologging would patch the methods of the provider's SDK, which our faster client does not use. A call costs
its caller only one insertion into a queue; the thread writes the traces in batches.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.llm.keys import KeyRedactor
from veritrain_lib.tracking import store

if TYPE_CHECKING:
    from mlflow.entities import Span

    from veritrain_lib.core.task import Task
    from veritrain_lib.llm.records import ChatRequest, Endpoint, Reply

BATCH_SIZE = 100
"""Maximum traces in one write; MLflow links no more than this to a run at once."""


class Traces:
    """Writer of MLflow traces for a chat model's calls: `with Traces(task, endpoint, run_id=...) as traces: ...`.

    A trace has one span of type CHAT_MODEL with messages, candidates, outcome, tokens and cost, and the tags
    `veritrain.purpose`, `veritrain.outcome` and `veritrain.request` (the digest under which the ledger, the database of
    paid answers, stores the answer). The end of the `with` block waits until all traces are written. If the process is
    killed, queued traces are lost, but not the answers, which are in the ledger.

    Raises:
        Infrastructure: At the end of the block, when traces could not be written.
    """

    def __init__(self, task: Task, endpoint: Endpoint, *, run_id: str | None = None) -> None:
        self._endpoint, self._run_id = endpoint, run_id
        self._experiment = store.experiment(task).experiment_id
        self._queue: queue.SimpleQueue[tuple[ChatRequest, Reply, int] | None] = queue.SimpleQueue()
        self._hide = KeyRedactor()
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None
        self.written = 0

    def __call__(self, request: ChatRequest, reply: Reply) -> None:
        """Queue the trace of one chat call: the request and the reply to it."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="traces", daemon=True)
            self._thread.start()
        self._queue.put((request, reply, time.time_ns()))

    def __enter__(self) -> Traces:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(quiet=kind is not None)

    def close(self, *, quiet: bool = False) -> None:
        """Write the remaining traces of chat calls to MLflow and stop the thread.

        Args:
            quiet: Whether to ignore a failure to write, because another error is already being raised.

        Raises:
            Infrastructure: Traces could not be written, and `quiet` is False.
        """
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None
        if self._error is not None and not quiet:
            raise Infrastructure(
                f"{self.written} traces are written, others failed: {self._hide(str(self._error))[:300]}. "
                "The answers are in the ledger; check the MLflow store with: veritrain doctor"
            ) from self._error

    def _run(self) -> None:
        running = True
        while running:
            batch: list[tuple[ChatRequest, Reply, int]] = []
            item = self._queue.get()
            while item is not None:
                batch.append(item)
                if len(batch) >= BATCH_SIZE:
                    break
                try:
                    # Fewer, larger writes: each one occupies the store's only writer for some milliseconds.
                    item = self._queue.get(timeout=0.5)
                except queue.Empty:
                    break
            running = item is not None
            if batch and self._error is None:
                try:
                    self._write(batch)
                except Exception as error:  # noqa: BLE001  # raised on closing
                    self._error = error

    def _write(self, batch: list[tuple[ChatRequest, Reply, int]]) -> None:
        from mlflow.tracing.client import TracingClient

        spans = [self._span(*item) for item in batch]
        client = store.client()
        TracingClient(tracking_uri=store.uri()).log_spans(self._experiment, spans)
        if self._run_id is not None:
            client.link_traces_to_run([span.trace_id for span in spans], self._run_id)
        self.written += len(spans)

    def _span(self, request: ChatRequest, reply: Reply, end: int) -> Span:
        from mlflow.entities import Span
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
        from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

        ids = RandomIdGenerator()
        trace_id = ids.generate_trace_id()
        succeeded = reply.outcome != "failed"
        values = {
            "mlflow.traceRequestId": f"tr-{trace_id:032x}",
            "mlflow.spanType": "CHAT_MODEL",
            "mlflow.spanInputs": self._inputs(request),
            "mlflow.spanOutputs": self._outputs(reply),
            "mlflow.llm.model": self._endpoint.model,
            "mlflow.llm.provider": self._endpoint.provider,
            "mlflow.chat.tokenUsage": {
                "input_tokens": reply.usage.input_tokens,
                "output_tokens": reply.usage.output_tokens,
                "total_tokens": reply.usage.input_tokens + reply.usage.output_tokens,
            },
            "mlflow.llm.cost": {"total_cost": reply.cost},
            "mlflow.traceTag.mlflow.traceName": f"{request.purpose or 'chat'} {self._endpoint.address}",
            "mlflow.traceTag.veritrain.purpose": request.purpose,
            "mlflow.traceTag.veritrain.outcome": reply.outcome,
            "mlflow.traceTag.veritrain.request": reply.digest,
        }
        attributes = {
            name: self._hide(json.dumps(value, ensure_ascii=False)) for name, value in values.items()
        }
        return Span(
            ReadableSpan(
                name=self._endpoint.address,
                context=SpanContext(trace_id, ids.generate_span_id(), False, TraceFlags(TraceFlags.SAMPLED)),
                attributes=attributes,
                status=Status(StatusCode.OK)
                if succeeded
                else Status(StatusCode.ERROR, self._hide(reply.reason)),
                start_time=end - int(reply.seconds * 1e9),
                end_time=end,
            )
        )

    @staticmethod
    def _inputs(request: ChatRequest) -> dict[str, Any]:
        parameters = {"n": request.n, "temperature": request.temperature, "max_tokens": request.max_tokens,
               "seed": request.seed, "schema": request.schema, "sample": request.sample or None}  # fmt: skip
        messages = [{"role": message.role, "content": message.content} for message in request.messages]
        return {
            "messages": messages,
            **{name: value for name, value in parameters.items() if value is not None},
        }

    @staticmethod
    def _outputs(reply: Reply) -> dict[str, Any]:
        choices = [
            {"index": index, "message": {"role": "assistant", "content": choice.text}, "outcome": choice.outcome,
             "reason": choice.reason}
            for index, choice in enumerate(reply.choices)
        ]  # fmt: skip
        return {"outcome": reply.outcome, "reason": reply.reason, "choices": choices}
