"""Citizen identity numbers (公民身份号码, GB 11643-1999): 6 digits of place, 8 of birth, 3 of order, 1 check character.

Here: reading, checking and masking. Not here: storing them (identities.py).
"""

import re
import unicodedata
from datetime import date

CHECK_CHARACTERS = "10X98765432"
LENGTH, OLD_LENGTH = 18, 15
EARLIEST_BIRTH_YEAR = 1900
INVISIBLE = re.compile(r"[\s\u200b-\u200f\u2060\ufeff'’`\-]")
LONG_NUMBER = re.compile(r"\d{11,}[\dXx*]*")


class BadIdNumber(ValueError):
    """Not a valid number. `code`: empty, rounded, length, character, birth_date or checksum. The message never has the
    number."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def check_character(first_17: str) -> str:
    """The 18th character: "10X98765432" at index Σ aᵢ · 2^(18−i) mod 11 (GB 11643-1999, ISO 7064 MOD 11-2)."""
    return CHECK_CHARACTERS[sum(int(digit) * pow(2, 17 - at, 11) for at, digit in enumerate(first_17)) % 11]


def normalised(text: str) -> str:
    """The 18 characters with a capital X. Accepts full-width digits, spaces and a lower-case x, and 15-digit numbers
    from before 1999, which get their century (19) and check character. Raises BadIdNumber."""
    number = INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).upper()
    if not number:
        raise BadIdNumber("empty", "an ID number is needed")
    if re.fullmatch(r"\d(\.\d+)?E\+?\d+", number):
        raise BadIdNumber("rounded", "a spreadsheet has rounded this number: make the column text and enter it again")
    if len(number) not in (LENGTH, OLD_LENGTH):
        raise BadIdNumber("length", f"an ID number has {LENGTH} characters, this one has {len(number)}")
    if not re.fullmatch(r"[0-9]{17}[0-9X]|[0-9]{15}", number):
        raise BadIdNumber("character", "an ID number has digits only, and perhaps an X at the end")
    old = len(number) == OLD_LENGTH
    first_17 = f"{number[:6]}19{number[6:]}" if old else number[:17]
    check_birth(first_17[6:14])
    if not old and check_character(first_17) != number[17]:
        raise BadIdNumber("checksum", "the check character does not fit: a digit is wrong or two are swapped")
    return first_17 + check_character(first_17)


def check_birth(yyyymmdd: str) -> None:
    """Raises BadIdNumber if the eight digits are no calendar day, or lie before 1900."""
    try:
        born = date(int(yyyymmdd[:4]), int(yyyymmdd[4:6]), int(yyyymmdd[6:]))
    except ValueError as error:
        raise BadIdNumber("birth_date", "the digits of the birth date are no day") from error
    if born.year < EARLIEST_BIRTH_YEAR:
        raise BadIdNumber("birth_date", "the digits of the birth date are too long ago")


def masked(number: str) -> str:
    """A normalised number with its middle hidden, "341124********2047": place and last four characters."""
    return f"{number[:6]}{'*' * 8}{number[-4:]}"


def mask_numbers(text: str) -> str:
    """Text in which long numbers (11 digits and more: ID numbers, telephones) are masked."""
    plain = unicodedata.normalize("NFKC", text)
    return LONG_NUMBER.sub(lambda match: f"{match[0][:3]}{'*' * (len(match[0]) - 5)}{match[0][-2:]}", plain)
