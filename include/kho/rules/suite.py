"""A dataset's rules, as its suite file states them.

In:  `expectations/<dataset>.yaml`: a list of Great Expectations configurations (id, type, kwargs,
     severity, meta) and a sample row; a resolver for `{$ref: …}` arguments.
Out: a frozen `Suite`, or a `SuiteError` that names file and line.

`{$PARAMETER: name}` arguments stay as they are; they get their values when the suite runs. Great
Expectations is not imported here, so that a suite can be read in milliseconds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, get_args

from kho.errors import ContractError
from kho.rules.catalogue import Scope, rule_types
from kho.yaml_source import load_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from kho.contracts.model import Contract
    from kho.rules.references import Resolver
    from kho.yaml_source import Place, YamlDocument

Severity = Literal["critical", "warning", "info"]
Principle = Literal["correct", "complete", "clean", "live", "unified", "synchronised", "connected", "shared"]

EXAMPLES_AS_OF = date(2026, 10, 2)
"""The night that the examples of all suites are of: what `as_of` stands for in them."""

_SUITE_KEYS = frozenset({"name", "meta", "expectations"})
_RULE_KEYS = frozenset({"id", "type", "kwargs", "severity", "meta"})
_TEXTS = ("title", "remedy")
_CASES = ("breaks", "passes")


class SuiteError(ContractError):
    """A suite file is wrong; `where` names file and line."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        rule_id: unique within the suite; what results and quarantine show.
        type: the expectation's type.
        kwargs: the expectation's arguments, references resolved.
        severity: 'critical' keeps a row out of the warehouse, 'warning' and 'info' only say so.
        principle: which of the eight principles its results count for.
        title: what is wrong when it fails, in plain Vietnamese.
        remedy: what the data's owner should do.
        breaks: changes to the sample row that make it break this rule; empty for a dataset rule.
        passes: changes to the sample row that just keep it.
        scope: 'row' or 'dataset'.
        where: file and line.
    """

    rule_id: str
    type: str
    kwargs: Mapping[str, Any] = field(hash=False)
    severity: Severity
    principle: Principle
    title: str
    remedy: str
    breaks: Mapping[str, Any] | None = field(hash=False)
    passes: Mapping[str, Any] | None = field(hash=False)
    scope: Scope
    where: str

    @property
    def columns(self) -> frozenset[str]:
        """The columns that the rule reads."""
        return frozenset(_columns(self.kwargs))


@dataclass(frozen=True, slots=True)
class Suite:
    """All rules of a dataset.

    Attributes:
        dataset: its slug.
        rules: in the order of the file.
        sample: a row that breaks no rule.
        content_sha256: of the file and of everything its references stand for, so that a changed
            code list counts as a changed suite.
    """

    dataset: str
    rules: tuple[Rule, ...]
    sample: Mapping[str, Any] = field(hash=False)
    content_sha256: str

    @property
    def row_rules(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.scope == "row")

    @property
    def dataset_rules(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.scope == "dataset")


def load_dataset_suite(contract: Contract, loaded: Mapping[str, Sequence[str]] | None = None) -> Suite:
    """The suite of a contract's dataset, with the configured reference data and province.

    Args:
        contract: the dataset's contract.
        loaded: code lists that the warehouse has from their source, in place of the shipped files.

    Raises:
        SuiteError: the file is missing or wrong.
    """
    from kho.rules.references import reference_resolver
    from kho.settings import get_settings

    settings = get_settings()
    columns = [column.name for column in contract.columns]
    resolver = reference_resolver(settings.reference_dir, columns, settings.province, loaded)
    return load_suite(settings.expectations_dir / f"{contract.dataset}.yaml", resolver)


def load_suite(path: Path, resolver: Resolver) -> Suite:
    """Read a suite file.

    Args:
        path: the file; its stem is the dataset's slug.
        resolver: gives the value of a `{$ref: name.field}`; a LookupError becomes a SuiteError.

    Raises:
        SuiteError: the file is missing or wrong; `where` names file and line.
    """
    reader = _Reader(_open(path), resolver)
    rules = tuple(reader.rules())
    resolved = json.dumps([dict(rule.kwargs) for rule in rules], sort_keys=True, default=str)
    digest = hashlib.sha256(path.read_bytes() + resolved.encode()).hexdigest()
    return Suite(path.stem, rules, MappingProxyType(dict(reader.sample)), digest)


def _open(path: Path) -> YamlDocument:
    try:
        return load_yaml(path)
    except ContractError as error:
        raise SuiteError(
            error.message, dataset=error.dataset, where=error.where, next_step=error.next_step
        ) from error


class _Reader:
    """Reads one document; every complaint carries the line of the key it is about."""

    def __init__(self, document: YamlDocument, resolver: Resolver) -> None:
        self._document = document
        self._resolver = resolver
        suite = self._mapping((), document.data, _SUITE_KEYS, required=_SUITE_KEYS)
        if suite["name"] != document.path.stem:
            raise self._wrong(("name",), f"must equal the file's name '{document.path.stem}'")
        sample = self._mapping(("meta",), suite["meta"], {"sample"}, required={"sample"})["sample"]
        self.sample = self._mapping(("meta", "sample"), sample)

    def rules(self) -> Iterator[Rule]:
        items = self._document.data["expectations"]
        if not isinstance(items, list) or not items:
            raise self._wrong(("expectations",), "must be a list of at least one expectation")
        first_lines: dict[str, int] = {}
        for index, item in enumerate(items):
            place: Place = ("expectations", index)
            rule = self._rule(place, item)
            if rule.rule_id in first_lines:
                line = first_lines[rule.rule_id]
                raise self._wrong((*place, "id"), f"'{rule.rule_id}' is already used on line {line}")
            first_lines[rule.rule_id] = self._document.line_of((*place, "id"))
            yield rule

    def _rule(self, place: Place, item: Any) -> Rule:
        raw = self._mapping(place, item, _RULE_KEYS, required=_RULE_KEYS)
        known = rule_types().get(raw["type"])
        if known is None:
            raise self._wrong((*place, "type"), f"there is no expectation type '{raw['type']}'")
        kwargs = self._mapping((*place, "kwargs"), raw["kwargs"], known.allowed, required=known.required)
        texts = {"principle", *_TEXTS}
        cases = set(_CASES) if known.scope == "row" else set()
        meta = self._mapping((*place, "meta"), raw["meta"], texts | cases, required=texts)
        for key in ("id", "type"):
            self._text((*place, key), raw[key])
        return Rule(
            rule_id=raw["id"],
            type=raw["type"],
            kwargs=MappingProxyType(
                {key: self._resolve((*place, "kwargs", key), value) for key, value in kwargs.items()}
            ),
            severity=self._choice((*place, "severity"), raw["severity"], get_args(Severity)),
            principle=self._choice((*place, "meta", "principle"), meta["principle"], get_args(Principle)),
            title=self._text((*place, "meta", "title"), meta["title"]),
            remedy=self._text((*place, "meta", "remedy"), meta["remedy"]),
            breaks=self._case((*place, "meta", "breaks"), meta),
            passes=self._case((*place, "meta", "passes"), meta),
            scope=known.scope,
            where=self._document.where(place),
        )

    def _case(self, place: Place, meta: Mapping[str, Any]) -> Mapping[str, Any] | None:
        if place[-1] not in meta:
            return None
        return MappingProxyType(dict(self._mapping(place, meta[str(place[-1])], set(self.sample))))

    def _resolve(self, place: Place, value: Any) -> Any:
        if isinstance(value, dict):
            if "$ref" in value:
                return self._look_up(place, value)
            return {key: self._resolve((*place, key), item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._resolve((*place, index), item) for index, item in enumerate(value)]
        return value

    def _look_up(self, place: Place, value: dict[str, Any]) -> object:
        if len(value) != 1:
            raise self._wrong(place, "a $ref stands alone")
        try:
            found = self._resolver(str(value["$ref"]))
        except LookupError as error:
            raise self._wrong(place, str(error.args[0] if error.args else error)) from error
        if not found:
            raise self._wrong(place, f"the reference '{value['$ref']}' is empty")
        return found

    def _mapping(
        self,
        place: Place,
        value: Any,
        allowed: set[str] | frozenset[str] | None = None,
        required: set[str] | frozenset[str] = frozenset(),
    ) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise self._wrong(place, "must be a mapping of keys to values")
        for key in value:
            if allowed is not None and key not in allowed:
                known = ", ".join(sorted(allowed))
                raise self._wrong((*place, key), f"is not a key here; known are: {known}")
        for key in sorted(required - value.keys()):
            raise self._wrong(place, f"the key '{key}' is missing")
        return value

    def _text(self, place: Place, value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise self._wrong(place, "must be a text")
        return value

    def _choice(self, place: Place, value: Any, choices: tuple[Any, ...]) -> Any:
        if value not in choices:
            raise self._wrong(place, f"'{value}' is not one of: {', '.join(choices)}")
        return value

    def _wrong(self, place: Place, message: str) -> SuiteError:
        key = ".".join(str(part) for part in place) or "document"
        return SuiteError(
            f"suite key '{key}': {message}",
            dataset=self._document.path.stem,
            where=self._document.where(place),
            next_step="correct the suite; docs/add-a-source.md lists the keys",
        )


def _columns(kwargs: Mapping[str, Any]) -> Iterator[str]:
    for key in ("column", "column_A", "column_B"):
        if key in kwargs:
            yield kwargs[key]
    yield from kwargs.get("column_list", ())
    yield from _condition_columns(kwargs.get("row_condition"))


def _condition_columns(condition: Any) -> Iterator[str]:
    if isinstance(condition, dict):
        if "column" in condition:
            yield condition["column"]["name"]
        for part in condition.get("conditions", ()):
            yield from _condition_columns(part)
