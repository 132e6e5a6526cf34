"""Bodies as gateways send them."""

from __future__ import annotations

import pytest

from kho.contracts import RestSource, load_contract
from kho.contracts.sources.rest import Envelope
from kho.errors import SourceRejected, SourceUnavailable
from kho.extract.rest.envelope import read_page


def _envelope(dataset: str) -> Envelope:
    source = load_contract(dataset).source
    assert isinstance(source, RestSource)
    return source.envelope


DOSSIERS = _envelope("public_service_dossiers")
REPORTS = _envelope("indicator_reports")


def test_records_are_slices_of_the_body() -> None:
    page = read_page(b'{"status":1,"total":2,"data":[{"a":"1"},{"a":{"b":[1,2]}}]}', DOSSIERS, "here")
    assert page.records == (b'{"a":"1"}', b'{"a":{"b":[1,2]}}')
    assert page.total == 2


def test_a_nested_path_and_a_code_of_either_type() -> None:
    for code in (b'"00"', b"0", b'"0"'):
        page = read_page(
            b'{"error_code":%b,"result":{"totalRecords":"1","items":[{}]}}' % code, REPORTS, "here"
        )
        assert (len(page.records), page.total) == (1, 1)


def test_a_pretty_printed_page_gives_one_line_records() -> None:
    body = b'{\n "status": 1,\n "total": 1,\n "data": [\n  {\n   "a": "x y"\n  }\n ]\n}'
    assert read_page(body, DOSSIERS, "here").records == (b'{"a":"x y"}',)


def test_nothing_is_not_an_error() -> None:
    assert read_page(b'{"status":201,"message":"khong co"}', DOSSIERS, "here").records == ()


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"<html><body>502</body></html>", SourceUnavailable, "HTML page"),
        (b'{"status":1,"total":2,"data":[{"a":', SourceUnavailable, "cut short"),
        (b"", SourceUnavailable, "cut short"),
        (b'{"status":302,"message":"loi"}', SourceRejected, "status=302: loi"),
        (b'{"status":500,"message":"loi"}', SourceUnavailable, "status=500: loi"),
        (b'{"status":302,"message":"so 051085001234 sai","data":""}', SourceRejected, "so … sai"),
        (b'{"message":"khong ro"}', SourceRejected, "status=None"),
        (b'{"status":true,"total":0,"data":[]}', SourceRejected, "status=True"),
        (b'{"status":1,"total":"nhieu","data":[]}', SourceRejected, "not a number"),
        (b'{"status":1,"total":1,"data":[7]}', SourceRejected, "not a JSON object"),
        (b'{"status":1,"total":1,"data":{"a":1}}', SourceRejected, "declared shape"),
        (b"[1,2]", SourceRejected, "declared shape"),
        (b'{"status":1,"total":1,"data":[{"a":"\xff"}]}', SourceRejected, "not UTF-8"),
    ],
)
def test_what_cannot_be_used_says_why(body: bytes, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says) as raised:
        read_page(body, DOSSIERS, "GET /x")
    assert "GET /x" in str(raised.value)
