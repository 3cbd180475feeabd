"""Models in the record: MLflow's registry, its aliases, and models opened from it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import claims, digest
from veritrain_lib.core.errors import UserError
from veritrain_lib.tracking import manifest, missing_artifacts, served_model, sqlite_reader, store
from veritrain_lib.tracking.artifacts import local_folder
from veritrain_lib.tracking.entities import Version
from veritrain_lib.tracking.retrying_client import patiently
from veritrain_lib.tracking.stored_model import code_of, elsewhere_code, open_elsewhere, open_kept
from veritrain_lib.trust.content_digest import digest_of

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.entities.model_registry import ModelVersion

    from veritrain_lib.core.task import Task
    from veritrain_lib.models.base import Model
    from veritrain_lib.trainers.base import Fitted

DIGEST = "veritrain.model.digest"
ADDRESS = "veritrain.address"
"""Tag of a version that lives elsewhere, such as a provider's model: the address that it is opened by."""

CHAMPION, CHALLENGER = "champion", "challenger"


@dataclass(frozen=True)
class Registered:
    """A version in the registry. `dataset` is the reference it was trained on, `id` MLflow's model id."""

    name: str
    version: int
    digest: str
    dataset: str
    run_id: str
    id: str

    @property
    def uri(self) -> str:
        """`models:/NAME/VERSION`."""
        return f"models:/{self.name}/{self.version}"


def register(
    task: Task,
    run_id: str,
    fitted: Fitted,
    *,
    model_digest: str,
    dataset: str,
    example: pd.DataFrame,
    measures: Mapping[str, float],
    base: str = "",
    remote: bool = False,
    facts: Mapping[str, str] | None = None,
) -> Registered:
    """Store a trained model as the next version of the task's registered model; alias `challenger`.

    `base` is the address of the model that it is an adapter of, empty for a model of its own; a `remote` model lives
    at a provider and is stored as its card. `facts` become tags `veritrain.<name>` of the version. A model with
    the same digest is not stored twice, also by two processes at once: its version is given, its files are made again
    if they are gone, and the alias moves to it. The task's first model is its champion: it has nobody to beat.
    """
    with claims.briefly(f"models of {task.name}", f"register a model of task {task.name}"):
        made = _registered_once(
            task, run_id, fitted, model_digest, dataset, example, measures, base, remote, facts
        )
        set_alias(task, made.version, CHALLENGER)
        if [one.digest for one in listing(task)] == [made.digest]:
            set_alias(task, made.version, CHAMPION)
        return made


def _registered_once(
    task: Task,
    run_id: str,
    fitted: Fitted,
    model_digest: str,
    dataset: str,
    example: pd.DataFrame,
    measures: Mapping[str, float],
    base: str,
    remote: bool,
    facts: Mapping[str, str] | None,
) -> Registered:
    known = listing(task)
    old = next((one for one in known if one.digest == model_digest), None)
    if old is not None:
        if missing(task, old):
            _restore(task, old, fitted, example, remote)
        return old
    talk = store.client()
    from mlflow.exceptions import MlflowException

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "model"
        logged = talk.create_logged_model(
            store.experiment(task).experiment_id,
            name=f"{task.name}-{model_digest[:8]}",
            source_run_id=run_id,
            params={"trainer": task.trainer.name, "dataset": dataset},
            tags={DIGEST: model_digest},
            model_type=task.trainer.name,
        )
        _write(place, task, fitted, example, logged.model_id, remote)
        talk.log_model_artifacts(logged.model_id, str(place))
        talk.finalize_logged_model(logged.model_id, "READY")
    if not known:
        try:
            talk.create_registered_model(
                task.name, tags={"veritrain.task": task.name}, description=task.description
            )
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
    measured = f"{task.primary.name} {measures.get(task.primary.name, float('nan')):.3f}"
    tags = {
        DIGEST: model_digest,
        "veritrain.dataset": dataset,
        "veritrain.type": "adapter" if base else "base",
        "veritrain.status": "available",
        "veritrain.trainer": task.trainer.name,
        **({"veritrain.base": base} if base else {}),
        **{f"veritrain.{name}": value for name, value in (facts or {}).items()},
    }
    made = talk.create_model_version(
        task.name,
        f"models:/{logged.model_id}",
        run_id=run_id,
        tags=tags,
        model_id=logged.model_id,
        description=f"{task.trainer.name} trained on {dataset}; development {measured}",
    )
    return _registered(_version(made))


def _write(
    place: Path, task: Task, fitted: Fitted, example: pd.DataFrame, model_id: str, remote: bool
) -> None:
    """A model's files, with a list of them."""
    if remote:
        served_model.write_remote(place, task, fitted, model_id)
    else:
        served_model.write(place, task, fitted, example, model_id)
    manifest.write(place, ".")


