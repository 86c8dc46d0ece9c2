"""The chain of a camera: one order of rows from several writers, torn rows, and the digest of the row before."""

import hashlib
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from shike.capture.archive import chain as chain_module
from shike.capture.archive import chain_file
from shike.capture.archive.chain import LINKS_PER_FILE, Chain, Link
from shike.capture.errors import FootageError
from tests.recording import Recorded

APPEND = """
import sys
from pathlib import Path
from shike.capture.archive.chain import Chain
for number in range(40):
    Chain(Path(sys.argv[1])).append("note", {"by": sys.argv[2], "at": number})
"""


def test_each_row_holds_the_digest_of_the_row_before_as_common_tools_compute_it(tmp_path: Path) -> None:
    chain = Chain(tmp_path)
    for number in range(5):
        chain.append("note", {"word": f"第{number}行"})
    lines = (tmp_path / "000000001.jsonl").read_bytes().split(b"\n")[:-1]
    links = list(chain.links())
    assert [link.number for link in links] == [1, 2, 3, 4, 5]
    assert links[0].prev == ""
    for before, after in zip(lines, links[1:], strict=False):
        assert after.prev == f"sha256:{hashlib.sha256(before).hexdigest()}"
    assert chain.head() == links[-1]


def test_writers_in_several_processes_make_one_unbroken_chain(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", APPEND, str(tmp_path), name]) for name in ("a", "b", "c")]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    links = list(Chain(tmp_path).links())
    assert [link.number for link in links] == list(range(1, 121))
    assert all(after.prev == before.digest for before, after in pairwise(links))
    for name in ("a", "b", "c"):
        assert [link.fields["at"] for link in links if link.fields["by"] == name] == list(range(40))


def test_a_torn_row_does_not_count_and_the_next_row_replaces_it(tmp_path: Path) -> None:
    chain = Chain(tmp_path)
    chain.append("note", {"word": "first"})
    with (tmp_path / "000000001.jsonl").open("ab") as file:
        file.write(b'{"number":2,"prev":"sha2')
    assert [link.number for link in chain.links()] == [1]
    chain.append("note", {"word": "second"})
    assert [link.fields["word"] for link in chain.links()] == ["first", "second"]


def test_a_long_chain_goes_on_in_the_next_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain_module, "LINKS_PER_FILE", 3)
    chain = Chain(tmp_path)
    for number in range(8):
        chain.append("note", {"word": number})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000000001.jsonl", "000000004.jsonl", "000000007.jsonl"]
    links = list(chain.links())
    assert all(after.prev == before.digest for before, after in pairwise(links))
    assert [link.number for link in chain.links(first=5)] == [5, 6, 7, 8]


def test_a_row_that_cannot_be_read_is_an_error_and_not_an_end(tmp_path: Path) -> None:
    chain = Chain(tmp_path)
    for number in range(3):
        chain.append("note", {"word": number})
    path = tmp_path / "000000001.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"kind":"note","word":1', b'"kind":"note","word"'))
    with pytest.raises(FootageError):
        list(chain.links())


def test_a_damaged_row_does_not_stop_the_rows_after_it(tmp_path: Path) -> None:
    chain = Chain(tmp_path)
    for number in range(3):
        chain.append("note", {"word": number})
    path = tmp_path / "000000001.jsonl"
    spoilt = path.read_bytes().split(b"\n")[2].replace(b'"kind"', b'"kin')
    path.write_bytes(b"\n".join([*path.read_bytes().split(b"\n")[:2], spoilt, b""]))
    link = chain.append("note", {"word": "after"})
    assert (link.number, link.prev) == (4, f"sha256:{hashlib.sha256(spoilt).hexdigest()}")
    assert [at for at, _ in chain.rows()] == [1, 2, 3, 4]


