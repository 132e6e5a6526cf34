"""Vietnamese from before Unicode: TCVN3 and VNI, as databases deliver it.

In: text whose bytes were taken for Latin-1: "NguyÔn V¨n Anh" (TCVN3), "Nguyeãn Vaên Anh" (VNI). Out: "Nguyễn
Văn Anh". It is decoded where a contract says `charset: tcvn3` or `vni`, and nowhere else.

TCVN3 has one character for each letter. Its fonts drew capitals with a tone mark by themselves, so that
these are stored as small letters: what was "Ánh" comes out as "ánh". VNI writes the letter and then a
character that carries its marks; a few letters have a character of their own.
"""

from __future__ import annotations

import unicodedata
from typing import Literal

from duckdb import CaseExpression, ConstantExpression, Expression, FunctionExpression

LegacyCharset = Literal["tcvn3", "vni"]

BROKEN_TEXT = "\ufffd\\x"
"""How a landed text begins whose bytes are no UTF-8; its bytes follow in hexadecimal."""

_TCVN3_LETTERS = (
    "à:µ á:¸ ả:¶ ã:· ạ:¹ ă:¨ ằ:» ắ:¾ ẳ:¼ ẵ:½ ặ:Æ â:© ầ:Ç ấ:Ê ẩ:È ẫ:É ậ:Ë "
    "đ:® è:Ì é:Ð ẻ:Î ẽ:Ï ẹ:Ñ ê:ª ề:Ò ế:Õ ể:Ó ễ:Ô ệ:Ö ì:× í:Ý ỉ:Ø ĩ:Ü ị:Þ "
    "ò:ß ó:ã ỏ:á õ:â ọ:ä ô:« ồ:å ố:è ổ:æ ỗ:ç ộ:é ơ:¬ ờ:ê ớ:í ở:ë ỡ:ì ợ:î "
    "ù:ï ú:ó ủ:ñ ũ:ò ụ:ô ư:\u00ad ừ:õ ứ:ø ử:ö ữ:÷ ự:ù ỳ:ú ý:ý ỷ:û ỹ:ü ỵ:þ"
)
_TCVN3_CAPITALS = "Ă:¡ Â:¢ Ê:£ Ô:¤ Ơ:¥ Ư:¦ Đ:§"

_GRAVE, _ACUTE, _HOOK, _TILDE, _DOT = "\u0300", "\u0301", "\u0309", "\u0303", "\u0323"
_CIRCUMFLEX, _BREVE, _HORN = "\u0302", "\u0306", "\u031b"
_SAME = "ìíÌÍ"
"""Letters that VNI writes as Latin-1 does."""

_VNI_LETTERS = "ơ:ô ư:ö đ:ñ ỉ:æ ĩ:ó ị:ò ỵ:î"
_VNI_MARKS = {
    "ø": _GRAVE, "ù": _ACUTE, "û": _HOOK, "õ": _TILDE, "ï": _DOT,
    "â": _CIRCUMFLEX, "à": _CIRCUMFLEX + _GRAVE, "á": _CIRCUMFLEX + _ACUTE,
    "å": _CIRCUMFLEX + _HOOK, "ã": _CIRCUMFLEX + _TILDE, "ä": _CIRCUMFLEX + _DOT,
    "ê": _BREVE, "è": _BREVE + _GRAVE, "é": _BREVE + _ACUTE,
    "ú": _BREVE + _HOOK, "ü": _BREVE + _TILDE, "ë": _BREVE + _DOT,
}  # fmt: skip

_BEYOND_LATIN_1 = "[^\u0000-\u00ff]"


def _pairs(text: str) -> dict[str, str]:
    return {pair[0]: pair[2] for pair in text.split(" ")}


def _tcvn3() -> dict[str, str]:
    """Each letter and its character; a capital with a tone shares that of the small letter."""
    small = _pairs(_TCVN3_LETTERS)
    return {letter.upper(): code for letter, code in small.items()} | small | _pairs(_TCVN3_CAPITALS)


def _vni() -> dict[str, str]:
    """What each character of VNI stands for: a letter, or the marks of the letter before it."""
    letters = {code: letter for letter, code in _pairs(_VNI_LETTERS).items()}
    both = letters | _VNI_MARKS
    return both | {code.upper(): meaning.upper() for code, meaning in both.items()}


_TO_TCVN3 = {ord(letter): code for letter, code in _tcvn3().items()}
_FROM = {
    "tcvn3": {code: letter for letter, code in (_pairs(_TCVN3_LETTERS) | _pairs(_TCVN3_CAPITALS)).items()},
    "vni": _vni(),
}


def to_tcvn3(text: str) -> str:
    """The text as a system with TCVN3 data shows it once its bytes are taken for Latin-1."""
    return unicodedata.normalize("NFC", text).translate(_TO_TCVN3)


def to_vni(text: str) -> str:
    """The text as a system with VNI data shows it once its bytes are taken for Latin-1."""
    own = {letter: code for code, letter in _FROM["vni"].items() if letter.isalpha()}
    marks = {unicodedata.normalize("NFD", "x" + mark)[1:]: code for code, mark in _VNI_MARKS.items()}
    written = []
    for letter in unicodedata.normalize("NFC", text):
        plain, above = (parts := unicodedata.normalize("NFD", letter))[0], parts[1:]
        code = marks.get(above.replace(_HORN, ""))
        if letter in own or code is None or letter in _SAME:
            written.append(own.get(letter, letter))
            continue
        base = own[unicodedata.normalize("NFC", plain + _HORN)] if _HORN in above else plain
        written.append(base + (code.upper() if plain.isupper() else code))
    return "".join(written)


def decoded(text: Expression, charset: LegacyCharset) -> Expression:
    """The text in Unicode, composed.

    A text with a character that Latin-1 does not have cannot be of this character set, whatever the
    contract says: it stays as it is, and the rules on the text's form are what judges it.
    """
    table = _FROM[charset]
    read = text
    # First what stands for two marks: neither of them is a character of VNI any more.
    for code, meaning in table.items():
        if len(meaning) > 1:
            read = FunctionExpression("replace", read, _constant(code), _constant(meaning))
    single = {code: meaning for code, meaning in table.items() if len(meaning) == 1}
    read = FunctionExpression(
        "translate", read, _constant("".join(single)), _constant("".join(single.values()))
    )
    foreign = FunctionExpression("regexp_matches", text, _constant(_BEYOND_LATIN_1))
    return CaseExpression(foreign, text).otherwise(FunctionExpression("nfc_normalize", read))


def _constant(value: str) -> Expression:
    return ConstantExpression(value)
