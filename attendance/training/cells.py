"""Typed values from the cells of one row of a file, with an error per wrong cell; and the result of a whole file.

All errors of a row are collected, so that a person can correct them at once. ID and telephone numbers are masked in
errors. Not here: reading the file (csv_files.py), storing a row (rosters.py, timetable.py, sign_ins.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Literal, TypeVar

from shike.attendance import beijing
from shike.attendance.training.csv_files import LONGEST_CELL, CsvRow
from shike.attendance.training.errors import Refused
from shike.attendance.training.id_numbers import BadIdNumber, mask_numbers, normalised

ValueT = TypeVar("ValueT")
Verb = Literal["created", "updated", "unchanged"]
SHOWN = 60


@dataclass(frozen=True)
class RowError:
    """Why a row was refused. `row`: its number in a spreadsheet; `value_masked`: the cell, safe to show."""

    row: int
    field: str
    code: str
    message: str
    value_masked: str


@dataclass
class Tally:
    """The result of importing a file: how many rows were created, updated or unchanged, and the errors."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    errors: list[RowError] = field(default_factory=list)

    def count(self, verb: Verb) -> None:
        """Count an accepted row."""
        setattr(self, verb, getattr(self, verb) + 1)

    def refuse(self, row: CsvRow, refused: Refused) -> None:
        """Add the error of a refused row."""
        self.errors.append(row_error(row, refused.field, refused.code, str(refused)))

    @property
    def accepted(self) -> int:
        return self.created + self.updated + self.unchanged


def row_error(row: CsvRow, field: str, code: str, message: str) -> RowError:
    """The error of a field of a row, with the masked text of its cell."""
    return RowError(row.number, field, code, message, mask_numbers(row.cells.get(field, ""))[:SHOWN])


class Cells:
    """Reads one row. A cell that cannot be read adds an entry to `errors` and gives None."""

    def __init__(self, row: CsvRow) -> None:
        self.row = row
        self.errors: list[RowError] = []

    def refuse(self, field: str, code: str, message: str) -> None:
        self.errors.append(row_error(self.row, field, code, message))

    def text(self, field: str, longest: int, *, required: bool = False) -> str | None:
        """The text of the cell; None if it is empty."""
        cell = self.row.cells.get(field, "")
        if not cell:
            if required:
                self.refuse(field, "required", "this must be filled in")
            return None
        if len(cell) > min(longest, LONGEST_CELL):
            self.refuse(field, "too_long", f"at most {longest} characters")
            return None
        return cell

    def _read(self, field: str, read: Callable[[str], ValueT], code: str, how: str, *, required: bool) -> ValueT | None:
        cell = self.text(field, LONGEST_CELL, required=required)
        if cell is None:
            return None
        try:
            return read(cell)
        except ValueError:
            self.refuse(field, code, how)
            return None

    def id_number(self, field: str, *, required: bool = True) -> str | None:
        """A normalised citizen identity number."""
        cell = self.text(field, LONGEST_CELL, required=required)
        if cell is None:
            return None
        try:
            return normalised(cell)
        except BadIdNumber as error:
            self.refuse(field, error.code, str(error))
            return None

    def day(self, field: str, *, required: bool = False) -> date | None:
        return self._read(field, beijing.read_day, "not_a_date", "write a day like 2026-11-23", required=required)

    def time_of_day(self, field: str, *, required: bool = False) -> time | None:
        return self._read(field, beijing.read_time, "not_a_time", "write a time like 09:00", required=required)

    def moment(self, field: str, day: date | None = None) -> datetime | None:
        """A moment in Beijing; a time alone is on `day`."""
        how = "write day and time like 2026-11-23 09:00"
        return self._read(field, lambda cell: beijing.read_moment(cell, day), "not_a_moment", how, required=False)

    def whole(self, field: str, most: int, *, required: bool = False) -> int | None:
        """A whole number from 1 to `most`."""

        def read(cell: str) -> int:
            number = int(beijing.plain(cell).removeprefix("第").removesuffix("次").removesuffix("课"))
            if not 1 <= number <= most:
                raise ValueError
            return number

        return self._read(field, read, "not_a_number", f"write a whole number from 1 to {most}", required=required)

    def choice(self, field: str, words: Mapping[str, str]) -> str | None:
        """The value that belongs to the word in the cell; case is ignored."""

        def read(cell: str) -> str:
            word = beijing.plain(cell).casefold()
            if word not in words:
                raise ValueError
            return words[word]

        return self._read(field, read, "unknown_word", f"one of: {'、'.join(words)}", required=False)
