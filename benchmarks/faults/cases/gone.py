"""Cases: results of a finished loop that are deleted, truncated or moved; the message must name them and the remedy."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.faults.case import Case, Seen, veritrain
from benchmarks.faults.finished import finished

CHAMPION = "models:/tiny/2"


def _change(folder: Path, *statements: str) -> None:
    with sqlite3.connect(folder / "mlflow.db") as opened:
        opened.execute("PRAGMA foreign_keys = OFF")
        for statement in statements:
            opened.execute(statement)


def _stage_files(folder: Path, stage: str) -> Path:
    with sqlite3.connect(folder / "mlflow.db") as opened:
        (address,) = opened.execute(
            "SELECT artifact_uri FROM runs JOIN tags USING (run_uuid) WHERE tags.key = 'veritrain.stage' "
            "AND tags.value = ? AND status = 'FINISHED' ORDER BY start_time DESC LIMIT 1",
            (stage,),
        ).fetchone()
    return Path(address.removeprefix("file://"))


def _model_files(folder: Path) -> Path:
    with sqlite3.connect(folder / "mlflow.db") as opened:
        (address,) = opened.execute(
            "SELECT storage_location FROM model_versions WHERE version = 2"
        ).fetchone()
    return Path(address.removeprefix("file://"))


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-7])


def _no_files(folder: Path) -> None:
    shutil.rmtree(folder / "mlruns")


def _dataset_file(folder: Path) -> None:
    (_stage_files(folder, "gate") / "dataset/layout.json").unlink()


def _dataset_cut(folder: Path) -> None:
    _cut(_stage_files(folder, "gate") / "dataset/layout.json")


def _shared_rows(folder: Path) -> None:
    """Remove rows that the draft's run holds, and that the dataset of the gate refers to."""
    (_stage_files(folder, "generate") / "dataset/rows.parquet").unlink()


def _result_cut(folder: Path) -> None:
    _cut(_stage_files(folder, "evaluate") / "result/result.json")


def _result_gone(folder: Path) -> None:
    shutil.rmtree(_stage_files(folder, "train") / "result")


def _model_file(folder: Path) -> None:
    (_model_files(folder) / "MLmodel").unlink()


def _model_cut(folder: Path) -> None:
    _cut(
        max(
            (file for file in _model_files(folder).rglob("*") if file.is_file()),
            key=lambda file: file.stat().st_size,
        )
    )


def _version_deleted(folder: Path) -> None:
    _change(
        folder,
        "UPDATE model_versions SET current_stage = 'Deleted_Internal' WHERE version = 2",
        "DELETE FROM registered_model_aliases WHERE version = 2",
    )


def _model_deleted(folder: Path) -> None:
    tables = (
        "registered_model_aliases",
        "model_version_tags",
        "model_versions",
        "registered_model_tags",
        "registered_models",
    )
    _change(folder, *(f"DELETE FROM {table} WHERE name = 'tiny'" for table in tables))


def _alias_deleted(folder: Path) -> None:
    _change(folder, "DELETE FROM registered_model_aliases WHERE alias = 'champion'")


def _alias_moved(folder: Path) -> None:
    _change(folder, "UPDATE registered_model_aliases SET version = 1 WHERE alias = 'champion'")


def _run_deleted(folder: Path) -> None:
    _change(
        folder,
        "UPDATE runs SET lifecycle_stage = 'deleted' WHERE run_uuid IN "
        "(SELECT run_uuid FROM tags WHERE key = 'veritrain.stage' AND value = 'gate')",
    )


def _round_deleted(folder: Path) -> None:
    _change(
        folder,
        "UPDATE runs SET lifecycle_stage = 'deleted' WHERE run_uuid IN "
        "(SELECT run_uuid FROM tags WHERE key = 'veritrain.kind' AND value = 'round')",
    )


def _experiment_deleted(folder: Path) -> None:
    _change(folder, "UPDATE experiments SET lifecycle_stage = 'deleted' WHERE name = 'tiny'")


NEVER = ["unexpected", "Traceback"]

AGAIN = "veritrain loop .*task"


def _case(
    name: str,
    broken: Callable[[Path], None],
    command: Sequence[str],
    exit_code: int,
    says: Sequence[str],
    never: Sequence[str] = (),
) -> Case:
    def run(folder: Path) -> Seen:
        task = finished(folder)
        broken(folder)
        return veritrain(folder, command[0], str(task), *command[1:])

    return Case(f"gone/{name}", run, exit_code, says, [*NEVER, *never])


ASK = ("predict", "--text", "invoice please")
GONE = [r"Missing +.*{what}", f"Next: .*{AGAIN}"]


def _status(name: str, broken: Callable[[Path], None], what: str) -> Case:
    return _case(
        f"status_{name}",
        broken,
        ["status"],
        0,
        [rf"Missing +.*{what}", f"Next: Recreate what is missing.*{AGAIN}"],
    )


def _still_there(folder: Path) -> None:
    """Break nothing, to show that the cases below do not pass because of unconditional complaints."""


