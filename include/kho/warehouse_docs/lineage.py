"""Which column is made from which: from the SQL itself, not from a list.

In: the queries of the database's views and functions, and the statements of `sql/load/<dataset>/`. Out:
`Lineage`: for each column the columns that it is made from, and how. A staged column is written
`stg.<dataset>.<column>`.

A value that is looked up (`coalesce(u.unit_key, -1)` of a unit found by `s.commune_code = u.unit_code`)
comes from what it was looked up by as well: else the trail of a commune's code would end in a join.
Conditions of WHERE decide which rows there are, not what is in them, and are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from sqlglot import exp, parse
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from kho.conform.expressions import CONTENT_HASH
from kho.errors import ConfigurationError

if TYPE_CHECKING:
    from kho.contracts import Contract
    from kho.warehouse_docs.structure import Structure

How = Literal["copied", "computed", "looked up"]
ROWS = "*"
"""Stands for the rows of a relation: what count(*) counts."""

_DOT = "__dot__"
_BOUND = re.compile(r"(?<![:\w]):(\w+)")
_ON_COMMIT = re.compile(r" ON COMMIT DROP AS\b")
_WRITES = re.compile(r"\b(?:AS|INSERT|UPDATE|MERGE)\b", re.IGNORECASE)
_BLOCK = re.compile(r"^DO \$\$.*?^\$\$;", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A column of a relation; the relation has its schema's name."""

    relation: str
    column: str

    def __str__(self) -> str:
        return f"{self.relation}.{self.column}"


Origins = dict[Place, How]


@dataclass
class Lineage:
    """For each column its origins."""

    origins: dict[Place, Origins] = field(default_factory=dict)

    def of(self, place: Place) -> Origins:
        """What a column is made from, one step back; empty where it is a constant or nothing tells."""
        return self.origins.get(place, {})

    def copied_from(self, place: Place) -> Place | None:
        """The one column that this one is a copy of."""
        found = self.of(place)
        copies = [one for one, how in found.items() if how == "copied"]
        return copies[0] if len(copies) == 1 and len(found) == 1 else None

    def add(self, place: Place, found: Origins) -> None:
        known = self.origins.setdefault(place, {})
        for origin, how in found.items():
            # By its own key an UPDATE finds the row that it changes; that makes nothing.
            if origin.relation != place.relation:
                known[origin] = _weaker(known.get(origin, how), how)


def trace(structure: Structure, contracts: Iterable[Contract]) -> Lineage:
    """The lineage of every column that views and loads make.

    Raises:
        ConfigurationError: a statement cannot be read.
    """
    known = dict(structure.columns_of())
    known |= {one.name: one.columns for one in structure.functions}
    lineage = Lineage()
    for function in structure.functions:
        _take(lineage, known, function.name, function.definition, function.columns)
    for relation in structure.relations:
        if relation.definition:
            names = tuple(column.name for column in relation.columns)
            _take(lineage, known, relation.name, relation.definition, names)
    for contract in contracts:
        _trace_load(lineage, known, contract)
    return lineage


def _trace_load(lineage: Lineage, known: Mapping[str, tuple[str, ...]], contract: Contract) -> None:
    from kho.sql_files import files_in, read_sql

    staged = f"stg.{contract.dataset}"
    columns = tuple(column.name for column in contract.columns)
    tables = dict(known) | {staged: (*columns, "_row", CONTENT_HASH), f"{staged}__keys": columns}
    aliases = {"accepted": staged, "source_keys": f"{staged}__keys"}
    own = Lineage()
    for name in files_in(f"load/{contract.dataset}"):
        text = _ON_COMMIT.sub(" AS", _BLOCK.sub("", _BOUND.sub("NULL", read_sql(name))))
        for statement in _parsed(text, f"sql/{name}"):
            _run(own, tables, aliases, statement, f"sql/{name}", contract.dataset)
    for place in own.origins:
        if place.relation in known:
            lineage.add(place, _through(own, place, known, staged))


def _through(own: Lineage, place: Place, known: Mapping[str, object], staged: str) -> Origins:
    """The origins of a column with the tables that only the load has left out."""
    found: Origins = {}

    def follow(at: Place, how: How, seen: frozenset[Place]) -> None:
        for origin, step in own.of(at).items():
            both = _weaker(how, step)
            if origin.relation in known or origin.relation == staged:
                found[origin] = _weaker(found.get(origin, both), both)
            elif origin not in seen:
                follow(origin, both, seen | {origin})

    follow(place, "copied", frozenset())
    return found


