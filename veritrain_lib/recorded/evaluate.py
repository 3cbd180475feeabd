"""Evaluate in the record: two addresses in, a verdict out; the alias moves only on a proven gain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from veritrain_lib.errors import Refused
from veritrain_lib.models.base import open_model
from veritrain_lib.recorded import sources
from veritrain_lib.recorded.binding import Inputs
from veritrain_lib.recorded.defaults import ahead, model_or_seed, passed_dataset
from veritrain_lib.stages import evaluate
from veritrain_lib.statistics.looks import LookPlan
from veritrain_lib.task import Task
from veritrain_lib.tracking import datasets, looks, models, runs

if TYPE_CHECKING:
    import pandas as pd


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
        for uri in names.values():
            _refuse_leak(task, uri)
        content = {
            **identities,
            "task": task.digest("inputs", "target", "contract", "metrics", "slices", "promotion"),
            "data": task.data_digest("seed", "development", "test"),
            "purpose": parameters["purpose"],
        }
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
        """Compare and decide; a look is written down before the sealed set is opened."""
        config = evaluate.EvaluateConfig(purpose=parameters["purpose"], seed=parameters["seed"])
        champion, challenger = inputs.names["champion"], inputs.names["challenger"]
        known = inputs.things["identities"]
        test = task.data_digest("test")
        plan = LookPlan(task.promotion.max_looks, task.promotion.alpha, task.promotion.spending)
        limit = look_limit(task, config.purpose)
        number = self._next(task, test, known, limit)

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

        result = evaluate.run(
            config,
            task,
            open_model(champion, task),
            open_model(challenger, task),
            sources.development_rows(task),
            n_test=len(sources.test_inputs(task)),
            look=(number, plan.alpha_at(number)) if number else None,
            open_sealed=open_sealed,
        )
        self._file(task, run_id, result, test)
        current = models.by_alias(task, models.CHAMPION)
        # A by-hand comparison of two old models must not move the alias of a third.
        if result.promote and config.purpose == "promotion" and (current is None or current.uri == champion):
            models.set_alias(task, models.describe(task, challenger).version, models.CHAMPION)
        return result

    def _next(self, task: Task, test: str, known: Mapping[str, str], limit: int) -> int | None:
        old = looks.find(task, test, known["champion"], known["challenger"])
        if old is not None:
            return old.number
        number = len(looks.all_looks(task, test)) + 1
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
        )
        sealed = {name: value for name, value in result.metrics().items() if name.startswith("sealed_")}
        if sealed:
            runs.log(
                run_id,
                metrics=sealed,
                model_id=challenger.id if challenger else None,
                dataset=("test", test[:12]),
            )
        runs.log_table(run_id, result.tables["predictions"], "predictions.json")
        for name in ("slices", "sealed_slices", "metrics"):
            if name in result.tables:
                runs.log_table(run_id, result.tables[name], f"{name}.json")
        runs.tag(
            run_id, {"veritrain.verdict": result.verdict, "veritrain.promote": str(result.promote).lower()}
        )

    def result_class(self) -> type[evaluate.EvaluateResult]:
        """The class of the stored result."""
        return evaluate.EvaluateResult


def look_limit(task: Task, purpose: str) -> int:
    """How many looks this purpose may bring the count to: the last one is kept for the final comparison."""
    declared = task.promotion.max_looks
    return declared if purpose == "final" or declared == 1 else declared - 1


def _refuse_leak(task: Task, uri: str) -> None:
    known = models.describe(task, uri) if uri.startswith("models:/") else None
    if known is None or not known.dataset:
        return
    sealed = set(sources.test_inputs(task)["id"])
    rows = datasets.load(task, known.dataset).rows
    leaked = rows.index[rows["id"].isin(sealed)]
    if len(leaked):
        shown = ", ".join(str(number + 1) for number in leaked[:5])
        raise Refused(
            f"{len(leaked)} test row(s) are in the training data of {uri} ({known.dataset}, rows {shown}); "
            "nothing it scores there means anything. Remove them and train again."
        )


__all__ = ["BINDING", "Evaluate", "look_limit"]

BINDING = Evaluate()
