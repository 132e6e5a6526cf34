"""What the bindings of all kinds of sources share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """A part of a contract: it cannot change, and knows every key it may have."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Watermark(Frozen):
    column: str
    lookback_days: int = Field(ge=0)