def _run(
    lineage: Lineage,
    tables: dict[str, tuple[str, ...]],
    aliases: dict[str, str],
    statement: exp.Expr,
    where: str,
    dataset: str,
) -> None:
    """What one statement of a load writes."""
    if isinstance(statement, exp.Create) and isinstance(statement.expression, exp.Query):
        target = statement.this
        name = ".".join(part.name for part in target.parts)
        made = name if "." in name else f"load.{dataset}.{name}"
        aliases[name] = made
        query = _qualified(statement.expression, tables, aliases, where)
        columns = tuple(query.named_selects)
        tables[made] = columns
        _note(lineage, made, columns, query)
    elif isinstance(statement, exp.Insert) and isinstance(statement.expression, exp.Query):
        target = statement.this
        table = target.this if isinstance(target, exp.Schema) else target
        name = ".".join(part.name for part in table.parts)
        columns = tuple(one.name for one in target.expressions) or tables[name]
        query = statement.expression.copy()
        if statement.args.get("with_"):
            query.set("with_", statement.args["with_"].copy())
        _note(lineage, name, columns, _qualified(query, tables, aliases, where))
    elif isinstance(statement, exp.Update):
        table = statement.this
        name = ".".join(part.name for part in table.parts)
        changed = [one for one in statement.expressions if isinstance(one, exp.EQ)]
        columns = tuple(one.this.name for one in changed)
        query = exp.select(*(one.expression.copy().as_(one.this.name) for one in changed))
        source = statement.args.get("from_")
        query = query.from_(table.copy())
        for other in [source.this, *(source.args.get("joins") or [])] if source else []:
            query = query.join(other.this.copy() if isinstance(other, exp.Join) else other.copy())
        if statement.args.get("where"):
            # As the condition of a join, so that it says by what a value is looked up.
            for join in (query.args.get("joins") or [])[-1:]:
                join.set("on", statement.args["where"].this.copy())
        if statement.args.get("with_"):
            query.set("with_", statement.args["with_"].copy())
        _note(lineage, name, columns, _qualified(query, tables, aliases, where))
    elif isinstance(statement, exp.Merge) or (
        isinstance(statement, exp.Command) and _WRITES.search(str(statement))
    ):
        raise _unreadable(where, ValueError(f"{str(statement)[:60]} …"))


def _take(
    lineage: Lineage,
    known: Mapping[str, tuple[str, ...]],
    name: str,
    definition: str,
    columns: tuple[str, ...],
) -> None:
    (query,) = _parsed(definition, name)
    _note(lineage, name, columns, _qualified(query, known, {}, name))


def _parsed(text: str, where: str) -> list[exp.Expr]:
    try:
        return [statement for statement in parse(text, dialect="postgres") if statement is not None]
    except SqlglotError as error:
        raise _unreadable(where, error) from error


def _unreadable(where: str, error: Exception) -> ConfigurationError:
    return ConfigurationError(
        f"sqlglot cannot read the SQL: {str(error).splitlines()[0]}",
        where=where,
        next_step="write the statement more plainly, or upgrade sqlglot",
    )


def _qualified(
    query: exp.Expr,
    known: Mapping[str, tuple[str, ...]],
    aliases: Mapping[str, str],
    where: str,
) -> exp.Query:
    """The query with every column's table spelt out and every star expanded."""
    query = query.copy()
    for table in list(query.find_all(exp.Table)):
        _plain_table(table, known, aliases)
    schema: dict[str, Any] = {}
    for name, columns in known.items():
        space, _, relation = name.partition(".")
        schema.setdefault(space, {})[relation.replace(".", _DOT)] = dict.fromkeys(columns, "text")
    try:
        done = qualify(
            query,
            schema=schema,
            dialect="postgres",
            validate_qualify_columns=False,
            identify=False,
            quote_identifiers=False,
        )
    except SqlglotError as error:
        raise _unreadable(where, error) from error
    if not isinstance(done, exp.Query):
        raise _unreadable(where, ValueError("it is no query"))
    return done


def _plain_table(table: exp.Table, known: Mapping[str, tuple[str, ...]], aliases: Mapping[str, str]) -> None:
    """Give a table the name by which it is known; a function of ours that returns one becomes one."""
    name = ".".join(part.name for part in table.parts)
    name = aliases.get(name, name)
    if name not in known or (not table.db and name not in aliases.values()):
        return
    alias = table.alias or table.name
    space, _, relation = name.partition(".")
    table.set("this", exp.to_identifier(relation.replace(".", _DOT)))
    table.set("db", exp.to_identifier(space))
    table.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))


def _note(lineage: Lineage, name: str, columns: tuple[str, ...], query: exp.Query) -> None:
    root = build_scope(query)
    if root is not None:
        reader = _Reader(root)
        for position, column in enumerate(columns):
            lineage.add(Place(name, column), reader.output(root, position))


