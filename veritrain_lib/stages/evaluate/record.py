"""Evaluate stage in MLflow: reads the addresses of two models, and stores the verdict on the challenger.

The alias `champion` is moved only if the gain is proven on the held-out test set. Open this to see how a look at the
test set is counted and what is stored about it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import Refused
from veritrain_lib.core.task import Task
from veritrain_lib.stages.base import Inputs, StageSpec
from veritrain_lib.stages.evaluate import inputs as evaluate_inputs
from veritrain_lib.stages.evaluate import run as evaluate
from veritrain_lib.stages.evaluate.result import EvaluateResult
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.open_models import open_judge_for, open_model_for
from veritrain_lib.stages.record.metrics_by_track import by_track
from veritrain_lib.tracking import looks, model_versions, models, runs
from veritrain_lib.tracking.state import claims

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Dataset


NOT_PROMOTED = "veritrain.not_promoted"
"""MLflow tag of an evaluation's run: the reason why a challenger that is proven better did not become the champion."""


class EvaluateSpec(StageSpec):
    """Specification of the evaluate stage: how it finds its inputs, runs, and loads its result; see `StageSpec`."""

    PARAMETERS = evaluate_inputs.PARAMETERS
    resolve = staticmethod(evaluate_inputs.resolve)
    RESULT = EvaluateResult

    def offers(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs
    ) -> Mapping[str, Callable[[], Any]]:
        """Return a mapping of name to function for what the notebook can display before its run.

        These are the `development` rows, and `looks`, the forecast of comparisons on the held-out test set that are
        left. A cell can replace neither.

        The arguments are those of `StageSpec.offers`.
        """
        return {
            "development": lambda: sources.development_rows(task).copy(),
            "looks": lambda: evaluate_inputs.forecast(task, parameters, inputs),
        }

    def execute(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str
    ) -> EvaluateResult:
        """Compare champion and challenger, and decide on promotion.

        A comparison on the held-out test set (a look) is counted before the set is unlocked. Only one evaluation at a
        time runs on a test set, since the number of the look decides its significance level.

        The arguments are those of `StageSpec.execute`.

        Returns:
            The verdict on the challenger, with its tables.

        Raises:
            Refused: when another process used this look in between.
        """
        held_out = task.data_digest("test")
        with claims.claim(f"looks at {held_out}", f"evaluation on the test set of task {task.name}"):
            return self._compare_and_decide(task, parameters, inputs, run_id)

    def _compare_and_decide(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str
    ) -> EvaluateResult:
        config = evaluate.EvaluateConfig(purpose=parameters["purpose"], seed=parameters["seed"])
        champion, challenger = inputs.names["champion"], inputs.names["challenger"]
        identities = inputs.resolved["identities"]
        test = sources.held_out_set(task)
        plan = looks.declared_plan(task)
        limit = evaluate_inputs.look_limit(task, config.purpose)
        number = evaluate_inputs.look_number(test, identities, limit)

        def unlock_test_set() -> pd.DataFrame:
            look = looks.record_look(
                task,
                test,
                identities["champion"],
                identities["challenger"],
                limit=limit,
                purpose=config.purpose,
            )
            if look is None or look.number != number:
                raise Refused(
                    "another process took this look at the held-out test set in between; run the stage again"
                )
            runs.tag(run_id, {"veritrain.look": str(look.number)})
            return sources.unlock_test_set(task)

        with contextlib.ExitStack() as stack:
            result = evaluate.run(
                config,
                task,
                stack.enter_context(open_model_for(task, champion, run_id)),
                stack.enter_context(open_model_for(task, challenger, run_id)),
                sources.development_rows(task),
                n_test=len(sources.test_inputs(task)),
                look=(number, plan.alpha_at(number)) if number else None,
                unlock_test_set=unlock_test_set,
                judge=stack.enter_context(open_judge_for(task, run_id)) if task.judge else None,
                training=self._training(task, inputs, parameters["seed"]),
            )
        self._store(task, run_id, result, test.digest)
        if not result.promote:
            return result
        # A comparison of two old models, made by hand, must not move the alias away from a third.
        refused = models.promote(task, identities["champion"], challenger)
        if not refused:
            return result
        runs.tag(run_id, {NOT_PROMOTED: refused})
        return result.model_copy(update={"headline": f"{result.headline} Not promoted: {refused}"})

    def apply(self, task: Task, parameters: Mapping[str, Any], run_id: str) -> str:
        """Promote the challenger if an earlier evaluation of the same two models has proven that it is better.

        Args:
            task: The task.
            parameters: The parameters of the stage, by name; nothing is promoted unless both models are named.
            run_id: The id of the earlier evaluation's MLflow run.

        Returns:
            The reason why a challenger that is proven better was not promoted; empty otherwise.
        """
        tags = runs.get(run_id).data.tags
        both_named = parameters.get("champion") and parameters.get("challenger")
        if not both_named or tags.get("veritrain.promote") != "true":
            return ""
        return models.promote(task, models.identity(task, parameters["champion"]), parameters["challenger"])

    def _store(self, task: Task, run_id: str, result: EvaluateResult, test: str) -> None:
        challenger = (
            models.describe(task, result.challenger) if result.challenger.startswith("models:/") else None
        )
        development_metrics = {
            name: value for name, value in result.metrics().items() if not name.startswith("held_out_")
        }
        runs.log(
            run_id,
            metrics=development_metrics,
            model_id=challenger.id if challenger else None,
            dataset=("development", task.data_digest("development")[:12]),
            tags={
                "veritrain.verdict": result.verdict,
                "veritrain.promote": str(result.promote).lower(),
                **_encoder_tags(result),
            },
        )
        tracks, words = by_track(task, sources.development_rows(task), result.tables["predictions"])
        if words:
            runs.log(run_id, metrics=tracks, tags=words)
        held_out_metrics = {
            name: value for name, value in result.metrics().items() if name.startswith("held_out_")
        }
        if held_out_metrics:
            runs.log(
                run_id,
                metrics=held_out_metrics,
                model_id=challenger.id if challenger else None,
                dataset=("test", test[:12]),
            )
        names = ("predictions", "slices", "held_out_slices", "metrics", "judge")
        stored_names = [name for name in names if name in result.tables]
        runs.log_tables(run_id, {f"{name}.json": result.tables[name] for name in stored_names})
        if result.judge_decides is not None:
            decides = str(result.judge_decides).lower()
            runs.tag(run_id, {"veritrain.judge.decides": decides, "veritrain.judge": result.judge_note})

    def _training(self, task: Task, inputs: Inputs, seed: int) -> dict[str, pd.DataFrame]:
        """Return tables about the models' training rows.

        Args:
            task: The task.
            inputs: The stage's inputs.
            seed: Random seed of the trainings.

        Returns:
            `sources`, the number of both models' training rows by source; and `synthetic`, the challenger's trainer
            with and without its synthetic rows, which is empty if there are none or training is slow or paid.
        """
        import pandas as pd

        from veritrain_lib.stages.added_rows_effect import empty_effect, sources_of
        from veritrain_lib.stages.inputs.students import is_quick

        training: dict[str, Dataset] = inputs.resolved["training"]
        rows = {role: training[uri].rows if uri in training else None for role, uri in inputs.names.items()}
        parts = [
            sources_of(trained).assign(model=role) for role, trained in rows.items() if trained is not None
        ]
        columns = ["model", "source", "rows", "share"]
        tables = {"sources": pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns)}
        tables["synthetic"] = empty_effect()
        trained = rows["challenger"]
        if trained is not None and is_quick(task):
            made = trained["source"] == "synthetic"
            if made.any() and not made.all():
                tables["synthetic"] = _compare_without_synthetic(task, trained, seed)
        return tables


