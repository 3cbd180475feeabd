"""Inputs of the evaluate stage: champion and challenger, and the checks before a look at the held-out test set.

Open this to see which models are compared by default, and which errors stop an evaluation, such as test rows in the
training data.
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
    from veritrain_lib.core.records import Dataset


PARAMETERS: Mapping[str, Any] = {
    "champion": "",
    "challenger": "",
    "purpose": "promotion",
    "seed": 0,
}


def resolve(task: Task, parameters: Mapping[str, Any]) -> Inputs:
    """Find the two models to compare.

    If neither is named, they are the models of the latest evaluation, or else the champion and the newest challenger.

    Args:
        task: The task.
        parameters: The values of the notebook parameters, by name.

    Returns:
        The addresses and digests of both models, and their training data.

    Raises:
        MissingInput: when the task has no model, or no challenger.
        Refused: when both are the same model, or a test row is in the training data of either.
        UserError: when a model that was named does not exist.
    """
    champion, challenger = _pair(task, parameters)
    names = {"champion": champion, "challenger": challenger}
    identities = {role: models.identity(task, uri) for role, uri in names.items()}
    if identities["champion"] == identities["challenger"]:
        raise Refused(
            f"{champion} and {challenger} are the same model; a model is never compared with itself. "
            "Train a challenger on other data first."
        )
    training = _training_data(task, names.values())
    _refuse_leaks(task, training)
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
    return Inputs(names, content, {"identities": identities, "training": training})


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
    """Return the largest number that a look at the held-out test set may have in an evaluation with this purpose.

    A look is one comparison of two models on the test set; looks are numbered from 1. The last look that the task
    allows is kept for the final comparison, unless the task allows only one.

    Args:
        task: The task.
        purpose: `promotion` or `final`.
    """
    return task.promotion.max_looks if purpose == "final" else task.promotion.looks_before_final


def look_number(test: looks.HeldOutSet, identities: Mapping[str, str], limit: int) -> int | None:
    """Return the number of the look at the held-out test set that two models have had, or would have now.

    A look is one comparison of two models on the test set; the looks are numbered from 1.

    Args:
        test: The held-out test set.
        identities: The digests of both models, by role (`champion`, `challenger`).
        limit: The largest number that the evaluation may use, see `look_limit`.

    Returns:
        The number; None if the two models have had no look and none is left.
    """
    previous = looks.find_look(test, identities["champion"], identities["challenger"])
    if previous is not None:
        return previous.number
    number = looks.looks_spent(looks.list_looks(test)) + 1
    return number if number <= limit else None


def forecast(task: Task, parameters: Mapping[str, Any], inputs: Inputs) -> LookForecast:
    """Forecast the look (comparison of two models) at the held-out test set that an evaluation would use.

    Args:
        task: The task.
        parameters: The values of the notebook parameters, by name.
        inputs: The stage's inputs.

    Returns:
        The forecast: the looks that are left, the significance level, and the gain that could be proven.
    """
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


def _training_data(task: Task, addresses: Iterable[str]) -> dict[str, Dataset]:
    """Return the training datasets of models, by model address; a model whose training data is unknown is left out."""
    by_model = {uri: models.describe(task, uri).dataset for uri in addresses if uri.startswith("models:/")}
    by_reference = {reference: datasets.load(task, reference) for reference in by_model.values() if reference}
    return {uri: by_reference[reference] for uri, reference in by_model.items() if reference}


def _refuse_leaks(task: Task, training: Mapping[str, Dataset]) -> None:
    """Raise Refused if a test row is in the training data of one of the models, compared by normalized inputs.

    Args:
        task: The task.
        training: The training datasets by model address.
    """
    trained = {dataset.reference: (uri, dataset) for uri, dataset in training.items()}
    if not trained:
        return
    from veritrain_lib.quality.text.normal_form import joined, normal

    numbers = {form: at for at, form in enumerate(sources.normal_forms(task, "test"), start=1)}
    test_forms = {normal(text) for text in joined(sources.test_inputs(task), list(task.inputs))}
    for reference, (uri, dataset) in trained.items():
        forms = [normal(text) for text in joined(dataset.rows, list(task.inputs))]
        leaked = [(numbers[form], at) for at, form in enumerate(forms, start=1) if form in test_forms]
        if leaked:
            shown = "; ".join(
                f"{task.data.test} row {test} and {reference} row {row}" for test, row in leaked[:5]
            )
            raise Refused(
                f"{len(leaked)} test row(s) are in the training data of {uri}: {shown}. Its scores on them mean "
                "nothing: remove these rows from the test file, or train again without them."
            )
