"""The board speaks two languages completely, and in its own way of writing numbers."""

import re
from datetime import date
from decimal import Decimal
from string import Formatter

from kho.board.scores import Point
from kho.board.sparkline import lowest, nights_of, sparkline
from kho.board.words import LANGUAGES, Words, load_words
from kho.quality.quarantine import STATES
from kho.settings import get_settings


def _places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_both_languages_have_every_sentence_about_the_same_things() -> None:
    first, *others = (load_words(language) for language in LANGUAGES)
    for other in others:
        assert other.keys() == first.keys()
        assert {key: _places(said) for key, said in other.items()} == {
            key: _places(said) for key, said in first.items()
        }


def test_no_page_asks_for_a_sentence_that_nobody_worded() -> None:
    known = load_words("vi")
    for path in (get_settings().templates_dir / "board").glob("*.j2"):
        text = path.read_text(encoding="utf-8")
        assert not {key for key in re.findall(r"\bt\('([^']+)'[,)]", text) if key not in known}, path
    assert all(f"case.{state}" in known for state in STATES)


def test_each_language_writes_numbers_and_days_its_way() -> None:
    vi, en = Words("vi"), Words("en")
    assert (vi.number(1234567), en.number(1234567), vi.number(None)) == ("1.234.567", "1,234,567", "–")
    assert (vi.decimal(Decimal("97.1")), en.decimal(Decimal("97.1"))) == ("97,10", "97.10")
    assert (vi.change(Decimal("-1.5")), en.change(Decimal("-1.5"))) == ("−1,50", "−1.50")
    assert (vi.day(date(2026, 11, 5)), en.day(date(2026, 11, 5))) == ("05/11/2026", "2026-11-05")
    assert Words("<script>").language == "vi"


def test_a_line_stands_at_its_nights_and_tells_itself_in_words() -> None:
    first, second = (
        Point(date(2026, 11, 20), Decimal("82.5")),
        Point(date(2026, 11, 21), Decimal(100)),
    )
    histories = [(first, second), (second,)]
    nights, low = nights_of(histories), lowest(histories)
    assert low == 80
    whole = sparkline((first, second), nights, low, "từ <82,5>")
    assert "<title>từ &lt;82,5&gt;</title>" in whole
    assert 'points="3.0,22.2 117.0,3.0"' in whole
    assert 'points="117.0,3.0"' in sparkline((second,), nights, low, "")
    assert sparkline((), nights, low, "") == ""
