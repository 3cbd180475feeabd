"""Probe of a model in a process of its own: does it offer several answers, explain them, and keep the output format?

Usage: `python -m veritrain_lib.server.resources.models.probing MODEL-ID ANSWER.json [CASES.json]`. A stage's notebook
needs signals and an asyncio loop, which the server's threads can't provide. The result or the error is written to
ANSWER.json. A result is also stored in the tracking store, even if the process that requested it has ended.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from veritrain_lib.core import project
from veritrain_lib.core.errors import BudgetExceeded, Infrastructure, Refused, UserError
from veritrain_lib.server.http.ids import model_id, parse_model_id
from veritrain_lib.server.http.problems import BadState, Conflict, NotFound, WrongField
from veritrain_lib.server.jobs.stage_environment import stage_environment
from veritrain_lib.server.resources.models.probe_result import serialize_probe
from veritrain_lib.server.resources.models.schemas import BaselineProbe
from veritrain_lib.server.resources.models.versions import address_of, can_be_opened, task_name_of
from veritrain_lib.server.tasks import find_task
from veritrain_lib.tracking import models, runs
from veritrain_lib.tracking.version_listing import VersionItem, read_version

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.loop.stage_job import CompletedStage

TIMEOUT_S = 1800.0
"""Seconds after which the process that probes a model is terminated."""

ERROR_TYPES: dict[str, type[UserError]] = {
    kind.__name__: kind
    for kind in (BadState, Conflict, NotFound, BudgetExceeded, Refused, Infrastructure, UserError)
}
"""Exceptions that the process which probes a model can report to the server, by name."""


def probe_in_subprocess(model: str, cases: Sequence[Any]) -> BaselineProbe:
    """Return the result of a model's probe, which tests how the model answers some rows of its task.

    A stored result is returned at once; otherwise the probe stage is run in a process of its own.

    Args:
        model: API id of the model.
        cases: Test cases that the model answers in addition; if there are any, the probe is always run.

    Raises:
        NotFound: There is no such model.
        Conflict: The model can't be opened, or its task is not known here.
        WrongField: A test case is not a row of the model's task.
        Infrastructure: The probe took longer than `TIMEOUT_S`, or its process ended without a result.
        UserError: The probe stage failed.
    """
    item, task = _probeable_version(model)
    if cases:
        _test_case_rows(task, cases)
    elif (earlier := _find_earlier_probe(item, task)) is not None:
        return _store_probe(item, earlier)
    with tempfile.TemporaryDirectory() as folder:
        answer_file, cases_file = Path(folder) / "answer.json", Path(folder) / "cases.json"
        cases_file.write_text(json.dumps(list(cases)), encoding="utf-8")
        _run_process(
            [model_id(item.version.name, item.version.version), str(answer_file), str(cases_file)],
            stage_environment(task, [address_of(item)]),
        )
        if not answer_file.exists():
            raise Infrastructure("the probe's process ended without a result; see the server's log")
        answer = json.loads(answer_file.read_text(encoding="utf-8"))
    if "error" in answer:
        raise ERROR_TYPES.get(answer["error"], Infrastructure)(answer["message"])
    return BaselineProbe.model_validate(answer)


def _run_process(arguments: list[str], environment: Mapping[str, str]) -> None:
    """Run this module as a program in a process of its own and wait for it, for up to `TIMEOUT_S` seconds.

    Args:
        arguments: Arguments of `main`.
        environment: Environment variables of the process.

    Raises:
        Infrastructure: It took longer.
    """
    # A session of its own: stopping the server does not end a paid probe.
    process = subprocess.Popen(
        [sys.executable, "-m", "veritrain_lib.server.resources.models.probing", *arguments],
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        process.wait(TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.terminate()
        raise Infrastructure(f"the probe took longer than {TIMEOUT_S / 60:.0f} minutes") from None


def probe_and_store(model: str, cases: Sequence[Any]) -> BaselineProbe:
    """Probe a model in this process: run the probe stage's notebook and let the model answer the test cases.

    The measured rates are stored in the tags of the model version and returned.

    Args:
        model: API id of the model.
        cases: Test cases; may be empty.

    Raises:
        NotFound: There is no such model.
        Conflict: The model can't be opened, or its task is not known here.
        WrongField: A test case is not a row of the model's task.
        UserError: The probe stage failed.
    """
    from veritrain_lib.execution.runner_choice import notebook_runner
    from veritrain_lib.loop.stage_job import run_stage

    item, task = _probeable_version(model)
    runner = notebook_runner()
    lock_folder = project.state("running")
    lock_folder.mkdir(parents=True, exist_ok=True)
    # Two simultaneous requests for the same probe share one.
    with FileLock(lock_folder / f"probe-{task.name}.lock"):
        probe_run = run_stage(task, "probe", {"model": address_of(item)}, runner=runner)
    test_case_answers = _answer_test_cases(item, task, cases, probe_run.run_id) if cases else []
    return _store_probe(item, probe_run, test_case_answers)


def _probeable_version(model: str) -> tuple[VersionItem, Task]:
    """Return the model version of an API id, and its task.

    Raises:
        NotFound: There is no such model.
        Conflict: The model can't be opened, or its task is not known here.
    """
    item = read_version(*parse_model_id(model))
    if item is None:
        raise NotFound(f"there is no model {model!r}")
    if not can_be_opened(item):
        raise Conflict(
            f"{model} is only a name: it can't be opened. Register it again with config.address, such as openai:/MODEL"
        )
    task = find_task(task_name_of(item))
    if task is None:
        raise Conflict(
            f"no task is called {task_name_of(item)!r} here, so there is no task to probe {model} on; register it for one: POST "
            f'/api/v1/models with config {{"address": "{address_of(item)}", "task": NAME}}. The task must have been '
            "worked on once: veritrain status --task PATH"
        )
    return item, task


def _find_earlier_probe(item: VersionItem, task: Task) -> CompletedStage | None:
    """Return the finished run of the probe stage for this model and task; None if there is none."""
    from veritrain_lib.loop.stage_job import find_completed

    return find_completed(task, "probe", {"model": address_of(item)})


def _store_probe(
    item: VersionItem, probe_run: CompletedStage, test_case_answers: Sequence[Any] = ()
) -> BaselineProbe:
    """Store the rates that a probe measured in the tags of the model version, and return the API response."""
    measures = {name: measure.model_dump() for name, measure in probe_run.result.measures.items()}
    if item.version.tags.get("veritrain.probe.run") != probe_run.run_id:
        tags = {"veritrain.probe": json.dumps(measures), "veritrain.probe.run": probe_run.run_id}
        models.tag_version(item.version.name, item.version.version, tags)
    more_details = {"test_cases": list(test_case_answers)} if test_case_answers else {}
    return serialize_probe(
        measures, probe_run.run_id, runs.get(probe_run.run_id).info.end_time, **more_details
    )


def _test_case_rows(task: Task, cases: Sequence[Any]) -> Any:
    """Return test cases as a table of the task's inputs.

    Args:
        task: Task of the model.
        cases: Test cases; each is a text for the task's first input, or an object with all its inputs.

    Raises:
        WrongField: A test case has other keys, or values that are not texts.
    """
    import pandas as pd

    rows = []
    for number, case in enumerate(cases):
        fields = {next(iter(task.inputs)): case} if isinstance(case, str) else case
        problems = (
            sorted(set(fields) ^ set(task.inputs)) if isinstance(fields, dict) else [str(type(case).__name__)]
        )
        if problems or not all(isinstance(text, str) for text in fields.values()):
            raise WrongField(
                f"body.test_cases.{number}",
                f"a test case of {task.name} is an object of texts with the keys {list(task.inputs)}"
                + (f"; these differ: {', '.join(problems)[:200]}" if problems else ""),
            )
        rows.append(fields)
    return pd.DataFrame(rows, columns=list(task.inputs))


def _answer_test_cases(
    item: VersionItem, task: Task, cases: Sequence[Any], run_id: str
) -> list[dict[str, Any]]:
    """Return the answer to each test case, and whether it has several candidates and fulfils the output contract."""
    from veritrain_lib.stages.inputs.open_models import open_model_for
    from veritrain_lib.stages.probe.measures.answer_content import answer_contents

    rows = _test_case_rows(task, cases)
    with open_model_for(task, address_of(item), run_id) as model:
        responses = model.answer(rows)
    content = answer_contents(task, [""] * len(rows), responses).to_dict("records")
    return [
        {
            "input": row,
            "candidates": [candidate.text for candidate in response.candidates],
            "explanation": response.explanation,
            "error": response.error,
            "is_multi_candidate": checks["several_candidates"],
            "follows_output_contract": checks["output_contract"],
        }
        for row, response, checks in zip(rows.to_dict("records"), responses, content, strict=True)
    ]


def main(arguments: Sequence[str]) -> None:
    """Probe a model and write the result, or the error, as JSON to a file.

    Args:
        arguments: API id of the model, path of the file to write, and optionally the path of a JSON file of test cases.
    """
    model, answer_file = arguments[0], Path(arguments[1])
    cases = json.loads(Path(arguments[2]).read_text(encoding="utf-8")) if len(arguments) > 2 else []
    try:
        content = probe_and_store(model, cases).model_dump_json()
    except UserError as error:
        kind = next((name for name, kind in ERROR_TYPES.items() if isinstance(error, kind)), "UserError")
        content = json.dumps({"error": kind, "message": str(error)})
    partial_file = answer_file.with_suffix(".part")
    if answer_file.parent.is_dir():  # the requesting process may have ended
        partial_file.write_text(content, encoding="utf-8")
        partial_file.rename(answer_file)


if __name__ == "__main__":
    main(sys.argv[1:])
