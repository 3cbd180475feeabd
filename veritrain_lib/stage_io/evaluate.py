"""Evaluate in the record: two addresses in, a verdict out; the alias moves only on a proven gain."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from veritrain_lib.core import claims
from veritrain_lib.core.errors import Refused
from veritrain_lib.core.task import Task
from veritrain_lib.stage_io import sources
from veritrain_lib.stage_io.defaults import ahead, model_or_seed, passed_dataset
from veritrain_lib.stage_io.metrics_by_track import by_track
from veritrain_lib.stage_io.open_models import judge_for, opened_for
from veritrain_lib.stage_io.stage_spec import Inputs
from veritrain_lib.stages import evaluate
from veritrain_lib.tracking import datasets, looks, models, runs

if TYPE_CHECKING:
    import pandas as pd


NOT_PROMOTED = "veritrain.not_promoted"
"""Tag of an evaluation: why the alias was not moved to a challenger that is proven better."""


class Evaluate:
    """Binding of the evaluate stage."""

    PARAMETERS: ClassVar[Mapping[str, Any]] = {
        "champion": "",
        "challenger": "",
        "purpose": "promotion",
        "seed": 0,
    }

    def resolve(self, task: Task, parameters: Mapping[str, Any]) -> Inputs:
        """Both models by address; left empty, those of the latest evaluation, else champion and challenger.

        Raises Refused for a model against itself, and when a test row is in either one's training data.
        """
        champion, challenger = self._pair(task, parameters)
        names = {"champion": champion, "challenger": challenger}
        identities = {role: models.identity(task, uri) for role, uri in names.items()}
        if identities["champion"] == identities["challenger"]:
            raise Refused(
                f"{champion} and {challenger} are the same model; a model is never compared with itself. "
                "Train a challenger on other data first."
            )
        _refuse_leaks(task, names.values())
        looks.refuse_wider_plan(task, sources.held_out_set(task))
        content = {
            **identities,
            "task": task.digest(
                "inputs", "target", "glossary", "contract", "metrics", "slices", "promotion", "trainer"
            ),
            "data": task.data_digest("seed", "development", "test"),
            "purpose": parameters["purpose"],
        }
        if task.judge:
            content["judge"] = task.digest("judge", "description")
        return Inputs(names, content, {"identities": identities})

    def _pair(self, task: Task, parameters: Mapping[str, Any]) -> tuple[str, str]:
        given = (parameters["champion"], parameters["challenger"])
        if not any(given):
            last = runs.search(
                task, "tags.`veritrain.stage` = 'evaluate' AND attributes.status = 'FINISHED'", limit=1
            )
            if last:
                tags = last[0].data.tags
                return tags["veritrain.input.champion"], tags["veritrain.input.challenger"]
        champion = model_or_seed(task, given[0])
        if given[1]:
            return champion, model_or_seed(task, given[1])
        newest = models.by_alias(task, models.CHALLENGER)
        if newest is None or newest.uri == champion:
            # Only the seed model exists: make the data and the challenger that there is to compare.
            draft = passed_dataset(task, "")
            ahead(task, "generate", dataset=draft.reference)
            ahead(task, "gate")
            ahead(task, "train")
            newest = models.listing(task)[-1]
        return champion, newest.uri

    def work(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str
    ) -> evaluate.EvaluateResult:
        """Compare and decide; a look is written down before the sealed set is opened.

        One evaluation at a time on a test set: the number of a look decides its level.
        """
        held_out = task.data_digest("test")
        with claims.claim(f"looks at {held_out}", f"evaluation on the test set of task {task.name}"):
            return self._decided(task, parameters, inputs, run_id)

    def _decided(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str
    ) -> evaluate.EvaluateResult:
        config = evaluate.EvaluateConfig(purpose=parameters["purpose"], seed=parameters["seed"])
        champion, challenger = inputs.names["champion"], inputs.names["challenger"]
        known = inputs.things["identities"]
        test = sources.held_out_set(task)
        plan = looks.plan_of(task)
        limit = look_limit(task, config.purpose)
        number = self._next(test, known, limit)

        def open_sealed() -> pd.DataFrame:
            taken = looks.take(
                task, test, known["champion"], known["challenger"], limit=limit, purpose=config.purpose
            )
            if taken is None or taken.number != number:
                raise Refused(
                    "another process took this look at the sealed set in between; run the stage again"
                )
            runs.tag(run_id, {"veritrain.look": str(taken.number)})
            return sources.open_sealed(task)

        with contextlib.ExitStack() as around:
            result = evaluate.run(
                config,
                task,
                around.enter_context(opened_for(task, champion, run_id)),
                around.enter_context(opened_for(task, challenger, run_id)),
                sources.development_rows(task),
                n_test=len(sources.test_inputs(task)),
                look=(number, plan.alpha_at(number)) if number else None,
                open_sealed=open_sealed,
                judge=around.enter_context(judge_for(task, run_id)) if task.judge else None,
                training=self._training(task, inputs.names, parameters["seed"]),
            )
        self._file(task, run_id, result, test.digest)
        if not result.promote or config.purpose != "promotion":
            return result
        # A by-hand comparison of two old models must not move the alias of a third.
        refused = models.promote(task, known["champion"], challenger)
        if not refused:
            return result
        runs.tag(run_id, {NOT_PROMOTED: refused})
        return result.model_copy(update={"headline": f"{result.headline} Not promoted: {refused}"})

    def apply(self, task: Task, parameters: Mapping[str, Any], run_id: str) -> str:
        """Promote what an earlier evaluation of just these two models has proven. Gives why not, or ""."""
        tags = runs.get(run_id).data.tags
        named = parameters.get("champion") and parameters.get("challenger")
        if not named or parameters.get("purpose") == "final" or tags.get("veritrain.promote") != "true":
            return ""
        return models.promote(task, models.identity(task, parameters["champion"]), parameters["challenger"])

    def _next(self, test: looks.HeldOutSet, known: Mapping[str, str], limit: int) -> int | None:
        old = looks.find(test, known["champion"], known["challenger"])
        if old is not None:
            return old.number
        number = looks.used(looks.all_looks(test)) + 1
        return number if number <= limit else None

    def _file(self, task: Task, run_id: str, result: evaluate.EvaluateResult, test: str) -> None:
        challenger = (
            models.describe(task, result.challenger) if result.challenger.startswith("models:/") else None
        )
        seen = {name: value for name, value in result.metrics().items() if not name.startswith("sealed_")}
        runs.log(
            run_id,
            metrics=seen,
            model_id=challenger.id if challenger else None,
            dataset=("development", task.data_digest("development")[:12]),
            tags={"veritrain.verdict": result.verdict, "veritrain.promote": str(result.promote).lower()},
        )
        tracks, words = by_track(task, sources.development_rows(task), result.tables["predictions"])
        if words:
            runs.log(run_id, metrics=tracks, tags=words)
        sealed = {name: value for name, value in result.metrics().items() if name.startswith("sealed_")}
        if sealed:
            runs.log(
                run_id,
                metrics=sealed,
                model_id=challenger.id if challenger else None,
                dataset=("test", test[:12]),
            )
        names = ("predictions", "slices", "sealed_slices", "metrics", "judge")
        shown = [name for name in names if name in result.tables]
        runs.log_tables(run_id, {f"{name}.json": result.tables[name] for name in shown})
        if result.judge_decides is not None:
            decides = str(result.judge_decides).lower()
            runs.tag(run_id, {"veritrain.judge.decides": decides, "veritrain.judge": result.judge_note})

    def _training(self, task: Task, addresses: Mapping[str, str], seed: int) -> dict[str, pd.DataFrame]:
        """What both models were trained on, by source, and what the challenger's synthetic rows did."""
        import pandas as pd

        from veritrain_lib.stage_io.students import is_quick
        from veritrain_lib.stages.with_without import no_comparison, sources_of

        rows = {role: _trained_on(task, uri) for role, uri in addresses.items()}
        parts = [
            sources_of(trained).assign(model=role) for role, trained in rows.items() if trained is not None
        ]
        columns = ["model", "source", "rows", "share"]
        tables = {"sources": pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns)}
        tables["synthetic"] = no_comparison()
        trained = rows["challenger"]
        if trained is not None and is_quick(task):
            made = trained["source"] == "synthetic"
            if made.any() and not made.all():
                tables["synthetic"] = _synthetic(task, trained, seed)
        return tables

    def result_class(self) -> type[evaluate.EvaluateResult]:
        """The class of the stored result."""
        return evaluate.EvaluateResult


