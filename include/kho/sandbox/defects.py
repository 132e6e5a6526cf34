"""Kinds of planted defects: what each does to a record and which rules it must trigger.

A record has at most one kind, from its first appearance until it is corrected, if ever. It is never
good first and bad later: a kind that only shows in a later stage of a dossier (a finish date that
does not exist) hides the dossier until that stage.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from kho.sandbox.clocks import Ints, as_ints
from kho.sandbox.reference import Reference

Row = dict[str, Any]
# Changes the row in place; the number varies the defect from record to record.
Spoiler = Callable[[Row, int, Reference], None]
Severity = Literal["critical", "warning", "none"]
Stage = Literal["any", "open", "finished", "returned", "frozen"]
Repeat = Literal["once", "exact", "conflict"]

NO_DEFECT = -1


def leave_alone(_row: Row, _salt: int, _reference: Reference) -> None:
    """The defect is not in the row itself."""


@dataclass(frozen=True, slots=True)
class DefectKind:
    """One kind of defect.

    `rule_ids` is exactly what a planted row triggers. `share` is the part of all records that get
    it. `stage` says from which point of its life the record is seen, `repeat` whether a second copy
    is served: an identical one, or an older one that contradicts (the older one is the defect).
    """

    name: str
    rule_ids: tuple[str, ...]
    share: float
    spoil: Spoiler = leave_alone
    severity: Severity = "critical"
    correctable: bool = True
    stage: Stage = "any"
    applicant: Literal["any", "citizen", "enterprise"] = "any"
    repeat: Repeat = "once"


def draw_kinds(random: np.random.Generator, kinds: Sequence[DefectKind], count: int, scale: float) -> Ints:
    """For each of `count` records the index of its kind, or `NO_DEFECT`.

    The draws are taken even if nothing is planted, so that the records stay the same.
    """
    bounds = np.cumsum([kind.share * scale for kind in kinds])
    found = np.searchsorted(bounds, random.random(count), side="right")
    return as_ints(np.where(found < len(kinds), found, NO_DEFECT))


def blank(field: str) -> Spoiler:
    """A spoiler that leaves the field out: null for one half of the records, empty for the rest."""

    def spoil(row: Row, salt: int, _reference: Reference) -> None:
        row[field] = None if salt % 2 else ""

    return spoil


def null(field: str) -> Spoiler:
    """A spoiler that makes the field null."""

    def spoil(row: Row, _salt: int, _reference: Reference) -> None:
        row[field] = None

    return spoil


def retired_commune(field: str) -> Spoiler:
    """A spoiler that writes the code of a commune from before the merger."""

    def spoil(row: Row, salt: int, reference: Reference) -> None:
        codes = reference.retired_commune_codes
        row[field] = codes[salt % len(codes)]

    return spoil


def citizen_of_no_province(field: str) -> Spoiler:
    """A spoiler that lets a citizen id begin with the code of no province."""

    def spoil(row: Row, _salt: int, _reference: Reference) -> None:
        row[field] = "099" + row[field][3:]

    return spoil


def put(field: str, *values: Any) -> Spoiler:
    """A spoiler that writes one of the values."""

    def spoil(row: Row, salt: int, _reference: Reference) -> None:
        row[field] = values[salt % len(values)]

    return spoil


DAMAGED_TEXTS = (
    "CÊp giÊy phÐp",
    "Cáº¥p giáº¥y phÃ©p",
    "C?p gi?y phép",
    "C\ufffdp gi\ufffdy ph\ufffdp",
)
"""One text in TCVN3, as UTF-8 that was taken for Windows-1252, and with letters lost in two ways."""

DAMAGED_NAMES = (
    "NguyÔn V¨n B×nh",
    "Nguyá»…n VÄƒn BÃ¬nh",
    "Nguy?n V?n B?nh",
    "Nguy\ufffdn V\ufffdn B\ufffdnh",
)
"""A person's name, damaged likewise: where persons are named, and nowhere else."""


def by_name(kinds: Sequence[DefectKind]) -> Mapping[str, DefectKind]:
    """The kinds by their names."""
    return {kind.name: kind for kind in kinds}
