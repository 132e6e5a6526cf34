"""Find what is about a person, knowing only pseudonyms of who the person is.

In: the refs of a person's identifiers (or of everybody whose data is suppressed), and the key that they were
made with. Out: `Finder`, which says whether a text mentions one of them. What may be an identifier in a text:
runs of 9 to 15 digits, alone or behind two letters (health insurance), and groups of three digits with
blanks, points or dashes between them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from kho.errors import ConfigurationError

MAY_IDENTIFY = r"[0-9]{9}|[0-9]{3}[ .-][0-9]{3}[ .-][0-9]{3}"
"""A text without a match of this names nobody; for engines that look at many texts."""

_TOKEN = re.compile(r"(?<![0-9])[0-9]{9,15}(?![0-9])")
_GROUPED = re.compile(r"(?<![0-9])[0-9]{3}(?:[ .-][0-9]{3}){2,3}(?![0-9])")
_LETTERED = re.compile(r"(?<![A-Z])[A-Z]{2}[0-9]{13}(?![0-9])")
_SEPARATOR = re.compile(r"[ .-]")
_IDENTIFIER = re.compile(r"[A-Z]{0,2}[0-9]{9,15}")
_CITIZEN_ID = 12


@dataclass(frozen=True, slots=True)
class Finder:
    """Looks for subjects in texts.

    Attributes:
        refs: the pseudonyms of identifiers.
        records: the pseudonyms of keys of records that are about a subject.
        pseudonym: makes a pseudonym of a text.
    """

    refs: frozenset[str]
    records: frozenset[str]
    pseudonym: Callable[[str], str]

    def __bool__(self) -> bool:
        return bool(self.refs or self.records)

    def mentions(self, text: str) -> bool:
        """Whether a text names one of the subjects."""
        return any(self.pseudonym(token) in self.refs for token in tokens(text))

    def is_record(self, dataset: str, business_key: str) -> bool:
        """Whether a record has the key of one that is about a subject; one without a key is nobody's."""
        return (
            bool(self.records)
            and has_key(business_key)
            and self.pseudonym(record_text(dataset, business_key)) in self.records
        )


def tokens(text: str) -> Iterator[str]:
    """What may be an identifier in a text, without separators."""
    for found in _TOKEN.findall(text):
        yield found
        # A number lost its leading zero.
        if len(found) == _CITIZEN_ID - 1:
            yield found.zfill(_CITIZEN_ID)
    yield from (_SEPARATOR.sub("", found) for found in _GROUPED.findall(text))
    yield from _LETTERED.findall(text.upper())


def has_key(business_key: str) -> bool:
    """Whether a record has a key of its own: what many records lack, says nothing about one of them."""
    return bool(business_key.replace("|", "").strip())


def record_text(dataset: str, business_key: str) -> str:
    """What a record's pseudonym is made of."""
    return f"{dataset}|{business_key}"


def read_identifiers(lines: Iterable[str]) -> tuple[str, ...]:
    """The identifiers of one person, one a line.

    Raises:
        ConfigurationError: there is none, or a line is none; the message does not repeat it.
    """
    found = []
    for number, line in enumerate(lines, 1):
        text = _SEPARATOR.sub("", line.strip()).upper()
        if not text:
            continue
        if not _IDENTIFIER.fullmatch(text):
            raise ConfigurationError(
                f"line {number} is no identifier",
                where="standard input",
                next_step="write one a line: citizen id, the old id of 9 digits, tax code, insurance number",
            )
        found.append(text)
    if not found:
        raise ConfigurationError(
            "nobody is named",
            where="standard input",
            next_step="write the person's identifiers to standard input, one a line",
        )
    return tuple(dict.fromkeys(found))
