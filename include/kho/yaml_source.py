"""YAML files that remember on which line each value stands.

In:  the path of a YAML file that people edit: a contract or a suite.
Out: a `YamlDocument`: the plain data, and the line of any key or item in it, so that a mistake
can be reported as file and line. A key that occurs twice is a mistake, not a silent overwrite.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from kho.errors import ContractError

Place = tuple[str | int, ...]
"""The way from the document's root to a value: mapping keys and list positions."""

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """A YAML file's content.

    Attributes:
        path: the file.
        data: its content as dicts, lists and scalars.
    """

    path: Path
    data: Any
    _lines: Mapping[Place, int] = field(repr=False)

    def line_of(self, place: Sequence[str | int]) -> int:
        """The line, counted from 1, of the key or item at `place`, or of what encloses it."""
        wanted = tuple(place)
        while wanted and wanted not in self._lines:
            wanted = wanted[:-1]
        return self._lines.get(wanted, 1)

    def where(self, place: Sequence[str | int] = ()) -> str:
        """`folder/file:line` of `place`, for an error's `where`."""
        return f"{self.path.parent.name}/{self.path.name}:{self.line_of(place)}"


def load_yaml(path: Path) -> YamlDocument:
    """Read `path`.

    Raises:
        ContractError: the file cannot be read, is not YAML, or repeats a key; `where` names
            the file and the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, 1, f"the file cannot be read: {error}") from error
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        lines: dict[Place, int] = {}
        if node is not None:
            _note_lines(path, node, (), lines)
        data = None if node is None else loader.construct_document(node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        line = mark.line + 1 if mark else 1
        raise _unreadable(path, line, f"this is not valid YAML: {problem}") from error
    finally:
        loader.dispose()
    return YamlDocument(path, data, lines)


def _note_lines(path: Path, node: yaml.Node, place: Place, lines: dict[Place, int]) -> None:
    # A key's line is kept, not its value's: a block value begins on the line below.
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _note_lines(path, item, (*place, index), lines)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                raise _unreadable(path, line, f"the key '{key.value}' occurs twice")
            seen.add(key.value)
            lines[(*place, key.value)] = line
            _note_lines(path, value, (*place, key.value), lines)


def _unreadable(path: Path, line: int, message: str) -> ContractError:
    return ContractError(
        message,
        dataset=path.stem,
        where=f"{path.parent.name}/{path.name}:{line}",
        next_step="correct the file on that line",
    )
