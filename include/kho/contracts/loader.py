"""Read `include/contracts/<dataset>.yaml` into a `Contract`.

In: an ODCS v3 document. It is checked against the JSON schema that the Open Data Contract Standard
publishes, then narrowed to the typed model. Out: `Contract`, or a `ContractError` that names file,
line and key.
"""

from __future__ import annotations

import hashlib
import json
from difflib import get_close_matches
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema_rs
from pydantic import ValidationError

from kho.conform.units import unit_of
from kho.contracts.model import LOGICAL_TO_SQL, STANDARD_MARKERS, Column, Contract
from kho.contracts.sources import FilesSource
from kho.errors import ContractError
from kho.settings import get_settings
from kho.yaml_model import first_mistake
from kho.yaml_source import Place, YamlDocument, load_yaml

_COLUMN_PROPERTIES = {
    "sourceFormat": "source_format",
    "textHygiene": "text_hygiene",
    "defaultValue": "default_value",
    "nestedCount": "nested_count",
    "nestedSum": "nested_sum",
    "nestedText": "nested_text",
    "countedValue": "counted_value",
    "charset": "charset",
    "missingMarkers": "missing_markers",
    "missingReasonOf": "missing_reason_of",
    "sourceUnit": "source_unit",
    "sourceUnitColumn": "source_unit_column",
    "sourceType": "source_type",
    "personIdentifier": "person_identifier",
}

_CUSTOM_PROPERTIES: dict[str | int, str] = {"depends_on": "dependsOn", "ignored_columns": "ignoredColumns"}
_FRESHNESS: dict[str | int, str] = {"column": "element", "days": "value"}
"""What the standard's document calls parts of the contract."""

_DAYS = {"d": 1, "y": 365}
"""Days of the units in which a retention is stated."""

_NUMBERS = ("integer", "number")

_UNION_TAGS = {
    *("rest", "sql", "files", "reference"),
    *("stream", "keyset", "partition"),
    *("offset", "page", "cursor", "link", "none"),
    *("wso2_client_credentials", "lgsp_access_token", "session_login"),
}
"""Names that pydantic puts into an error's place and that no key of a document has."""


def dataset_names(folder: Path | None = None) -> tuple[str, ...]:
    """The slugs of all datasets that have a contract, sorted."""
    folder = folder or get_settings().contracts_dir
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def load_contracts(folder: Path | None = None) -> tuple[Contract, ...]:
    """All contracts, by slug. Raises ContractError at the first that cannot be read."""
    return tuple(load_contract(name, folder) for name in dataset_names(folder))


def load_contract(dataset: str, folder: Path | None = None) -> Contract:
    """The contract of `dataset`; ContractError names what is wrong and on which line."""
    folder = folder or get_settings().contracts_dir
    path = folder / f"{dataset}.yaml"
    if not path.is_file():
        known = ", ".join(dataset_names(folder)) or "none"
        raise ContractError(
            f"there is no contract for dataset '{dataset}'",
            where=str(path),
            next_step=f"choose one of: {known}",
        )
    return _load(path, _agreement_sha256(path))


@lru_cache(maxsize=256)
def _load(path: Path, agreement_sha256: str) -> Contract:
    """The contract at `path`; read once for each content that contract and suite have had."""
    document = load_yaml(path)
    _check_standard(document, path)
    return _narrow(document, path, agreement_sha256)


@lru_cache(maxsize=1)
def _standard() -> dict[str, Any]:
    spec = find_spec("open_data_contract_standard")
    if spec is None or not spec.submodule_search_locations:
        raise ContractError(
            "the package open-data-contract-standard is missing",
            next_step="run make clean, then make nightly",
        )
    path = Path(spec.submodule_search_locations[0]) / "schema.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))


@lru_cache(maxsize=1)
def _standard_validator() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(_standard())


def _check_standard(document: YamlDocument, path: Path) -> None:
    errors = list(_standard_validator().iter_errors(document.data))
    for error in errors:
        # A misspelt key also leaves its right name missing: say what was misspelt.
        if "roperties are not allowed" in error.message and isinstance(error.instance, dict):
            unknown = next((key for key in error.instance if repr(key) in error.message), None)
            if unknown is not None:
                near = get_close_matches(unknown, _keys_in(_standard()), n=1)
                meant = f"; did you mean '{near[0]}'?" if near else ""
                raise _wrong(document, path, (*error.instance_path, unknown), f"is not a key here{meant}")
    for error in errors:
        raise _wrong(document, path, tuple(error.instance_path), error.message)


