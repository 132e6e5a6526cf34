"""Text hygiene: Unicode in composed form, not in an old encoding, not damaged on its way.

Before Unicode, Vietnamese was written with fonts that drew Vietnamese letters in the places of
other characters. Text of that time that is read as Latin-1 shows what was in those places:
"NguyÔn V¨n ¸nh" (TCVN3) and "Nguyeãn Vaên AÙnh" (VNI) are both Nguyễn Văn Ánh. UTF-8 that is read as
Latin-1 or Windows-1252 shows its bytes ("Nguyá»…n VÄƒn"), and what a program could not write became a
question mark ("Nguy?n V?n") or U+FFFD: these letters are lost.
"""

import re
import unicodedata

import sqlalchemy as sa
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)

from kho.rules.expectations.columns import Sql, column_on_sql, matches, texts_on_pandas
from kho.rules.expectations.rendering import InVietnamese

_TCVN3 = (
    # A symbol right after a letter stands for a vowel: V¨n, H¶i, S¬n. A middle dot does so too,
    # but not between two l (Catalan), nor is Mª (María) a Vietnamese word.
    "[A-Za-z][¡¤¥¦¨©«¬µ¶¸¹¼½¾×÷]",
    "[A-LN-Za-z]ª",
    "[A-KM-Za-km-z]·",
    # A symbol right before a letter: ¸nh, ®ång, §øc, ¢n. Spanish ¡, French « and degrees stay out.
    "[¢¤¦§¨©®¸¹»][A-Za-z]",
    # A capital after a small letter: ThÞ, TrÇn, ViÖt, VÜnh; those that Vietnamese has, such as Ý,
    # only inside a word, because a forgotten blank gives HoaÝ.
    "[a-z][ÆÇËÎÏÐÑÖØÜÞ]",
    "[a-z][ÈÉÊÌÒÓÔÕÝ][a-z]",
)
_VNI = (
    # A plain vowel and then the letter that carries its mark: Leâ, Traàn, Vaên, Huyønh, AÙnh.
    # What occurs in Unicode stays out: oà oá oã (Vietnamese), aë aï aú aü eï oï uï (Raphaël,
    # Aïda, Raúl, Loïc), Saá, Seán, Leão, Oceânia, goût, jeûne.
    "a[âàåäãáê][cmnptuy]", "A[ÂÀÅÄÃÁÊ][CMNPTUYcmnptuy]",
    "a[øûõù]", "A[ØÛÕÙ]",
    "[abd-zABD-Z]eâ", "[ABD-Z]EÂ",
    "e[àåäøõù]", "E[ÀÅÄØÕÙ]",
    "[iy]eá", "[IY]EÁ", "eã[cmnptu]", "EÃ[CMNPTU]",
    "[A-Za-z]o[âåäøõù]", "[A-Z]O[ÂÅÄØÕÙ]", "O[âåäøõ]",
    "[A-Za-z]oû([^a-z]|[imn]|$)", "[A-Z]OÛ([^A-Z]|[IMN]|$)",
    "[uy][øûõù]", "[UY][ØÛÕÙ]",
    # ơ and ư are ô and ö there.
    "[ôö][ùøûõï]", "[ÔÖ][ÙØÛÕÏ]", "öô", "ÖÔ",
)  # fmt: skip
# Control characters, which no text has, and U+FFFD, where a letter could not be read: written as what is none
# of the others, because Great Expectations' own queries take no pattern that cannot be printed. A no-break
# space, which for the same reason is always escaped here, is none of them: text that was copied out of a page
# or a document has it between whole words.
_STRANGE = "[^\n\r\t -~\\xA0-\ufffc\U00010000-\U00030000]"
# The first byte of a letter in UTF-8, and a byte that may follow, as Latin-1 and Windows-1252 read both.
_MISREAD = (
    # à … ý. After the word XÃ a quotation mark or a footnote's ² may stand, but hardly before a letter.
    "Ã[¡-£¨-ª¬-®´µº½€‚ƒˆ‰ŠŒš]",
    # The second byte of à is a no-break space, as may stand behind XÃ.
    r"Ã[\xA0²³¹][a-z]",
    r"Ã\xA0 [A-Z][a-z]",
    "Ã[’”•™][A-Z]",
    "[a-z]Ã",
    # ă đ, ĩ ũ, ơ ư.
    r"Ä[‚ƒ‘¨©]|Å[¨©]|Æ[\xA0¡¯°]",
    # ạ … ỹ: three bytes each. After "á" a guillemet may close, but then another one opened.
    "áº",
    "^[^«]*á»",
    # Marks that combine, quotation marks and dashes, ° and the like, the mark at the beginning of a file.
    "Ì[€‚ƒ†‰£›]",
    "â€",
    "Â[°§©®±µ·½]",
    r"[a-z]Â[\xA0²³]",
    "ï»¿",
)
# What is left of a syllable whose vowels were lost: a few letters, one or two question marks, and what ends
# a syllable. Any other question mark within a word is an address's (?id=1), or lacks the blank behind it.
_BEFORE = r"(^|[^A-Za-z0-9À-ỹ./\-=&_%?#:@])"
_LOST = (
    _BEFORE + r"[A-Za-z]{1,4}\?\??([aeiouy]?(ng?|nh|m|p|t|ch?)|[aeiouy])([^A-Za-z0-9=_]|$)",
    _BEFORE + r"[A-Z]{1,4}\?\??([AEIOUY]?(NG?|NH|M|P|T|CH?)|[AEIOUY])([^A-Za-z0-9=_]|$)",
)
LEGACY_ENCODED = "|".join((*_TCVN3, *_VNI, _STRANGE, *_MISREAD, *_LOST))
"""A regular expression, the same for Python, PostgreSQL and DuckDB."""

