"""What the bindings of all kinds of sources share."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kho.yaml_model import Frozen


class Watermark(Frozen):
    column: str
    lookback_days: int = Field(ge=0)


Charset = Literal["unicode", "tcvn3", "vni", "utf8_bytes"]
"""How a source writes Vietnamese.

`tcvn3` and `vni` are the fonts from before Unicode, whose bytes were taken for Latin-1. `utf8_bytes`: the
stored bytes are UTF-8, whatever character set the database believes them to be in.
"""
