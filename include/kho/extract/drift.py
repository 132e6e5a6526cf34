"""Schema drift: how the columns of a source differ from those of its contract.

In: a contract, and the columns that a connector saw, with their types where the source states them. Out:
a `Drift`, before anything is staged. What it means is the contract's decision (`drift`):

    freeze    any change stops the dataset
    evolve    new columns are kept in the raw zone, and a change of the contract is proposed
    discard   new columns are written down and not loaded (the default)

A column that is missing stops the dataset, whatever the policy, if the contract needs it: a key, a
required column, the watermark, the column of freshness or of the agency. Another one loads as NULL.
Nothing of this is silent: a `Drift` travels in the manifest and ends in `meta.schema_change`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from kho.contracts.model import Column, Contract, DriftPolicy
from kho.errors import SchemaDrifted
from kho.extract.source_kinds import expected_kinds, kinds_of
from kho.extract.source_names import folded

ChangeKind = Literal["added", "missing", "renamed", "retyped"]

ENOUGH_RECORDS = 10
"""A field counts as missing when none of at least so many records has it; below, the row rules judge."""

_ALIKE = 0.7


@dataclass(frozen=True, slots=True)
class Change:
    """One change.

    Attributes:
        column: the source's name of the column; of a renamed one, the old name.
        detail: what is known of it, for people to read; of a renamed one, the new name.
        stops: whether the dataset cannot be loaded because of it.
    """

    kind: ChangeKind
    column: str
    detail: str
    stops: bool

    @property
    def text(self) -> str:
        """The change in words."""
        words = {
            "added": f"new column '{self.column}'",
            "missing": f"column '{self.column}' is gone",
            "renamed": f"column '{self.column}' is gone, probably renamed to '{self.detail}'",
            "retyped": f"column '{self.column}' changed its type",
        }[self.kind]
        return words if self.kind == "renamed" or not self.detail else f"{words} ({self.detail})"


@dataclass(frozen=True, slots=True)
class Drift:
    """All changes of one dataset; false if there are none."""

    dataset: str
    policy: DriftPolicy
    changes: tuple[Change, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes)

    @property
    def added(self) -> tuple[str, ...]:
        """The columns that the contract does not know, those that renamed ones have become among them."""
        new = [change.column for change in self.changes if change.kind == "added"]
        return tuple(new + [change.detail for change in self.changes if change.kind == "renamed"])

    @property
    def missing(self) -> tuple[str, ...]:
        """The contract's columns that the source does not have (any more)."""
        return tuple(change.column for change in self.changes if change.kind in ("missing", "renamed"))

    @property
    def retyped(self) -> tuple[str, ...]:
        return tuple(change.column for change in self.changes if change.kind == "retyped")

    @property
    def stops(self) -> bool:
        return any(change.stops for change in self.changes)

    @property
    def text(self) -> str:
        """All changes in one line; empty if there are none."""
        return "; ".join(change.text for change in self.changes)

    def as_json(self) -> dict[str, Any]:
        """For the manifest."""
        return {
            "dataset": self.dataset,
            "policy": self.policy,
            "changes": [asdict(change) for change in self.changes],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any] | None, dataset: str = "") -> Drift:
        """What `as_json` wrote; no drift if nothing was written."""
        if not values:
            return cls(dataset, "discard")
        changes = tuple(Change(**change) for change in values["changes"])
        return cls(values["dataset"], values["policy"], changes)


def observe(
    contract: Contract,
    names: Collection[str],
    types: Mapping[str, str] | None = None,
    *,
    records: int | None = None,
    where: str | None = None,
) -> Drift:
    """Compare what a source has with its contract, and stop where the contract says so.

    Args:
        names: the columns seen, in the source's order where it has one.
        types: the source's own types by column, as the source words them; kinds joined by `|` for JSON.
        records: from how many records the names were gathered; None: the source states its columns itself.
        where: endpoint, table or file, for the message.

    Raises:
        SchemaDrifted: a change stops the dataset; it carries all changes.
    """
    drift = compare(contract, names, types, records=records)
    if drift.stops:
        fatal = "; ".join(change.text for change in drift.changes if change.stops)
        frozen = " (the contract freezes its columns)" if drift.policy == "freeze" else ""
        raise SchemaDrifted(
            f"the source's columns are not those of the contract{frozen}: {fatal}",
            drift=drift.as_json(),
            dataset=contract.dataset,
            where=where,
            next_step="ask the source's owner what changed; then correct the source or the contract "
            f"(kho dataset check {contract.dataset}); yesterday's data stands",
        )
    return drift


