"""Propose a contract from a profile: each column's name, type, form, privacy, list of codes, and why.

In: the profile of a sample, and the reference lists the project has. Out: a `Proposal` whose every
line can be explained to the source's owner. Nothing is proposed that the sample does not show; a share
below the threshold leaves the cautious choice: text, internal, not required.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import pyarrow as pa

from kho.authoring.hints import ColumnHint
from kho.authoring.profile import ColumnProfile, profile
from kho.authoring.readings import PERSONAL_MEANINGS, READINGS
from kho.authoring.vocabulary import business_name, column_name, personal_hint, unknown_words
from kho.extract.sample import Sample
from kho.extract.source_names import folded, words

MOST = 0.95
"""Share of values from which a form, a list or a meaning is taken for agreed."""

SOME = 0.3
"""Share of values that look personal from which a column is treated as personal."""

NEARLY_UNIQUE = 0.98
"""A key may repeat in a sample, as it may at the source: the rule on repeats judges those rows."""

VIETNAMESE = "1.234,56"

FEW = 20
"""A list of at most so many codes is written into the suite."""

_CODE_WORDS = frozenset(
    {"ma", "loai", "trang", "thai", "hinh", "thuc", "kenh", "nhom", "nganh", "cap", "gioi", "tinh"}
    | {"code", "type", "status", "kind", "category", "sex", "state"}
)
_MEASURES = frozenset(
    {"luong", "tien", "gia", "tong", "dien", "tich", "tri", "muc", "von", "so"}
    | {"quantity", "amount", "count", "total", "value", "area"}
)
_CHANGED = ("capnhat", "updated", "modified", "thaydoi", "changed", "suadoi", "chinhsua", "lastupdate")
_KEY_WORDS = frozenset(["ma", "so", "id", "code", "key", "uuid", "khoa"])
_NO_HINT = ColumnHint("")
_KNOWN_LISTS = {"agency_code": "agency", "commune_code": "commune", "procedure_code": "procedure"}


@dataclass(frozen=True)
class ColumnProposal:
    """One line of the contract, the rules that follow from it, and the reasons."""

    profile: ColumnProfile
    name: str
    title: str
    logical_type: str
    classification: str
    reasons: tuple[str, ...]
    required: bool = False
    key_position: int | None = None
    sql_type: str | None = None
    source_format: str | None = None
    source_type: str | None = None
    meaning: str | None = None
    reference: str | None = None
    codes: tuple[str, ...] = ()
    pattern: str | None = None
    shape: str | None = None
    unit: str | None = None
    unit_column: str | None = None
    marked: bool = False
    missing_reason_of: str | None = None

    @property
    def source_name(self) -> str:
        return self.profile.name


@dataclass(frozen=True)
class Proposal:
    """All columns of a dataset, and what was chosen among them; `notes` say why."""

    columns: tuple[ColumnProposal, ...]
    watermark: str | None
    agency_column: str | None
    notes: tuple[str, ...]
    rows: int
    form_key: tuple[str, ...] = ()
    """Of forms: the columns that say who sent a form and for which period."""

    @property
    def key(self) -> tuple[ColumnProposal, ...]:
        keyed = [column for column in self.columns if column.key_position]
        return tuple(sorted(keyed, key=lambda column: column.key_position or 0))

    def column(self, name: str) -> ColumnProposal:
        """The column called `name`, ours or the source's; KeyError if there is none."""
        for column in self.columns:
            if name in (column.name, column.source_name):
                return column
        raise KeyError(name)


