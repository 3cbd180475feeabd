"""Opening of a stored model from its folder: directly if it holds no code, otherwise only after approval (`trust`).

The folder's own metadata (`MLmodel`, its loader, its list of trusted types) was written by the model's author, so no
decision relies on it. A format is recognized by its files, and only Veri-Train's own readers read them.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.providers import PROVIDERS
from veritrain_lib.models.base import CODE_FREE_SCHEMES
from veritrain_lib.models.sklearn_model import sklearn_model
from veritrain_lib.tracking.pyfunc_model import PyfuncModel, with_registry_uri
from veritrain_lib.trust import content_digest, door, skops_types

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.models.base import Model


def open_stored(address: str, folder: Path, task: Task) -> Model:
    """Open the model in a stored folder; its `uri` becomes its address in MLflow's registry.

    Three kinds open directly: our own models, a model tuned at a provider (as a chat model), and a scikit-learn model
    in skops format that names only plain classes. Any other model counts as code: it opens through MLflow's pyfunc
    after an approval of its content, and must answer in the form of the task's output contract.

    Args:
        address: Address of the model in the registry.
        folder: Folder of its files.
        task: The task whose rows it answers.

    Raises:
        Refused: The model holds code that nobody approved.
        UserError: The model can't be opened.
    """
    if (folder / "remote").is_dir():
        return _open_remote(address, folder / "remote", task)
    schemes = _artifact_schemes(folder)
    for scheme in schemes:
        if scheme in CODE_FREE_SCHEMES:
            opener = _open_adapter if scheme == "lora" else partial(_open_scheme, scheme=scheme)
            return opener(address, folder=folder, task=task)
    reason = _find_code(folder, schemes)
    if not reason:
        return sklearn_model(address, _load_skops(folder / skops_types.SKOPS_FILE, address, trusted=[]), task)
    return _open_code(address, folder, schemes, reason, task)


def code_in_folder(folder: Path) -> str:
    """Return the reason why a model's folder may run code and so needs an approval, in words for people; else empty."""
    schemes = _artifact_schemes(folder)
    if (folder / "remote").is_dir() or any(scheme in CODE_FREE_SCHEMES for scheme in schemes):
        return ""
    return _find_code(folder, schemes)


def open_by_address(uri: str, address: str, task: Task) -> Model:
    """Open a registered model version that only stores the address of the model; it keeps its URI in the registry.

    An address of an extension needs an approval, because an extension may run any code that it finds there.

    Args:
        uri: URI of the version in the registry.
        address: Address that the version stores.
        task: The task whose rows the model answers.

    Raises:
        Refused: The address or its content needs an approval that nobody gave.
    """
    from veritrain_lib.models.base import open_model
    from veritrain_lib.models.chat import ChatModel

    reason, digest = code_at_address(address)
    if reason:
        door.require_approval(digest, f"the model {uri}", reason)
        return with_registry_uri(uri, _open_extension(uri, address, reason, task))
    model = open_model(address, task)
    if isinstance(model, ChatModel):
        model.uri = uri
        return model
    return with_registry_uri(uri, model)


def _open_extension(uri: str, address: str, reason: str, task: Task) -> Model:
    scheme, _, path = address.partition(":")
    target = Path(path).expanduser()
    if not (path and target.exists()):
        opened: Model = registry.get("models", scheme)(address, task)
        return opened
    copy = content_digest.private_copy(target)
    folder = Path(copy.name) / "content"
    door.require_approval(content_digest.digest_of(folder), f"the model {uri}", reason)
    return _attach_copy(copy, registry.get("models", scheme)(f"{scheme}:{folder}", task))


def code_at_address(address: str) -> tuple[str, str]:
    """Return the reason why the model at a registered address may run code and so needs an approval, and its digest.

    The digest is that of the content for a local path, else of the address. Both are empty when no approval is needed.
    """
    from veritrain_lib.core.digest import of_json

    scheme, _, path = address.partition(":")
    if scheme in (*CODE_FREE_SCHEMES, *PROVIDERS, "models", "runs"):
        return "", ""
    target = Path(path).expanduser()
    content = content_digest.digest_of(target) if path and target.exists() else of_json(address)
    return f"it was filed by the address {address} of an extension", content