class _Reader:
    """Follows the columns of one query through its subqueries."""

    def __init__(self, root: Scope) -> None:
        self._scopes = {id(scope.expression): scope for scope in root.traverse()}
        self._open: set[tuple[int, int]] = set()
        self._found_by: dict[int, dict[str, list[exp.Column]]] = {}

    def output(self, scope: Scope, position: int) -> Origins:
        """The origins of a query's column, by its position."""
        # A recursive part that asks for itself: what it adds is found by the parts that it consists of.
        if (id(scope), position) in self._open:
            return {}
        self._open.add((id(scope), position))
        try:
            if scope.set_operation_scopes:
                return _together(self.output(part, position) for part in scope.set_operation_scopes)
            query = scope.expression
            if not isinstance(query, exp.Query) or position >= len(query.selects):
                return {}
            return self._expression(query.selects[position].unalias(), scope)
        finally:
            self._open.discard((id(scope), position))

    def _expression(self, made: exp.Expr, scope: Scope) -> Origins:
        bare = made
        while isinstance(bare, exp.Cast | exp.Paren):
            bare = bare.this
        if isinstance(bare, exp.Column):
            return self._column(bare, scope, "copied")
        found = _together(
            self._column(column, self._holder(column, scope), "computed")
            for column in made.find_all(exp.Column)
        )
        if not found and any(isinstance(count.this, exp.Star) for count in made.find_all(exp.Count)):
            found = dict.fromkeys(self._rows(scope), "computed")
        return found

    def _holder(self, node: exp.Expr, scope: Scope) -> Scope:
        """The scope that a column stands in: that of the subquery around it, if there is one."""
        parent = node.parent
        while parent is not None and parent is not scope.expression:
            if id(parent) in self._scopes:
                return self._scopes[id(parent)]
            parent = parent.parent
        return scope

    def _column(self, column: exp.Column, scope: Scope, how: How) -> Origins:
        looking: Scope | None = scope
        while looking is not None and column.table not in looking.sources:
            looking = looking.parent
        if looking is None or isinstance(column.this, exp.Star):
            return {}
        source = looking.sources[column.table]
        if isinstance(source, exp.Table):
            found: Origins = {Place(_relation(source), column.name): how}
        elif (values := source.expression.find(exp.Values)) and source.is_udtf:
            found = self._listed(values, column, looking)
        else:
            found = {place: _weaker(how, step) for place, step in self._inner(source, column.name).items()}
        for other in self._keys(looking).get(column.table, ()):
            for place in self._column(other, looking, how):
                found.setdefault(place, "looked up")
        return found

    def _listed(self, values: exp.Values, column: exp.Column, scope: Scope) -> Origins:
        """A column of a list of rows that stands in the query."""
        alias = values.find_ancestor(exp.Lateral, exp.Select)
        named = alias if isinstance(alias, exp.Lateral) else values
        names = [one.casefold() for one in named.alias_column_names]
        if column.name.casefold() not in names:
            return {}
        place = names.index(column.name.casefold())
        rows = [row.expressions[place] for row in values.expressions]
        found = _together(self._expression(cell, scope) for cell in rows)
        return {one: _weaker("computed", how) for one, how in found.items()}

    def _inner(self, source: Scope, name: str) -> Origins:
        """A column of a subquery or CTE."""
        if isinstance(source.expression, exp.Lateral):
            inside = source.expression.find(exp.Query)
            if inside is None or id(inside.unnest()) not in self._scopes:
                return {}
            source = self._scopes[id(inside.unnest())]
        query = source.expression
        named = source.outer_columns or (query.named_selects if isinstance(query, exp.Query) else [])
        names = [one.casefold() for one in named]
        return self.output(source, names.index(name.casefold())) if name.casefold() in names else {}

    def _keys(self, scope: Scope) -> dict[str, list[exp.Column]]:
        """For each table that is joined the columns of others by which its rows are found."""
        if id(scope) not in self._found_by:
            found: dict[str, list[exp.Column]] = {}
            for join in scope.expression.find_all(exp.Join):
                condition = join.args.get("on")
                alias = join.this.alias_or_name
                if condition is None or join.find_ancestor(exp.Select) is not scope.expression:
                    continue
                for equal in condition.find_all(exp.EQ):
                    sides = [one for one in (equal.left, equal.right) if isinstance(one, exp.Column)]
                    if len(sides) == 2 and sum(side.table == alias for side in sides) == 1:
                        found.setdefault(alias, []).extend(side for side in sides if side.table != alias)
            self._found_by[id(scope)] = found
        return self._found_by[id(scope)]

    def _rows(self, scope: Scope) -> Iterator[Place]:
        """The relations whose rows a query has."""
        if id(scope) in {scope_id for scope_id, position in self._open if position == _COUNTING}:
            return
        self._open.add((id(scope), _COUNTING))
        for part in scope.set_operation_scopes or [scope]:
            for _, source in part.selected_sources.values():
                if isinstance(source, exp.Table):
                    yield Place(_relation(source), ROWS)
                else:
                    yield from self._rows(source)
        self._open.discard((id(scope), _COUNTING))


_COUNTING = -1


def _together(parts: Iterable[Origins]) -> Origins:
    found: Origins = {}
    for part in parts:
        for place, how in part.items():
            found[place] = _weaker(found.get(place, how), how)
    return found


def _relation(table: exp.Table) -> str:
    return ".".join(part.name for part in table.parts).replace(_DOT, ".")


def _weaker(one: How, other: How) -> How:
    order: tuple[How, ...] = ("copied", "computed", "looked up")
    return order[max(order.index(one), order.index(other))]