def test_a_chain_of_many_rows_is_read_from_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain_module, "LINKS_PER_FILE", 7)
    monkeypatch.setattr(chain_file, "_TAIL_BYTES", 400)
    chain = Chain(tmp_path)
    for number in range(20):
        chain.append("note", {"word": number})
    assert [link.number for link in chain.backwards()] == list(range(20, 0, -1))
    assert all(after.prev == before.digest for before, after in pairwise(chain.links()))
    assert chain.place() == (21, list(chain.links())[-1].digest)
    with chain.turn() as append:
        assert append("note", {"word": "in turn"}).number == 21


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Limit the size of files: a write stores what fits and the next one fails, as on a full volume."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_row_that_the_volume_stores_only_in_part_does_not_count(tmp_path: Path) -> None:
    chain, path = Chain(tmp_path), tmp_path / "000000001.jsonl"
    first = chain.append("note", {"word": "first"})
    size = path.stat().st_size
    with files_of_at_most(size + 20), pytest.raises(OSError, match="too large"):
        chain.append("note", {"word": "second"})
    assert path.stat().st_size == size
    third = chain.append("note", {"word": "third"})
    assert (third.number, third.prev) == (2, first.digest)


def test_a_row_whose_sync_fails_is_removed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = Chain(tmp_path)
    chain.append("note", {"word": "first"})
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", broken)
        with pytest.raises(OSError, match="broken"):
            chain.append("note", {"word": "second"})
    assert [link.fields["word"] for link in chain.links()] == ["first"]


def broken(_fd: int) -> None:
    raise OSError(5, "broken")


def test_a_row_found_again_is_synced_before_it_counts(
    recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, record = Chain(tmp_path), recorded.records[0]
    link = chain.append_segment(record)
    synced: list[str] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        synced.append(Path(f"/proc/self/fd/{fd}").readlink().name)
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    assert chain.append_segment(record) == link
    assert synced == ["000000001.jsonl", tmp_path.name]


def test_a_row_that_is_longer_than_what_is_read_from_the_end_does_not_begin_the_chain_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain_file, "_TAIL_BYTES", 200)
    chain = Chain(tmp_path)
    chain.append("note", {"word": "short"})
    chain.append("note", {"word": "long" * 500})
    with (tmp_path / "000000001.jsonl").open("ab") as file:
        file.write(b'{"number":3,"prev":"' + b"torn" * 500)
    assert chain.place()[0] == 3
    chain.append("note", {"word": "after"})
    links = list(chain.links())
    assert [link.number for link in links] == [1, 2, 3]
    assert all(after.prev == before.digest for before, after in pairwise(links))
    assert [link.number for link in chain.backwards()] == [3, 2, 1]


def test_a_row_that_is_longer_than_the_limit_is_refused(tmp_path: Path) -> None:
    chain = Chain(tmp_path)
    chain.append("note", {"word": "short"})
    with pytest.raises(FootageError, match="kind note"):
        chain.append("note", {"word": "x" * chain_module.LONGEST_ROW})
    assert chain.append("note", {"word": "after"}).number == 2


def test_a_row_whose_number_is_no_integer_cannot_be_read() -> None:
    for number in (b"Infinity", b"NaN", b"null", b"[]"):
        with pytest.raises(FootageError):
            Link.parse(b'{"number":' + number + b',"prev":"","kind":"note"}')


def test_a_row_is_found_by_its_number_and_link_even_if_other_rows_are_falsified(tmp_path: Path) -> None:
    chain = Chain(tmp_path / "chain")
    links = [chain.append("note", {"long": "x" * (each * 37 % 900)}) for each in range(60)]
    assert all(chain.holds(each.number, each.digest) for each in links)
    assert not chain.holds(3, links[3].digest) and not chain.holds(61, links[0].digest)
    assert not chain.holds(LINKS_PER_FILE + 1, links[0].digest)
    (file,) = (tmp_path / "chain").iterdir()
    lines = file.read_bytes().splitlines(keepends=True)
    lines[30] = lines[30].replace(b'"number":31', b'"number":99')
    lines[40] = b"spoilt\n"
    file.write_bytes(b"".join(lines))
    assert [each.number for each in links if not chain.holds(each.number, each.digest)] == [31, 41]