def propose(
    sample: Sample,
    references: Mapping[str, frozenset[str]],
    key: Sequence[str] = (),
    watermark: str | None = None,
    hints: Mapping[str, ColumnHint] | None = None,
) -> Proposal:
    """A contract for what a sample shows.

    Args:
        references: by name (`agencies.agency_code`), the codes of each list that the project knows.
        key: names of the source's key columns, where their owner has said them.
        watermark: name of the source's column of change times, where its owner has said it.
        hints: by the name under which a column is landed, what its form says of it; only these are taken.
    """
    hints = hints or {}
    columns: list[ColumnProposal] = []
    for found in profile(sample, tuple(hints)):
        taken = {column.name for column in columns}
        columns.append(_column(found, taken, references, hints.get(found.name)))
        if columns[-1].marked:
            columns.append(_missing_reason(columns[-1]))
    chosen, why = (
        _form_key(columns, sample.records, hints, key) if hints else _key(columns, sample.records, key)
    )
    columns = [
        replace(
            column,
            key_position=chosen.index(column.source_name) + 1,
            required=True,
            reasons=(*column.reasons, f"key: {why}"),
        )
        if column.source_name in chosen and not column.missing_reason_of
        else column
        for column in columns
    ]
    notes = [f"key: {', '.join(chosen)}; {why}"]
    moved = next((name for name, hint in hints.items() if hint.changes), None)
    changed, why = _watermark(columns, watermark or moved)
    if moved and not watermark:
        why = "when the form was written"
    notes.append(f"watermark: {changed.source_name if changed else 'none'}; {why}")
    agency = next((c for c in columns if c.reference == "agencies.agency_code"), None)
    notes.append(
        f"agency: {agency.source_name}; its codes are in the list of agencies"
        if agency
        else "agency: none; the owner answers for all rows"
    )
    return Proposal(
        columns=tuple(
            replace(column, required=True) if column in (changed, agency) else column for column in columns
        ),
        watermark=changed.name if changed else None,
        agency_column=agency.name if agency else None,
        notes=tuple(notes),
        rows=sample.records.num_rows,
        form_key=tuple(
            column.name for column in columns if hints.get(column.source_name, _NO_HINT).names_form
        ),
    )


def _column(
    found: ColumnProfile,
    taken: Iterable[str],
    references: Mapping[str, frozenset[str]],
    hint: ColumnHint | None = None,
) -> ColumnProposal:
    reasons: list[str] = list(hint.reasons) if hint else []
    logical: str
    if hint:
        logical, source_format, sql_type = hint.logical_type, hint.source_format, hint.sql_type
    else:
        logical, source_format, sql_type = _type(found, reasons)
    personal, meaning = _privacy(found, reasons, hint)
    reference = None if personal or logical != "string" else _reference(found, references, reasons)
    of_file = found.name.startswith("_")
    fixed = hint is not None and (hint.names_form or of_file)
    codes = () if fixed or personal or reference or logical != "string" else _codes(found, reasons)
    shape = pattern = None
    if logical == "string" and not (codes or reference or of_file) and found.shapes:
        shape, count = found.shapes[0]
        if found.share(count) >= NEARLY_UNIQUE and re.search("9", shape) and len(shape) <= 40:
            pattern = _regex(shape)
            reasons.append(f"{found.share(count):.1%} have the form {shape}")
        else:
            shape = None
    required = found.present == found.rows and found.rows > 0
    reasons.append(
        f"every one of {found.rows:,} rows has a value"
        if required
        else f"{found.completeness:.1%} of {found.rows:,} rows have a value"
    )
    if not hint and (missing := unknown_words(found.name)):
        reasons.append(
            f"title: '{' '.join(missing)}' is not in the vocabulary, it stays as the source has it"
        )
    name = (hint.name if hint else None) or column_name(found.name, set(taken))
    if reference and reference.split(".")[1] in _KNOWN_LISTS and reference.split(".")[1] not in set(taken):
        name = reference.split(".")[1]
    return ColumnProposal(
        profile=found,
        name=name,
        title=hint.title if hint else business_name(found.name),
        logical_type=logical,
        sql_type=sql_type,
        source_format=source_format,
        source_type=_source_type(found, logical, source_format),
        classification="personal" if personal else "public" if reference else "internal",
        meaning=meaning,
        reference=reference,
        codes=codes,
        pattern=pattern,
        shape=shape,
        unit=hint.unit if hint else None,
        unit_column=hint.unit_column if hint else None,
        marked=hint.marked if hint else False,
        required=required and not (hint and hint.marked),
        reasons=tuple(reasons),
    )


def _missing_reason(measured: ColumnProposal) -> ColumnProposal:
    """Why a measure has no value: what its marks mean, kept beside it."""
    return ColumnProposal(
        profile=measured.profile,
        name=f"{measured.name}_missing_reason"[:60],
        title=f"Lý do thiếu: {measured.title[:1].lower()}{measured.title[1:]}",
        logical_type="string",
        classification=measured.classification,
        reasons=("what the marks of missing values mean: not applicable, not yet reported, unknown",),
        missing_reason_of=measured.name,
    )


def _type(found: ColumnProfile, reasons: list[str]) -> tuple[str, str | None, str | None]:
    """logicalType, sourceFormat, physicalType."""
    native = {"date": "date", "timestamp": "timestamp", "boolean": "boolean"}.get(found.kind)
    if native:
        reasons.append(f"the source says {found.source_type or found.kind}")
        return native, None, None
    if found.kind == "number" and (not found.readings or found.source_type not in (None, "number")):
        return _native_number(found, reasons)
    if _is_code(found):
        reasons.append("text: digits that name something are not counted with")
        return "string", None, None
    for reading in READINGS:
        share = found.share(found.readings.get(reading.label, 0))
        unlike = {VIETNAMESE: not found.points_part_thousands, "number": found.points_part_thousands}
        if share < MOST or unlike.get(reading.label):
            continue
        reasons.append(f"{share:.1%} match {reading.label} in {found.present:,} values")
        return reading.logical_type, reading.source_format, None
    reasons.append("text: no date or number form fits enough values" if found.present else "text: no values")
    return "string", None, None