def _restore(task: Task, old: Registered, fitted: Fitted, example: pd.DataFrame, remote: bool) -> None:
    """Store a model's files again where its version expects them; what made them is the same, so they are."""
    talk = store.client()
    # The version itself does not say: it was made from `models:/ID`.
    model_id = str(talk.get_model_version(old.name, str(old.version)).source).removeprefix("models:/")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "model"
        _write(place, task, fitted, example, model_id, remote)
        talk.log_model_artifacts(model_id, str(place))


def missing(task: Task, known: Registered) -> list[str]:
    """What of a version's files is gone or cut, by name; empty when all is there, or they are not on this machine."""
    found = _find(f"{known.name}/{known.version}")
    if found is None:
        return [known.uri]
    place = local_folder(found.place) if found.place else None
    return manifest.missing(place) if place is not None else []


def promote(task: Task, over: str, uri: str) -> str:
    """Point the alias `champion` at a model that was proven better than the one with the identity `over`.

    Models are compared by identity, whatever version they have. Gives "" when the alias points at the model now, else
    why it does not: another model is the champion, over which nothing was proven.
    """
    with claims.briefly(f"champion of {task.name}", f"promote a model of task {task.name}"):
        current = by_alias(task, CHAMPION)
        at = identity(task, current.uri) if current else over
        if at == identity(task, uri):
            return ""
        if at != over:
            assert current is not None
            return (
                f"the alias champion points at {current.uri}, another model than the one that {uri} was proven better "
                f"than; it stays there. To compare the two: "
                f"veritrain evaluate {task.path} --champion {current.uri} --challenger {uri}"
            )
        set_alias(task, describe(task, uri).version, CHAMPION)
        return ""


def with_digest(task: Task, model_digest: str) -> Registered | None:
    """The version made with this digest, None when there is none."""
    found = [one for one in listing(task) if one.digest == model_digest]
    return found[0] if found else None


def listing(task: Task) -> list[Registered]:
    """Every version of the task's registered model, oldest first."""
    try:
        with sqlite_reader.at(store.uri()) as seen:
            found = seen.versions(task.name)
    except sqlite_reader.CannotGlance:
        asked = store.client().search_model_versions(f"name = '{task.name}'", max_results=10_000)
        found = sorted((_version(one) for one in asked), key=lambda one: one.version)
    return [_registered(one) for one in found if DIGEST in one.tags]


def _version(version: ModelVersion) -> Version:
    tags = dict(version.tags or {})
    return Version(version.name, int(version.version), version.run_id or "", tags, version.model_id or "")


def _registered(version: Version) -> Registered:
    tags = version.tags
    return Registered(
        version.name,
        version.version,
        tags.get(DIGEST, ""),
        tags.get("veritrain.dataset", ""),
        version.run_id,
        version.model_id,
    )


def set_alias(task: Task, version: int, alias: str) -> None:
    """Point an alias (`champion`, `challenger`) at a version."""
    store.client().set_registered_model_alias(task.name, alias, str(version))


def by_alias(task: Task, alias: str) -> Registered | None:
    """The version that an alias points at, None when it points nowhere."""
    found = _find(f"{task.name}@{alias}")
    return _registered(found) if found else None


def describe(task: Task | None, uri: str) -> Registered:
    """What the registry knows of `models:/NAME/VERSION` or `models:/NAME@ALIAS`.

    Raises UserError when there is no such version, naming those there are.
    """
    found = _find(uri.removeprefix("models:/"))
    if found is None:
        known = listing(task) if task else []
        there = ", ".join(one.uri for one in known) or "none yet; run: veritrain loop"
        raise UserError(f"there is no model {uri}; there are: {there}")
    return _registered(found)


def _find(address: str) -> Version | None:
    """The version at `NAME/VERSION` or `NAME@ALIAS`, None when there is none."""
    name, _, alias = address.partition("@")
    number = ""
    if not alias:
        name, _, number = address.rpartition("/")
    try:
        if alias.lower() == "latest" or not (alias or number.isdecimal()):
            raise sqlite_reader.CannotGlance(address)  # what it means is MLflow's to say
        with sqlite_reader.at(store.uri()) as seen:
            return seen.alias(name, alias) if alias else seen.version(name, number)
    except sqlite_reader.CannotGlance:
        return _ask(name, number, alias)


def _ask(name: str, number: str, alias: str) -> Version | None:
    talk = store.client()
    from mlflow.exceptions import MlflowException

    try:
        return _version(
            talk.get_model_version_by_alias(name, alias) if alias else talk.get_model_version(name, number)
        )
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def tag_version(name: str, version: int, tags: Mapping[str, str]) -> None:
    """Set tags of a version, for example its probe result. `name` is the registered model's."""
    talk: Any = store.client()
    # The client's own call asks each time whether the model is a prompt: two questions more for each tag.
    registry = talk._get_registry_client()
    for key, value in tags.items():
        patiently(partial(registry.set_model_version_tag, name, str(version), key, value), store.uri())


