"""Compare what people typed into a form with what its contract expects.

In: a text of a sheet. Out: its form for comparing: NFC, single spaces, no case, the tone mark where the
other school puts it too. Diacritics are never dropped: Ba Tơ is not Ba Tô.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_TONES = {
    f"{first}{second}": f"{toned}{plain}"
    for first, plain, pairs in (
        ("o", "a", ("óá", "òà", "ỏả", "õã", "ọạ")),
        ("o", "e", ("óé", "òè", "ỏẻ", "õẽ", "ọẹ")),
        ("u", "y", ("úý", "ùỳ", "ủỷ", "ũỹ", "ụỵ")),
    )
    for toned, second in map(tuple, pairs)
}
_NEW_SCHOOL = re.compile("|".join(_TONES))
_INVISIBLE = re.compile("[\u200b\u200c\u200d\u2060\ufeff\u00ad]")
_NOTE = re.compile(r"\s*(\(\s*[\d*]{1,2}\s*\)|\*+)$")
_BRACKETS = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]\s*$")


@lru_cache(maxsize=65_536)
def folded(text: str) -> str:
    """The text for comparing."""
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    text = " ".join(text.split()).casefold().strip(" :.")
    return _NEW_SCHOOL.sub(lambda found: _TONES[found[0]], _NOTE.sub("", text))


def without_brackets(text: str) -> tuple[str, str | None]:
    """A header without the bracket at its end, and what the bracket holds."""
    found = _BRACKETS.search(text)
    return (text[: found.start()], found[1].strip()) if found else (text, None)


@lru_cache(maxsize=65_536)
def spellings(text: str) -> frozenset[str]:
    """What a header may be compared as: with the bracket at its end, which may hold a unit, and without."""
    return frozenset((folded(text), folded(without_brackets(text)[0])))
