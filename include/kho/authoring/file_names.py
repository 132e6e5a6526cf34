"""What the name of a form says: who sent it, for which period, which version of it.

In: the name of one form and those of its neighbours. Out: the pattern of such names, with a named group for
each thing it says, and the period made of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from kho.rules.identifiers import is_agency_code

_PARTS = re.compile(
    r"(?P<agency>\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2})"
    r"|(?P<year_month>20\d{2}[-_.]?(?:0[1-9]|1[0-2]))(?!\d)"
    r"|(?<!\d)(?P<month_year>(?:0[1-9]|1[0-2])[-_.]20\d{2})(?!\d)"
    r"|(?P<quarter_year>(?:Q|quy)[-_ ]?[1-4][-_. ]?20\d{2})(?!\d)"
    r"|(?P<year_quarter>20\d{2}[-_. ]?(?:Q|quy)[-_ ]?[1-4])(?!\d)"
    r"|(?<!\d)(?P<year>20\d{2})(?!\d)"
    r"|(?<!\d)(?P<commune>\d{5})(?!\d)",
    re.IGNORECASE,
)
_VERSION = re.compile(r"(?i)[_ -]?(?:lan|v)[_ -]?\d{1,2}$")
_ANY_VERSION = r"(_lan(?P<form_version>\d{1,2}))?"
_MONTH, _YEAR, _QUARTER = r"(?P<file_month>\d{2})", r"(?P<file_year>\d{4})", r"(?P<file_quarter>[1-4])"


@dataclass(frozen=True)
class NamePattern:
    """The pattern of file names, and what its groups are."""

    pattern: str
    derived: dict[str, str] = field(default_factory=dict)
    submitter: str | None = None
    period: str | None = None
    version: str | None = None
    evidence: tuple[str, ...] = ()


def name_pattern(name: str, others: Sequence[str], communes: Collection[str]) -> NamePattern:
    """The pattern of a form's name."""
    stem = _VERSION.sub("", name.rpartition(".")[0])
    pieces: list[str] = []
    groups: list[str] = []
    end = 0
    for found in _PARTS.finditer(stem):
        kind = str(found.lastgroup)
        known = {"commune": found[0] in communes, "agency": is_agency_code(found[0])}.get(kind, True)
        if not known or any(kind.split("_", maxsplit=1)[0] in group for group in groups):
            continue
        pieces += [_literal(stem[end : found.start()]), _piece(kind, found[0])]
        groups.append(kind)
        end = found.end()
    pieces.append(_literal(stem[end:]))
    period, form = _period(groups)
    pattern = f"{''.join(pieces)}{_ANY_VERSION}\\.(xlsx|csv)"
    submitter = next((f"file_{kind}" for kind in groups if kind in ("commune", "agency")), None)
    alike = sum(re.fullmatch(pattern, other, re.IGNORECASE) is not None for other in others)
    said = " and ".join(text for text in (submitter, period) if text)
    evidence = [f"file name: {pattern}; it says {said or 'nothing of sender or period'}"]
    if others:
        evidence.append(f"file name: {alike} of {len(others)} other forms there are called like it")
    return NamePattern(
        pattern, {period: form} if period else {}, submitter, period, "form_version", tuple(evidence)
    )


def _literal(text: str) -> str:
    return re.sub(r"(\\ )+", r"\\s+", re.escape(text)).replace(r"\-", "-")


def _piece(kind: str, text: str) -> str:
    between = _literal((re.search(r"(?<=\d)[-_. ](?=\D*\d)", text) or [""])[0])
    if kind == "year_month":
        return f"{_YEAR}{between}{_MONTH}"
    if kind == "month_year":
        return f"{_MONTH}{between}{_YEAR}"
    if kind == "quarter_year":
        return f"(?:Q|quy)[-_ ]?{_QUARTER}[-_. ]?{_YEAR}"
    if kind == "year_quarter":
        return f"{_YEAR}[-_. ]?(?:Q|quy)[-_ ]?{_QUARTER}"
    return {
        "year": _YEAR,
        "commune": r"(?P<file_commune>\d{5})",
        "agency": r"(?P<file_agency>\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2})",
    }[kind]


def _period(groups: Sequence[str]) -> tuple[str | None, str]:
    for kind in groups:
        if "month" in kind:
            return "file_period", "{file_year}-M{file_month}"
        if "quarter" in kind:
            return "file_period", "{file_year}-Q{file_quarter}"
        if kind == "year":
            return "file_period", "{file_year}"
    return None, ""
