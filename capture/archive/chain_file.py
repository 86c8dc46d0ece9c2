"""One file of a chain, read as whole rows of bytes: from its start, from its end, or at one row.

A last line without a line feed is a torn write and counts as no row. Not here: what a row says, which file holds which
rows, adding rows (chain). Design: docs/design/integrity.md, "The chain".
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

# Bytes that are read from the end of a file at first: several hundred rows.
_TAIL_BYTES = 256 << 10


def numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    """The whole rows of a file without their line feeds, each with its position in the chain."""
    with path.open("rb") as file:
        for at, line in enumerate(file, int(path.stem)):
            if line.endswith(b"\n"):
                yield at, line[:-1]


def last_lines(path: Path) -> tuple[list[bytes], bool]:
    """The last whole rows of a file, at least one if it has any, and whether these are all rows of the file."""
    with path.open("rb") as file:
        size, window = file.seek(0, os.SEEK_END), _TAIL_BYTES
        while True:
            file.seek(max(0, size - window))
            lines = file.read(window).split(b"\n")[:-1]  # nothing or a torn row follows the last line feed
            if size <= window:
                return lines, True
            if len(lines) > 1:
                return lines[1:], False  # the first may lack its beginning
            window *= 2


def row_with_number(path: Path, number: int, number_of: Callable[[bytes], int | None]) -> bytes | None:
    """The row of a file whose `number_of` is `number`, by binary search.

    None if the search meets a row without a number, or if the numbers in the file do not lead to the row.
    """
    with path.open("rb") as file:
        low, high = 0, file.seek(0, os.SEEK_END)
        while low < high:
            middle = (low + high) // 2
            if file.seek(max(0, middle - 1)):
                file.readline()
            begin, line = file.tell(), file.readline()
            if begin >= high or not line.endswith(b"\n"):
                high = middle
                continue
            here = number_of(line[:-1])
            if here is None or here == number:
                return None if here is None else line[:-1]
            if here < number:
                low = begin + len(line)
            else:
                high = middle
    return None


def whole_size(fd: int) -> int:
    """The size of an open file up to the end of its last whole row, in bytes."""
    size, window = os.lseek(fd, 0, os.SEEK_END), _TAIL_BYTES
    while True:
        back = max(0, size - window)
        end = os.pread(fd, size - back, back).rfind(b"\n")
        if end >= 0 or back == 0:
            return back + end + 1
        window *= 2
