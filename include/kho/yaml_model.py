"""YAML files in which people set things, as typed models.

In: a YAML document and the model that it has to be. Out: the model, frozen, or a ConfigurationError that
names the file, the line and the key that is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from kho.errors import ConfigurationError
from kho.yaml_source import Place, YamlDocument


class Frozen(BaseModel):
    """A part of a contract or a configuration: it cannot change, and knows every key it may have."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Model = TypeVar("Model", bound=BaseModel)


def read_as(model: type[Model], document: YamlDocument, of: str = "") -> Model:
    """The document as a model.

    Args:
        of: what the keys belong to, for the error: `report`.

    Raises:
        ConfigurationError: a key is wrong or missing; `where` names file and line.
    """
    try:
        return model.model_validate({} if document.data is None else document.data)
    except ValidationError as error:
        place, message = first_mistake(error)
        raise wrong_key(document, place, message, of) from error


def first_mistake(error: ValidationError) -> tuple[Place, str]:
    """Where the mistake is that its writer can see best, and what it is."""
    # A misspelt key also leaves its right name missing: say what was misspelt.
    first = min(error.errors(), key=lambda item: item["type"] != "extra_forbidden")
    # "[key]" stands behind a key that is wrong itself.
    return tuple(part for part in first["loc"] if part != "[key]"), first["msg"]


def wrong_key(
    document: YamlDocument, place: Sequence[str | int], message: str, of: str = ""
) -> ConfigurationError:
    """The error for a key that is wrong, in its writer's terms."""
    key = ".".join(map(str, place)) or "document"
    return ConfigurationError(
        f"{of} key '{key}': {message}".lstrip(),
        where=document.where(place),
        next_step=f"correct {document.path.name}; its comments say what the keys mean",
    )
