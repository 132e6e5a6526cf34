"""Every odd, broken or hostile file ends in an accepted load or in a message with file, place and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from kho.extract.files.refusal import for_sender
from tests.files.corpus import CASES, Case, NotReady, Read, Refused
from tests.files.drop import Drop
from tests.files.forms import NAME, a_contract, workbook

NEIGHBOUR = NAME.replace("21025", "21034")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_file_is_read_or_explained(case: Case, tmp_path: Path) -> None:
    drop = Drop(tmp_path, a_contract(**case.form))
    drop.put(NEIGHBOUR, workbook(unit_code="21034"))
    received, records = drop.take(case.file_name, case.content())
    said = f"{received.status}: {received} {received.notes} {received.remarks}"
    match case.verdict:
        case Read(rows, values, notes, remarks):
            assert (received.status, received.rows, len(records)) == ("read", rows, rows), said
            assert received.notes == notes, said
            assert set(remarks) <= set(received.remarks), said
            by_code = {record["line_code"]: record for record in records}
            for code, expected in values.items():
                assert {name: by_code[code][name] for name in expected} == expected
        case Refused(reason, words, sheet, cell):
            assert (received.status, received.reason) == ("refused", reason), said
            assert words in str(received), said
            assert (received.sheet, received.cell) == (sheet, cell), said
            assert str(received).startswith(case.file_name)
            assert not records
            assert all(for_sender(reason))
        case NotReady(words):
            assert received.status == "not_ready", said
            assert words in str(received), said
            assert not records
    _neighbour_is_untouched(drop)


def _neighbour_is_untouched(drop: Drop) -> None:
    """One bad file never stops the others, and leaves nothing of itself behind."""
    manifest = drop.nights[-1]
    assert [file.status for file in manifest.files if file.path == NEIGHBOUR] == ["read"]
    assert manifest.fetched == manifest.declared == len(drop.records(manifest))


def test_the_corpus_is_large_enough() -> None:
    assert len(CASES) >= 40
    assert len({case.name for case in CASES}) == len(CASES)
