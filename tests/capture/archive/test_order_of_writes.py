"""The order of system calls that makes a segment durable equals the order in docs/design/capture.md."""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import shike
from shike.capture.archive.files import Archive
from shike.capture.archive.spool import Spool
from shike.capture.clock import SystemClock
from shike.capture.recorder.config import Lengths
from shike.capture.recorder.recording import Recording
from shike.capture.recorder.recovery import recover_all
from shike.capture.recorder.segmenter import Segmenter
from shike.capture.recorder.writer import Writer
from tests.recording import Recorded


class Calls:
    """Records which call is made on which kind of file. Consecutive equal calls are recorded once."""

    def __init__(self, data: Path, patch: pytest.MonkeyPatch) -> None:
        self.seen: list[str] = []
        self._data = data
        for name in ("write", "pwrite", "fsync", "fdatasync", "ftruncate"):
            patch.setattr(os, name, self._on_fd(name, getattr(os, name)))
        for name in ("mkdir", "replace", "unlink"):
            patch.setattr(os, name, self._on_path(name, getattr(os, name)))

    def _on_fd(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(fd: int, *rest: Any) -> Any:
            self._note(name, str(Path(f"/proc/self/fd/{fd}").readlink()))
            return real(fd, *rest)

        return call

    def _on_path(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, *rest: Any, **named: Any) -> Any:
            self._note(name, str(rest[0] if name == "replace" else path))
            return real(path, *rest, **named)

        return call

    def _note(self, name: str, path: str) -> None:
        if path.startswith(str(self._data)):
            call = f"{name} {_kind(path.removeprefix(str(self._data)))}"
            if not self.seen or self.seen[-1] != call:
                self.seen.append(call)


def _kind(path: str) -> str:
    kinds = {
        r"\.open\.json(\.new)?$": "marker",
        r"\.mp4$": "file",
        r"/chain/.*\.jsonl$": "chain",
        r"/chain$": "chain's folder",
        r"^/spool/.*\.json(\.new)?$": "record",
        r"^/spool$": "spool",
        r"/\d{8}$": "day's folder",
        r"/main$": "stream's folder",
        r"^/footage/[^/]*$": "camera's folder",
        r"^/footage$": "footage",
    }
    return next(kind for pattern, kind in kinds.items() if re.search(pattern, path))


def test_a_segment_is_a_marker_then_a_file_then_a_link_then_a_record(
    recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = recorded.records[0]
    (tmp_path / "footage").mkdir()
    archive, spool = Archive(tmp_path / "footage"), Spool(tmp_path / "spool")
    init = recorded.archive.read(record.key, 0, record.init_size)
    started_us = record.identity.started_us
    lengths = Lengths(segment_s=60, sync_beat_s=0)
    identity = replace(record.identity, sequence=0)
    writer = Writer(Recording(archive, spool, SystemClock(), lengths, "test"))
    segmenter = Segmenter(writer, lengths, identity, init, lambda media_us: started_us + media_us)
    calls = Calls(tmp_path, monkeypatch)
    for fragment in record.fragments[:2]:
        segmenter.append(recorded.archive.read(record.key, fragment.offset + 32, fragment.size - 32))
    segmenter.close("stopped")
    monkeypatch.undo()
    assert calls.seen == [
        *("mkdir camera's folder", "fsync footage"),
        *("fsync marker", "replace marker", "fsync camera's folder"),
        *("mkdir stream's folder", "fsync camera's folder"),
        *("mkdir day's folder", "fsync stream's folder"),
        *("write file", "fsync day's folder"),
        *("write file", "fdatasync file"),
        *("write file", "fdatasync file"),
        *("write file", "fsync file"),
        *("mkdir chain's folder", "fsync camera's folder"),
        *("ftruncate chain", "pwrite chain", "fsync chain", "fsync chain's folder"),
        *("fsync record", "replace record", "fsync spool"),
        "unlink marker",
    ]


def test_the_file_of_a_dead_writer_is_synced_before_it_is_read_and_again_before_it_is_linked(
    recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = recorded.records[0]
    archive, spool = Archive(tmp_path / "footage"), Spool(tmp_path / "spool")
    (tmp_path / "footage").mkdir()
    init = recorded.archive.read(record.key, 0, record.init_size)
    file = archive.create(record.identity, init, SystemClock(), 60)
    fragment = record.fragments[0]
    file.append(recorded.archive.read(record.key, fragment.offset + 32, fragment.size - 32), fragment.wall_us)
    file.abandon()
    calls = Calls(tmp_path, monkeypatch)
    assert recover_all(archive, spool) == 1
    monkeypatch.undo()
    assert calls.seen == [
        *("fsync file", "ftruncate file", "pwrite file", "fsync file", "fsync day's folder"),
        *("mkdir chain's folder", "fsync camera's folder"),
        *("ftruncate chain", "pwrite chain", "fsync chain", "fsync chain's folder"),
        *("fsync record", "replace record", "fsync spool"),
        "unlink marker",
    ]


def test_only_one_module_creates_segment_files_and_only_one_hands_them_over() -> None:
    # The rooms are symbolic links, which rglob does not follow.
    rooms = [room for room in Path(shike.__file__).parent.iterdir() if room.is_dir()]
    sources = {path: path.read_text() for room in rooms for path in room.resolve().rglob("*.py")}
    makes = {path.stem for path, text in sources.items() if re.search(r"\bSegmentFile\(", text)}
    creates = {path.stem for path, text in sources.items() if re.search(r"rchive\.create\(", text)}
    hands_over = {path.stem for path, text in sources.items() if "spool.put(" in text}
    assert (makes, creates) == ({"files"}, {"writer"})
    assert hands_over == {"hand_over"}, "a record that bypasses the chain"
