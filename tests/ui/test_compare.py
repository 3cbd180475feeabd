"""Models side by side: the numbers are those of the rows, and nothing but development rows is read."""

from __future__ import annotations

from collections.abc import Iterator
from math import comb
from pathlib import Path

import pandas as pd
import pytest

from tests.small_task import write_task
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.rows import read_examples
from veritrain_lib.core.task import Task
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.tasks import find_task
from veritrain_lib.stages.record.upstream import run_upstream
from veritrain_lib.tracking import datasets, looks, models, runs
from veritrain_lib.ui.compare import compare


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Task]:
    """A store with two registered versions: of 9 seed rows, and of those with 40 rows more."""
    folder = tmp_path_factory.mktemp("compare")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERITRAIN_HOME", str(folder))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        task = find_task(str(write_task(folder / "task")))
        seed = sources.seed_rows(task)
        more = read_examples(task, task.path.parent / "pool.csv", "pool").iloc[::2]
        for rows in (seed, pd.concat([seed, more], ignore_index=True)):
            run = runs.open_run(task, "data", kind="data")
            made = datasets.save(task, run, rows, status="passed", parent=None)
            runs.end_run(run, "FINISHED")
            run_upstream(task, "train", dataset=made.reference)
        models.set_alias(task, 1, models.CHAMPION)
        run_upstream(task, "probe", model="models:/small/1")
        yield task


def test_every_registered_version_is_there_oldest_first_with_its_marks(trained: Task) -> None:
    found = compare("small").models
    assert found["model"].tolist() == ["v1", "v2"]
    assert found["marks"].tolist() == ["champion", "challenger"]
    assert found["training_rows"].tolist() == [9, 47]
    assert found["trained_on"].tolist() == ["small@1", "small@2"]


def test_metrics_and_intervals_are_those_of_the_models_own_answers(trained: Task) -> None:
    from veritrain_lib.models.base import open_model

    development = sources.development_rows(trained)
    found = compare("small").models.set_index("model")
    for version in ("1", "2"):
        answers = open_model(f"models:/small/{version}", trained).answer(development)
        right = sum(
            response.best == wanted for response, wanted in zip(answers, development["label"], strict=True)
        )
        assert found.loc[f"v{version}", "accuracy"] == pytest.approx(right / 60)
        # Agresti and Coull (1998) by hand: 60 rows and z squared more, half of them right, at z = 1.959964.
        z = 1.959964
        rows, share = 60 + z * z, (right + z * z / 2) / (60 + z * z)
        half = z * (share * (1 - share) / rows) ** 0.5
        bounds = found.loc[f"v{version}", ["accuracy_low", "accuracy_high"]].tolist()
        assert bounds == pytest.approx([share - half, min(1.0, share + half)], abs=1e-5)


def test_the_p_value_is_the_sign_test_over_the_rows_on_which_they_differ(trained: Task) -> None:
    line = compare("small").pairs.iloc[0]
    assert (line["model"], line["against"], line["n"]) == ("v2", "v1", 60)
    tosses, heads = line["wins"] + line["losses"], max(line["wins"], line["losses"])
    tail = sum(comb(tosses, k) for k in range(heads, tosses + 1)) / 2**tosses
    assert line["p"] == pytest.approx(min(1.0, 2 * tail))
    assert line["difference"] == pytest.approx((line["wins"] - line["losses"]) / 60)
    assert line["low"] < line["difference"] < line["high"]


def test_order_of_the_addresses_decides_who_is_first_and_turns_the_sign(trained: Task) -> None:
    forward = compare("small").pairs.iloc[0]
    back = compare("small", "models:/small/2 , models:/small/1").pairs.iloc[0]
    assert back["against"] == "v2"
    assert back["difference"] == pytest.approx(-forward["difference"])
    assert back["p"] == pytest.approx(forward["p"])


def test_slices_are_shares_of_right_rows_and_add_up_to_the_whole(trained: Task) -> None:
    both = compare("small")
    labels = both.slices[both.slices["slice"].str.startswith("label=")]
    assert labels["n"].sum() == 60
    whole = (labels["v2"] * labels["n"]).sum() / 60
    assert whole == pytest.approx(both.models.set_index("model").loc["v2", "accuracy"])
    assert both.slices["change"].is_monotonic_increasing


def test_stored_predictions_are_reused_only_while_nothing_changed(
    trained: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = compare("small")
    assert stored.models["answers_from"].tolist() == ["train run", "train run"]
    monkeypatch.setattr("veritrain_lib.core.digest.of_code", lambda: "other code")
    asked = compare("small")
    assert asked.models["answers_from"].tolist() == ["asked now", "asked now"]
    pd.testing.assert_frame_equal(stored.pairs, asked.pairs)
    pd.testing.assert_frame_equal(
        stored.models.drop(columns="answers_from"), asked.models.drop(columns="answers_from")
    )


def test_other_development_rows_are_asked_anew(trained: Task, tmp_path: Path) -> None:
    file = trained.path.parent / "dev.csv"
    before = file.read_text(encoding="utf-8")
    try:
        file.write_text("\n".join(before.splitlines()[:31]) + "\n", encoding="utf-8")
        found = compare("small")
    finally:
        file.write_text(before, encoding="utf-8")
    assert found.n == 30
    assert found.models["answers_from"].tolist() == ["asked now", "asked now"]


def test_the_held_out_set_stays_closed_and_no_look_is_taken(
    trained: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(task: Task) -> pd.DataFrame:
        raise AssertionError("the held-out test set was opened")

    monkeypatch.setattr(sources, "unlock_test_set", opened)
    monkeypatch.setattr("veritrain_lib.core.digest.of_code", lambda: "other code")
    compare("small")
    assert looks.list_looks(sources.held_out_set(trained)) == []


def test_the_card_is_the_last_probes_and_missing_without_one(trained: Task) -> None:
    found = compare("small").models.set_index("model")
    assert found.loc["v1", "output_contract"] == 1.0
    assert pd.isna(found.loc["v2", "output_contract"])


def test_one_model_under_two_names_is_shown_once_and_said_so(trained: Task) -> None:
    found = compare("small", "models:/small@champion,models:/small/1")
    assert found.models["model"].tolist() == ["v1"]
    assert found.pairs.empty
    assert "models:/small/1 is the same model as models:/small@champion" in found.notes[0]
    assert "same model" in found._repr_html_()


def test_an_address_that_is_not_there_names_those_that_are(trained: Task) -> None:
    with pytest.raises(UserError, match=r"there is no model models:/small/9.*models:/small/1"):
        compare("small", "models:/small/9")


def test_the_picture_says_what_it_shows_and_draws_any_number_of_models(trained: Task) -> None:
    one, two = compare("small", "models:/small/1").picture(), compare("small").picture()
    assert "v1 0." in one.alt  # type: ignore[attr-defined]
    assert "v2 0." in two.alt  # type: ignore[attr-defined]
    shown = [text.get_text() for text in two.axes[0].get_yticklabels()]
    assert shown == ["v2, 47 rows", "v1, 9 rows"]


def test_the_notebook_table_is_escaped_and_shows_intervals(trained: Task) -> None:
    page = compare("small")._repr_html_()
    assert "<script" not in page
    one = compare("small").models.iloc[0]
    assert f"{one['accuracy']:.3f}\u00a0({one['accuracy_low']:.3f}\u00a0to\u00a0" in page
    assert "small@2, 47 rows" in page
    assert "several candidates 100%" in page
    assert "not probed" in page
    assert "60 development rows" in page
