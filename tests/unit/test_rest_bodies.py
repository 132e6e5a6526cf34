"""XML bodies, links between pages, and the fields of records."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kho.contracts.sources.rest import Envelope
from kho.errors import SourceRejected, SourceUnavailable
from kho.extract.rest.envelope import read_page
from kho.extract.rest.paging import next_link

XML = Envelope.model_validate(
    {
        "format": "xml",
        "success": {"path": "KetQua.@ma", "values": ["00"]},
        "message": "KetQua.ThongBao",
        "records": "DanhSach.HoSo",
        "total": "DanhSach.@tong",
        "errors": {"empty": ["04"], "retry": ["99"]},
    }
)


def _xml(inner: str, code: str = "00", total: int = 1, head: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<s:Tra xmlns:s="urn:x" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<KetQua ma="{code}"><ThongBao>xong</ThongBao></KetQua>'
        f'<s:DanhSach tong="{total}">{inner}</s:DanhSach></s:Tra>'
    ).encode()


def _records(inner: str) -> list[Any]:
    return [json.loads(record) for record in read_page(_xml(inner), XML, "here").records]


def test_xml_records_become_objects_of_text() -> None:
    inner = (
        '<s:HoSo loai="1"><Ma>0012</Ma><Ten>Đỗ Thị\nHường</Ten><Trong/><Khong xsi:nil="true"/>'
        "<DS><Muc>a</Muc><Muc>b</Muc></DS></s:HoSo><s:HoSo><Ma>2</Ma></s:HoSo>"
    )
    first, second = _records(inner)
    assert first == {
        "@loai": "1",
        "Ma": "0012",
        "Ten": "Đỗ Thị\nHường",
        "Trong": None,
        "Khong": None,
        "DS": {"Muc": ["a", "b"]},
    }
    assert second == {"Ma": "2"}
    assert all(b"\n" not in record for record in read_page(_xml(inner), XML, "here").records)


def test_xml_in_another_encoding() -> None:
    body = _xml("<HoSo><Ten>Đỗ</Ten></HoSo>").decode().replace("UTF-8", "UTF-16").encode("utf-16")
    assert json.loads(read_page(body, XML, "here").records[0]) == {"Ten": "Đỗ"}


def test_xml_without_records() -> None:
    assert read_page(_xml("", total=0), XML, "here").total == 0
    assert read_page(_xml("", code="04"), XML, "here").records == ()


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (_xml("", code="99"), SourceUnavailable, "xong"),
        (_xml("", code="77"), SourceRejected, "'77'"),
        (_xml("<HoSo><Ten>")[:-20], SourceUnavailable, "cut short"),
        (b"", SourceUnavailable, "cut short"),
        (b"<!DOCTYPE html><html><body>x</body></html>", SourceUnavailable, "HTML page"),
        (b"<html><body>x</body></html>", SourceUnavailable, "HTML page"),
        (_xml("&a;", head='<!DOCTYPE x [<!ENTITY a "b">]>'), SourceRejected, "document type"),
        (
            _xml("&a;", head='<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'),
            SourceRejected,
            "document type",
        ),
        (_xml("", head='<!DOCTYPE x SYSTEM "http://evil.test/x.dtd">'), SourceRejected, "document type"),
        (_xml("<HoSo>" + "<a>" * 80 + "</a>" * 80 + "</HoSo>"), SourceRejected, "too deeply"),
    ],
)
def test_xml_that_cannot_be_used_says_why(body: bytes, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        read_page(body, XML, "here")


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ('<https://x/a?p=2>; rel="next"', "https://x/a?p=2"),
        ('</a?p=1>; rel="prev", </a?p=3>; rel="next"', "/a?p=3"),
        ("</a,b?p=3>; title=\"x, y\"; rel=next, </z>; rel='last'", "/a,b?p=3"),
        ('</a>; REL="last next"', "/a"),
        ('</a>; rel="last"', None),
        ("", None),
        ("nonsense", None),
    ],
)
def test_the_next_link_of_a_header(header: str, target: str | None) -> None:
    assert next_link(header) == target


def test_a_path_may_name_keys_with_dots() -> None:
    envelope = Envelope.model_validate(
        {
            "success": {"path": "/kq/ma.loi", "values": [0]},
            "records": "/kq/value",
            "total": "/kq/@odata.count",
        }
    )
    body = b'\xef\xbb\xbf{"kq":{"ma.loi":0,"@odata.count":1,"value":[{"a":1}],"khac":{}}}'
    page = read_page(body, envelope, "here")
    assert (page.records, page.total) == ((b'{"a":1}',), 1)


def test_a_bare_list_that_is_none_says_what_it_is() -> None:
    envelope = Envelope.model_validate(
        {"records": "$", "errors": {"path": "error", "empty": ["none"], "retry": ["busy"]}}
    )
    assert read_page(b'[{"a":1}]', envelope, "here").records == (b'{"a":1}',)
    assert read_page(b'{"error":"none"}', envelope, "here").records == ()
    with pytest.raises(SourceUnavailable):
        read_page(b'{"error":"busy"}', envelope, "here")
    with pytest.raises(SourceRejected):
        read_page(b'{"error":"other"}', envelope, "here")