def _looks_the_same(name: str, broken: Callable[[Path], None]) -> Case:
    """Check that `status` does not change a broken project: reading repairs nothing."""

    def run(folder: Path) -> Seen:
        task = finished(folder)
        broken(folder)
        first, second = (veritrain(folder, "status", str(task)) for _ in range(2))
        wrong = "" if first.text == second.text else "a second look says something else"
        return Seen(second.exit_code, second.text, wrong=wrong)

    return Case(f"gone/twice_{name}", run, 0, ["Missing"], NEVER)


CASES = [
    _case("nothing", _still_there, ["status"], 0, [CHAMPION, "Next: Ask the champion"], ["Missing"]),
    _case(
        "nothing_loop",
        _still_there,
        ["loop"],
        0,
        ["Nothing is left to do", CHAMPION],
        ["gone", "made is missing"],
    ),
    _status("all_files", _no_files, r"\(gate in round"),
    _status("a_dataset_file", _dataset_file, r"dataset/layout\.json \(gate in round 1\)"),
    _status(
        "rows_of_a_dataset",
        _shared_rows,
        r"dataset/rows\.parquet \(generate in round 1\)[\s\S]*dataset/rows\.parquet of run \w+ +\(gate",
    ),
    _status("a_dataset_cut", _dataset_cut, r"dataset/layout\.json \(gate in round 1\)"),
    _status("a_result_cut", _result_cut, r"result/result\.json \(evaluate"),
    _status("a_result", _result_gone, r"result/.* \(train in round 1\)"),
    _status("a_model_file", _model_file, f"MLmodel of model {CHAMPION}"),
    _status("a_model_cut", _model_cut, f"of model {CHAMPION}"),
    _status("the_version", _version_deleted, f"model {CHAMPION}.*alias champion|alias champion"),
    _status("every_model", _model_deleted, "model models:/tiny/1"),
    _status("the_alias", _alias_deleted, "the alias champion"),
    _status("the_run_of_a_gate", _run_deleted, "the run of gate in round"),
    _status("the_runs_of_rounds", _round_deleted, "the run of round 0"),
    _case(
        "status_alias_moved",
        _alias_moved,
        ["status"],
        0,
        [r"Champion +models:/tiny/1", f"It ended with {CHAMPION}"],
        ["Champion: models:/tiny/2"],
    ),
    *(
        _case(
            f"{command[0].replace('-', '_')}_experiment_deleted",
            _experiment_deleted,
            command,
            3,
            [r"lies in MLflow's trash", r"mlflow experiments restore --experiment-id \d+"],
        )
        for command in (["status"], ["loop"], ASK, ["compare"], ["review"], ["report"], ["gate"])
    ),
    _case(
        "predict_all_files", _no_files, ASK, 3, [f"model {CHAMPION} can't be opened", "veritrain loop tiny"]
    ),
    _case(
        "predict_a_model_file", _model_file, ASK, 3, ["its file MLmodel is missing", "veritrain loop tiny"]
    ),
    _case("predict_a_model_cut", _model_cut, ASK, 3, ["not as it was stored", "veritrain loop tiny"]),
    _case(
        "predict_the_version",
        _version_deleted,
        ASK,
        2,
        ["alias champion of tiny points nowhere", "--model", AGAIN],
    ),
    _case("predict_every_model", _model_deleted, ASK, 2, ["no champion yet", AGAIN]),
    _case(
        "predict_the_alias",
        _alias_deleted,
        ASK,
        2,
        ["alias champion of tiny points nowhere", "models:/tiny/2", AGAIN],
    ),
    _case(
        "predict_a_named_version",
        _version_deleted,
        [*ASK, "--model", CHAMPION],
        2,
        ["no model models:/tiny/2", "tiny/1"],
    ),
    _case("predict_alias_moved", _alias_moved, ASK, 0, ["models:/tiny/1"]),
    _case(
        "compare_all_files", _no_files, ["compare"], 3, ["can't be opened|is missing", "veritrain loop tiny"]
    ),
    _case(
        "compare_a_model_file",
        _model_file,
        ["compare"],
        3,
        ["its file MLmodel is missing", "veritrain loop tiny"],
    ),
    _case(
        "compare_the_version",
        _version_deleted,
        ["compare", CHAMPION],
        2,
        ["no model models:/tiny/2", "models:/tiny/1"],
    ),
    _case("review_all_files", _no_files, ["review"], 3, ["is missing", "veritrain loop tiny"]),
    _case(
        "loop_the_alias", _alias_deleted, ["loop"], 0, ["pointed nowhere", "Nothing is left to do", CHAMPION]
    ),
    _case(
        "loop_alias_moved",
        _alias_moved,
        ["loop"],
        0,
        [
            "The champion is models:/tiny/1 now",
            f"veritrain evaluate .* --champion models:/tiny/1 --challenger {CHAMPION}",
        ],
    ),
    _looks_the_same("all_files", _no_files),
    _looks_the_same("the_alias", _alias_deleted),
]
