"""A stage's command: the notebook's parameters as options, checked before anything is launched."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from tests.cli.conftest import SEED_ROWS, Run, Said
from tests.small_task import write_task
from veritrain_lib.cli.main import cli
from veritrain_lib.cli.stage_parameters import parse_stage_parameters
from veritrain_lib.core.errors import UserError
from veritrain_lib.stages import NAMES
from veritrain_lib.stages.base import spec_of


@pytest.mark.parametrize("stage", NAMES)
def test_every_parameter_of_a_stage_is_an_option_with_a_meaning(stage: str, run: Run) -> None:
    said = run(stage, "--help")
    assert said.code == 0
    options = {
        one.name: one for one in cli.get_command(click.Context(cli), stage).get_params(click.Context(cli))
    }  # type: ignore[union-attr]
    for name in spec_of(stage).PARAMETERS:
        option = options[name]
        assert isinstance(option, click.Option)
        assert f"--{name.replace('_', '-')} " in said.out
        assert option.help, f"{stage} {name} lacks a meaning; comment it in the notebook's parameters cell"


@pytest.mark.parametrize("stage", NAMES)
def test_a_binding_and_its_notebook_have_the_same_parameters(stage: str) -> None:
    defaults = spec_of(stage).PARAMETERS
    assert parse_stage_parameters(stage, [f"{name}={value}" for name, value in defaults.items()]) == dict(
        defaults
    )


@pytest.mark.parametrize(
    ("stage", "given", "told"),
    [
        ("gate", ["sead=1"], "Unknown parameter 'sead'. Did you mean 'seed'"),
        ("gate", ["seed=x"], "'x' can't be read as int"),
        ("gate", ["seed"], "write name=value"),
        ("gate", ["seed=1", "seed=2"], "'seed' is given twice"),
        ("gate", ["task=support"], "write: veritrain gate support"),
        ("generate", ["choose=clever"], "choose is 'clever': Input should be 'uncertainty'"),
        ("evaluate", ["purpose=fun"], "purpose is 'fun'"),
        ("report", ["scope=all"], "scope is 'all'"),
    ],
)
def test_wrong_parameters_are_refused(stage: str, given: list[str], told: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_stage_parameters(stage, given)
    assert told in str(caught.value)


def test_text_that_looks_like_a_number_stays_text() -> None:
    assert parse_stage_parameters("probe", ["model=007", "rows=007"]) == {"model": "007", "rows": 7}


def test_a_wrong_parameter_ends_with_2_before_the_record_is_touched(run: Run, home: Path) -> None:
    said = run("generate", home / "no_such_task.yaml", "--choose", "clever")
    assert said.code == 2
    assert "choose is 'clever'" in said.err


@pytest.fixture(scope="module")
def judged_task(home: Path) -> Path:
    """A task whose seed rows nobody else judges."""
    return write_task(home / "judged", "judged", seed_rows=SEED_ROWS)


@pytest.fixture(scope="module")
def judged(home: Path, judged_task: Path) -> Said:
    """The seed rows through the gate, by its notebook."""
    from click.testing import CliRunner

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERITRAIN_HOME", str(home))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        result = CliRunner().invoke(cli, ["gate", str(judged_task), "--dataset", "seed", "--json"])
    return Said(result.exit_code, result.stdout, result.stderr)


@pytest.mark.slow
def test_a_stage_prints_its_headline_and_where_to_look(judged: Said) -> None:
    document = judged.document()
    assert judged.code == 0
    assert (document["stage"], document["outcome"], document["stored"], document["status"]) == (
        "gate",
        "done",
        False,
        "passed",
    )
    assert document["dataset"] == "judged@1"
    executed = json.loads(Path(document["where"]["notebook"]).read_text(encoding="utf-8"))
    assert [cell["outputs"] for cell in executed["cells"] if cell["cell_type"] == "code"]


@pytest.mark.slow
def test_progress_goes_to_standard_error(judged: Said) -> None:
    assert "gate ..." in judged.err


@pytest.mark.slow
def test_the_same_stage_again_is_found_in_the_record(judged: Said, run: Run, judged_task: Path) -> None:
    again = run("gate", judged_task, "-p", "dataset=seed")
    assert again.code == 0
    assert "nothing was done twice" in again.out
    assert judged.document()["run"] in again.out
    assert "dataset: judged@1; its rows: veritrain rows judged@1 --csv FILE" in again.out


@pytest.mark.slow
def test_a_dataset_that_is_not_there_is_a_users_error(judged: Said, run: Run, judged_task: Path) -> None:
    said = run("gate", judged_task, "--dataset", "judged@99", "--json")
    assert said.code == 2
    assert "there is no dataset judged@99; there are: judged@1" in said.document()["error"]["message"]


def test_a_model_is_never_compared_with_itself(run: Run, task: Path, champion: str) -> None:
    said = run("evaluate", task, "--champion", champion, "--challenger", champion)
    assert said.code == 1
    assert "never compared with itself" in said.err
