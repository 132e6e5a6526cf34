"""Read a chunk of JSON records as text, and notice which fields they have.

In: records as JSON objects, one a line. Out: an Arrow table of the wanted fields, every value as text as it
was sent, and `SeenFields`: every field that any record has, and of which kind its values are.

No record with an unknown field goes unnoticed, and nothing is read twice for it: the first line of a
chunk is a record of our own with the known fields, DuckDB takes the columns from that line and refuses a
record that has another. Only such a chunk is looked at more closely.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pyarrow as pa

from kho.duck import connect as duck_connect

LOOKED_AT = 8
"""Records of a page whose values' kinds are looked at; names are looked at in all."""

# The advice is to use a relation, which is bound twice, and looks into the file twice: that costs more.
warnings.filterwarnings("ignore", message="Arrow output on a DB-API result")

_OURS = 2048
"""Lines of our own before the records: as many as DuckDB reads to find the columns, and no record."""

_ALL = 1 << 20

_READ = """
SELECT *
FROM read_json(
    $path, format = 'newline_delimited', records = true, sample_size = 1, map_inference_threshold = -1
)
OFFSET $ours
"""

_NAMES = """
SELECT DISTINCT unnest(json_keys(json)) AS name
FROM (SELECT json FROM read_ndjson_objects($path) OFFSET $ours)
"""

_KINDS = {'"': "text", "{": "object", "[": "list", "t": "boolean", "f": "boolean", "n": ""}
_AS_OBJECT: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass
class SeenFields:
    """The fields of the records seen so far, and from how many records they come.

    `kinds` has a name's kinds of values; a field that is always null has none.
    """

    kinds: dict[str, set[str]] = field(default_factory=dict)
    records: int = 0

    def add(self, name: str, kind: str = "") -> None:
        kinds = self.kinds.setdefault(name, set())
        if kind:
            kinds.add(kind)

    def merge(self, other: SeenFields) -> None:
        """Take in what another part of the same extraction has seen."""
        self.records += other.records
        for name, kinds in other.kinds.items():
            self.kinds.setdefault(name, set()).update(kinds)

    @property
    def types(self) -> dict[str, str]:
        """Each field's kinds as one text, such as `text` or `number|text`."""
        return {name: "|".join(sorted(kinds)) for name, kinds in self.kinds.items() if kinds}


class JsonRecords:
    """Reads chunks one after the other; `seen` grows."""

    def __init__(self, wanted: Sequence[str], memory: str = "200MB") -> None:
        self._wanted = list(wanted)
        self._others: list[str] = []
        self._engine = duck_connect(threads=1, memory=memory)
        self.seen = SeenFields()

    def close(self) -> None:
        self._engine.close()

    def look_at(self, records: Sequence[bytes]) -> None:
        """Note names and kinds of a few records of a page, spread over all of it."""
        self.seen.records += len(records)
        last = len(records) - 1
        for index in {last * turn // max(1, LOOKED_AT - 1) for turn in range(LOOKED_AT)}:
            for name, value in _AS_OBJECT.decode(records[index]).items():
                self.seen.add(name, _KINDS.get(chr(bytes(value)[0]), "number"))

    def write(self, path: Path, records: Iterable[bytes]) -> None:
        """Write a chunk for `read`."""
        with path.open("wb") as file:
            file.write(self._template())
            file.write(b"\n".join(records))

    def read(self, path: Path) -> pa.Table:
        """The wanted fields of a chunk, in its order, without the line of our own."""
        try:
            table = self._run(_READ, path)
        except (duckdb.Error, pa.ArrowException, OSError, UnicodeDecodeError):
            # A field that the first line lacks. The message repeats the record (cut anywhere).
            for name in self._names_in(path):
                self.seen.add(name)
                if name not in self._wanted and name not in self._others:
                    self._others.append(name)
            columns = dict.fromkeys(self._wanted, "VARCHAR")
            lenient = self._engine.read_json(str(path), format="newline_delimited", columns=columns)
            table = lenient.to_arrow_table().slice(_OURS)
        table = table.select(self._wanted)
        self._note_present(path, table)
        return table

    def _template(self) -> bytes:
        # DuckDB's column names differ by more than case; a field that differs only so stays unknown.
        known = {name.casefold(): name for name in [*self._others, *self._wanted]}
        return (
            json.dumps(dict.fromkeys(known.values(), "text"), ensure_ascii=False).encode()
            + b"\n"
            + b"{}\n" * (_OURS - 1)
        )

    def _note_present(self, path: Path, table: pa.Table) -> None:
        """A field that no looked-at record had may be in another one."""
        unseen = [name for name in self._wanted if name not in self.seen.kinds]
        for name in unseen:
            if table[name].null_count < table.num_rows:
                self.seen.add(name)
        if any(name not in self.seen.kinds for name in unseen):
            for name in self._names_in(path):
                self.seen.add(name)

    def _names_in(self, path: Path) -> list[str]:
        return [str(name) for name in self._run(_NAMES, path)["name"].to_pylist()]

    def _run(self, query: str, path: Path) -> pa.Table:
        result: Any = self._engine.execute(query, {"path": str(path), "ours": _OURS})
        return result.to_arrow_reader(_ALL).read_all()


def read_records(records: Sequence[bytes]) -> tuple[pa.Table, SeenFields]:
    """A few records as a table of text, every field that any of them has; and what was seen of them."""
    seen = SeenFields(records=len(records))
    rows = [_AS_OBJECT.decode(record) for record in records]
    for row in rows:
        for name, value in row.items():
            seen.add(name, _kind(value))
    columns = {name: pa.array([_text(row.get(name)) for row in rows], pa.string()) for name in seen.kinds}
    return pa.table(columns), seen


def _kind(value: msgspec.Raw) -> str:
    return _KINDS.get(chr(bytes(value)[0]), "number")


def _text(value: msgspec.Raw | None) -> str | None:
    """As DuckDB reads a field into a text column: strings without quotes, the rest as it is written."""
    if value is None or bytes(value) == b"null":
        return None
    raw = bytes(value)
    return msgspec.json.decode(raw, type=str) if raw[:1] == b'"' else raw.decode()
