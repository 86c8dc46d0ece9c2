"""Files of dead writers are cut, closed and handed over, never overwritten, and never taken from a living writer."""

import os
import shutil
import struct
import tracemalloc
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from shike.attendance.footage.fragment_table import pack
from shike.camera_sim import CameraSim
from shike.capture.archive.chain import sha256
from shike.capture.archive.files import Archive
from shike.capture.archive.hand_over import hand_over
from shike.capture.archive.scan import read_contents
from shike.capture.archive.segment import Closing, SegmentRecord
from shike.capture.archive.segment_file import SegmentFile
from shike.capture.archive.spool import Spool
from shike.capture.clock import SystemClock
from shike.capture.errors import DiskError, StillWritten
from shike.capture.ids import new_id
from shike.capture.mp4.boxes import closing_box, find
from shike.capture.recorder.config import Lengths
from shike.capture.recorder.recording import Recording
from shike.capture.recorder.recovery import recover_all
from shike.capture.recorder.segmenter import Segmenter
from shike.capture.recorder.writer import Writer
from tests.recorded import CAMERA, strips, wait_until
from tests.recording import camera_thread, sharing

from .left_open import Left

# Size of the closing box that recovery writes after the last whole fragment.
CLOSED = len(closing_box(Closing("killed").to_json()))


def test_a_segment_is_cut_after_its_last_whole_fragment(left: Left) -> None:
    fourth = left.record.fragments[3]
    whole = left.recorded.archive.read(left.record.key, fourth.offset, fourth.size)
    for torn in (whole[:4], whole[:20], whole[:40], whole[:200], whole[:-1], bytes(5000), b"moof" * 900):
        file = left.write(3)
        left.append(file, torn)
        file.abandon()
        assert recover_all(left.archive, left.spool) == 1
        (record,) = left.spool.pending()
        assert record.fragments == left.record.fragments[:3]
        assert file.path.stat().st_size == record.size == record.fragments[-1].end + CLOSED
        assert record.digest == sha256(file.path.read_bytes())
        assert record.ends_run == "killed"
        assert strips(left.archive.read(record.key, 0, record.size))
        assert list(left.archive.unfinished()) == []
        left.spool.done([record])


def test_recovery_holds_a_file_only_once_in_memory(left: Left) -> None:
    file = left.write(1)
    first = left.recorded.archive.read(left.record.key, left.record.fragments[0].offset, left.record.fragments[0].size)
    moof = find(first, b"moof")
    size = 16 << 20
    file.append(first[moof.start : moof.end] + struct.pack(">I4s", 8 + size, b"mdat") + bytes(size), 1)
    file.abandon()
    tracemalloc.start()
    record = left.archive.recover(CAMERA, "main", "killed")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert record is not None and len(record.fragments) == 2
    assert record.digest == sha256(file.path.read_bytes())
    assert peak < 1.5 * size


def test_a_file_whose_head_is_damaged_is_kept(left: Left) -> None:
    file = left.write(len(left.record.fragments))
    file.abandon()
    with file.path.open("r+b") as raw:
        raw.write(bytes(64))
    size = file.path.stat().st_size
    assert recover_all(left.archive, left.spool) == 0
    assert file.path.with_name(file.path.name + ".damaged").stat().st_size == size
    assert list(left.archive.unfinished()) == []


@pytest.mark.parametrize("damage", ["head", "fragment", "torn head", "another's head"])
def test_a_short_file_that_is_no_bare_head_is_kept_as_well(left: Left, damage: str) -> None:
    file = left.write(1)
    file.abandon()
    whole, head = file.path.read_bytes(), left.record.head_size
    # Few bytes, as from a camera in a dark room: only a part of its first fragment.
    spoilt = {
        "head": bytes(64) + whole[64 : head + 4000],
        "fragment": whole[: head + 4000],
        "torn head": whole[: head - 5],
        "another's head": left.recorded.archive.read(left.record.key, 0, head),
    }[damage]
    file.path.write_bytes(spoilt)
    assert recover_all(left.archive, left.spool) == 0
    assert file.path.with_name(file.path.name + ".damaged").read_bytes() == spoilt
    assert list(left.archive.unfinished()) == []


