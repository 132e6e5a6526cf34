"""Propose one line of a contract: a column's name, type, form, privacy, list of codes, and why.

In: the profile of a column, the reference lists the project has, what its form says of it. Out: a
`ColumnProposal`. Nothing is proposed that the sample does not show; a share below the threshold leaves the
cautious choice: text, internal, not required.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from kho.authoring.hints import ColumnHint
from kho.authoring.profile import ColumnProfile
from kho.authoring.proposal import ColumnProposal
from kho.authoring.readings import PERSONAL_MEANINGS, READINGS
from kho.authoring.vocabulary import business_name, column_name, personal_hint, unknown_words
from kho.conform.numbers import VIETNAMESE_NUMBER
from kho.extract.source_names import words

MOST = 0.95
"""Share of values from which a form, a list or a meaning is taken for agreed."""

SOME = 0.3
"""Share of values that look personal from which a column is treated as personal."""

NEARLY_ALL = 0.98
"""Share of values from which a shape is required of all."""

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
_KNOWN_LISTS = frozenset({"agency_code", "commune_code", "procedure_code"})


def propose_column(
    found: ColumnProfile,
    taken: Iterable[str],
    references: Mapping[str, frozenset[str]],
    hint: ColumnHint | None = None,
) -> ColumnProposal:
    """What a column is.

    Args:
        taken: names that other columns have.
        references: by name (`agencies.agency_code`), the codes of each list that the project knows.
        hint: what its form says of it.
    """
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
        if found.share(count) >= NEARLY_ALL and re.search("9", shape) and len(shape) <= 40:
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
    listed = reference.split(".")[1] if reference else ""
    if listed in _KNOWN_LISTS - set(taken):
        name = listed
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


def missing_reason(measured: ColumnProposal) -> ColumnProposal:
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
        unlike = {VIETNAMESE_NUMBER: not found.points_part_thousands, "number": found.points_part_thousands}
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
