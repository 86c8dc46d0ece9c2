"""Reads CSV files into rows, and writes the templates of such files.

Here: encodings, headings, limits of size. Not here: the meaning of a cell (cells.py), storing a row (rosters.py,
timetable.py, sign_ins.py).
"""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shike.attendance.training.errors import BadFile

MOST_BYTES = 1_000_000
MOST_ROWS = 5000
MOST_COLUMNS = 60
LONGEST_CELL = 1000
TITLE_ROWS = 5  # many files have a title and a date above the headings


@dataclass(frozen=True)
class Column:
    """A column: its field, its heading and an example in both languages, and other headings that are accepted."""

    field: str
    zh: str
    en: str
    example_zh: str = ""
    example_en: str = ""
    aliases: tuple[str, ...] = ()
    required: bool = False

    @property
    def headings(self) -> frozenset[str]:
        return frozenset(heading(word) for word in (self.field, self.zh, self.en, *self.aliases))


@dataclass(frozen=True)
class CsvRow:
    """A row: its number as a spreadsheet shows it (the first line is 1), and its stripped cells by field.

    A field without a column has no cell.
    """

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class CsvFile:
    """The rows that are not empty, the fields that have a column, and the unknown headings."""

    rows: tuple[CsvRow, ...]
    fields: frozenset[str]
    ignored: tuple[str, ...]


def heading(text: str) -> str:
    """A heading in its form for comparison: without case, spaces, stars, colons, underscores and text in brackets."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"\(.*?\)|[\s_*:]", "", plain)


def decoded(data: bytes) -> str:
    """The text of UTF-8 (with or without BOM) or GB18030, which includes GBK and GB 2312. Raises BadFile."""
    if len(data) > MOST_BYTES:
        raise BadFile("too_large", f"a file has at most {MOST_BYTES} bytes")
    if b"\0" in data:
        raise BadFile("not_text", "this is not a CSV file; save the sheet as CSV")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadFile("encoding", "the file is neither UTF-8 nor GB18030 (GBK)")


def delimiter_of(text: str) -> str:
    """The most frequent of comma, tab and semicolon in the first lines."""
    first = "\n".join(text.splitlines()[: TITLE_ROWS + 1])
    return max(",\t;", key=first.count)


def read(data: bytes, columns: Sequence[Column]) -> CsvFile:
    """The table of a file. Raises BadFile: too_large, not_text, encoding, malformed, too_many_rows, no_headings,
    heading_twice, empty."""
    text = decoded(data)
    lines: list[list[str]] = []
    try:
        for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True):
            if len(lines) > MOST_ROWS + TITLE_ROWS:
                raise BadFile("too_many_rows", f"a file has at most {MOST_ROWS} rows")
            lines.append(line)
    except csv.Error as error:
        raise BadFile("malformed", f"line {len(lines) + 1} is not CSV: {error}") from error
    top, fields = headings_of(lines, columns)
    rows = [
        row_of(number, line, fields) for number, line in enumerate(lines[top + 1 :], start=top + 2) if any_cell(line)
    ]
    if not rows:
        raise BadFile("empty", "there is no row below the headings")
    if len(rows) > MOST_ROWS:
        raise BadFile("too_many_rows", f"a file has at most {MOST_ROWS} rows")
    ignored = [cell.strip() for at, cell in enumerate(lines[top]) if at not in fields and cell.strip()]
    return CsvFile(tuple(rows), frozenset(fields.values()), tuple(ignored))


def headings_of(lines: Sequence[Sequence[str]], columns: Sequence[Column]) -> tuple[int, dict[int, str]]:
    """The index of the line with the headings, and the field of each column position. Raises BadFile."""
    needed = {column.field for column in columns if column.required}
    known = {word: column.field for column in columns for word in column.headings}
    for top, line in enumerate(lines[:TITLE_ROWS]):
        fields = {at: known[heading(cell)] for at, cell in enumerate(line[:MOST_COLUMNS]) if heading(cell) in known}
        if not needed <= set(fields.values()):
            continue
        twice = {field for field in fields.values() if list(fields.values()).count(field) > 1}
        if twice:
            raise BadFile("heading_twice", f"two columns mean the same: {', '.join(sorted(twice))}")
        return top, fields
    words = "、".join(column.zh for column in columns if column.required)
    raise BadFile("no_headings", f"no line holds the headings that are needed: {words}")


def any_cell(line: Sequence[str]) -> bool:
    """Whether a line has a cell that is not empty."""
    return any(cell.strip() for cell in line)


def row_of(number: int, line: Sequence[str], fields: Mapping[int, str]) -> CsvRow:
    """One row. Removes the apostrophe that spreadsheets put before text that looks like a number."""
    cells = {field: line[at].strip().lstrip("'").strip() if at < len(line) else "" for at, field in fields.items()}
    return CsvRow(number, cells)


def template(columns: Sequence[Column], language: str) -> bytes:
    """A file with headings and one example row in a language ("zh" or "en"), in UTF-8 with BOM for spreadsheets."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    chinese = language == "zh"
    writer.writerow(column.zh if chinese else column.en for column in columns)
    writer.writerow(column.example_zh if chinese else column.example_en for column in columns)
    return out.getvalue().encode("utf-8-sig")