def _keys_in(schema: Any) -> set[str]:
    """All keys that the standard knows, wherever they may stand."""
    if isinstance(schema, list):
        return set().union(*map(_keys_in, schema))
    if not isinstance(schema, dict):
        return set()
    named = schema.get("properties")
    return set(named if isinstance(named, dict) else ()).union(*map(_keys_in, schema.values()))


def _wrong(document: YamlDocument, path: Path, place: Place, message: str) -> ContractError:
    key = ".".join(str(part) for part in place) or "document"
    return ContractError(
        f"contract key '{key}': {message}",
        dataset=path.stem,
        where=document.where(place),
        next_step="correct the contract; docs/add-a-source.md lists the keys",
    )


def _custom(properties: list[dict[str, Any]] | None) -> dict[str, tuple[int, Any]]:
    return {item["property"]: (index, item["value"]) for index, item in enumerate(properties or [])}


def _narrow(document: YamlDocument, path: Path, agreement_sha256: str) -> Contract:
    data: dict[str, Any] = document.data
    if data["id"] != path.stem:
        raise _wrong(document, path, ("id",), f"must equal the file's name '{path.stem}'")
    tables = data.get("schema") or []
    if len(tables) != 1:
        raise _wrong(document, path, ("schema",), "must hold exactly one object")
    columns = tuple(
        _column(document, path, ("schema", 0, "properties", i), raw)
        for i, raw in enumerate(tables[0]["properties"])
    )
    custom = _custom(data.get("customProperties"))
    for name in ("source", "quality"):
        if name not in custom:
            raise _wrong(document, path, ("customProperties",), f"the property '{name}' is missing")
    members = (data.get("team") or {}).get("members") or [{}]
    values: dict[str, Any] = {
        "dataset": data["id"],
        "version": data["version"],
        "title": data.get("name", data["id"]),
        "purpose": (data.get("description") or {}).get("purpose", ""),
        "owner": members[0].get("name", ""),
        "domain": data.get("domain", ""),
        "columns": columns,
        "source": custom["source"][1],
        "quality": custom["quality"][1],
        "freshness": _freshness(data),
        "retention_days": _retention_days(document, path),
        "depends_on": custom["dependsOn"][1] if "dependsOn" in custom else (),
        "drift": custom["drift"][1] if "drift" in custom else "discard",
        "ignored_columns": custom["ignoredColumns"][1] if "ignoredColumns" in custom else (),
        "content_sha256": agreement_sha256,
    }
    try:
        contract = Contract.model_validate(values)
    except ValidationError as error:
        place, message = first_mistake(error)
        location = tuple(part for part in place if part not in _UNION_TAGS)
        raise _wrong(document, path, _place_of(document, location), message) from error
    _check_references(document, path, contract)
    return contract


def _place_of(document: YamlDocument, part: Place) -> Place:
    """Where the document says a part of the contract."""
    if not part:
        return part
    name, *rest = part
    name = _CUSTOM_PROPERTIES.get(name, name)
    custom = _custom(document.data.get("customProperties"))
    if name in custom:
        return ("customProperties", custom[str(name)][0], "value", *rest)
    if name == "freshness":
        kinds = [sla.get("property") for sla in document.data["slaProperties"]]
        return ("slaProperties", kinds.index(name), *(_FRESHNESS[key] for key in rest))
    return part


def _agreement_sha256(path: Path) -> str:
    """Checksum of contract, suite and corrections: a batch judged under other rules is another batch."""
    suite = get_settings().expectations_dir / path.name
    digest = hashlib.sha256(path.read_bytes())
    digest.update(suite.read_bytes() if suite.is_file() else b"")
    corrections = get_settings().corrections_dir / path.name
    if corrections.is_file():
        digest.update(corrections.read_bytes())
    return digest.hexdigest()


