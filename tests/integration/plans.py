"""What a query reads, as its plan says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from kho.sql_files import read_sql


def plan_of(
    db: sa.Connection, name: str, values: Mapping[str, Any], *, analyze: bool = False
) -> dict[str, Any]:
    """The plan of `sql/<name>` as PostgreSQL tells it in JSON; it is run if `analyze`."""
    statement = sa.text(f"EXPLAIN (VERBOSE, FORMAT JSON{', ANALYZE' if analyze else ''}) {read_sql(name)}")
    wanted = statement.compile().params
    return db.execute(statement, {key: values[key] for key in wanted}).scalar_one()[0]


def nodes_of(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All nodes of a plan."""
    node = plan.get("Plan", plan)
    yield node
    for below in node.get("Plans", ()):
        yield from nodes_of(below)


def relations_read(db: sa.Connection, name: str, values: Mapping[str, Any]) -> set[str]:
    """Schema and name of every relation that the plan touches, by whatever kind of scan."""
    nodes = nodes_of(plan_of(db, name, values))
    return {f"{node['Schema']}.{node['Relation Name']}" for node in nodes if "Relation Name" in node}
