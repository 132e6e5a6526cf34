"""Look into an XML body; the records come out as JSON objects, as if they had been sent so.

In: bytes, in whatever encoding they declare. Out: an `Opened` body. Nothing outside the body is ever read:
a document type, an entity or an external reference is refused. Namespaces are dropped; an element with
text is its text, with children an object, a repeated one a list, an attribute is `@name`; `xsi:nil` is null.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import msgspec
from defusedxml import ElementTree as SafeTree
from defusedxml.common import DefusedXmlException

from kho.contracts.sources.rest_envelope import CodeAt
from kho.errors import SourceRejected, SourceUnavailable
from kho.extract.rest.body import is_one_of, parts_of

_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_DEPTH = 50
"""Deeper than this no record is; a body that is, is an attack or broken."""


class XmlBody:
    """A parsed XML body."""

    def __init__(self, root: Element) -> None:
        self._root = root
        self.is_list = False

    def at(self, path: str) -> Any:
        """The text at `path` below the root; None where there is none."""
        *parents, last = parts_of(path)
        for element in self._elements(parents):
            if last.startswith("@"):
                values = {_local(name): value for name, value in element.attrib.items()}
                if last[1:] in values:
                    return values[last[1:]]
            else:
                for child in element:
                    if _local(child.tag) == last:
                        return (child.text or "").strip() or None
        return None

    def records(self, path: str) -> list[bytes]:
        """The elements at `path`, each as a JSON object."""
        return [
            msgspec.json.encode(_object(element, _DEPTH)).replace(b"\n", b" ")
            for element in self._elements(parts_of(path))
        ]

    def matches(self, code: CodeAt) -> bool:
        """Whether one of the code's values stands at its path."""
        return is_one_of(self.at(code.path), code.values)

    def _elements(self, path: list[str]) -> Iterator[Element]:
        found = [self._root]
        for part in path:
            found = [child for element in found for child in element if _local(child.tag) == part]
        yield from found


def open_xml(body: bytes, where: str) -> XmlBody:
    """Parse an XML body.

    Raises:
        SourceUnavailable: it is cut short, broken, or an HTML page: asking again may help.
        SourceRejected: it brings a document type or entities.
    """
    start = body.lstrip()[:200].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        raise SourceUnavailable("an HTML page came instead of data", where=where)
    try:
        root = SafeTree.fromstring(body, forbid_dtd=True)
    except DefusedXmlException as error:
        raise SourceRejected(
            "the XML brings a document type or entities of its own, which are never read",
            where=where,
            next_step="ask the source's owner for plain XML",
        ) from error
    except (ParseError, LookupError, ValueError) as error:
        raise SourceUnavailable(f"the XML is cut short or broken: {error}", where=where) from error
    if _local(root.tag).lower() == "html":
        raise SourceUnavailable("an HTML page came instead of data", where=where)
    return XmlBody(root)


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _object(element: Element, depth: int) -> dict[str, Any]:
    values: dict[str, Any] = {
        f"@{_local(name)}": value for name, value in element.attrib.items() if name != _NIL
    }
    for child in element:
        name, value = _local(child.tag), _value(child, depth - 1)
        if name not in values:
            values[name] = value
        elif isinstance(values[name], list):
            values[name].append(value)
        else:
            values[name] = [values[name], value]
    if not values and element.text and element.text.strip():
        values["#text"] = element.text
    return values


def _value(element: Element, depth: int) -> Any:
    if depth < 0:
        raise SourceRejected("the XML is nested too deeply", next_step="report it to the source's owner")
    if element.get(_NIL) in ("true", "1"):
        return None
    if len(element) or set(element.attrib) - {_NIL}:
        return _object(element, depth)
    return element.text