@pytest.mark.parametrize("size", [0, None], ids=["empty", "a head"])
def test_a_file_with_nothing_in_it_is_removed(left: Left, size: int | None) -> None:
    file = left.write(0)
    file.abandon()
    file.path.write_bytes(file.path.read_bytes()[:size])
    assert recover_all(left.archive, left.spool) == 0
    assert list(file.path.parent.iterdir()) == [] and list(left.archive.unfinished()) == []


def test_a_marker_without_a_file_is_forgotten(left: Left) -> None:
    file = left.write(2)
    file.abandon()
    file.path.unlink()
    assert recover_all(left.archive, left.spool) == 0
    assert list(left.archive.unfinished()) == []


def test_the_file_of_a_living_writer_is_not_recovered(left: Left) -> None:
    file = left.write(2)
    with pytest.raises(StillWritten):
        left.archive.recover(CAMERA, "main", "killed")
    assert recover_all(left.archive, left.spool) == 0
    assert left.archive.open_key(CAMERA, "main") is not None
    file.abandon()
    assert recover_all(left.archive, left.spool) == 1


def test_closing_an_old_segment_does_not_hide_the_one_that_is_open_by_now(left: Left) -> None:
    old = left.write(2)
    record = old.close("stopped", None, 0, old.identity.object_key)
    hand_over(left.archive, left.spool, record)
    new = left.write(1)
    hand_over(left.archive, left.spool, record)  # by a recovery that began earlier
    assert left.archive.open_key(CAMERA, "main") == new.identity.object_key
    hand_over(left.archive, left.spool, new.close("stopped", None, 0, new.identity.object_key))
    assert left.archive.open_key(CAMERA, "main") is None


def test_nothing_is_begun_over_a_segment_that_is_not_closed_yet(left: Left) -> None:
    file = left.write(2)
    with pytest.raises(StillWritten):
        left.write(1)
    file.abandon()
    with pytest.raises(StillWritten):
        left.write(1)
    assert left.archive.open_key(CAMERA, "main") == file.identity.object_key
    assert recover_all(left.archive, left.spool) == 1
    left.write(1).abandon()


def test_a_file_that_is_there_is_never_written_over(left: Left) -> None:
    identity = replace(left.record.identity, segment_id=new_id())
    there = left.root / identity.object_key
    there.parent.mkdir(parents=True)
    there.write_bytes(b"evidence")
    init = left.recorded.archive.read(left.record.key, 0, left.record.init_size)
    with pytest.raises(DiskError):
        left.archive.create(identity, init, SystemClock(), 60)
    assert there.read_bytes() == b"evidence"


