"""ID numbers: which forms are accepted and refused, and how they are masked."""

import string
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shike.attendance.training.id_numbers import (
    BadIdNumber,
    check_character,
    mask_numbers,
    masked,
    normalised,
)

PLACES = st.sampled_from(["341124", "110101", "654321"])
BIRTHS = st.dates(min_value=date(1930, 1, 1)).filter(lambda day: day.year < 2020)
ORDERS = st.integers(0, 999)


@st.composite
def numbers(draw: st.DrawFn) -> str:
    first_17 = f"{draw(PLACES)}{draw(BIRTHS):%Y%m%d}{draw(ORDERS):03d}"
    return first_17 + check_character(first_17)


@pytest.mark.parametrize(
    "entered",
    [
        "11010519491231002X",  # the example of the standard
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        " 110105 19491231 002X ",
        "'11010519491231002X",
        "110105491231002",
    ],
)
def test_every_way_of_writing_one_number_is_the_same_number(entered: str) -> None:
    assert normalised(entered) == "11010519491231002X"


@pytest.mark.parametrize(
    ("entered", "code"),
    [
        ("", "empty"),
        ("1.10105E+17", "rounded"),
        ("1101051949123100", "length"),
        ("11010519491231002Y", "character"),
        ("X1010519491231002X", "character"),
        ("110105194913310028", "birth_date"),
        ("110105491331002", "birth_date"),
        ("110105184912310026", "birth_date"),
        ("110105194912310021", "checksum"),
    ],
)
def test_a_wrong_number_is_refused_with_its_reason_and_not_repeated(entered: str, code: str) -> None:
    with pytest.raises(BadIdNumber) as refused:
        normalised(entered)
    assert refused.value.code == code
    assert not entered or entered not in str(refused.value)


@given(numbers(), st.integers(0, 16), st.sampled_from(string.digits))
def test_one_wrong_digit_never_passes(number: str, at: int, digit: str) -> None:
    wrong = number[:at] + digit + number[at + 1 :]
    if wrong == number:
        assert normalised(wrong) == number
    else:
        with pytest.raises(BadIdNumber):
            normalised(wrong)


@given(numbers(), st.integers(0, 15))
def test_two_swapped_neighbours_never_pass(number: str, at: int) -> None:
    swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    if swapped != number:
        with pytest.raises(BadIdNumber):
            normalised(swapped)


@given(numbers())
def test_the_mask_hides_birth_date(number: str) -> None:
    assert masked(number) == f"{number[:6]}********{number[-4:]}"
    assert number[6:14] not in masked(number)


def test_long_numbers_are_hidden_in_whatever_cell_they_stand() -> None:
    assert mask_numbers("张三 34112419900307294７") == "张三 341*************47"
    assert mask_numbers("13800001234") == "138******34"
    assert mask_numbers("2026-11-23 09:00") == "2026-11-23 09:00"