# Every text that LEGACY_ENCODED finds has one of these, and few others have. On SQL it is asked
# first: the long expression costs 7 µs a name, this one less than 1 µs.
SUSPICIOUS = (
    "[¡-¿ÄÅÆÇËÎÏÐÑÖ×ØÛÜÞäåæçëîïñöøûüþ÷€‚ƒ†ˆ‰ŠŒš›]"
    r"|[aAeE][ÀÁÂÃÈÊÙÕàáâãèêùõ]|[oO][âÂ]|[a-zôÔA-Z][ÈÉÊÌÒÓÔÕÝõùÙ]|[a-z]Ã|Ã[’”•™]|[ÂÃ]\xA0"
    rf"|á»|[A-Za-z]\?|{_STRANGE}"
)

_LEGACY_ENCODED = re.compile(LEGACY_ENCODED)


def is_legacy_encoded(text: str) -> bool:
    """Whether a text shows the traces of TCVN3 or VNI, of UTF-8 that was misread, or of letters lost.

    A single accented letter that a western name may have (Hång, Håkan) proves nothing.
    """
    return _LEGACY_ENCODED.search(text) is not None


def _is_not_legacy_encoded(text: str) -> bool:
    return not is_legacy_encoded(text)


def _is_not_legacy_encoded_sql(text: Sql) -> Sql:
    return sa.case((matches(text, SUSPICIOUS), sa.not_(matches(text, LEGACY_ENCODED))), else_=sa.true())


class ColumnValuesNotLegacyEncoded(ColumnMapMetricProvider):
    """Whether a value is free of the traces of old encodings and of damage on the way."""

    condition_metric_name = "column_values.not_legacy_encoded"
    _pandas = texts_on_pandas(_is_not_legacy_encoded)
    _sqlalchemy = column_on_sql(_is_not_legacy_encoded_sql)


class ExpectColumnValuesToNotBeLegacyEncoded(InVietnamese, ColumnMapExpectation):
    """Expect texts in whole Unicode: not in TCVN3 or VNI, not UTF-8 misread, no letters lost."""

    map_metric = "column_values.not_legacy_encoded"


def _is_nfc(text: str) -> bool:
    return unicodedata.is_normalized("NFC", text)


def _is_nfc_sql(text: Sql) -> Sql:
    return sa.func.is_normalized(text, "NFC") == sa.true()


class ColumnValuesNfc(ColumnMapMetricProvider):
    """Whether a value is in Unicode's composed form."""

    condition_metric_name = "column_values.nfc"
    _pandas = texts_on_pandas(_is_nfc)
    _sqlalchemy = column_on_sql(_is_nfc_sql)


class ExpectColumnValuesToBeNfc(InVietnamese, ColumnMapExpectation):
    """Expect texts in Unicode's composed form (dựng sẵn), where equal texts have equal bytes."""

    map_metric = "column_values.nfc"