def test_recovery_does_not_look_between_the_marker_and_the_lock_of_its_file(
    left: Left, monkeypatch: pytest.MonkeyPatch
) -> None:
    recovered: list[int] = []
    real = os.open

    def look() -> None:
        recovered.append(recover_all(left.archive, left.spool))

    def opening(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        if not (str(path).endswith(".mp4") and flags & os.O_CREAT):
            return real(path, flags, *rest, **named)
        look()  # the marker exists, the file does not
        handle = real(path, flags, *rest, **named)
        look()  # the file exists and is not locked
        return handle

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", opening)
        file = left.write(0)
    assert recovered == [0, 0]
    assert file.path.exists() and left.archive.open_key(CAMERA, "main") == file.identity.object_key
    file.abandon()


def test_a_segment_that_is_closed_but_not_handed_over_yet_is_not_taken_for_left_over(
    left: Left, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer continues with the next file: a record with `killed` would be wrong."""
    record = left.record
    init = left.recorded.archive.read(record.key, 0, record.init_size)
    writer = Writer(Recording(left.archive, left.spool, SystemClock(), Lengths(), "test"))
    segmenter = Segmenter(writer, Lengths(), record.identity, init, lambda at: at)
    fragment = record.fragments[0]
    segmenter.append(left.recorded.archive.read(record.key, fragment.offset, fragment.size)[32:])
    recovered: list[int] = []
    real = Spool.put

    def put(self: Spool, given: SegmentRecord) -> None:
        if not recovered:
            recovered.append(0)
            recovered[0] = recover_all(left.archive, left.spool)
        real(self, given)

    monkeypatch.setattr(Spool, "put", put)
    segmenter.close("stopped")
    assert recovered == [0]
    assert [row.fields["ends_run"] for row in left.archive.chain(CAMERA).links()] == ["stopped"]


@pytest.mark.parametrize(
    "marker",
    [b"", b"{", b"[]", b'"x"', b'{"key": null}', b'{"key": "../../etc/passwd"}', b'{"key": "\\u0000"}', b"[" * 100_000],
)
def test_a_marker_that_cannot_be_read_is_set_aside_and_recording_goes_on(left: Left, marker: bytes) -> None:
    left.write(2).abandon()
    path = left.root / CAMERA / "main.live.open.json"
    path.write_bytes(marker)
    assert left.archive.open_key(CAMERA, "main") is None
    assert left.archive.recover(CAMERA, "main", "killed") is None
    assert path.with_name(path.name + ".damaged").read_bytes() == marker
    left.write(1).abandon()
    assert recover_all(left.archive, left.spool) == 1


def test_recovery_closes_a_damaged_file_or_sets_it_aside_whatever_it_contains(left: Left) -> None:
    file = left.write(3)
    file.abandon()
    whole, marker = file.path.read_bytes(), (left.root / CAMERA / "main.live.open.json").read_bytes()
    random = Random(1)
    for number in range(400):
        damaged = bytearray(whole)
        at = random.randrange(left.record.head_size + 200) if number % 2 else random.randrange(len(whole))
        spoilt = random.randbytes(random.choice((1, 4, 64))) if number % 3 else bytes(random.choice((4, 16, 512)))
        damaged[at : at + len(spoilt)] = spoilt
        record = read_contents(damaged)
        if record is not None:
            pack(record.fragments)  # the index can store them
            assert record.head.identity.object_key
    for timescale in (bytes(4), b"\xff" * 4):
        damaged = bytearray(whole)
        at = damaged.index(b"mdhd") + 16
        damaged[at : at + 4] = timescale
        file.path.write_bytes(damaged)
        (left.root / CAMERA / "main.live.open.json").write_bytes(marker)
        recover_all(left.archive, left.spool)
        assert list(left.archive.unfinished()) == []


def test_recovering_twice_gives_the_same_record(left: Left) -> None:
    file = left.write(3)
    file.abandon()
    first = left.archive.recover(CAMERA, "main", "killed")
    again = left.archive.recover(CAMERA, "main", "killed")
    assert first is not None and first == again


def test_a_spool_that_refuses_leaves_the_marker_and_nothing_new_is_opened_over_it(
    sim: CameraSim, tmp_path: Path
) -> None:
    recording = sharing(tmp_path)
    thread = camera_thread(sim, recording)
    thread.start()
    wait_until(lambda: recording.archive.open_key(CAMERA, "main"), "the first segment is open")
    # A file in place of the folder makes every write fail, even for root.
    shutil.rmtree(tmp_path / "spool")
    (tmp_path / "spool").write_text("")
    key = recording.archive.open_key(CAMERA, "main")
    wait_until(lambda: thread.health.cause == "disk_failed", "the failure is reported")
    wait_until(lambda: thread.health.attempt >= 2, "another try")
    assert recording.archive.open_key(CAMERA, "main") == key
    (tmp_path / "spool").unlink()
    (tmp_path / "spool").mkdir()
    wait_until(lambda: thread.health.state == "recording", "it records again")
    thread.stop()
    thread.join(20)
    records = list(recording.spool.pending())
    assert records[0].key == key and records[0].ends_run == "disk_failed"
    assert sorted(record.key for record in records) == sorted(
        str(path.relative_to(tmp_path / "footage")) for path in (tmp_path / "footage").rglob("*.mp4")
    )


def test_a_failed_head_leaves_no_file_descriptor_and_no_lock(left: Left, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))

    def full(self: SegmentFile, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(SegmentFile, "_write", full)
        with pytest.raises(DiskError) as error:
            left.write(0)
    assert error.value.cause == "disk_full"
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert recover_all(left.archive, left.spool) == 0
    assert list(left.archive.unfinished()) == []


def test_a_key_cannot_leave_the_archive(left: Left) -> None:
    for key in ("../x.mp4", "/etc/passwd", "a/../../x"):
        with pytest.raises(Exception, match="leaves the archive"):
            left.archive.read(key, 0, 1)


def test_a_damaged_record_is_set_aside_and_the_others_are_read(left: Left, tmp_path: Path) -> None:
    for record in left.recorded.records:
        left.spool.put(record)
    (tmp_path / "spool" / "00000000.json").write_text('{"identity": ')
    assert list(left.spool.pending()) == left.recorded.records
    assert list(left.spool.pending()) == left.recorded.records
    assert (tmp_path / "spool" / "00000000.damaged").exists()


def test_a_record_that_is_taken_while_another_reads_the_spool_is_no_error(left: Left) -> None:
    for record in left.recorded.records:
        left.spool.put(record)
    reading = left.spool.pending()
    assert next(reading) == left.recorded.records[0]
    left.spool.done(left.recorded.records)
    assert list(reading) == []


def test_a_segment_that_its_writer_closed_keeps_its_own_ending_and_has_one_link(left: Left) -> None:
    """A power cut after the file was closed, before or after its row was added: the spool has no record yet."""
    for linked in (False, True):
        file = left.write(3)
        closed = file.close("camera_silent", 120, 2, file.identity.object_key)
        if linked:
            left.archive.chain(CAMERA).append_segment(closed)
        assert recover_all(left.archive, left.spool) == 1
        (record,) = left.spool.pending()
        assert record.digest == closed.digest == sha256(file.path.read_bytes())
        assert (record.ends_run, record.clock_offset_ms, record.dropped) == ("camera_silent", 120, 2)
        rows = [
            link for link in left.archive.chain(CAMERA).links() if link.fields["segment"] == record.identity.segment_id
        ]
        assert [(link.number, link.digest) for link in rows] == [(record.link_number, record.link)]
        left.spool.done([record])


def test_a_closed_file_holds_all_of_its_record_except_digest_and_link(left: Left) -> None:
    file = left.write(3)
    closed = file.close("parameters_changed", -40, 7, file.identity.object_key)
    assert left.archive.examine(closed.key) == replace(closed, digest=None)


def test_a_run_whose_next_file_cannot_be_begun_ends_with_the_reason_and_not_without_one(
    left: Left, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = left.record
    init = left.recorded.archive.read(record.key, 0, record.init_size)
    lengths = Lengths(segment_s=0.1)
    writer = Writer(Recording(left.archive, left.spool, SystemClock(), lengths, "test"))
    segmenter = Segmenter(writer, lengths, record.identity, init, lambda media: media)
    whole = [left.recorded.archive.read(record.key, f.offset, f.size)[32:] for f in record.fragments]
    segmenter.append(whole[0])
    with monkeypatch.context() as patched:
        patched.setattr(Archive, "create", lambda *_: (_ for _ in ()).throw(DiskError("disk_full", "no space left")))
        with pytest.raises(DiskError):
            for payload in whole[1:]:
                segmenter.append(payload)
    assert writer.unended is not None
    hand_over(left.archive, left.spool, writer.unended.ending("disk_full"))
    (stored,) = left.spool.pending()
    assert stored.ends_run == "disk_full"
    rows = list(left.archive.chain(CAMERA).links())
    assert [row.fields["ends_run"] for row in rows] == [None, "disk_full"]
    assert len({row.fields["digest"] for row in rows}) == 1
    assert stored.link_number == 2
