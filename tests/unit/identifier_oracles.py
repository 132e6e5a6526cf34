"""Identifiers read a second time, by other means than ours: character by character, and by other libraries.

In:  a text. Out: whether it is one, as somebody reads it who has only the rule on paper. No regular
     expression and nothing of `kho` is used here, so that a mistake is not made twice. Where a maintained
     library knows the identifier, it is asked: python-stdnum for tax codes, phonenumbers for phones.
"""

from __future__ import annotations

import calendar

import phonenumbers
from stdnum.vn import mst

DIGITS = "0123456789"
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LETTERS = CAPITALS + CAPITALS.lower()
# Who had which numbers before 1 July 2025, as gaps in a row of numbers: what is missing was never a province.
_NO_PROVINCE = {
    3, 5, 7, 9, 13, 16, 18, 21, 23, 28, 29, 32, 39, 41, 43, 47, 50, 53, 55, 57, 59, 61, 63, 65, 69, 71, 73,
    76, 78, 81, 85, 88, 90,
}  # fmt: skip


def all_in(text: str, alphabet: str) -> bool:
    return len(text) > 0 and all(character in alphabet for character in text)


def citizen_id(text: str) -> bool:
    if len(text) != 12 or not all_in(text, DIGITS):
        return False
    province = int(text[:3])
    return 1 <= province <= 96 and province not in _NO_PROVINCE


def tax_code(text: str) -> bool:
    if len(text) == 12:
        return citizen_id(text)
    number, dash, branch = text.partition("-")
    if dash:
        return len(branch) == 3 and all_in(number + branch, DIGITS) and mst.is_valid(number + branch)
    return len(text) == 10 and all_in(text, DIGITS) and mst.is_valid(text)


def agency_code(text: str) -> bool:
    parts = text.split(".")
    if [len(part) for part in parts] == [3, 2, 2, 3] and all_in(parts[0], DIGITS):
        *numbers, province = parts
        return all_in("".join(numbers), DIGITS) and _province_letter(province)
    head, *units = parts
    return (
        _province_letter(head)
        and len(units) <= 3
        and all(len(unit) in (2, 3) and all_in(unit, DIGITS) for unit in units)
    )


def _province_letter(text: str) -> bool:
    return len(text) == 3 and text[0] in CAPITALS and all_in(text[1:], DIGITS)


def dossier_code(text: str) -> bool:
    parts = text.split("-")
    if len(parts) != 3 or not agency_code(parts[0]):
        return False
    day, number = parts[1:]
    if len(number) < 4 or not all_in(number, DIGITS + LETTERS) or len(day) != 6 or not all_in(day, DIGITS):
        return False
    return real_day(2000 + int(day[:2]), int(day[2:4]), int(day[4:]))


def real_day(year: int, month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]


def procedure_code(text: str) -> bool:
    parts = text.split(".")
    if len(parts) not in (2, 6) or len(parts[0]) != 1 or len(parts[1]) != 6:
        return False
    if not all_in(parts[0] + parts[1], DIGITS):
        return False
    return len(parts) == 2 or (parts[2:5] == ["000", "00", "00"] and _province_letter(parts[5]))


def health_insurance_number(text: str) -> bool:
    if len(text) == 15:
        return all_in(text[:2], LETTERS) and all_in(text[2:], DIGITS)
    return social_insurance_number(text) or citizen_id(text)


def social_insurance_number(text: str) -> bool:
    return len(text) == 10 and all_in(text, DIGITS)


def phone_number(text: str) -> bool | None:
    """None where the numbering plan is finer than our rule: prefixes that no operator has (yet)."""
    national = "0" + text[3:] if text.startswith("+84") else text
    if not all_in(national, DIGITS) or not text.startswith(("0", "+84")):
        return False
    try:
        known = phonenumbers.is_valid_number(phonenumbers.parse(national, "VN"))
    except phonenumbers.NumberParseException:
        return False
    if known:
        # Landlines of other provinces, and services, are numbers; those of this province alone are asked for.
        return (national[1] in "35789" and len(national) == 10) or national[:4] in ("0255", "0260")
    return None if len(national) in (10, 11) else False


def date_text(text: str) -> bool:
    """A day as dd/MM/yyyy."""
    parts = text.split("/")
    if [len(part) for part in parts] != [2, 2, 4] or not all_in("".join(parts), DIGITS):
        return False
    day, month, year = map(int, parts)
    return year >= 1 and real_day(year, month, day)


def number_text(text: str) -> bool:
    """A number as 1.234,56."""
    unsigned = text[1:] if text[:1] in ("+", "-") else text
    whole, comma, decimals = unsigned.partition(",")
    if comma and not all_in(decimals, DIGITS):
        return False
    first, *groups = whole.split(".")
    if not all_in(first + "".join(groups), DIGITS) or not first:
        return False
    return not groups or (first[0] != "0" and len(first) <= 3 and all(len(group) == 3 for group in groups))