def _trained_on(task: Task, uri: str) -> pd.DataFrame | None:
    known = models.describe(task, uri).dataset if uri.startswith("models:/") else ""
    return datasets.load(task, known).rows if known else None


def _synthetic(task: Task, rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The task's trainer on all rows against the rows that are not synthetic, on development rows."""
    import pandas as pd

    from veritrain_lib.metrics.base import primary_metric, references_of, row_scores
    from veritrain_lib.stage_io.students import quick_trainer
    from veritrain_lib.stages.with_without import with_against_without

    development = sources.development_rows(task)
    metric, references = primary_metric(task), references_of(task, development)
    people = rows[rows["source"] != "synthetic"].reset_index(drop=True)

    def grades(known: pd.DataFrame) -> pd.DataFrame:
        model = quick_trainer(task).train(task, known, seed=seed).model
        given = row_scores(metric, references, model.answer(development))
        return pd.DataFrame({"id": development["id"], "grade": given})

    return with_against_without(grades(people), grades(rows), len(people), len(rows), seed=seed)


def look_limit(task: Task, purpose: str) -> int:
    """How many looks this purpose may bring the count to: the last one is kept for the final comparison."""
    declared = task.promotion.max_looks
    return declared if purpose == "final" or declared == 1 else declared - 1


def _refuse_leaks(task: Task, addresses: Iterable[str]) -> None:
    """Raise Refused when a test row, in whatever form, is in the training data of a model; each dataset is read once."""
    known = {uri: models.describe(task, uri).dataset for uri in addresses if uri.startswith("models:/")}
    trained = {dataset: uri for uri, dataset in known.items() if dataset}
    if not trained:
        return
    from veritrain_lib.quality.text.normal_form import joined, normal

    numbers = {form: at for at, form in enumerate(sources.forms(task, "test"), start=1)}
    sealed = {normal(text) for text in joined(sources.test_inputs(task), list(task.inputs))}
    for dataset, uri in trained.items():
        forms = [normal(text) for text in joined(datasets.load(task, dataset).rows, list(task.inputs))]
        leaked = [(numbers[form], at) for at, form in enumerate(forms, start=1) if form in sealed]
        if leaked:
            shown = "; ".join(
                f"{task.data.test} row {test} and {dataset} row {row}" for test, row in leaked[:5]
            )
            raise Refused(
                f"{len(leaked)} test row(s) are in the training data of {uri}: {shown}. Nothing it scores there "
                "means anything: take these rows out of the test file, or train again without them."
            )


__all__ = ["BINDING", "Evaluate", "look_limit"]

BINDING = Evaluate()
