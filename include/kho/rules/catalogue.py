"""Which expectation types exist, and what each takes.

In:  the JSON schemas that Great Expectations ships beside its expectations, read as files because
     importing the library costs seconds, and the list of this project's own expectations.
Out: `rule_types()`: type name -> `RuleType`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from kho.errors import HostError

Scope = Literal["row", "dataset"]

_ROW_DOMAIN = frozenset({"row_condition"})
_PAIR = frozenset({"column_A", "column_B"})

# Fields of every expectation that describe it rather than say what it checks. `mostly` is left
# out on purpose: a rule marks every row that breaks it; how many are tolerable is the gate's
# decision. `condition_parser` belongs to a syntax that Great Expectations is giving up.
_NOT_KWARGS = frozenset({
    "batch_id", "catch_exceptions", "condition_parser", "description", "id", "meta", "metadata",
    "mostly", "notes", "rendered_content", "result_format", "severity", "suite", "version",
    "windows",
})  # fmt: skip

# Declared as column maps, but on SQL they compare the column's type, not its values.
_ABOUT_COLUMN_TYPE = frozenset(
    {"expect_column_values_to_be_of_type", "expect_column_values_to_be_in_type_list"}
)


@dataclass(frozen=True, slots=True)
class RuleType:
    """One expectation type.

    Attributes:
        scope: 'row' when it says something about each row, 'dataset' about the whole table.
        required: kwargs that must be given.
        allowed: kwargs that may be given, the required ones included.
    """

    scope: Scope
    required: frozenset[str]
    allowed: frozenset[str]


def _about_column(*more: str) -> RuleType:
    required = frozenset({"column", *more})
    return RuleType("row", required, required | _ROW_DOMAIN)


def _about_pair(*more: str) -> RuleType:
    required = _PAIR | frozenset(more)
    return RuleType("row", required, required | _ROW_DOMAIN | {"ignore_row_if"})


def _about_columns(*more: str, optional: frozenset[str] = frozenset()) -> RuleType:
    required = frozenset({"column_list", *more})
    return RuleType("row", required, required | optional | _ROW_DOMAIN | {"ignore_row_if"})


OWN_TYPES: Mapping[str, RuleType] = MappingProxyType(
    {
        "expect_administrative_unit_to_be_valid_on": _about_pair("units"),
        "expect_change_from_last_period_to_be_between": _about_columns("previous", "min_ratio", "max_ratio"),
        "expect_citizen_id_to_match_birth_date": _about_pair(),
        "expect_citizen_id_to_match_sex": _about_pair("male", "female"),
        "expect_column_value_to_be_present": _about_pair(),
        "expect_column_value_to_be_readable": _about_pair(),
        "expect_column_values_to_be_agency_code": _about_column(),
        "expect_column_values_to_be_citizen_id": _about_column(),
        "expect_column_values_to_be_date_text": _about_column("formats"),
        "expect_column_values_to_be_dossier_code": _about_column(),
        "expect_column_values_to_be_health_insurance_number": _about_column(),
        "expect_column_values_to_be_nfc": _about_column(),
        "expect_column_values_to_be_number_text": _about_column("format"),
        "expect_column_values_to_be_phone_number": _about_column(),
        "expect_column_values_to_be_procedure_code": _about_column(),
        "expect_column_values_to_be_social_insurance_number": _about_column(),
        "expect_column_values_to_be_tax_code": _about_column(),
        "expect_column_values_to_not_be_legacy_encoded": _about_column(),
        "expect_columns_to_be_readable": _about_columns(),
        "expect_dossier_code_date_to_match": _about_pair(),
        "expect_indicator_value_to_be_possible": _about_columns("ranges"),
        "expect_on_time_flag_to_match": _about_columns("on_time", "late"),
        "expect_parts_to_sum_to_total": _about_columns(optional=frozenset({"tolerance"})),
        "expect_sector_code_to_be_in_version": _about_pair("editions"),
        "expect_share_to_match_parts": _about_columns(optional=frozenset({"scale", "tolerance"})),
        "expect_tax_code_to_be_of_form": _about_column("forms"),
    }
)
"""The expectations of `kho.rules.expectations`."""


@cache
def rule_types() -> Mapping[str, RuleType]:
    """Every expectation type a suite may name.

    Raises:
        HostError: Great Expectations is not installed as expected.
    """
    core = _core_folder()
    schemas = {path.stem.lower(): path for path in (core / "schemas").glob("*.json")}
    types: dict[str, RuleType] = {}
    for module in core.glob("expect_*.py"):
        schema = schemas.get(module.stem.replace("_", ""))
        if schema is not None:
            types[module.stem] = _read_schema(module.stem, schema)
    if not types:
        raise HostError(
            "the expectation schemas of Great Expectations are missing",
            where=str(core),
            next_step="run make clean, then make nightly",
        )
    return MappingProxyType({**types, **OWN_TYPES})


def _core_folder() -> Path:
    spec = find_spec("great_expectations")
    if spec is None or spec.origin is None:
        raise HostError("Great Expectations is not installed", next_step="run make clean, then make nightly")
    return Path(spec.origin).parent / "expectations" / "core"


def _read_schema(name: str, path: Path) -> RuleType:
    schema = json.loads(path.read_text(encoding="utf-8"))
    properties = schema["properties"]
    required = frozenset(schema.get("required", ()))
    domain = properties["metadata"]["properties"].get("domain_type", {}).get("description", "")
    is_row = domain.endswith("Map") and name not in _ABOUT_COLUMN_TYPE
    return RuleType("row" if is_row else "dataset", required, frozenset(properties) - _NOT_KWARGS)