def compare(
    contract: Contract,
    names: Collection[str],
    types: Mapping[str, str] | None = None,
    *,
    records: int | None = None,
) -> Drift:
    """As `observe`, but never raises."""
    known = contract.source_names
    added = [name for name in names if name not in known and name not in contract.ignored_columns]
    enough = records is None or records >= ENOUGH_RECORDS
    missing = [name for name in known if name not in names] if enough else []
    renamed = dict(_renames(contract, missing, added, types or {}))
    changes = [*_missing(contract, missing, renamed)]
    changes += [
        Change("added", name, (types or {}).get(name, ""), contract.drift == "freeze")
        for name in added
        if name not in renamed.values()
    ]
    changes += _retyped(contract, types or {})
    return Drift(contract.dataset, contract.drift, tuple(changes))


def needed(contract: Contract) -> dict[str, str]:
    """The source's columns without which nothing can be loaded, and why."""
    reasons: dict[str, str] = {}
    by_name = {column.name: column.source_name for column in contract.columns}
    if contract.freshness:
        reasons[by_name[contract.freshness.column]] = "freshness is measured by it"
    if contract.quality.agency_column:
        reasons[by_name[contract.quality.agency_column]] = "it names the agency"
    for column in contract.columns:
        if column.required:
            reasons[column.source_name] = "the contract requires it"
    if contract.source.watermark is not None:
        reasons[by_name[contract.source.watermark.column]] = "it is the watermark"
    for column in contract.key:
        reasons[column.source_name] = "it is part of the key"
    return reasons


def _missing(contract: Contract, missing: list[str], renamed: Mapping[str, str]) -> Iterator[Change]:
    reasons = needed(contract)
    for name in missing:
        stops = name in reasons or contract.drift == "freeze"
        if name in renamed:
            yield Change("renamed", name, renamed[name], stops)
        else:
            yield Change("missing", name, reasons.get(name, "it loads as NULL"), stops)


def _renames(
    contract: Contract, missing: list[str], added: list[str], types: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Pairs of a missing column and the new one that it probably became, the likeliest first."""
    expected = {column.source_name: column for column in contract.columns}
    pairs = sorted(
        (-_likeness(old, new), old, new)
        for old in missing
        for new in added
        if _fits(contract, expected[old], types.get(new))
    )
    taken: set[str] = set()
    for score, old, new in pairs:
        only_pair = len(missing) == len(added) == 1 and types.get(new) is not None
        if (-score >= _ALIKE or only_pair) and not {old, new} & taken:
            taken |= {old, new}
            yield old, new


def _likeness(old: str, new: str) -> float:
    return SequenceMatcher(None, folded(old), folded(new)).ratio()


def _fits(contract: Contract, column: Column, source_type: str | None) -> bool:
    kinds = kinds_of(source_type)
    return not kinds or kinds <= expected_kinds(column, contract.source.kind)


def _retyped(contract: Contract, types: Mapping[str, str]) -> Iterator[Change]:
    keys = {column.source_name for column in contract.key}
    expected: dict[str, frozenset[str]] = {}
    for column in contract.columns:
        kinds = expected_kinds(column, contract.source.kind)
        # Several columns may be read from one; a value that suits one of them is as agreed.
        expected[column.source_name] = expected.get(column.source_name, frozenset()) | kinds
    for name, kinds in expected.items():
        seen = kinds_of(types.get(name))
        if seen and not seen <= kinds and "any" not in kinds:
            detail = f"{' or '.join(sorted(kinds))} is agreed, {types[name]} came"
            # A key of which every value is of another kind is another key.
            stops = contract.drift == "freeze" or (name in keys and not seen & kinds)
            yield Change("retyped", name, detail, stops)
