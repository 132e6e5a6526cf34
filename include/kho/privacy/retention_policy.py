"""How long what the platform keeps is kept, beside what contracts say of their data.

In: `include/retention.yaml`. Out: a frozen `Policy`, or a ConfigurationError that names file and line.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from kho.settings import get_settings
from kho.yaml_model import Frozen, read_as
from kho.yaml_source import load_yaml

Days = Annotated[int, Field(ge=30, le=36_500)]


class Policy(Frozen):
    """Days after which something goes; each key is explained in the file."""

    raw_zone_days: Days
    request_log_days: Days
    closed_case_days: Days
    report_draft_days: Days
    access_log_days: Annotated[int, Field(ge=365, le=36_500)]
    fact_month_days: Annotated[int, Field(ge=365, le=36_500)] | None


def load_policy(path: Path | None = None) -> Policy:
    """The policy in force.

    Raises:
        ConfigurationError: a term is missing, unknown, or too short to be meant.
    """
    path = path or get_settings().contracts_dir.parent / "retention.yaml"
    return read_as(Policy, load_yaml(path))
