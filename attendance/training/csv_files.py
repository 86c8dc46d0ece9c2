"""Tables that people bring as CSV: bytes to rows, and the templates that show how such a file looks.

Belongs here: encoding, headings, bounds. Does not belong here: what a cell means (cells.py) and what becomes of a row
(rosters.py, timetable.py, signins.py).
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
TITLE_ROWS = 5  # above the headings many files have a title and a date


@dataclass(frozen=True)
class Column:
    """A column: its field, its heading in both languages, other words people use for it, and an example of each."""

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
    """A row by its number in the file as a spreadsheet shows it (the first line is 1); cells by field, without spaces
    around them. A field whose column is missing is empty."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class CsvFile:
    """The rows that are not empty, the fields that have a column, and the headings that nobody knows."""

    rows: tuple[CsvRow, ...]
    fields: frozenset[str]
    ignored: tuple[str, ...]


def heading(text: str) -> str:
    """A heading as it is compared: no case, spaces, stars, underscores or remarks in brackets."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"\(.*?\)|[\s_*:]", "", plain)


def decoded(data: bytes) -> str:
    """Text of UTF-8 (with or without a mark) or of GB18030, which holds GBK and GB 2312. Raises BadFile."""
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
    """Which line holds the headings, and the field of each column position."""
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
    """Whether a line holds anything at all."""
    return any(cell.strip() for cell in line)


def row_of(number: int, line: Sequence[str], fields: Mapping[int, str]) -> CsvRow:
    """One row; spreadsheets put an apostrophe before text that looks like a number."""
    cells = {field: line[at].strip().lstrip("'").strip() if at < len(line) else "" for at, field in fields.items()}
    return CsvRow(number, cells)


def template(columns: Sequence[Column], language: str) -> bytes:
    """A file with headings and one example row, in UTF-8 with a mark so that spreadsheets know it; "zh" or "en"."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    chinese = language == "zh"
    writer.writerow(column.zh if chinese else column.en for column in columns)
    writer.writerow(column.example_zh if chinese else column.example_en for column in columns)
    return out.getvalue().encode("utf-8-sig")