def _native_number(found: ColumnProfile, reasons: list[str]) -> tuple[str, str | None, str | None]:
    sized = re.search(r"\((\d+),\s*(\d+)\)", found.source_type or "")
    reasons.append(f"the source says {found.source_type or 'number'}")
    if sized and int(sized[2]) > 0:
        return "number", None, f"numeric({sized[1]},{sized[2]})"
    whole = re.search(r"(?i)int|serial", found.source_type or "") or (sized and sized[2] == "0")
    fraction = found.low is not None and any(value % 1 for value in (found.low, found.high))
    fraction |= found.readings.get("number", 0) > found.readings.get("whole number", 0)
    return ("integer" if whole or not fraction else "number"), None, None


def _is_code(found: ColumnProfile) -> bool:
    """Digits that are not counted with: zeros in front, or a name that speaks of codes."""
    parts = words(found.name)
    digits = all(re.fullmatch(r"9+", shape) for shape, _ in found.shapes)
    if not digits or any(
        found.readings.get(r.label, 0) for r in READINGS if r.logical_type in ("date", "timestamp")
    ):
        return False
    named = bool(parts) and (parts[0] in _CODE_WORDS - {"so"} or parts[-1] in ("code", "id", "no", "ma"))
    hinted = personal_hint(found.name) is not None
    measured = bool(set(parts[1:] or parts) & _MEASURES)
    return hinted or (named and not measured)


def _privacy(
    found: ColumnProfile, reasons: list[str], hinted: ColumnHint | None = None
) -> tuple[bool, str | None]:
    meaning, share = None, 0.0
    for name, count in found.meanings.items():
        if found.share(count) > share:
            meaning, share = name, found.share(count)
    hint = hinted.privacy if hinted else personal_hint(found.name)
    # A form's list of few names may well be its people: only the owner can say that it is not.
    few = hinted is None and found.distinct <= FEW and found.present > 5 * found.distinct
    by_values = meaning in PERSONAL_MEANINGS and share >= SOME and not (few and meaning == "name of a person")
    by_values = by_values and not (hinted and (hinted.names_form or found.name.startswith("_")))
    if hint:
        reasons.append(f"personal: the name speaks of {hint}")
    if by_values:
        reasons.append(f"personal: {share:.1%} of the values look like a {meaning}")
    return bool(hint or by_values), meaning if share >= MOST else None


def _reference(
    found: ColumnProfile, references: Mapping[str, frozenset[str]], reasons: list[str]
) -> str | None:
    """The list of codes that holds nearly all values; of several the smallest."""
    if not found.values or found.present == 0:
        return None
    fitting = []
    for name, codes in references.items():
        known = sum(count for value, count in found.values if value in codes)
        if found.share(known) >= 0.9 and len(codes) > 1:
            fitting.append((len(codes), name, found.share(known)))
    if not fitting:
        return None
    _, name, share = min(fitting)
    reasons.append(f"{share:.1%} of the values are codes of {name}")
    return name


