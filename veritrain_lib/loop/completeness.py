"""Whether all that a finished loop made is still there: runs, their files, datasets, models and the champion's alias."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core import claims
from veritrain_lib.loop.record import START
from veritrain_lib.stage_io.history import STAGE_RUN
from veritrain_lib.stage_io.stage_spec import missing
from veritrain_lib.tracking import datasets, models, runs

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.loop.record import LoopResult

SHOWN = 5
"""How many things that are gone are named; of the others the number is said."""


ALIAS_GONE = "veritrain.alias_gone"
"""Tag of a loop that is gone round again: whether the alias of the champion was gone when it began."""


def gone(task: Task, loop_run: str) -> list[str]:
    """What a finished loop made and is gone, each as a phrase for people; empty when all is there.

    Nothing is looked at that lies on another machine.
    """
    there = {run.info.run_id: run for run in runs.search(task)}
    tags = there[loop_run].data.tags if loop_run in there else {}
    under = [run for run in there.values() if run.data.tags.get("mlflow.parentRunId") == loop_run]
    rounds = {
        run.data.tags.get("veritrain.round")
        for run in under
        if run.data.tags.get("veritrain.kind") == "round"
    }
    # A round that a cap of money ended is counted, and has its run, too.
    wanted = range(int(tags.get("veritrain.rounds") or 0) + 1)
    found = [f"the run of round {number}" for number in wanted if str(number) not in rounds]
    if tags.get("veritrain.verdict", "none") != "none" and "final" not in {
        run.data.tags.get("veritrain.kind") for run in under
    }:
        found.append("the run of the final comparison")
    for one in under:
        where = (
            f"round {one.data.tags['veritrain.round']}"
            if one.data.tags.get("veritrain.round")
            else "the final comparison"
        )
        for key, run_id in one.data.tags.items():
            if not key.startswith(STAGE_RUN):
                continue
            if run_id not in there:
                found.append(f"the run of {key.removeprefix(STAGE_RUN)} in {where}")
                continue
            found += [
                f"{name} ({key.removeprefix(STAGE_RUN)} in {where})" for name in missing(task, there[run_id])
            ]
    return list(dict.fromkeys(found))


def told(lost: list[str]) -> str:
    """What is gone as one line."""
    more = f" and {len(lost) - SHOWN} more" if len(lost) > SHOWN else ""
    return f"What this loop made is not all there: {', '.join(lost[:SHOWN])}{more}. It is made again."


def start_gone(task: Task, loop_run: str) -> list[str]:
    """What an earlier loop left for this one to begin with, and is gone."""
    tags = runs.get(loop_run).data.tags
    found = []
    for role in ("champion", "model"):
        uri = tags.get(f"{START}{role}", "")
        if uri and (models.fixed(uri) is None or models.missing(task, models.describe(task, uri))):
            found.append(uri)
    dataset = tags.get(f"{START}dataset", "")
    if dataset and not datasets.is_whole(task, dataset):
        found.append(dataset)
    return list(dict.fromkeys(found))


def forget_start(loop_run: str) -> None:
    """Have a loop begin with the seed rows."""
    runs.tag(loop_run, {f"{START}{role}": "" for role in ("champion", "model", "dataset")})


def note_alias(task: Task, loop_run: str) -> None:
    """Write down whether the alias was gone before a loop makes again what is gone: its first model takes it."""
    runs.tag(loop_run, {ALIAS_GONE: str(models.by_alias(task, models.CHAMPION) is None).lower()})


def settle_champion(task: Task, champion: str, *, again: bool) -> tuple[str, str]:
    """Point the alias at the loop's champion if it points nowhere, or (`again`) did when the loop was gone round again.

    Gives what was done, and what is to be said where it points at another model; "" for nothing. An alias that somebody
    moved stays where it is: that was a decision.
    """
    if models.fixed(champion) is None:
        return "", ""
    with claims.briefly(f"champion of {task.name}", f"promote a model of task {task.name}"):
        current = models.by_alias(task, models.CHAMPION)
        if current is None or (
            again and models.identity(task, current.uri) != models.identity(task, champion)
        ):
            models.set_alias(task, models.describe(task, champion).version, models.CHAMPION)
            return f"The alias champion pointed nowhere; it points at {champion} again.", ""
    if models.identity(task, current.uri) == models.identity(task, champion):
        return "", ""
    return "", (
        f"The champion is {current.uri} now: the alias was moved after or beside this loop, which ended with {champion}. "
        f"To take that one: veritrain evaluate {task.path} --champion {current.uri} --challenger {champion}"
    )


def with_champion(task: Task, result: LoopResult) -> tuple[LoopResult, str]:
    """A loop's result with what is to be said of its champion, and what was set right."""
    from dataclasses import replace

    if not result.champion:
        return result, ""
    again = runs.get(result.run_id).data.tags.get(ALIAS_GONE) == "true"
    done, said = settle_champion(task, result.champion, again=again)
    if again:
        runs.tag(result.run_id, {ALIAS_GONE: "false"})
    return replace(result, note=said), done
