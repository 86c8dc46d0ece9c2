"""Reading CSV files: encodings, headings, lines of title, and limits of size."""

import pytest

from shike.attendance.training import rosters, sign_ins, timetable
from shike.attendance.training.csv_files import MOST_BYTES, MOST_ROWS, Column, read, template
from shike.attendance.training.errors import BadFile

COLUMNS = (Column("name", "姓名", "Name", required=True), Column("phone", "手机号", "Phone", aliases=("电话",)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_a_file_is_read_in_the_encodings_that_spreadsheets_write(encoding: str) -> None:
    file = read("姓名,电话\r\n张三,1\r\n".encode(encoding), COLUMNS)
    assert [row.cells for row in file.rows] == [{"name": "张三", "phone": "1"}]


def test_a_character_that_only_gb18030_has_survives() -> None:
    assert read("姓名\n𠮷田\n".encode("gb18030"), COLUMNS).rows[0].cells["name"] == "𠮷田"


@pytest.mark.parametrize(
    "lines",
    ["姓名,手机号\n张,1", " 姓名* ,手机号（选填）\n张,1", "NAME,phone\n张,1", "Name\tPhone\n张\t1", "电话;姓名\n1;张"],
)
def test_headings_are_known_in_both_languages_whatever_stands_between(lines: str) -> None:
    assert read(lines.encode(), COLUMNS).rows[0].cells == {"name": "张", "phone": "1"}


def test_a_title_above_and_empty_lines_keep_the_numbers_of_the_spreadsheet() -> None:
    file = read("学员名册,,\n\n姓名,备注,手机号\n张三,,1\n,,\n李四,新,2\n".encode(), COLUMNS)
    assert [(row.number, row.cells["name"]) for row in file.rows] == [(4, "张三"), (6, "李四")]
    assert file.ignored == ("备注",)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"x" * (MOST_BYTES + 1), "too_large"),
        (b"PK\x03\x04\x00\x00", "not_text"),
        (b"\xff\xff\xff", "encoding"),
        ("姓名\n".encode() + b"a\n" * (MOST_ROWS + 1), "too_many_rows"),
        ("姓名\n".encode() + b"a\n" * (MOST_ROWS * 3), "too_many_rows"),
        ("手机号\n1\n".encode(), "no_headings"),
        ("姓名,Name\na,b\n".encode(), "heading_twice"),
        ("姓名\n\n".encode(), "empty"),
        (b"", "no_headings"),
        ('姓名\n"a\n'.encode(), "malformed"),
        ("姓名\n".encode() + b"a" * 200_000, "malformed"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(data: bytes, code: str) -> None:
    with pytest.raises(BadFile) as refused:
        read(data, COLUMNS)
    assert (refused.value.field, refused.value.code) == ("file", code)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_template_can_be_read_back_without_an_error(language: str) -> None:
    entries, errors = rosters.read(read(template(rosters.COLUMNS, language), rosters.COLUMNS))
    assert (len(entries), errors) == (1, [])
    lines, errors = timetable.read(read(template(timetable.COLUMNS, language), timetable.COLUMNS))
    assert (len(lines), errors) == (1, [])
    events, errors = sign_ins.read(read(template(sign_ins.COLUMNS, language), sign_ins.COLUMNS))
    assert (len(events), errors) == (2, [])
