"""Which fields a source's records have: of all records, without taking each one apart.

In: records as raw JSON. Out: the names seen. A record that has no field but those already seen is checked
in C by a decoder made for exactly these names; only a record with a new one is taken apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec


class RecordNames:
    """The names seen so far."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._decoder = _decoder(self.seen)

    def watch(self, records: Iterable[bytes]) -> None:
        """Take note of the fields of `records`, each a JSON object."""
        for record in records:
            try:
                self._decoder.decode(record)
            except msgspec.ValidationError:
                self.seen |= msgspec.json.decode(record, type=dict[str, msgspec.Raw]).keys()
                self._decoder = _decoder(self.seen)


def _decoder(names: Iterable[str]) -> msgspec.json.Decoder[Any]:
    """Decodes objects that have some of `names` and no others; any other name is a ValidationError."""
    known = {f"f{number}": name for number, name in enumerate(sorted(names))}
    fields = [(field, msgspec.Raw, msgspec.Raw(b"")) for field in known]
    struct = msgspec.defstruct("Record", fields, rename=known, forbid_unknown_fields=True, gc=False)
    return msgspec.json.Decoder(struct)
