"""The closed loop: why it stops, how it goes on, and what it may know of the held-out test set."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.stages.in_process import InProcess
from tests.stages.tiny_task import write_suite, write_tiny
from veritrain_lib.core import registry
from veritrain_lib.core.errors import BudgetExceeded, UserError
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.loop.loop import Event, LoopResult, run_loop
from veritrain_lib.loop.stage_job import StageFailed
from veritrain_lib.stages.evaluate import run as evaluate
from veritrain_lib.stages.evaluate.result import EvaluateResult
from veritrain_lib.stages.generate.annotation import label_file, read_labels, save_answer
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.record.batches import drop_batch
from veritrain_lib.stages.record.history import loop_rounds
from veritrain_lib.stages.record.stage_run import StageRun, prepare
from veritrain_lib.stages.record.stored_result import load_result
from veritrain_lib.stages.report.record import ReportSpec
from veritrain_lib.stages.train import run as train
from veritrain_lib.teachers.base import TeacherRequest, TeacherResult
from veritrain_lib.teachers.pool import Pool
from veritrain_lib.tracking import datasets, looks, models, runs


@pytest.fixture(autouse=True)
def no_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and pictures of a report cost seconds and are looked at elsewhere."""
    monkeypatch.setattr(ReportSpec, "_store", lambda self, run_id, result: None)


@pytest.fixture
def tiny(home: Path) -> Callable[..., Task]:
    return lambda **parts: load_task(write_tiny(home / "task", **parts))


@dataclass
class Walked:
    """A loop that was walked to its end."""

    home: Path
    task: Task
    result: LoopResult
    events: list[Event]
    jobs: list[str]


