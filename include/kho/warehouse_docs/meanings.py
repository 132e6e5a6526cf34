"""What each table and column means, each text from one place.

In: the structure, the lineage, the contracts and `include/dictionary.yaml`, whose head says which place is
asked first. Out: `Meanings`; what is missing, said twice or said of nothing is a list of problems.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kho.warehouse_docs.lineage import ROWS, Lineage, Place
from kho.yaml_source import load_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kho.contracts import Contract
    from kho.warehouse_docs.structure import Column, Relation, Structure

FILE = "dictionary.yaml"
_ORDER = ("public", "internal", "personal")


@dataclass(frozen=True, slots=True)
class Meaning:
    """A text in both languages; empty where it is missing."""

    vi: str
    en: str


@dataclass(frozen=True)
class _Texts:
    """The dictionary as it is written: Vietnamese and English, either may be empty."""

    schemas: Mapping[str, Meaning]
    relations: Mapping[str, Meaning]
    own: Mapping[Place, Meaning]
    common: Mapping[str, Meaning]
    subjects: Mapping[str, Meaning]


@dataclass
class Meanings:
    """The texts of everything that the warehouse has, and what is wrong with them."""

    structure: Structure
    lineage: Lineage
    contracts: Mapping[str, Contract]
    texts: _Texts
    problems: list[str] = field(default_factory=list)

    @property
    def subjects(self) -> Mapping[str, Meaning]:
        """How the subjects of the star are called, by the contracts' domains, in their order."""
        return self.texts.subjects

    def of_schema(self, name: str) -> Meaning:
        return self.texts.schemas.get(name, Meaning("", ""))

    def of_relation(self, relation: Relation) -> Meaning:
        said = self.texts.relations.get(relation.name, Meaning("", ""))
        return Meaning(said.vi, relation.comment or said.en)

    def of_column(self, relation: Relation, column: Column) -> Meaning:
        place = Place(relation.name, column.name)
        return Meaning(self._vietnamese(place), column.comment or self._english(place))

    def classification(self, relation: Relation, column: Column) -> str:
        """How private it is, by the contracts' columns that flow into it; empty where none does."""
        if column.is_pseudonym:
            return "pseudonym"
        found = [
            self.contracts[source.relation.removeprefix("stg.")].column(source.column).classification
            for source in sources(self.lineage, Place(relation.name, column.name), looked_up=False)
        ]
        if not found:
            return ""
        strictest = max(found, key=_ORDER.index)
        if strictest != "personal" or self._contract_title(Place(relation.name, column.name)):
            return strictest
        return "from personal"

    def _vietnamese(self, place: Place, seen: frozenset[Place] = frozenset()) -> str:
        own = self.texts.own.get(place, Meaning("", "")).vi
        if text := own or self._contract_title(place, steps=1):
            return text
        if text := self.texts.common.get(place.column, Meaning("", "")).vi:
            return text
        origin = self.lineage.copied_from(place)
        if origin is None or origin in seen:
            return ""
        return self._vietnamese(origin, seen | {place})

    def _english(self, place: Place, seen: frozenset[Place] = frozenset()) -> str:
        for said in (self.texts.own.get(place), self.texts.common.get(place.column)):
            if said is not None and said.en:
                return said.en
        origin = self.lineage.copied_from(place)
        if origin is None or origin in seen:
            return ""
        return self._comments.get(origin) or self._english(origin, seen | {place})

    def _contract_title(self, place: Place, steps: int = 99) -> str:
        origin = self.lineage.copied_from(place)
        while origin is not None and steps:
            if origin.relation.startswith("stg."):
                contract = self.contracts[origin.relation.removeprefix("stg.")]
                return next((one.title for one in contract.columns if one.name == origin.column), "")
            origin, steps = self.lineage.copied_from(origin), steps - 1
        return ""

    @property
    def _comments(self) -> dict[Place, str]:
        return {
            Place(relation.name, column.name): column.comment
            for relation in self.structure.relations
            for column in relation.columns
            if column.comment
        }


def sources(lineage: Lineage, place: Place, *, looked_up: bool = True) -> set[Place]:
    """The staged columns of contracts that a column is made from, over all steps."""
    found: set[Place] = set()
    waiting, seen = [place], {place}
    while waiting:
        for origin, how in lineage.of(waiting.pop()).items():
            if origin in seen or (how == "looked up" and not looked_up):
                continue
            seen.add(origin)
            if origin.column == ROWS or origin.column.startswith("_"):
                continue
            if origin.relation.startswith("stg."):
                found.add(Place(origin.relation.removesuffix("__keys"), origin.column))
            else:
                waiting.append(origin)
    return found


def read_meanings(
    structure: Structure, lineage: Lineage, contracts: Sequence[Contract], path: Path
) -> Meanings:
    """Bring all texts together, and look for what is wrong with them.

    Raises:
        ContractError: the dictionary cannot be read.
    """
    document = load_yaml(path)
    data: dict[str, Any] = document.data
    own: dict[Place, Meaning] = {}
    relations: dict[str, Meaning] = {}
    for name, entry in data["relations"].items():
        relations[name] = _split(entry.get("text", "|"))
        own |= {Place(name, column): _split(text) for column, text in entry.get("columns", {}).items()}
    texts = _Texts(
        {name: _split(text) for name, text in data["schemas"].items()},
        relations,
        own,
        {name: _split(text) for name, text in data["columns"].items()},
        {name: _split(text) for name, text in data["subjects"].items()},
    )
    meanings = Meanings(structure, lineage, {one.dataset: one for one in contracts}, texts)
    meanings.problems.extend(_problems(meanings))
    return meanings


def _split(text: str) -> Meaning:
    vi, _, en = (part.strip() for part in text.partition("|"))
    return Meaning(vi, en)


def _problems(meanings: Meanings) -> Iterator[str]:
    texts, structure = meanings.texts, meanings.structure
    places = {Place(one.name, column.name): column for one in structure.relations for column in one.columns}
    for relation in structure.relations:
        said = texts.relations.get(relation.name, Meaning("", ""))
        yield from _missing(meanings.of_relation(relation), relation.name)
        if relation.comment and said.en:
            yield f"{relation.name}: COMMENT ON says it in English already"
        for column in relation.columns:
            place = Place(relation.name, column.name)
            yield from _missing(meanings.of_column(relation, column), str(place))
            if column.comment and texts.own.get(place, Meaning("", "")).en:
                yield f"{place}: COMMENT ON says it in English already"
    names = {relation.name for relation in structure.relations}
    for schema in {relation.schema for relation in structure.relations}:
        yield from _missing(meanings.of_schema(schema), f"schema {schema}")
    yield from (f"{name}: there is no such table" for name in texts.relations if name not in names)
    yield from (f"{place}: there is no such column" for place in texts.own if place not in places)
    for domain in sorted({contract.domain for contract in meanings.contracts.values()} - {*texts.subjects}):
        yield f"subject {domain}: the texts are missing"
    used = {place.column for place in places}
    yield from (f"column {name}: no table has it" for name in texts.common if name not in used)


def _missing(meaning: Meaning, name: str) -> Iterator[str]:
    if not meaning.vi:
        yield f"{name}: the Vietnamese text is missing"
    if not meaning.en:
        yield f"{name}: the English text is missing"