def _codes(found: ColumnProfile, reasons: list[str]) -> tuple[str, ...]:
    parts = set(words(found.name))
    if (
        not 1 <= found.distinct <= FEW
        or words(found.name)[:1] in (["ten"], ["name"])
        or found.present < 10 * found.distinct
    ):
        return ()
    if not (parts & _CODE_WORDS) and found.longest > 30:
        return ()
    # A value that occurs once among many is more likely a slip than a code.
    common = [value for value, count in found.values if count >= max(2, found.present // 500)]
    reasons.append(f"{len(common)} different values in {found.present:,}: a list of codes")
    return tuple(sorted(common))


def _source_type(found: ColumnProfile, logical: str, source_format: str | None) -> str | None:
    """What the contract has to say of the source's kind, because its logical type does not."""
    usual = {"string": "text", "integer": "number", "number": "number"}.get(logical)
    if found.source_type is None or source_format or usual in (None, found.kind):
        return None
    return found.kind


def _regex(shape: str) -> str:
    parts = []
    for run in re.finditer(r"9+|A+|.", shape):
        text = run[0]
        if text[0] == "9":
            parts.append(f"[0-9]{{{len(text)}}}")
        elif text[0] == "A":
            parts.append(f"[A-Za-zÀ-ỹĐđ]{{{len(text)}}}")
        else:
            parts.append(re.escape(text))
    return f"^{''.join(parts)}$"


def _key(columns: Sequence[ColumnProposal], records: pa.Table, given: Sequence[str]) -> tuple[list[str], str]:
    if given:
        return list(given), "as it was given"
    single = [
        column
        for column in columns
        if column.profile.completeness >= NEARLY_UNIQUE
        and column.profile.uniqueness >= NEARLY_UNIQUE
        and column.logical_type in ("string", "integer")
        and column.profile.longest <= 100
        and column.meaning not in ("name of a person", "address")
    ]
    if single:
        best = max(single, key=_key_rank)
        return [best.source_name], f"{best.profile.uniqueness:.1%} of its values differ, hardly one is empty"
    full = [c for c in columns if c.profile.completeness >= NEARLY_UNIQUE and c.profile.distinct > 1]
    named = sorted(full, key=lambda c: (not _key_rank(c)[0], columns.index(c)))[:8]
    for size in (2, 3, 4, 5):
        for group in combinations(named, size):
            names = [column.source_name for column in group]
            distinct = records.group_by(names).aggregate([]).num_rows
            if distinct >= NEARLY_UNIQUE * records.num_rows:
                return (
                    names,
                    f"no column alone is unique; together {distinct / records.num_rows:.1%} differ",
                )
    first = columns[0].source_name
    return [first], "nothing in the sample is unique; the first column stands here, ask the owner (--key)"


def _form_key(
    columns: Sequence[ColumnProposal],
    records: pa.Table,
    hints: Mapping[str, ColumnHint],
    given: Sequence[str],
) -> tuple[list[str], str]:
    """The key of a form's rows: who sent it, for which period, and what tells its rows apart.

    A sample may be a single form, in which a line's code looks unique: without sender and period it is not.
    """
    if given:
        return list(given), "as it was given"
    form = [column for column in columns if hints.get(column.source_name, _NO_HINT).names_form]
    form = [column for column in form if not column.missing_reason_of]
    within = [
        column
        for column in columns
        if column not in form
        and not column.source_name.startswith("_")
        and not column.missing_reason_of
        and column.logical_type in ("string", "integer", "date")
        and not column.unit_column
        and column.profile.completeness >= NEARLY_UNIQUE
        and column.profile.distinct > 1
    ]
    sheet = [column for column in columns if column.source_name == "_sheet"]
    named = sorted([*within, *sheet], key=lambda c: (-_code_rank(c), columns.index(c)))[:8]
    who = [column.source_name for column in form]
    for size in (1, 2, 3, 4):
        for group in combinations(named, size):
            names = [*who, *(column.source_name for column in group)]
            distinct = records.group_by(names).aggregate([]).num_rows
            if distinct >= NEARLY_UNIQUE * records.num_rows:
                told = ", ".join(column.source_name for column in group)
                return (
                    names,
                    f"sender and period name a form; {told} tells its rows apart ({distinct:,} differ)",
                )
    first = [column.source_name for column in within[:1]]
    return [*who, *first], "nothing in the sample tells the rows apart; ask the owner (--key)"


def _code_rank(column: ColumnProposal) -> int:
    """Codes before names, and names before numbers."""
    parts = words(column.title)
    coded = bool(parts) and parts[0] in _KEY_WORDS - {"so"}
    return 3 * coded + 2 * (column.logical_type == "string") - 2 * (column.classification == "personal")


def _key_rank(column: ColumnProposal) -> tuple[bool, bool, float]:
    parts = words(column.source_name)
    named = bool(parts) and (parts[0] in _KEY_WORDS or parts[-1] in _KEY_WORDS)
    return (
        named and not set(parts) & {"tien", "luong"},
        column.classification != "personal",
        (column.profile.uniqueness),
    )


def _watermark(columns: Sequence[ColumnProposal], given: str | None) -> tuple[ColumnProposal | None, str]:
    moments = [c for c in columns if c.logical_type in ("timestamp", "date")]
    if given:
        chosen = [c for c in columns if given in (c.source_name, c.name)]
        return (chosen[0], "as it was given") if chosen else (None, "the given column is not in the sample")
    for column in moments:
        if (
            any(hint in folded(column.source_name) for hint in _CHANGED)
            and column.profile.completeness >= MOST
        ):
            return column, "its name speaks of changes and nearly every row has it"
    return None, "no column is known to move with every change; everything is read each night"
