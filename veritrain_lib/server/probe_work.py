"""One probe in a process of its own: `python -m veritrain_lib.server.probe_work MODEL-ID ANSWER.json [CASES.json]`.

Stage notebooks use signals and a loop of asyncio, which a server's threads can't give them. The answer, or what was
wrong, is written to a file; the record says the same, whoever still listens.
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
from veritrain_lib.core.errors import Infrastructure, OutOfMoney, Refused, UserError
from veritrain_lib.server.api.problems import BadState, Conflict, NotFound, WrongField
from veritrain_lib.server.serializers.ids import model_id, parse_model_id
from veritrain_lib.server.serializers.model import address_of, can_be_opened, task_of
from veritrain_lib.server.serializers.probe import Probed, probed
from veritrain_lib.server.stage_environment import stage_environment
from veritrain_lib.tracking import models, runs
from veritrain_lib.tracking.version_listing import VersionItem, read_version

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.loop.stage_job import Done

LONGEST_S = 1800.0
"""A probe that takes longer is ended; its run says so."""

KINDS: dict[str, type[UserError]] = {
    kind.__name__: kind
    for kind in (BadState, Conflict, NotFound, OutOfMoney, Refused, Infrastructure, UserError)
}


def probe_apart(given: str, cases: Sequence[Any]) -> Probed:
    """Probe a model: answered at once from the record when that was done before, else by a process of its own.

    Raises NotFound, Conflict when the model can't be probed here, WrongField for test cases that are no rows of its
    task, and what the stage raises.
    """
    one, task = _probeable(given)
    if cases:
        _rows(task, cases)
    elif (old := _find(one, task)) is not None:
        return _answer(one, old)
    with tempfile.TemporaryDirectory() as folder:
        answer, asked = Path(folder) / "answer.json", Path(folder) / "cases.json"
        asked.write_text(json.dumps(list(cases)), encoding="utf-8")
        _run(
            [model_id(one.version.name, one.version.version), str(answer), str(asked)],
            stage_environment(task, [address_of(one)]),
        )
        if not answer.exists():
            raise Infrastructure("the probe's process ended without an answer; the server's log says why")
        said = json.loads(answer.read_text(encoding="utf-8"))
    if "error" in said:
        raise KINDS.get(said["error"], Infrastructure)(said["message"])
    return Probed.model_validate(said)


def _run(arguments: list[str], environment: Mapping[str, str]) -> None:
    # A session of its own: a server that is stopped in between does not take a paid probe with it.
    work = subprocess.Popen(
        [sys.executable, "-m", "veritrain_lib.server.probe_work", *arguments],
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        work.wait(LONGEST_S)
    except subprocess.TimeoutExpired:
        work.terminate()
        raise Infrastructure(f"the probe took longer than {LONGEST_S / 60:.0f} minutes") from None


def probe(given: str, cases: Sequence[Any]) -> Probed:
    """Do the stage by its notebook, file its rates on the version, and answer the test cases."""
    from veritrain_lib.execution.jobs import LocalRunner, asked_for_warm
    from veritrain_lib.loop.stage_job import run_stage

    one, task = _probeable(given)
    runner = LocalRunner(warm=asked_for_warm(default=True))
    place = project.state("running")
    place.mkdir(parents=True, exist_ok=True)
    # Two that ask for the same probe at once get one.
    with FileLock(place / f"probe-{task.name}.lock"):
        done = run_stage(task, "probe", {"model": address_of(one)}, runner=runner)
    answered = _asked(one, task, cases, done.run_id) if cases else []
    return _answer(one, done, answered)


def _probeable(given: str) -> tuple[VersionItem, Task]:
    from veritrain_lib.stage_io.tasks import known_task

    one = read_version(*parse_model_id(given))
    if one is None:
        raise NotFound(f"there is no model {given!r}")
    if not can_be_opened(one):
        raise Conflict(
            f"{given} is a name only: nothing opens it. File it again with config.address, such as openai:/MODEL"
        )
    task = known_task(task_of(one))
    if task is None:
        raise Conflict(
            f"no task is called {task_of(one)!r} here, so nobody knows what to ask {given}; file it for one: POST "
            f'/api/v1/models with config {{"address": "{address_of(one)}", "task": NAME}}. The task must have been '
            "worked on once: veritrain status --task PATH"
        )
    return one, task


def _find(one: VersionItem, task: Task) -> Done | None:
    from veritrain_lib.loop.stage_job import find_done

    return find_done(task, "probe", {"model": address_of(one)})


def _answer(one: VersionItem, done: Done, answered: Sequence[Any] = ()) -> Probed:
    measures = {name: measure.model_dump() for name, measure in done.result.measures.items()}
    if one.version.tags.get("veritrain.probe.run") != done.run_id:
        tags = {"veritrain.probe": json.dumps(measures), "veritrain.probe.run": done.run_id}
        models.tag_version(one.version.name, one.version.version, tags)
    also = {"test_cases": list(answered)} if answered else {}
    return probed(measures, done.run_id, runs.get(done.run_id).info.end_time, **also)


def _rows(task: Task, cases: Sequence[Any]) -> Any:
    """Test cases as rows: each a text for the task's first input, or an object with its inputs."""
    import pandas as pd

    rows = []
    for number, case in enumerate(cases):
        fields = {next(iter(task.inputs)): case} if isinstance(case, str) else case
        wrong = (
            sorted(set(fields) ^ set(task.inputs)) if isinstance(fields, dict) else [str(type(case).__name__)]
        )
        if wrong or not all(isinstance(text, str) for text in fields.values()):
            raise WrongField(
                f"body.test_cases.{number}",
                f"a test case of {task.name} is an object of texts with the keys {list(task.inputs)}"
                + (f"; these differ: {', '.join(wrong)[:200]}" if wrong else ""),
            )
        rows.append(fields)
    return pd.DataFrame(rows, columns=list(task.inputs))


def _asked(one: VersionItem, task: Task, cases: Sequence[Any], run_id: str) -> list[dict[str, Any]]:
    from veritrain_lib.stage_io.open_models import opened_for
    from veritrain_lib.stages.probing.answer_content import what_is_given

    rows = _rows(task, cases)
    with opened_for(task, address_of(one), run_id) as model:
        responses = model.answer(rows)
    given = what_is_given(task, [""] * len(rows), responses).to_dict("records")
    return [
        {
            "input": row,
            "candidates": [candidate.text for candidate in response.candidates],
            "explanation": response.explanation,
            "error": response.error,
            "is_multi_candidate": held["several_candidates"],
            "follows_output_contract": held["output_contract"],
        }
        for row, response, held in zip(rows.to_dict("records"), responses, given, strict=True)
    ]


def main(arguments: Sequence[str]) -> None:
    """Probe, and write the answer or the error."""
    given, answer = arguments[0], Path(arguments[1])
    cases = json.loads(Path(arguments[2]).read_text(encoding="utf-8")) if len(arguments) > 2 else []
    try:
        said = probe(given, cases).model_dump_json()
    except UserError as error:
        kind = next((name for name, kind in KINDS.items() if isinstance(error, kind)), "UserError")
        said = json.dumps({"error": kind, "message": str(error)})
    part = answer.with_suffix(".part")
    if answer.parent.is_dir():  # whoever asked may be gone
        part.write_text(said, encoding="utf-8")
        part.rename(answer)


if __name__ == "__main__":
    main(sys.argv[1:])