def _artifact_schemes(folder: Path) -> list[str]:
    """Return the sorted names of the folders in a model's `artifacts/` that are address schemes of model extensions."""
    artifacts = folder / "artifacts"
    registered = registry.names("models")
    return (
        sorted(entry.name for entry in artifacts.iterdir() if entry.name in registered)
        if artifacts.is_dir()
        else []
    )


def _open_scheme(address: str, scheme: str, folder: Path, task: Task) -> Model:
    return with_registry_uri(
        address, registry.get("models", scheme)(f"{scheme}:{folder / 'artifacts' / scheme}", task)
    )


def _open_adapter(address: str, folder: Path, task: Task) -> Model:
    """Open a LoRA adapter from a private copy of its folder, so that peft reads the same settings that were checked."""
    copy = content_digest.private_copy(folder)
    return _attach_copy(copy, _open_scheme(address, "lora", Path(copy.name) / "content", task))


def _attach_copy(copy: object, model: Model) -> Model:
    """Attach a private copy of the files to a model, so that the copy is not deleted while the model is in use."""
    model.keeps = copy  # type: ignore[attr-defined]
    return model


def _find_code(folder: Path, schemes: list[str]) -> str:
    if schemes:
        return f"its folder artifacts/{schemes[0]} is opened by an extension"
    if (folder / skops_types.SKOPS_FILE).is_file():
        try:
            foreign = _foreign_types(folder / skops_types.SKOPS_FILE)
        except ValueError as error:
            return str(error)
        if not foreign:
            return ""
        return f"its {skops_types.SKOPS_FILE} names what is not on our list of plain classes ({', '.join(foreign)[:300]})"
    return _describe_flavors(folder)


def _foreign_types(file: Path) -> list[str]:
    """Return the types in a skops file that are not on Veri-Train's list of plain classes.

    If all are on that list, return those that are not on the list of skops itself.
    """
    unlisted = skops_types.unapproved_types(file)
    return unlisted or skops_types.untrusted_types(file)


def _describe_flavors(folder: Path) -> str:
    """Return a description of the flavors in a folder's MLmodel file, for the message to people only."""
    import yaml

    try:
        flavors = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))["flavors"]
        described = [
            f"{name} (loader_module {flavor['loader_module']})" if "loader_module" in flavor else str(name)
            for name, flavor in flavors.items()
        ]
    except (OSError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError):
        return "it is in no format that is known to hold no code"
    return f"its flavors are {', '.join(described)[:300]}, which may hold code"


def _load_skops(file: Path, address: str, trusted: list[str]) -> Any:
    """Load a scikit-learn model from a skops file.

    Args:
        file: The file.
        address: Address of the model, for the error.
        trusted: Names of classes to accept in addition to those that skops itself accepts.

    Raises:
        UserError: The file can't be read, or names other classes.
    """
    import skops.io

    try:
        return skops.io.load(file, trusted=trusted)
    except Exception as error:
        raise UserError(
            f"the model {address} can't be opened: {skops_types.SKOPS_FILE}: {type(error).__name__}: {error}"
        ) from error


def _open_code(address: str, folder: Path, schemes: list[str], reason: str, task: Task) -> Model:
    from veritrain_lib.tracking import store

    door.require_approval(content_digest.digest_of(folder), f"the model {address}", reason)
    copy = content_digest.private_copy(folder)
    folder = Path(copy.name) / "content"
    door.require_approval(
        content_digest.digest_of(folder), f"the model {address}", reason
    )  # as it is opened, whatever happens there
    store.client()
    if schemes:
        opened: Model = _open_scheme(address, schemes[0], folder, task)
    elif (folder / skops_types.SKOPS_FILE).is_file():
        file = folder / skops_types.SKOPS_FILE
        opened = sklearn_model(address, _load_skops(file, address, skops_types.untrusted_types(file)), task)
    else:
        import mlflow

        opened = PyfuncModel(address, mlflow.pyfunc.load_model(str(folder)), task)
    return _attach_copy(copy, opened)


def _open_remote(address: str, card: Path, task: Task) -> Model:
    """Open a model that lives at a provider, by the address on its card; its `uri` becomes its registry address."""
    from veritrain_lib.models.chat import open_chat_model
    from veritrain_lib.trainers.openai_tuning_fitted import read_card

    model = open_chat_model(read_card(card)["address"], task)
    model.uri = address
    return model
