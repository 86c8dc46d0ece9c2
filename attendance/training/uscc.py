"""The unified social credit code (统一社会信用代码, GB 32100-2015): 18 characters, the last one a check character."""

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # without I, O, S, V, Z
LENGTH = 18


class BadUscc(ValueError):
    """Not a valid code. `code`: length, character or checksum."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def uscc_check_character(first_17: str) -> str:
    """C18 = 31 − (Σ Ci · 3^(i−1) mod 31) mod 31, as a character (GB 32100-2015, 5.5)."""
    weighted = sum(ALPHABET.index(char) * pow(3, position, 31) for position, char in enumerate(first_17))
    return ALPHABET[-weighted % 31]


def normalised_uscc(text: str) -> str:
    """The code in capitals without spaces. Raises BadUscc."""
    code = "".join(text.split()).upper()
    if len(code) != LENGTH:
        raise BadUscc("length", f"a unified social credit code has {LENGTH} characters, this one has {len(code)}")
    if any(char not in ALPHABET for char in code):
        raise BadUscc("character", "a unified social credit code has digits and capitals without I, O, S, V and Z")
    if uscc_check_character(code[:-1]) != code[-1]:
        raise BadUscc("checksum", "the check character does not fit: a character is wrong or two are swapped")
    return code