def _column(document: YamlDocument, path: Path, place: Place, raw: dict[str, Any]) -> Column:
    custom = _custom(raw.get("customProperties"))
    for name, (index, _) in custom.items():
        if name not in _COLUMN_PROPERTIES:
            known = ", ".join(_COLUMN_PROPERTIES)
            raise _wrong(
                document,
                path,
                (*place, "customProperties", index),
                f"'{name}' is not one of: {known}",
            )
    values = {
        "name": raw.get("name"),
        "source_name": raw.get("physicalName", raw.get("name")),
        "title": raw.get("businessName", raw.get("name")),
        "logical_type": raw.get("logicalType"),
        "sql_type": raw.get("physicalType", LOGICAL_TO_SQL.get(str(raw.get("logicalType")), "text")),
        "required": raw.get("required", False),
        "key_position": raw.get("primaryKeyPosition") if raw.get("primaryKey") else None,
        "classification": raw.get("classification"),
        **{_COLUMN_PROPERTIES[name]: value for name, (_, value) in custom.items()},
    }
    if values.get("missing_markers") == "standard":
        values["missing_markers"] = STANDARD_MARKERS
    try:
        return Column.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        odcs = {
            "logical_type": "logicalType",
            "source_name": "physicalName",
            "sql_type": "physicalType",
            **{ours: theirs for theirs, ours in _COLUMN_PROPERTIES.items()},
        }
        name = odcs.get(str(first["loc"][0]), str(first["loc"][0]))
        key = ("customProperties", custom[name][0], "value") if name in custom else (name,)
        raise _wrong(document, path, (*place, *key), first["msg"]) from error


def _freshness(data: dict[str, Any]) -> dict[str, Any] | None:
    for sla in data.get("slaProperties") or []:
        if sla.get("property") == "freshness":
            return {
                "column": str(sla.get("element", "")).rpartition(".")[2],
                "days": sla.get("value"),
            }
    return None


def _retention_days(document: YamlDocument, path: Path) -> int | None:
    for index, sla in enumerate(document.data.get("slaProperties") or []):
        if sla.get("property") == "retention":
            days = _DAYS.get(str(sla.get("unit")))
            if days is None or not isinstance(sla["value"], int) or sla["value"] < 1:
                units = ", ".join(_DAYS)
                message = f"retention is a whole number of at least 1, and its unit one of: {units}"
                raise _wrong(document, path, ("slaProperties", index), message)
            return int(sla["value"]) * days
    return None


def _check_references(document: YamlDocument, path: Path, contract: Contract) -> None:
    seen: set[str] = set()
    for index, column in enumerate(contract.columns):
        if column.name in seen:
            raise _wrong(document, path, ("schema", 0, "properties", index), "two columns share a name")
        seen.add(column.name)
    if not contract.key:
        raise _wrong(document, path, ("schema",), "no column is marked primaryKey")
    wanted: list[tuple[str | None, Place]] = [
        (contract.quality.agency_column, ("quality", "agency_column")),
        (contract.freshness.column if contract.freshness else None, ("freshness", "column")),
    ]
    if contract.source.watermark is not None:
        wanted.append((contract.source.watermark.column, ("source", "watermark", "column")))
    if problem := _wrong_column(contract):
        index, message = problem
        raise _wrong(document, path, ("schema", 0, "properties", index), message)
    for name, part in wanted:
        if name and name not in seen:
            place = _place_of(document, part)
            raise _wrong(document, path, place, f"the column '{name}' is not in the schema")


def _wrong_column(contract: Contract) -> tuple[int, str] | None:
    """The first column whose unit, missing markers or source do not fit the rest, and what is wrong."""
    landed = contract.source.landed_names if isinstance(contract.source, FilesSource) else None
    explained = {column.missing_reason_of for column in contract.columns}
    with_markers = {column.name: column for column in contract.columns if column.missing_markers}
    for index, column in enumerate(contract.columns):
        if landed is not None and column.person_identifier:
            return index, "personIdentifier: of a file that people sent no part can be erased"
        if landed is not None and column.source_name not in landed:
            return index, f"the form has nothing called '{column.source_name}'; it has: {', '.join(landed)}"
        if column.source_unit and unit_of(column.source_unit) is None:
            return index, f"the unit '{column.source_unit}' is not known; add it to kho/conform/units.py"
        if (column.source_unit or column.source_unit_column) and column.logical_type not in _NUMBERS:
            return index, "only a number has a unit"
        if column.source_unit_column not in {None, *(landed or contract.source_names)}:
            return index, f"nothing called '{column.source_unit_column}' is landed"
        if column.name in with_markers and column.name not in explained:
            return index, f"no column says why '{column.name}' has no value (missingReasonOf)"
        if column.missing_reason_of:
            other = with_markers.get(column.missing_reason_of)
            if other is None or other.source_name != column.source_name:
                return index, f"'{column.missing_reason_of}' has no missingMarkers, or another physicalName"
    return None
