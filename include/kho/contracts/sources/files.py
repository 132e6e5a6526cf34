"""The binding of forms that people send as files: `source.kind: files`.

A form is found by what is written in it, never by fixed rows or columns: sheets by their names, the
table by its header texts, the values outside the table by the words beside them. What is landed are
columns of text, named by the parts declared here: the groups captured from the file's name, `cells`,
`columns` (or the two of `unpivot`), and those that every record has (`LANDED_ALWAYS`).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from kho.yaml_model import Frozen

LANDED_ALWAYS = ("_file", "_sheet", "_cell", "_row_in_file", "_modified_at", "_sha256")
"""File, sheet, cell and row that a record was read from; when the file was written; its checksum."""


def _regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"'{text}' is not a regular expression: {error}") from None
    return text


Pattern = Annotated[str, AfterValidator(_regex)]


class Submission(Frozen):
    """Which landed names say who sent a file and for which period: by them a re-sent file is known."""

    submitter: str
    period: str
    version: str | None = None
    """The captured group that numbers a re-sent file; without one the time of writing decides."""


class Cell(Frozen):
    """A value outside the table: what `pattern` captures, or, if it captures nothing, the next cell to
    the right that holds something."""

    name: str
    pattern: Pattern
    format: str | None = None
    """The value made of the pattern's named groups, such as `{year}-M{month:0>2}`."""
    required: bool = True
    digits: int | None = Field(default=None, ge=1)
    equals: str | None = None
    """What the file's name says of the same thing; the two must agree."""


class FormColumn(Frozen):
    """A column by its header.

    `headers` are the accepted spellings; `A | B` means B below the merged cell A. `digits` restores the
    leading zeros that a spreadsheet takes from a code. `unit` is what a unit written in the header must be.
    """

    name: str
    headers: tuple[str, ...] = Field(min_length=1)
    required: bool = True
    digits: int | None = Field(default=None, ge=1)
    unit: str | None = None
    fill_down: bool = False
    """An empty cell means the value above it, as where cells are merged downwards."""


class Unpivot(Frozen):
    """Several columns of a row become a record each: the column's name and its value."""

    columns: tuple[str, ...] = Field(min_length=1)
    name: str
    value: str
    unit: str | None = None
    """Where the unit written in the column's header is landed."""


class Totals(Frozen):
    """Rows that add up others: left out, and checked if it is said of which columns."""

    column: str
    labels: tuple[str, ...] = ("Tổng cộng", "Tổng số", "Tổng", "Cộng")
    check: tuple[str, ...] = ()
    tolerance: Decimal = Field(default=Decimal("0.01"), ge=0)


class Form(Frozen):
    """How the table of a sheet is found and read."""

    sheets: tuple[Pattern, ...] = (".*",)
    """Each must match a visible sheet; every sheet that matches is read."""
    columns: tuple[FormColumn, ...] = Field(min_length=1)
    ignored_headers: tuple[str, ...] = ("STT", "TT", "Số TT", "Số thứ tự")
    """Columns that nobody needs; any other one that is not declared is reported."""
    cells: tuple[Cell, ...] = ()
    unpivot: Unpivot | None = None
    row_needs: tuple[str, ...] = ()
    """A row is a record if one of these columns holds something (default: any column)."""
    cell_of: str | None = None
    """The column whose cell stands for the record (default: the range of all columns)."""
    totals: Totals | None = None
    ends_at: tuple[str, ...] = ("Người lập", "Ghi chú", "Thủ trưởng", "Nơi nhận")
    """The table ends at a row in which a text begins like this."""
    search_rows: int = Field(default=60, ge=1, le=1000)

    @model_validator(mode="after")
    def _names_fit(self) -> Form:
        columns = [column.name for column in self.columns]
        used = {
            "row_needs": self.row_needs,
            "cell_of": (self.cell_of,) if self.cell_of else (),
            "unpivot.columns": self.unpivot.columns if self.unpivot else (),
            "totals": (self.totals.column, *self.totals.check) if self.totals else (),
        }
        for key, names in used.items():
            for name in names:
                if name not in columns:
                    raise ValueError(f"{key}: '{name}' is not one of the form's columns")
        return self


class Limits(Frozen):
    """Beyond these a file is refused before it is read."""

    file_bytes: int = Field(default=50_000_000, ge=1)
    unpacked_bytes: int = Field(default=400_000_000, ge=1)
    unpacked_ratio: int = Field(default=200, ge=2)
    """How many times its size a part may grow; asked of parts above one megabyte."""
    entries: int = Field(default=2_000, ge=1)
    cells: int = Field(default=10_000_000, ge=1)
    """Of one sheet, the empty ones between used cells included: they take memory too."""


class FilesSource(Frozen):
    kind: Literal["files"]
    connection: str
    folder: str = ""
    """Below the root that the connection names; folders in it are searched too."""
    file_name: Pattern
    """Must match the whole name; its named groups are landed."""
    other_files: Literal["refuse", "ignore"] = "refuse"
    """Files in the folder whose name does not match; `ignore` where the folder serves several datasets."""
    derived: dict[str, str] = Field(default_factory=dict)
    """More values out of the file's name, made of its groups: `period_code: "{year}-M{month}"`."""
    form: Form
    submission: Submission | None = None
    encodings: tuple[str, ...] = ("utf-8", "windows-1258")
    """Of CSV files without a byte order mark; the first that fits."""
    settle_seconds: int = Field(default=60, ge=0)
    """A file written less than this ago may still be growing: it is left for the next night."""
    limits: Limits = Limits()

    @property
    def watermark(self) -> None:
        """What was read already is known file by file."""

    @property
    def captured(self) -> tuple[str, ...]:
        """What the file's name says."""
        return (*re.compile(self.file_name).groupindex, *self.derived)

    @property
    def landed_names(self) -> tuple[str, ...]:
        """Every column of a landed record."""
        form = self.form
        columns = [column.name for column in form.columns]
        if form.unpivot:
            columns = [name for name in columns if name not in form.unpivot.columns]
            columns += [form.unpivot.name, form.unpivot.value]
            columns += [form.unpivot.unit] if form.unpivot.unit else []
        return (*self.captured, *(cell.name for cell in form.cells), *columns, *LANDED_ALWAYS)

    @model_validator(mode="after")
    def _names_are_unique(self) -> FilesSource:
        names = self.landed_names
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two parts of the form are called '{name}'")
        for cell in self.form.cells:
            if cell.equals and cell.equals not in self.captured:
                raise ValueError(f"file_name captures nothing called '{cell.equals}'")
        if self.submission:
            parts = (self.submission.submitter, self.submission.period, self.submission.version)
            for part in parts:
                if part and part not in {*self.captured, *(cell.name for cell in self.form.cells)}:
                    raise ValueError(f"neither file_name nor cells have anything called '{part}'")
        return self
