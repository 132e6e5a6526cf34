"""Unicode → TCVN3 (TCVN 5712:1993, "ABC" fonts), read as Latin-1: how old systems deliver names.

One table: each Vietnamese letter and the character that its TCVN3 byte shows when nobody converts
it. Capital vowels with a tone have no code of their own there (a font drew them), so they come out
as the small letter's code.
"""

import unicodedata

_LETTERS = (
    "à:µ á:¸ ả:¶ ã:· ạ:¹ ă:¨ ằ:» ắ:¾ ẳ:¼ ẵ:½ ặ:Æ â:© ầ:Ç ấ:Ê ẩ:È ẫ:É ậ:Ë "
    "đ:® è:Ì é:Ð ẻ:Î ẽ:Ï ẹ:Ñ ê:ª ề:Ò ế:Õ ể:Ó ễ:Ô ệ:Ö ì:× í:Ý ỉ:Ø ĩ:Ü ị:Þ "
    "ò:ß ó:ã ỏ:á õ:â ọ:ä ô:« ồ:å ố:è ổ:æ ỗ:ç ộ:é ơ:¬ ờ:ê ớ:í ở:ë ỡ:ì ợ:î "
    "ù:ï ú:ó ủ:ñ ũ:ò ụ:ô ư:\u00ad ừ:õ ứ:ø ử:ö ữ:÷ ự:ù ỳ:ú ý:ý ỷ:û ỹ:ü ỵ:þ"
)
_CAPITALS = "Ă:¡ Â:¢ Ê:£ Ô:¤ Ơ:¥ Ư:¦ Đ:§"


def _table() -> dict[int, str]:
    small = _pairs(_LETTERS)
    capital = {letter.upper(): code for letter, code in small.items()} | _pairs(_CAPITALS)
    return {ord(letter): code for letter, code in (small | capital).items()}


def _pairs(text: str) -> dict[str, str]:
    return {pair[0]: pair[2] for pair in text.split(" ")}


_TO_TCVN3 = _table()


def to_tcvn3(text: str) -> str:
    """The text as a system with TCVN3 data shows it once its bytes are taken for Latin-1."""
    return unicodedata.normalize("NFC", text).translate(_TO_TCVN3)
