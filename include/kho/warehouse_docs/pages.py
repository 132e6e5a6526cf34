"""The pages that people read: the dictionary, and the lineage from source to mart.

In: what the warehouse consists of, what it means and what is made from what. Out: Markdown, always the same
for the same input.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from kho.warehouse_docs.lineage import ROWS, How, Lineage, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kho.contracts import Contract
    from kho.warehouse_docs.meanings import Meanings
    from kho.warehouse_docs.structure import Column, Relation, Structure

_MADE_BY = "<!-- Made by `kho docs warehouse`; do not edit. -->\n"
_ABOUT_DICTIONARY = """\
{relations} bảng và khung nhìn, {columns} cột. {relations} tables and views, {columns} columns; the key of a
table is **bold**. Times without a zone are local time of the province. *Phân loại* (classification) is what
the contract says of the source's column; *from personal*: computed from such a column. Where each column
comes from: [lineage.md](lineage.md); how the star hangs together: [erd.svg](erd.svg).
"""
_ABOUT_LINEAGE = """\
Where each column of a source goes, read from the SQL of loads and views. A name in *italics* is computed from
it; one in (brackets) is looked up by it, as a unit's key by the commune's code; a whole mart in (brackets)
has what was looked up. Conditions of WHERE are not followed. The other way round, with every step:
[lineage.json](lineage.json).
"""
_READ = ("mart", "open_data")


def dictionary_page(meanings: Meanings) -> str:
    """Every table and view with every column, in Vietnamese and English."""
    relations = meanings.structure.relations
    columns = sum(len(one.columns) for one in relations)
    lines = [
        _MADE_BY,
        "# Từ điển dữ liệu · Data dictionary\n",
        _ABOUT_DICTIONARY.format(relations=len(relations), columns=columns),
    ]
    schema = ""
    for relation in relations:
        if relation.schema != schema:
            schema = relation.schema
            said = meanings.of_schema(schema)
            lines.append(f"## {schema}\n\n{said.vi}.<br>{said.en}\n")
        lines.append(_relation(meanings, relation))
    return "\n".join(lines).rstrip() + "\n"


def _relation(meanings: Meanings, relation: Relation) -> str:
    said = meanings.of_relation(relation)
    kind = "" if relation.kind == "table" else f" ({relation.kind})"
    head = f"### {relation.name}{kind}\n\n{_cell(said.vi)}.<br>{_cell(said.en)}\n\n"
    head += "| column | type | nghĩa | meaning | phân loại |\n|---|---|---|---|---|\n"
    return head + "".join(_column(meanings, relation, column) for column in relation.columns)


def _column(meanings: Meanings, relation: Relation, column: Column) -> str:
    said = meanings.of_column(relation, column)
    name = f"**{column.name}**" if column.is_key else column.name
    kind = column.type_name.replace(" without time zone", "").replace(
        "timestamp with time zone", "timestamptz"
    )
    return (
        f"| {name} | {kind} | {_cell(said.vi)} | {_cell(said.en)} "
        f"| {meanings.classification(relation, column)} |\n"
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def lineage_page(structure: Structure, lineage: Lineage, contracts: Sequence[Contract]) -> str:
    """For each source column where it goes: staging, star, marts."""
    names = {relation.name for relation in structure.relations}
    onward = _onward(lineage)
    lines = [
        _MADE_BY,
        "# Lineage\n",
        _ABOUT_LINEAGE,
    ]
    for contract in contracts:
        lines.append(f"## {contract.dataset}\n\n{contract.title}, {contract.owner}.\n")
        lines.append("| source | `stg." + contract.dataset + "` | star | marts |\n|---|---|---|---|")
        for column in contract.columns:
            reached = _reached(onward, Place(f"stg.{contract.dataset}", column.name))
            star = {place: how for place, how in reached.items() if place.relation.startswith("dw.")}
            marts = {
                place: how
                for place, how in reached.items()
                if place.relation.split(".")[0] in _READ and place.relation in names
            }
            lines.append(
                f"| {_cell(column.source_name)} | {column.name} | {_grouped(star)} | {_grouped(marts)} |"
            )
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def lineage_json(lineage: Lineage) -> dict[str, dict[str, How]]:
    """Each column, and the columns that it is made from, one step back."""
    return {
        str(place): {_named(origin): how for origin, how in sorted(found.items())}
        for place, found in sorted(lineage.origins.items())
        if found
    }


def _named(place: Place) -> str:
    return f"{place.relation} (rows)" if place.column == ROWS else str(place)


def _onward(lineage: Lineage) -> dict[Place, dict[Place, How]]:
    found: dict[Place, dict[Place, How]] = defaultdict(dict)
    for place, origins in lineage.origins.items():
        for origin, how in origins.items():
            if origin.column != ROWS:
                found[origin][place] = how
    return found


def _reached(onward: dict[Place, dict[Place, How]], start: Place) -> dict[Place, How]:
    """All that is made from a column, and by the plainest way."""
    order: Sequence[How] = ("copied", "computed", "looked up")
    reached: dict[Place, How] = {}
    # The plain ways first, so that each column is reached by its plainest one.
    for worst in order:
        waiting: list[Place] = [start, *reached]
        while waiting:
            place = waiting.pop()
            for target, how in onward.get(place, {}).items():
                if target not in reached and order.index(how) <= order.index(worst):
                    reached[target] = worst
                    waiting.append(target)
    return reached


def _grouped(places: dict[Place, How]) -> str:
    by_relation: dict[str, list[Place]] = defaultdict(list)
    for place in sorted(places):
        by_relation[place.relation].append(place)
    return "<br>".join(_one_relation(name, members, places) for name, members in by_relation.items())


def _one_relation(name: str, members: list[Place], places: dict[Place, How]) -> str:
    plain = [place for place in members if places[place] != "looked up"]
    if plain:
        return f"{name}: {', '.join(_styled(place, places[place]) for place in plain)}"
    # Behind a look-up in the star all columns of the unit or agency follow: they say nothing more.
    if name.startswith("dw."):
        return f"{name}: {', '.join(f'({place.column})' for place in members)}"
    return f"({name})"


def _styled(place: Place, how: How) -> str:
    return f"*{place.column}*" if how == "computed" else place.column


def not_traced(meanings: Meanings) -> Iterable[Place]:
    """Columns of marts of which no origin was found: constants, or SQL that is not understood."""
    for relation in meanings.structure.relations:
        if relation.schema in _READ:
            for column in relation.columns:
                place = Place(relation.name, column.name)
                if not meanings.lineage.of(place):
                    yield place