def _encoder_tags(result: EvaluateResult) -> dict[str, str]:
    """Return MLflow tags that name the sentence encoder of champion and challenger, for each model that uses one."""
    encoders = {
        "champion": model_versions.encoder_of(result.champion),
        "challenger": model_versions.encoder_of(result.challenger),
    }
    return {f"veritrain.encoder.{role}": encoder for role, encoder in encoders.items() if encoder}


def _compare_without_synthetic(task: Task, rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Compare the task's trainer on all training rows with the same trainer on the rows that are not synthetic.

    Args:
        task: The task.
        rows: The challenger's training rows.
        seed: Random seed of the trainings.

    Returns:
        The table of `added_rows_effect.effect_of_added_rows`.
    """
    import pandas as pd

    from veritrain_lib.metrics.base import primary_metric, references_of, row_scores
    from veritrain_lib.stages.added_rows_effect import effect_of_added_rows
    from veritrain_lib.stages.inputs.students import quick_trainer

    development = sources.development_rows(task)
    metric, references = primary_metric(task), references_of(task, development)
    human_rows = rows[rows["source"] != "synthetic"].reset_index(drop=True)

    def grades(training_rows: pd.DataFrame) -> pd.DataFrame:
        model = quick_trainer(task).train(task, training_rows, seed=seed).model
        scores = row_scores(metric, references, model.answer(development))
        return pd.DataFrame({"id": development["id"], "grade": scores})

    return effect_of_added_rows(grades(human_rows), grades(rows), len(human_rows), len(rows), seed=seed)


SPEC = EvaluateSpec()