def identity(task: Task, uri: str) -> str:
    """The digest that names a model whatever it is called: of what made it, or else of its address."""
    if uri.startswith("models:/"):
        known = describe(task, uri)
        if known.digest:
            return known.digest
        elsewhere = _find(f"{known.name}/{known.version}")
        address = elsewhere.tags.get(ADDRESS) if elsewhere else None
        return identity(task, address) if address else digest.of_json(known.uri)
    place = uri.partition(":")[2]
    folder = Path(place).expanduser()
    if place and folder.is_dir():
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        return digest.of_json({str(file.relative_to(folder)): digest.of_file(file) for file in files})
    from veritrain_lib.models import chat

    if chat.is_chat_address(uri):
        return chat.identity(uri, task)
    return digest.of_json(uri)


def open_mlflow(uri: str, task: Task) -> Model:
    """Open `models:/...` or `runs:/...` (the opener of extension `mlflow`).

    A model of ours can do what it could when it was trained; one that was filed by an address (`ADDRESS`) opens by that.

    Raises UserError when there is no such model, Gone when a file of it is, and Refused for one that holds code nobody
    approved (`kept_model`).
    """
    found = _find(uri.removeprefix("models:/")) if _is_version(uri) else None
    address = describe(task, uri).uri if _is_version(uri) else uri
    if found is not None and ADDRESS in found.tags:
        return open_elsewhere(address, found.tags[ADDRESS], task)
    return open_kept(address, files_of(address, found), task)


def files_of(address: str, found: Version | None = None) -> Path:
    """The folder of a model's files, to read from: where it lies when it lies on this machine, else a copy.

    `found` is the version that the address means, when it is known. Raises UserError when there is no such model.
    """
    place = local_folder(found.place) if found and found.place else None
    if found is not None and place is not None and DIGEST in found.tags:
        lost = manifest.missing(place)
        if lost:
            raise missing_artifacts.of_model(address, found.tags.get("veritrain.task", found.name), lost[0])
    return place if place is not None and place.is_dir() else _download(address)


@dataclass(frozen=True)
class Held:
    """What a model's files hold: which of it is code (empty: none), where they lie, their names, and their digest."""

    address: str
    code: str
    folder: str
    files: list[str]
    digest: str


def held_by(address: str) -> Held:
    """What the model at `models:/...` or `runs:/...` holds; nothing of it is opened.

    Raises UserError when there is no such model.
    """
    if not address.startswith(("models:/", "runs:/")):
        raise UserError(
            f"{address!r} names no model of the record; write models:/NAME/VERSION or runs:/RUN/PATH"
        )
    found = _find(address.removeprefix("models:/")) if _is_version(address) else None
    known = describe(None, address).uri if _is_version(address) else address
    if found is not None and ADDRESS in found.tags:
        code, digest_there = elsewhere_code(found.tags[ADDRESS])
        return Held(address, code, found.tags[ADDRESS], [], digest_there)
    place = files_of(known, found)
    files = sorted(file.relative_to(place).as_posix() for file in place.rglob("*") if file.is_file())
    return Held(address, code_of(place), str(place), files, digest_of(place))


def lives_at(uri: str) -> str:
    """The address at which a version of the record lives at a service; empty for one that is kept here, or for none."""
    found = _find(uri.removeprefix("models:/")) if _is_version(uri) else None
    if found is None:
        return ""
    if ADDRESS in found.tags:
        return found.tags[ADDRESS]
    place = local_folder(found.place) if found.place else None
    card = place / "remote" / "model.json" if place else None
    try:
        return str(json.loads(card.read_text(encoding="utf-8"))["address"]) if card and card.is_file() else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def fixed(uri: str) -> str | None:
    """`models:/NAME/VERSION` for `models:/NAME/VERSION` or `models:/NAME@ALIAS`; None when there is no such version."""
    found = _find(uri.removeprefix("models:/")) if _is_version(uri) else None
    return f"models:/{found.name}/{found.version}" if found else None


def _is_version(uri: str) -> bool:
    """Whether an address names a version of a registered model; `models:/m-...` names a model of a run."""
    return uri.startswith("models:/") and uri.count("/") + uri.count("@") > 1


def _download(address: str) -> Path:
    store.client()
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        return Path(mlflow.artifacts.download_artifacts(artifact_uri=address))
    except MlflowException as error:
        raise UserError(f"the model {address} can't be opened: {str(error).splitlines()[0]}") from error
