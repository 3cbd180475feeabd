"""The evaluate stage in MLflow: it reads two model addresses and stores a verdict.

The alias `champion` moves only when the gain is proven on the held-out test set. Open this to see how a look at the
test set is counted, what is stored of it, and when training data that holds test rows stops the evaluation.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import claims
from veritrain_lib.core.errors import Refused
from veritrain_lib.core.task import Task
from veritrain_lib.stages.base import Inputs, StageSpec
from veritrain_lib.stages.evaluate import inputs as evaluate_inputs
from veritrain_lib.stages.evaluate import run as evaluate
from veritrain_lib.stages.evaluate.result import EvaluateResult
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.open_models import open_judge_for, open_model_for
from veritrain_lib.stages.record.metrics_by_track import by_track
from veritrain_lib.tracking import datasets, looks, models, runs

if TYPE_CHECKING:
    import pandas as pd


NOT_PROMOTED = "veritrain.not_promoted"
"""Tag of an evaluation's run: the reason why the alias was not moved to a challenger that is proven better."""


class EvaluateSpec(StageSpec):
    """Specification of the evaluate stage."""

    PARAMETERS = evaluate_inputs.PARAMETERS
    RESULT = EvaluateResult

    def resolve(self, task: Task, parameters: Mapping[str, Any]) -> Inputs:
        """Find the inputs, see `evaluate.inputs.resolve`."""
        return evaluate_inputs.resolve(task, parameters)

    def offers(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs
    ) -> Mapping[str, Callable[[], Any]]:
        """Offer the development rows, and what a look costs and can show; nothing of it can be changed by a cell."""
        return {
            "development": lambda: sources.development_rows(task).copy(),
            "looks": lambda: evaluate_inputs.forecast(task, parameters, inputs),
        }

    def execute(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str
    ) -> EvaluateResult:
        """Compare the models and decide; a look is recorded before the held-out test set is unlocked.

        Only one evaluation at a time runs on a test set, since the number of a look decides its significance level.
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
                training=self._training(task, inputs.names, parameters["seed"]),
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
        """Promote the challenger if an earlier evaluation of exactly these two models has proven that it is better.

        Args:
            task: The task.
            parameters: Parameters of the stage; nothing is promoted unless both models are named.
            run_id: The run of the earlier evaluation.

        Returns:
            The reason why a proven challenger was not promoted; empty otherwise.
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
            tags={"veritrain.verdict": result.verdict, "veritrain.promote": str(result.promote).lower()},
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

    def _training(self, task: Task, addresses: Mapping[str, str], seed: int) -> dict[str, pd.DataFrame]:
        """Return the tables `sources` (training rows of both models by source) and `synthetic` (effect of such rows)."""
        import pandas as pd

        from veritrain_lib.stages.inputs.students import is_quick
        from veritrain_lib.stages.with_without import empty_comparison, sources_of

        rows = {role: _training_rows(task, uri) for role, uri in addresses.items()}
        parts = [
            sources_of(trained).assign(model=role) for role, trained in rows.items() if trained is not None
        ]
        columns = ["model", "source", "rows", "share"]
        tables = {"sources": pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns)}
        tables["synthetic"] = empty_comparison()
        trained = rows["challenger"]
        if trained is not None and is_quick(task):
            made = trained["source"] == "synthetic"
            if made.any() and not made.all():
                tables["synthetic"] = _compare_without_synthetic(task, trained, seed)
        return tables


def _training_rows(task: Task, uri: str) -> pd.DataFrame | None:
    dataset = models.describe(task, uri).dataset if uri.startswith("models:/") else ""
    return datasets.load(task, dataset).rows if dataset else None


def _compare_without_synthetic(task: Task, rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Compare the task's trainer on all rows with the same trainer on the rows that are not synthetic."""
    import pandas as pd

    from veritrain_lib.metrics.base import primary_metric, references_of, row_scores
    from veritrain_lib.stages.inputs.students import quick_trainer
    from veritrain_lib.stages.with_without import with_against_without

    development = sources.development_rows(task)
    metric, references = primary_metric(task), references_of(task, development)
    human_rows = rows[rows["source"] != "synthetic"].reset_index(drop=True)

    def grades(training_rows: pd.DataFrame) -> pd.DataFrame:
        model = quick_trainer(task).train(task, training_rows, seed=seed).model
        scores = row_scores(metric, references, model.answer(development))
        return pd.DataFrame({"id": development["id"], "grade": scores})

    return with_against_without(grades(human_rows), grades(rows), len(human_rows), len(rows), seed=seed)


SPEC = EvaluateSpec()
