"""A model that the record keeps, opened from its folder: what holds no code at once, the rest through the door.

What the folder says of itself (`MLmodel`, its loader, its list of trusted types) is its author's word, so it decides
nothing here: a format is known by its files, and those are read by our own readers.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.models.base import PLAIN_SCHEMES, REMOTE_SCHEMES
from veritrain_lib.tracking.pyfunc_model import PyfuncModel, SkopsModel, as_registered
from veritrain_lib.trust import content_digest, door, skops_types

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.models.base import Model

SKOPS = "model.skops"
"""The file of a scikit-learn model as MLflow's client stores it unless told otherwise."""


def open_kept(address: str, place: Path, task: Task) -> Model:
    """The model in a folder of the record, under its address there.

    Ours open by their scheme, one that was tuned at a provider as a chat model, a scikit-learn model in skops' format
    when it names plain classes only. Any other is code and opens through MLflow's pyfunc once its content was approved; it
    must answer in the form of the task's output contract.

    Raises Refused for code that nobody approved, and UserError for what can't be opened.
    """
    if (place / "remote").is_dir():
        return _open_remote(address, place / "remote", task)
    schemes = _schemes(place)
    for scheme in schemes:
        if scheme in PLAIN_SCHEMES:
            opener = _adapter if scheme == "lora" else partial(_by_scheme, scheme=scheme)
            return opener(address, place=place, task=task)
    why = _code_in(place, schemes)
    if not why:
        return SkopsModel(address, _load_skops(place / SKOPS, address), task)
    return _open_code(address, place, schemes, why, task)


def code_of(place: Path) -> str:
    """What of a model's folder is code, for people; empty when it holds none."""
    schemes = _schemes(place)
    if (place / "remote").is_dir() or any(one in PLAIN_SCHEMES for one in schemes):
        return ""
    return _code_in(place, schemes)


def open_elsewhere(uri: str, address: str, task: Task) -> Model:
    """A model that was filed by an address; it keeps the registry's.

    An extension may do anything with what lies at an address, so one that the record names needs an approval.
    """
    from veritrain_lib.models.base import open_model
    from veritrain_lib.models.chat import ChatModel

    why, digest = elsewhere_code(address)
    if why:
        door.admit(digest, f"the model {uri}", why)
        return as_registered(uri, _by_extension(uri, address, why, task))
    model = open_model(address, task)
    if isinstance(model, ChatModel):
        model.uri = uri
        return model
    return as_registered(uri, model)


def _by_extension(uri: str, address: str, why: str, task: Task) -> Model:
    scheme, _, place = address.partition(":")
    there = Path(place).expanduser()
    if not (place and there.exists()):
        opened: Model = registry.get("models", scheme)(address, task)
        return opened
    copy = content_digest.private_copy(there)
    folder = Path(copy.name) / "content"
    door.admit(content_digest.digest_of(folder), f"the model {uri}", why)
    return _keeping(copy, registry.get("models", scheme)(f"{scheme}:{folder}", task))


def elsewhere_code(address: str) -> tuple[str, str]:
    """Why the model at a filed address is code, and the digest of what lies there or of the address itself.

    Two empty texts where it is none.
    """
    from veritrain_lib.core.digest import of_json

    scheme, _, place = address.partition(":")
    if scheme in (*PLAIN_SCHEMES, *REMOTE_SCHEMES, "models", "runs"):
        return "", ""
    there = Path(place).expanduser()
    found = content_digest.digest_of(there) if place and there.exists() else of_json(address)
    return f"it was filed by the address {address} of an extension", found


def _schemes(place: Path) -> list[str]:
    """Schemes of models by which something in `artifacts/` is opened."""
    folder = place / "artifacts"
    known = registry.names("models")
    return sorted(one.name for one in folder.iterdir() if one.name in known) if folder.is_dir() else []


def _by_scheme(address: str, scheme: str, place: Path, task: Task) -> Model:
    return as_registered(
        address, registry.get("models", scheme)(f"{scheme}:{place / 'artifacts' / scheme}", task)
    )


def _adapter(address: str, place: Path, task: Task) -> Model:
    """An adapter, from a copy: what was looked at in its settings must be what peft reads."""
    copy = content_digest.private_copy(place)
    return _keeping(copy, _by_scheme(address, "lora", Path(copy.name) / "content", task))


def _keeping(copy: object, model: Model) -> Model:
    """The model, which may read its files as long as it lives."""
    model.keeps = copy  # type: ignore[attr-defined]
    return model


def _code_in(place: Path, schemes: list[str]) -> str:
    if schemes:
        return f"its folder artifacts/{schemes[0]} is opened by an extension"
    if (place / SKOPS).is_file():
        try:
            foreign = _foreign_in(place / SKOPS)
        except ValueError as error:
            return str(error)
        if not foreign:
            return ""
        return f"its {SKOPS} names what is not on our list of plain classes ({', '.join(foreign)[:300]})"
    return _flavours(place)


def _foreign_in(file: Path) -> list[str]:
    """What a skops file names beyond our list, or else beyond that of skops itself."""
    named = skops_types.foreign_types(file)
    if named:
        return named
    import skops.io

    try:
        return sorted(skops.io.get_untrusted_types(file=file))
    except Exception as error:
        raise ValueError(f"its {file.name} is damaged: {type(error).__name__}: {error}") from error


def _flavours(place: Path) -> str:
    """What its MLmodel says of it, for the message alone."""
    import yaml

    try:
        said = yaml.safe_load((place / "MLmodel").read_text(encoding="utf-8"))["flavors"]
        named = [
            f"{name} (loader_module {one['loader_module']})" if "loader_module" in one else str(name)
            for name, one in said.items()
        ]
    except (OSError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError):
        return "it is in no format that is known to hold no code"
    return f"its flavors are {', '.join(named)[:300]}, which may hold code"


def _load_skops(file: Path, address: str) -> Any:
    import skops.io

    try:
        return skops.io.load(file, trusted=[])
    except Exception as error:
        raise UserError(
            f"the model {address} can't be opened: {SKOPS}: {type(error).__name__}: {error}"
        ) from error


def _open_code(address: str, place: Path, schemes: list[str], why: str, task: Task) -> Model:
    from veritrain_lib.tracking import store

    door.admit(content_digest.digest_of(place), f"the model {address}", why)
    copy = content_digest.private_copy(place)
    folder = Path(copy.name) / "content"
    door.admit(
        content_digest.digest_of(folder), f"the model {address}", why
    )  # as it is opened, whatever happens there
    store.client()
    if schemes:
        opened: Model = _by_scheme(address, schemes[0], folder, task)
    else:
        import mlflow

        opened = PyfuncModel(address, mlflow.pyfunc.load_model(str(folder)), task)
    return _keeping(copy, opened)


def _open_remote(address: str, card: Path, task: Task) -> Model:
    """A model that lives at a provider: our registry holds its card, and it keeps the registry's address."""
    from veritrain_lib.models.chat import open_chat_model
    from veritrain_lib.trainers.openai_tuning_fitted import read_card

    model = open_chat_model(read_card(card)["address"], task)
    model.uri = address
    return model
