"""The binding of data that ships with the project: `source.kind: reference`."""

from __future__ import annotations

from typing import Literal

from kho.yaml_model import Frozen


class ReferenceSource(Frozen):
    kind: Literal["reference"]
    provider: Literal["csv", "administrative_units", "administrative_unit_successions"] = "csv"

    @property
    def watermark(self) -> None:
        """Reference data is read whole."""
