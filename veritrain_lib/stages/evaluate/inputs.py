"""Inputs of the evaluate stage: both models, and the refusals that need no look at the held-out test set.

Open this to see which models are compared by default, and when training data that holds test rows stops an evaluation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import Refused
from veritrain_lib.core.task import Task
from veritrain_lib.stages.base import Inputs, MissingInput, Step
from veritrain_lib.stages.evaluate.look_forecast import LookForecast
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.defaults import resolve_model
from veritrain_lib.tracking import datasets, looks, models, runs

if TYPE_CHECKING:
    pass


PARAMETERS: Mapping[str, Any] = {
    "champion": "",
    "challenger": "",
    "purpose": "promotion",
    "seed": 0,
}


def resolve(task: Task, parameters: Mapping[str, Any]) -> Inputs:
    """Find both models; if not named those of the latest evaluation, else champion and challenger.

    Raises:
        MissingInput: when the task has no model, or no challenger.
        Refused: when both are the same model, and when a test row is in the training data of either.
    """
    champion, challenger = _pair(task, parameters)
    names = {"champion": champion, "challenger": challenger}
    identities = {role: models.identity(task, uri) for role, uri in names.items()}
    if identities["champion"] == identities["challenger"]:
        raise Refused(
            f"{champion} and {challenger} are the same model; a model is never compared with itself. "
            "Train a challenger on other data first."
        )
    _refuse_leaks(task, names.values())
    looks.check_plan(task, sources.held_out_set(task))
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


def _pair(task: Task, parameters: Mapping[str, Any]) -> tuple[str, str]:
    addresses = (parameters["champion"], parameters["challenger"])
    if not any(addresses):
        last = runs.search(
            task, "tags.`veritrain.stage` = 'evaluate' AND attributes.status = 'FINISHED'", limit=1
        )
        if last:
            tags = last[0].data.tags
            return tags["veritrain.input.champion"], tags["veritrain.input.challenger"]
    champion = resolve_model(task, addresses[0])
    if addresses[1]:
        return champion, resolve_model(task, addresses[1])
    newest = models.by_alias(task, models.CHALLENGER)
    if newest is None or newest.uri == champion:
        raise MissingInput(
            task.name,
            f"no challenger to compare with {champion}",
            Step("generate"),
            Step("gate"),
            Step("train"),
        )
    return champion, newest.uri


def look_limit(task: Task, purpose: str) -> int:
    """Return the number of looks up to which this purpose may use them; the last is kept for the final comparison."""
    declared = task.promotion.max_looks
    return declared if purpose == "final" or declared == 1 else declared - 1


def look_number(test: looks.HeldOutSet, identities: Mapping[str, str], limit: int) -> int | None:
    """Return the number of the look that a pair of models has had or would take; None when none is left for it.

    Args:
        test: The held-out test set.
        identities: The digests of both models, by role.
        limit: The number of looks up to which the purpose may use them.
    """
    previous = looks.find_look(test, identities["champion"], identities["challenger"])
    if previous is not None:
        return previous.number
    number = looks.looks_spent(looks.list_looks(test)) + 1
    return number if number <= limit else None


def forecast(task: Task, parameters: Mapping[str, Any], inputs: Inputs) -> LookForecast:
    """Return the forecast for the comparison of an evaluation's two models."""
    test, identities = sources.held_out_set(task), inputs.resolved["identities"]
    allowed = look_limit(task, parameters["purpose"])
    number = look_number(test, identities, allowed)
    plan = looks.declared_plan(task)
    is_final = parameters["purpose"] == "final"
    return LookForecast(
        test_rows=len(sources.test_inputs(task)),
        development_rows=0 if is_final else len(sources.development_rows(task)),
        allowed=allowed,
        spent=looks.looks_spent(looks.list_looks(test)),
        look=number,
        is_counted=looks.find_look(test, identities["champion"], identities["challenger"]) is not None,
        level=plan.alpha_at(number) if number else plan.alpha / plan.max_looks,
    )


def _refuse_leaks(task: Task, addresses: Iterable[str]) -> None:
    """Raise Refused when the normal form of a test row is in the training data of a model; read each dataset once."""
    by_model = {uri: models.describe(task, uri).dataset for uri in addresses if uri.startswith("models:/")}
    trained = {dataset: uri for uri, dataset in by_model.items() if dataset}
    if not trained:
        return
    from veritrain_lib.quality.text.normal_form import joined, normal

    numbers = {form: at for at, form in enumerate(sources.normal_forms(task, "test"), start=1)}
    test_forms = {normal(text) for text in joined(sources.test_inputs(task), list(task.inputs))}
    for dataset, uri in trained.items():
        forms = [normal(text) for text in joined(datasets.load(task, dataset).rows, list(task.inputs))]
        leaked = [(numbers[form], at) for at, form in enumerate(forms, start=1) if form in test_forms]
        if leaked:
            shown = "; ".join(
                f"{task.data.test} row {test} and {dataset} row {row}" for test, row in leaked[:5]
            )
            raise Refused(
                f"{len(leaked)} test row(s) are in the training data of {uri}: {shown}. Its scores on them mean "
                "nothing: remove these rows from the test file, or train again without them."
            )
