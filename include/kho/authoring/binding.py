"""The `source` part of a contract, from flags.

In: the kind of source, the flags its author gave, and other keys as `paging.page_size=500`. Out: the binding
as the contract has it. Of a REST service nobody has described yet, the envelope is found by asking it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import TypeAdapter, ValidationError

from kho.authoring.rest_probe import Wrapping, find_wrapping, value_at
from kho.contracts import RestSource
from kho.contracts.sources import Source
from kho.errors import ConfigurationError, SourceRejected

if TYPE_CHECKING:
    from kho.connections import Connections

KINDS = ("rest", "sql", "files")

HISTORY_DAYS = 120
"""How far back the first load of a service asked by dates reaches, until somebody says otherwise."""


def binding_of(kind: str, given: Mapping[str, Any], others: Sequence[str]) -> dict[str, Any]:
    """The binding of a source, without what is learnt by asking it.

    Args:
        given: the kind's own keys, dotted; those that are None are left out.
        others: `key.key=value`, the value as YAML.

    Raises:
        ConfigurationError: the kind is unknown, or a key cannot be read.
    """
    if kind not in KINDS:
        raise ConfigurationError(f"--kind is one of {', '.join(KINDS)}, not '{kind}'")
    binding: dict[str, Any] = {"kind": kind}
    for key, value in given.items():
        if value is not None:
            _put(binding, key, value)
    for text in others:
        key, sign, value = text.partition("=")
        if not sign or not key.strip():
            raise ConfigurationError(
                f"'{text}' is not of the form key=value", next_step="write --set paging.page_size=500"
            )
        try:
            _put(binding, key.strip(), yaml.safe_load(value))
        except yaml.YAMLError as error:
            raise ConfigurationError(f"the value of '{key}' cannot be read as YAML") from error
    return binding


def with_envelope(
    binding: dict[str, Any], connections: Connections
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A REST binding with the envelope that its service uses, and the evidence for it.

    Raises:
        SourceRejected: the service answers nothing that looks like records.
    """
    from kho.extract.rest.sample import first_bodies

    blind = typed_source({**binding, "envelope": {"records": "$"}})
    if not isinstance(blind, RestSource):
        raise TypeError("only a REST source has an envelope")
    empty_bodies: list[bytes] = []
    where = ""
    for body, where in first_bodies(blind, connections.get(blind.connection)):
        found = find_wrapping(body, where)
        if found is None:
            empty_bodies.append(body)
            continue
        return _described(binding, found, empty_bodies, where)
    raise SourceRejected(
        "no answer has a list of records in it",
        where=where,
        next_step="check --path and the parameters; or give --set envelope.records=… and its other keys",
    )


def _described(
    binding: dict[str, Any], found: Wrapping, empty_bodies: list[bytes], where: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    evidence = list(found.evidence)
    envelope: dict[str, Any] = {}
    if found.success:
        envelope["success"] = {"path": ".".join(found.success), "values": [found.success_value]}
    if found.message:
        envelope["message"] = ".".join(found.message)
    envelope["records"] = ".".join(found.records) or "$"
    if found.total:
        envelope["total"] = ".".join(found.total)
    nothing = {value_at(body, found.success, where) for body in empty_bodies} if found.success else set()
    nothing -= {None, found.success_value}
    if nothing:
        envelope["errors"] = {"empty": sorted(nothing, key=str)}
        evidence.append(
            f"nothing there: the answer for a day without records says {sorted(nothing, key=str)}"
        )
    return {**binding, "envelope": envelope}, tuple(evidence)


def typed_source(binding: Mapping[str, Any], dataset: str | None = None) -> Source:
    """The binding as the pipeline has it; a watermark stands in until one is chosen.

    Raises:
        ConfigurationError: it lacks a key, or has one that there is not.
    """
    needs = binding["kind"] == "sql" and "snapshot" not in binding
    needs |= binding["kind"] == "rest" and "window" in binding
    stand_in = {"watermark": {"column": "changed", "lookback_days": 3}} if needs else {}
    try:
        source: Source = TypeAdapter(Source).validate_python({**stand_in, **binding})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:])
        raise ConfigurationError(
            f"the source cannot be described so: {place}: {first['msg']}",
            dataset=dataset,
            next_step="kho dataset new --help and docs/add-a-source.md name what each kind of source needs",
        ) from error
    return source


def _put(binding: dict[str, Any], key: str, value: Any) -> None:
    """Put a value at a dotted place of a binding."""
    *parents, leaf = key.split(".")
    place = binding
    for parent in parents:
        place = place.setdefault(parent, {})
        if not isinstance(place, dict):
            raise ConfigurationError(f"'{key}' goes through '{parent}', which is a value")
    place[leaf] = value


def sql_keys(table: str, *, deletions: bool) -> dict[str, Any]:
    """What the flags of a table say."""
    return {"table": table, "deletions": "key_comparison" if deletions else None}


def rest_keys(path: str, auth: str, window: str | None, paging: str | None) -> dict[str, Any]:
    """What the flags of a service say; `window` and `paging` are lists joined by commas."""
    keys: dict[str, Any] = {"auth.kind": auth, "request.path": path, "paging.kind": "none"}
    if window:
        first, last, form, days = _parts("window", window, 4)
        keys |= {
            "window.from_param": first,
            "window.to_param": last or None,
            "window.format": form,
            "window.max_days": int(days) if days else None,
            "window.history_days": HISTORY_DAYS,
        }
    if paging:
        kind, param, limit, size = _parts("paging", paging, 4)
        place = {"offset": "offset_param", "page": "page_param", "cursor": "cursor_param"}.get(kind)
        keys |= {"paging.kind": kind, "paging.limit_param": limit or None}
        keys |= {f"paging.{place}": param} if place else {}
        keys |= {"paging.page_size": int(size) if size else None}
    return keys


def learnt(binding: dict[str, Any], connections: Connections) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The binding with what only the source itself can say, and the evidence."""
    if binding["kind"] == "rest" and "envelope" not in binding:
        return with_envelope(binding, connections)
    return binding, ()


def _parts(flag: str, text: str, count: int) -> list[str]:
    parts = [part.strip() for part in text.split(",")]
    if not 2 <= len(parts) <= count or (len(parts) > count - 1 and not (parts[-1] or "0").isdigit()):
        raise ConfigurationError(
            f"--{flag} cannot be read: {text}", next_step="kho dataset new --help shows one"
        )
    return parts + [""] * (count - len(parts))
