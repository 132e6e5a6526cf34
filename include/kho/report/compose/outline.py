"""Numbers of sections and headings, given in the order of writing: a part that is left out leaves no gap."""

from __future__ import annotations

from dataclasses import dataclass, field

from kho.report.document import Block, Heading, Section, paragraph

_ROMAN = ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))


def roman(number: int) -> str:
    """1 -> 'I'; up to 39."""
    text = ""
    for value, sign in _ROMAN:
        while number >= value:
            text, number = text + sign, number - value
    return text


@dataclass
class Outline:
    """The blocks of one section, under way."""

    title: str
    blocks: list[Block] = field(default_factory=list)
    _headings: int = 0

    def head(self, text: str, *blocks: Block | None) -> None:
        """A heading '1.' and what follows it; without anything to say, 'Không có.'."""
        self._headings += 1
        self.blocks.append(Heading(2, f"{self._headings}.", text))
        kept = [block for block in blocks if block is not None]
        self.blocks.extend(kept or [paragraph("Không có.")])

    def head_if(self, text: str, *blocks: Block | None) -> None:
        """The same, but nothing at all where there is nothing to say."""
        if any(block is not None for block in blocks):
            self.head(text, *blocks)

    def add(self, *blocks: Block | None) -> None:
        self.blocks.extend(block for block in blocks if block is not None)

    def section(self, number: int) -> Section:
        return Section(roman(number), self.title, tuple(self.blocks))
