"""Identifiers of the Vietnamese administration: which texts are well formed.

In:  a text. Out: whether it is a citizen id, a tax code, an agency code, a dossier code, a procedure code, an
     insurance or a phone number, and what is written in it: a year of birth, a sex, a date.
The expectations use these functions on pandas; their SQL says the same, and tests compare the two.
"""

import re
from datetime import date

BIRTH_PROVINCES = frozenset((
    "001", "002", "004", "006", "008", "010", "011", "012", "014", "015", "017", "019", "020",
    "022", "024", "025", "026", "027", "030", "031", "033", "034", "035", "036", "037", "038",
    "040", "042", "044", "045", "046", "048", "049", "051", "052", "054", "056", "058", "060",
    "062", "064", "066", "067", "068", "070", "072", "074", "075", "077", "079", "080", "082",
    "083", "084", "086", "087", "089", "091", "092", "093", "094", "095", "096",
))  # fmt: skip
"""The 63 provinces before 1 July 2025: a citizen id keeps the province of birth registration."""

TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
"""Weights of the first nine digits of a tax code (as python-stdnum has them)."""

# 000.00.02.H48 (QĐ 20/2020/QĐ-TTg) and H48.02 (as amended by QĐ 09/2025/QĐ-TTg).
AGENCY_CODE = r"([0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Z][0-9]{2}|[A-Z][0-9]{2}(\.[0-9]{2,3}){0,3})"
# TT 01/2018/TT-VPCP: agency, date as YYMMDD, sequence.
DOSSIER_CODE = AGENCY_CODE + r"-[0-9]{6}-[0-9A-Za-z]{4,}"

# As the national catalogue of procedures writes them; older systems add the agency's general code.
PROCEDURE_CODE = r"[0-9]\.[0-9]{6}(\.000\.00\.00\.[A-Z][0-9]{2})?"
# Cards of health insurance have the group's two letters, which some software writes small, and 13 digits.
HEALTH_INSURANCE_CARD = r"[A-Za-z]{2}[0-9]{13}"
SOCIAL_INSURANCE_NUMBER = r"[0-9]{10}"
# Ten digits of a mobile phone, or a landline of the province: 0255 Quảng Ngãi, 0260 Kon Tum.
PHONE_NUMBER = r"(0|\+84)([35789][0-9]{8}|(255|260)[0-9]{7})"

TAX_CODE_FORMS = ("enterprise", "branch", "citizen")
"""The forms of a tax code: ten digits, ten with a branch, and a citizen id."""

_AGENCY_CODE = re.compile(AGENCY_CODE)
_PROCEDURE_CODE = re.compile(PROCEDURE_CODE)
_HEALTH_INSURANCE_CARD = re.compile(HEALTH_INSURANCE_CARD)
_SOCIAL_INSURANCE_NUMBER = re.compile(SOCIAL_INSURANCE_NUMBER)
_PHONE_NUMBER = re.compile(PHONE_NUMBER)
_DOSSIER_CODE = re.compile(DOSSIER_CODE)
_DIGITS = re.compile(r"[0-9]+")


def is_citizen_id(text: str) -> bool:
    """Twelve digits that begin with a province of birth registration; there is no checksum."""
    return len(text) == 12 and _are_digits(text) and text[:3] in BIRTH_PROVINCES


def citizen_birth_year(citizen_id: str) -> int:
    """The year of birth in a citizen id: the fourth digit tells the century, the next two the year."""
    return 1900 + 100 * (int(citizen_id[3]) // 2) + int(citizen_id[4:6])


def citizen_is_female(citizen_id: str) -> bool:
    """The sex in a citizen id: the fourth digit is odd for women."""
    return int(citizen_id[3]) % 2 == 1


def is_tax_code(text: str) -> bool:
    """Ten digits with a check digit, the same with a branch `-001` … `-999`, or a citizen id.

    Since 1 July 2025 an individual's tax code is the citizen id.
    """
    if len(text) == 14:
        branch = text[11:]
        if text[10] != "-" or not _are_digits(branch) or branch == "000":
            return False
        text = text[:10]
    if len(text) == 12:
        return is_citizen_id(text)
    if len(text) != 10 or not _are_digits(text) or text[2:9] == "0000000":
        return False
    total = sum(weight * int(digit) for weight, digit in zip(TAX_WEIGHTS, text, strict=False))
    return 10 - total % 11 == int(text[9])


def tax_code_form(text: str) -> str | None:
    """Which of `TAX_CODE_FORMS` a tax code has; None where it is none."""
    if not is_tax_code(text):
        return None
    return {10: "enterprise", 14: "branch", 12: "citizen"}[len(text)]


def is_procedure_code(text: str) -> bool:
    """A procedure code (mã thủ tục hành chính): 1.004194, with or without .000.00.00.H48."""
    return _PROCEDURE_CODE.fullmatch(text) is not None


def is_health_insurance_card(text: str) -> bool:
    """The number of a health insurance card (mã số thẻ BHYT)."""
    return _HEALTH_INSURANCE_CARD.fullmatch(text) is not None


def is_health_insurance_number(text: str) -> bool:
    """What stands for a person's health insurance: a card's, a social insurance number or a citizen id.

    The latter two are used in place of the card's number: from general knowledge, still to be checked against
    the document (cần đối chiếu).
    """
    return is_health_insurance_card(text) or is_social_insurance_number(text) or is_citizen_id(text)


def is_social_insurance_number(text: str) -> bool:
    """A social insurance number (mã số BHXH)."""
    return _SOCIAL_INSURANCE_NUMBER.fullmatch(text) is not None


def is_phone_number(text: str) -> bool:
    """A mobile number, or a landline of the province, that begins with 0 or +84, without blanks."""
    return _PHONE_NUMBER.fullmatch(text) is not None


def is_agency_code(text: str) -> bool:
    """An agency code in its old or its new form."""
    return _AGENCY_CODE.fullmatch(text) is not None


def is_dossier_code(text: str) -> bool:
    """Agency code, a real date as YYMMDD, and a sequence of at least four letters or digits."""
    return _DOSSIER_CODE.fullmatch(text) is not None and dossier_date(text) is not None


def dossier_date(code: str) -> date | None:
    """The day in a dossier code; None where there is none. Codes began in this century."""
    parts = code.split("-")
    if len(parts) < 2 or len(parts[1]) != 6 or not _are_digits(parts[1]):
        return None
    try:
        return date(2000 + int(parts[1][:2]), int(parts[1][2:4]), int(parts[1][4:]))
    except ValueError:
        return None


def _are_digits(text: str) -> bool:
    return _DIGITS.fullmatch(text) is not None