@pytest.fixture(scope="module")
def walked(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    """Two rounds in a store of their own, in which later tests only read."""
    home = tmp_path_factory.mktemp("walked")
    shutil.copy(empty_store, home / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        go_to(home, patch)
        patch.setattr(ReportSpec, "_store", lambda self, run_id, result: None)
        task = load_task(write_tiny(home / "task"))
        events: list[Event] = []
        runner = InProcess()
        yield Walked(home, task, run_loop(task, runner=runner, on_event=events.append), events, runner.jobs)


def go_to(home: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("VERITRAIN_HOME", str(home))
    patch.delenv("MLFLOW_TRACKING_URI", raising=False)


def way(task: Task) -> list[tuple[str, str, int]]:
    """What the loop chose: status, content and size of every dataset in order, whatever it is called."""
    return [
        (one.status, one.digest, len(datasets.load(task, one.reference).rows))
        for one in datasets.listing(task)
    ]


def model_digests(task: Task, result: LoopResult) -> list[str]:
    return [models.identity(task, uri) for uri in (result.seed_model, result.champion)]


def statuses(task: Task) -> dict[str, set[str]]:
    """Kinds of runs by how they ended."""
    found: dict[str, set[str]] = {}
    for run in runs.search(task):
        kind = run.data.tags["veritrain.kind"]
        found.setdefault(run.info.status, set()).add(
            run.data.tags["veritrain.stage"] if kind == "stage" else kind
        )
    return found


def test_the_declared_rounds_are_walked_in_order_and_every_run_ends_well(walked: Walked) -> None:
    trip = ["probe", "generate", "gate", "train", "evaluate", "report"]
    assert walked.jobs == ["gate", "train", *trip, *trip, "evaluate", "report"]
    assert (walked.result.stopped, walked.result.rounds, walked.result.exit_code) == ("budget", 2, 0)
    assert [(event.round, event.stage) for event in walked.events if event.kind == "done"] == [
        *[(0, stage) for stage in ("gate", "train")],
        *[(number, stage) for number in (1, 2) for stage in trip],
        *[(-1, stage) for stage in ("evaluate", "report")],
    ]


def test_the_record_tells_the_loop_its_rounds_and_their_stages(
    walked: Walked, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_to(walked.home, monkeypatch)
    assert list(statuses(walked.task)) == ["FINISHED"]
    children = runs.children(walked.task, walked.result.run_id)
    assert [run.data.tags["veritrain.kind"] for run in children] == ["round", "round", "round", "final"]
    for run in children[1:3]:
        stages = [one.data.tags["veritrain.stage"] for one in runs.children(walked.task, run.info.run_id)]
        assert stages == ["probe", "generate", "gate", "train", "evaluate", "report"]
        assert run.data.metrics["accuracy"] == pytest.approx(
            runs.get(run.data.tags["veritrain.run.train"]).data.metrics["accuracy"]
        )
    loop = runs.get(walked.result.run_id).data
    assert (loop.tags["veritrain.stopped"], loop.params["rows_per_round"]) == ("budget", "15")
    assert loop.tags["mlflow.note.content"] == walked.result.headline


def test_the_champion_is_better_than_the_seed_model_and_carries_the_alias(
    walked: Walked, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_to(walked.home, monkeypatch)
    assert walked.result.verdict == "better"
    champion = models.by_alias(walked.task, models.CHAMPION)
    assert champion is not None
    assert champion.uri == walked.result.champion != walked.result.seed_model
    assert f"Champion: {champion.uri}, better than the seed model models:/tiny/1" in walked.result.headline


def test_the_seed_rows_are_in_every_dataset_that_passed(
    walked: Walked, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_to(walked.home, monkeypatch)
    seed = sources.seed_rows(walked.task)
    passed = [one for one in datasets.listing(walked.task) if one.status == "passed"]
    assert len(passed) == 3
    for one in passed:
        rows = datasets.load(walked.task, one.reference).rows
        kept = rows[rows["id"].isin(seed["id"])]
        assert kept[["id", "text", "label", "source"]].equals(seed[["id", "text", "label", "source"]])


def test_a_second_call_gives_the_same_and_does_nothing(
    walked: Walked, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_to(walked.home, monkeypatch)
    before = len(runs.search(walked.task))
    runner = InProcess()
    again = run_loop(walked.task, runner=runner)
    assert again.again
    assert (again.run_id, again.champion, again.headline) == (
        walked.result.run_id,
        walked.result.champion,
        walked.result.headline,
    )
    assert runner.jobs == []
    assert len(runs.search(walked.task)) == before


@pytest.mark.slow  # two loops
def test_another_store_comes_to_the_same_data_and_models_whatever_the_held_out_numbers_say(
    walked: Walked, tiny: Callable[..., Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    really = evaluate.run

    def other_numbers(*given: Any, **more: Any) -> EvaluateResult:
        result = really(*given, **more)
        if result.held_out is None:
            return result
        held_out = result.held_out.model_copy(update={"p": 0.9, "difference": -0.5, "challenger": 0.01})
        tables = {
            **result.tables,
            "held_out_slices": result.tables["held_out_slices"].assign(verdict="worse"),
        }
        # Only `promote` stays as it was.
        return result.model_copy(
            update={"held_out": held_out, "verdict": "not better", "why": "", "tables": tables}
        )

    monkeypatch.setattr(evaluate, "run", other_numbers)
    task = tiny()
    result = run_loop(task, runner=InProcess())
    mine = (way(task), model_digests(task, result), result.stopped, result.rounds)
    assert result.verdict == "not better"
    go_to(walked.home, monkeypatch)
    theirs = walked.result
    assert mine == (way(walked.task), model_digests(walked.task, theirs), theirs.stopped, theirs.rounds)


@pytest.mark.parametrize(("wanted", "rounds"), [(0.35, 0), (0.6, 1)])
def test_it_stops_as_soon_as_the_target_is_met(tiny: Callable[..., Task], wanted: float, rounds: int) -> None:
    task = tiny(goal={"at_least": wanted})
    result = run_loop(task, runner=InProcess())
    assert (result.stopped, result.rounds, result.exit_code) == ("target", rounds, 0)
    reached = runs.get(models.describe(task, result.champion).run_id).data.metrics["accuracy"]
    assert reached >= wanted


def test_two_rounds_that_gain_too_little_in_a_row_are_a_plateau(tiny: Callable[..., Task]) -> None:
    task = tiny(seed_words=12, sizes={"seed": 30}, budget={"rounds": 5, "rows_per_round": 2})
    result = run_loop(task, runner=InProcess())
    assert (result.stopped, result.rounds, result.verdict) == ("plateau", 2, "none")
    assert result.champion == result.seed_model
    assert looks.list_looks(sources.held_out_set(task)) == [], "no look was paid for nothing"


def test_it_stops_when_only_the_look_of_the_final_comparison_is_left(tiny: Callable[..., Task]) -> None:
    task = tiny(promotion={"max_looks": 2}, budget={"rounds": 4, "rows_per_round": 15})
    result = run_loop(task, runner=InProcess())
    assert (result.stopped, result.rounds, result.verdict) == ("looks", 1, "better")
    # The pair of the final comparison is that of round 1, so its look was free.
    assert len(looks.list_looks(sources.held_out_set(task))) == 1


def test_an_empty_pool_exhausts_the_teacher(tiny: Callable[..., Task]) -> None:
    task = tiny(sizes={"pool": 1}, budget={"rounds": 4, "rows_per_round": 5})
    result = run_loop(task, runner=InProcess())
    assert (result.stopped, result.rounds) == ("exhausted", 2)


class UntilBroke(Pool):
    """A pool that costs money: in the second round there is none left."""

    name = "until_broke"

    def write(self, request: TeacherRequest) -> TeacherResult:
        if request.seed > 1:
            raise BudgetExceeded("the cap of $1.00 would be passed")
        return super().write(request)


def test_without_money_for_the_next_round_it_stops_and_still_compares(tiny: Callable[..., Task]) -> None:
    registry.register("teachers", "until_broke", UntilBroke)
    task = tiny(teacher={"name": "until_broke"}, budget={"rounds": 3, "rows_per_round": 15})
    result = run_loop(task, runner=InProcess())
    assert (result.stopped, result.rounds, result.exit_code) == ("money", 2, 1)
    assert result.verdict == "better", "what was paid for is compared all the same"
    assert statuses(task)["FAILED"] == {"generate"}, (
        "the stage says that it was not done, nothing else failed"
    )
    rounds = [run for run in runs.children(task, result.run_id) if run.data.tags["veritrain.kind"] == "round"]
    assert "the cap of $1.00 would be passed" in rounds[2].data.tags["mlflow.note.content"]
    again = run_loop(task, runner=InProcess())
    assert (again.again, again.stopped) == (True, "money")


def test_blocked_seed_rows_end_it_with_exit_code_1(tiny: Callable[..., Task]) -> None:
    task = tiny()
    write_suite(task.path.parent / "suite.json", 0.5, minimum_rows=22)
    result = run_loop(task, runner=InProcess())
    assert (result.stopped, result.rounds, result.exit_code, result.champion) == ("blocked", 0, 1, "")
    write_suite(task.path.parent / "suite.json", 0.5, minimum_rows=16)
    mended = run_loop(task, runner=InProcess())
    assert (mended.stopped, mended.rounds, mended.exit_code) == ("blocked", 1, 1), "15 new rows are too few"
    assert mended.champion == mended.seed_model == "models:/tiny/1"
    about = [run for run in runs.search(task) if run.data.tags.get("veritrain.stage") == "report"]
    assert len(about) == 1, "a blocked round has its report"


@pytest.mark.slow
def test_a_pool_that_a_rule_turns_down_ends_it_with_the_rules_name_and_exit_code_1(
    tiny: Callable[..., Task],
) -> None:
    task = tiny(inputs={"text": {"language": "ru"}}, gate="classification")
    result = run_loop(task, runner=InProcess())
    assert (result.stopped, result.rounds, result.exit_code) == ("screened", 1, 1)
    assert "rule language rejected 60 of the 60 rows in the pool" in result.headline
    assert "inputs.text.language (ru)" in result.headline
    again = run_loop(task, runner=InProcess())
    assert (again.again, again.exit_code, again.headline) == (True, 1, result.headline)


def test_it_waits_for_people_and_goes_on_with_their_answers(tiny: Callable[..., Task]) -> None:
    task = tiny(labelled_pool=False, budget={"rounds": 1, "rows_per_round": 15})
    waiting = run_loop(task, runner=InProcess())
    assert (waiting.stopped, waiting.exit_code) == ("waiting", 4)
    still = run_loop(task, runner=InProcess())
    assert (still.stopped, still.run_id) == ("waiting", waiting.run_id)
    assert list(statuses(task)) == ["FINISHED"]
    from tests.stages.tiny_task import WORDS

    for row in read_labels(task).to_dict("records"):
        label = next(name for name, words in WORDS.items() if set(words) & set(row["text"].split()))
        save_answer(task, row["id"], label)
    asked = read_labels(task)["id"].tolist()
    done = run_loop(task, runner=InProcess())
    assert (done.stopped, done.rounds, done.run_id, done.exit_code) == ("budget", 1, waiting.run_id, 0)
    assert done.verdict == "better"
    trained = datasets.load(task, models.describe(task, done.champion).dataset).rows
    assert trained["id"].tolist()[-15:] == asked
    assert len(pd.read_csv(label_file(task))) == 15


def test_a_failing_stage_fails_its_round_and_the_loop_and_the_same_call_goes_on(
    tiny: Callable[..., Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    task = tiny(budget={"rounds": 1, "rows_per_round": 15})
    first = InProcess()
    really = train.run
    with monkeypatch.context() as broken:

        def second_fails(*given: Any) -> Any:
            if first.jobs.count("train") == 2:
                raise MemoryError("no room for the vectors")
            return really(*given)

        broken.setattr(train, "run", second_fails)
        with pytest.raises(StageFailed, match="train failed in cell 2: MemoryError: no room for the vectors"):
            run_loop(task, runner=first)
    failed = statuses(task)
    assert failed.pop("FAILED") == {"train", "round", "loop"}
    assert list(failed) == ["FINISHED"]
    (loop,) = runs.search(task, "tags.`veritrain.kind` = 'loop'")
    assert "no room for the vectors" in loop.data.tags["veritrain.reason"]

    second = InProcess()
    result = run_loop(task, runner=second)
    assert second.jobs == ["train", "evaluate", "report", "evaluate", "report"], "only what was not done"
    assert (result.run_id, result.stopped, result.again) == (loop.info.run_id, "budget", False)
    assert statuses(task)["FAILED"] == {"train"}, "the failed try stays in the record, nothing else"


def test_an_interrupt_is_recorded_as_one_and_the_same_call_goes_on(tiny: Callable[..., Task]) -> None:
    task = tiny(goal={"at_least": 0.35})

    class Interrupted(InProcess):
        def do(self, job: Any) -> Any:
            if job.name == "train":
                raise KeyboardInterrupt
            return super().do(job)

    with pytest.raises(KeyboardInterrupt):
        run_loop(task, runner=Interrupted())
    assert statuses(task) == {"KILLED": {"train", "round", "loop"}, "FINISHED": {"gate"}}
    assert run_loop(task, runner=InProcess()).stopped == "target"


def test_the_report_on_the_whole_loop_speaks_of_all_rounds(
    walked: Walked, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_to(walked.home, monkeypatch)
    told: Any = load_result("report", walked.result.report_run)
    assert told.title == "tiny: the whole loop, rounds 1 to 2"
    assert [line.partition(":")[0] for line in told.changed[:3]] == ["Round 1", "Round 2", "All 2 round(s)"]
    assert "30 new rows" in told.changed[2]
    gates = [
        load_result("gate", one.stages["gate"]).tables["rules"]
        for one in loop_rounds(walked.task, walked.result.run_id)[1:]
    ]
    judged = sum(int(rules.loc[rules["kind"] == "rows", "checked"].iloc[0]) for rules in gates)
    assert told.tables["rules"]["checked"].iloc[0] == judged
    (added,) = told.tables["added_data"].to_dict("records")
    seed = load_result("train", loop_rounds(walked.task, walked.result.run_id)[0].stages["train"])
    assert added["rows_without"] == seed.rows  # type: ignore[attr-defined]
    assert told.slices_of == "held-out rows"


def test_a_scope_that_does_not_fit_what_a_report_is_about_is_refused(
    walked: Walked, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_to(walked.home, monkeypatch)
    loop = walked.result.run_id
    children = runs.children(walked.task, loop)
    one_round, final = children[1].info.run_id, children[-1].info.run_id

    def about(run: str, scope: str) -> StageRun:
        return prepare("report", {"task": str(walked.task.path), "about": run, "scope": scope})

    with pytest.raises(
        UserError, match=rf"is no whole loop \(round 1\).*or its loop's run {loop} with scope loop"
    ):
        about(one_round, "loop")
    for whole in (loop, final):
        with pytest.raises(UserError, match=r"is a whole loop .*give scope loop"):
            about(whole, "round")
        assert about(whole, "loop").digest == about("", "loop").digest


@pytest.mark.slow  # two loops
def test_a_batch_that_was_taken_out_is_missing_in_the_next_rounds_and_its_rows_do_not_come_back(
    tiny: Callable[..., Task],
) -> None:
    task = tiny(budget={"rounds": 1, "rows_per_round": 15})
    run_loop(task, runner=InProcess())
    newest = datasets.latest(task, "passed")
    assert newest is not None
    removal = drop_batch(task, newest.reference)
    more = tiny(budget={"rounds": 2, "rows_per_round": 15})
    run_loop(more, runner=InProcess())
    drafts = [one for one in datasets.listing(more) if one.status == "draft" and one.parent == removal.after]
    assert len(drafts) == 1
    later = datasets.latest(more, "passed")
    assert later is not None
    seed_ids = set(sources.seed_rows(task)["id"])
    removed = set(newest.rows["id"]) - seed_ids
    assert removed
    assert not removed & set(later.rows["id"])
    assert set(later.rows["id"]) > seed_ids
