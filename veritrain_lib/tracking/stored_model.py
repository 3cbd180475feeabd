"""Opening a model from its stored folder: models without code directly, all others after approval (`trust`).

The folder's own metadata (`MLmodel`, its loader, its list of trusted types) was written by the model's author and
decides nothing here: a format is recognized by its files, and those are read by our own readers.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.models.base import CODE_FREE_SCHEMES, REMOTE_SCHEMES
from veritrain_lib.models.sklearn_model import sklearn_model
from veritrain_lib.tracking.pyfunc_model import PyfuncModel, with_registry_uri
from veritrain_lib.trust import content_digest, door, skops_types

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.models.base import Model


def open_stored(address: str, folder: Path, task: Task) -> Model:
    """Open the model in a stored folder, under its address in the registry.

    Our own models open by their scheme, a model tuned at a provider as a chat model, a scikit-learn model in skops
    format when it names plain classes only. Any other model is code and opens through MLflow's pyfunc once its
    content is approved; it must answer in the form of the task's output contract.

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
    """Return, for people, why a model's folder counts as code; empty when it holds none."""
    schemes = _artifact_schemes(folder)
    if (folder / "remote").is_dir() or any(scheme in CODE_FREE_SCHEMES for scheme in schemes):
        return ""
    return _find_code(folder, schemes)


def open_by_address(uri: str, address: str, task: Task) -> Model:
    """Open a model that was registered by an address; it keeps its registry URI.

    An extension may do anything with the content of an address, so such an address needs an approval.
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
    """Return why the model at a registered address counts as code, and the digest of its content or address.

    Two empty texts when it is no code.
    """
    from veritrain_lib.core.digest import of_json

    scheme, _, path = address.partition(":")
    if scheme in (*CODE_FREE_SCHEMES, *REMOTE_SCHEMES, "models", "runs"):
        return "", ""
    target = Path(path).expanduser()
    content = content_digest.digest_of(target) if path and target.exists() else of_json(address)
    return f"it was filed by the address {address} of an extension", content


def _artifact_schemes(folder: Path) -> list[str]:
    """Return the schemes of model extensions that open something in `artifacts/`."""
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
    """Open an adapter from a private copy: the settings that were checked must be those that peft reads."""
    copy = content_digest.private_copy(folder)
    return _attach_copy(copy, _open_scheme(address, "lora", Path(copy.name) / "content", task))


def _attach_copy(copy: object, model: Model) -> Model:
    """Keep the private copy of the files alive as long as the model."""
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
    """Return the types in a skops file that are not on our list, or else not on that of skops itself."""
    unlisted = skops_types.unapproved_types(file)
    return unlisted or skops_types.untrusted_types(file)


def _describe_flavors(folder: Path) -> str:
    """Describe the flavors in the MLmodel file, for the message only."""
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
    """Load a scikit-learn model; `trusted` are classes beside those that skops itself knows."""
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
    """Open a model that lives at a provider: the registry has its card, and it keeps its registry address."""
    from veritrain_lib.models.chat import open_chat_model
    from veritrain_lib.trainers.openai_tuning_fitted import read_card

    model = open_chat_model(read_card(card)["address"], task)
    model.uri = address
    return model
