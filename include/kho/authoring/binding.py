"""The `source` part of a contract, from flags.

In: the kind of source, the flags its author gave, and other keys as `paging.page_size=500`. Out: the binding
as the contract has it. Of a REST service nobody has described yet, the envelope is found by asking it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml

from kho.errors import ConfigurationError

if TYPE_CHECKING:
    from kho.connections import Connections

KINDS = ("rest", "sql", "files")


def binding_of(
    kind: str, given: Mapping[str, str | None], others: Sequence[str], connections: Connections
) -> dict[str, Any]:
    """The binding of a source.

    Args:
        given: the kind's own flags; those that are None are left out.
        others: `key.key=value`, the value as YAML.

    Raises:
        ConfigurationError: the kind is unknown, or a key cannot be read.
    """
    if kind not in KINDS:
        raise ConfigurationError(f"--kind is one of {', '.join(KINDS)}, not '{kind}'")
    binding: dict[str, Any] = {"kind": kind}
    binding |= {key: value for key, value in given.items() if value is not None}
    for text in others:
        set_key(binding, text)
    return binding


def set_key(binding: dict[str, Any], text: str) -> None:
    """Put `paging.page_size=500` into a binding."""
    key, sign, value = text.partition("=")
    if not sign or not key.strip():
        raise ConfigurationError(
            f"'{text}' is not of the form key=value", next_step="write --set paging.page_size=500"
        )
    *parents, leaf = key.strip().split(".")
    place = binding
    for parent in parents:
        place = place.setdefault(parent, {})
        if not isinstance(place, dict):
            raise ConfigurationError(f"'{key}' goes through '{parent}', which is a value")
    try:
        place[leaf] = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"the value of '{key}' cannot be read as YAML") from error
