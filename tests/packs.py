"""Evidence packs of real footage, and ways to tamper with one."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

from shike.capture.archive.export import ExportedRun, Label, export_mp4
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import SegmentRecord, StreamName
from shike.capture.archive.spool import Spool
from shike.capture.clock import SystemClock
from shike.capture.ids import new_id
from shike.capture.proof import timestamps
from shike.capture.proof.excerpt import prove
from shike.capture.proof.pack import Blank, Subject, write_pack
from shike.capture.proof.signing import (
    Signer,
    checkpoint,
    checkpoint_statement,
    introduce,
    signature_text,
)
from shike.capture.proof.signing_keys import SigningKeys
from shike.capture.recorder.config import Lengths
from shike.capture.recorder.ingest import ingest
from shike.capture.recorder.recording import Recording
from tests.camera_sim.conftest import write_clip
from tests.capture.proof.authority import Authority
from tests.recorded import CAMERA

START_US = 1_790_000_000_000_000
HOW_TO = Path(__file__).parents[1] / "capture/proof/evidence/HOW-TO-CHECK.md"


@dataclass(frozen=True)
class Footage:
    """A data folder with footage and keys. `main`: the records of the main stream, oldest first."""

    data: Path
    archive: Archive
    main: tuple[SegmentRecord, ...]

    @classmethod
    def imported(cls, data: Path) -> "Footage":
        """Import a sub-stream and two runs of a main stream with a gap of ten seconds, of a simulated camera."""
        clip = data / "clip.mp4"
        data.mkdir(parents=True)
        write_clip(clip, 320, 180, view=0)
        archive, spool, clock = Archive(data / "footage"), Spool(data / "spool"), SystemClock()
        recording = Recording(archive, spool, clock, Lengths(segment_s=1.0), "test")
        streams: tuple[tuple[StreamName, int], ...] = (("sub", 0), ("main", 0), ("main", 13_200_000))
        for stream, later_us in streams:
            ingest(
                clip,
                CAMERA,
                stream,
                START_US + later_us,
                recording,
                simulated=True,
            )
        records = (record for record in spool.pending() if record.identity.stream == "main")
        return cls(data, archive, tuple(sorted(records, key=lambda record: record.wall_start_us)))

    @classmethod
    def copied(cls, footage: "Footage", data: Path) -> "Footage":
        """A copy that a test may change, without keys: it makes its own."""
        for name in ("footage", "spool"):
            shutil.copytree(footage.data / name, data / name)
        return cls(data, Archive(data / "footage"), footage.main)

    @property
    def signer(self) -> Signer:
        return Signer.at(self.data / "keys")

    def pack(self, target: Path, records: tuple[SegmentRecord, ...] | None = None) -> Path:
        """Write a pack of some segments; of the whole main stream by default."""
        records = self.main if records is None else records
        numbers = [record.link_number for record in records if record.link_number is not None]
        proof = prove(self.archive.chain(CAMERA), CAMERA, numbers, self.signer, SystemClock())
        there = [record for record in records if (self.data / "footage" / record.key).exists()]
        video = target.with_suffix(".mp4")
        export_mp4([_stretch(self.archive, record) for record in there], Label("201", CAMERA, "main", "x", "y"), video)
        gaps = tuple(
            Blank(a.wall_end_us, b.wall_start_us, str(a.ends_run))
            for a, b in pairwise(records)
            if a.identity.run_id != b.identity.run_id
        )
        start_us, end_us = records[0].wall_start_us, records[-1].wall_end_us
        subject = Subject(
            camera_id=CAMERA,
            camera="201 教室 · 前摄像机",
            stream="main",
            start_us=start_us,
            end_us=end_us,
            video_us=(there[0].wall_start_us, there[-1].wall_end_us),
            gaps=gaps,
            unsealed=(Blank(end_us, end_us + 2_000_000, "being_written"),),
            exported_by="chenjing",
            exported_at_us=end_us + 60_000_000,
        )
        write_pack(target, video, self.archive, proof, subject, self.signer)
        video.unlink()
        return target


def _stretch(archive: Archive, record: SegmentRecord) -> ExportedRun:
    first, last = record.fragments[0], record.fragments[-1]
    return ExportedRun(
        run_id=record.identity.run_id,
        origin=record.identity.origin,
        simulated=record.identity.simulated,
        init=archive.read(record.key, 0, record.init_size),
        start_us=record.wall_start_us,
        end_us=record.wall_end_us,
        chunks=iter([archive.read(record.key, first.offset, last.end - first.offset)]),
    )


def extracted(pack: Path, folder: Path) -> Path:
    with ZipFile(pack) as archived:
        archived.extractall(folder)
    return folder


def zipped(folder: Path, target: Path) -> Path:
    with ZipFile(target, "w", ZIP_STORED) as archived:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            archived.write(path, str(path.relative_to(folder)))
    return target


def commands() -> list[tuple[int, str]]:
    """The commands in HOW-TO-CHECK.md, each with the number of its section."""
    numbered: list[tuple[int, str]] = []
    for section in re.split(r"^## ", HOW_TO.read_text(), flags=re.MULTILINE):
        number = re.match(r"\d+", section)
        numbered += [
            (int(number[0]), block) for block in re.findall(r"^```sh\n(.*?)^```$", section, re.M | re.S) if number
        ]
    return numbered


def failing(folder: Path) -> set[int]:
    """The sections of HOW-TO-CHECK.md whose commands fail."""
    failed: set[int] = set()
    for number, command in commands():
        run = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, timeout=60)
        if run.returncode or "FAILED" in run.stdout:
            failed.add(number)
    return failed


def fingerprint(folder: Path) -> str:
    """The output of the command in section 3 of HOW-TO-CHECK.md."""
    (command,) = [command for number, command in commands() if number == 3]
    return subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True).stdout.split()[0]


def manifest(folder: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return value


def stamp(footage: Footage, authority: Authority) -> None:
    """Sign the chain and add an authority's time stamp on the checkpoint."""
    chain = footage.archive.chain(CAMERA)
    closing = checkpoint(chain, CAMERA, footage.signer, SystemClock())
    token = base64.b64encode(timestamps.ask(authority.url, closing.line)).decode()
    fields = {"checkpoint": closing.number, "authority": timestamps.authority(authority.url), "algorithm": "rfc3161"}
    chain.append("timestamp", fields | {"token": token, "at_us": SystemClock().now()})


def signed_with_a_replaced_key(footage: Footage) -> tuple[SegmentRecord, ...]:
    """Add a checkpoint with a key that was already replaced. Returns the segments to pack."""
    chain, old, clock = footage.archive.chain(CAMERA), footage.signer, SystemClock()
    checkpoint(chain, CAMERA, old, clock)
    SigningKeys(footage.data / "keys").renew()
    assert introduce(chain, CAMERA, footage.signer, clock)
    row = chain.append_segment(footage.main[-1].ending("killed"))
    at_us, (number, prev) = clock.now(), chain.place()
    signature = signature_text(old.sign(checkpoint_statement(CAMERA, number, prev, at_us, old.key_id)))
    chain.append("checkpoint", {"camera": CAMERA, "at_us": at_us, "key": old.key_id, "signature": signature})
    return (*footage.main[:-1], footage.main[-1].linked(row.number, row.digest))


# ── Tampering ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def _segment(folder: Path) -> Path:
    return sorted((folder / "segments").iterdir())[1]


def _rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "chain.jsonl").read_text().splitlines()]


def _write_rows(folder: Path, rows: list[dict[str, Any]], *, relink: bool = False) -> None:
    lines: list[bytes] = []
    for row in rows:
        if relink and lines:
            row["prev"] = f"sha256:{hashlib.sha256(lines[-1]).hexdigest()}"
        lines.append(json.dumps(row, separators=(",", ":"), ensure_ascii=False).encode())
    (folder / "chain.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))


def _sum_anew(folder: Path) -> None:
    """Correct the digests in SHA256SUMS and in the manifest, as anybody can, without signing the manifest."""
    changed = manifest(folder)
    for entry in changed["files"]:
        content = (folder / entry["name"]).read_bytes()
        entry |= {"bytes": len(content), "digest": f"sha256:{hashlib.sha256(content).hexdigest()}"}
    (folder / "manifest.json").write_text(json.dumps(changed, ensure_ascii=False, indent=1) + "\n")
    names = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "SHA256SUMS"]
    sums = (f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n" for path in names)
    (folder / "SHA256SUMS").write_text("".join(sums))


def _sign_anew(folder: Path, signer: Signer) -> None:
    """Sign the manifest with another key and replace public.pem with that key."""
    changed = manifest(folder) | {"key": signer.key_id}
    (folder / "public.pem").write_bytes(signer.public_pem)
    (folder / "manifest.json").write_text(json.dumps(changed, ensure_ascii=False, indent=1) + "\n")
    _sum_anew(folder)
    (folder / "manifest.sig").write_bytes(signer.sign((folder / "manifest.json").read_bytes()))
    _sum_anew(folder)


def byte_in_a_segment(folder: Path) -> None:
    _flip(_segment(folder), 2000)


def byte_in_a_segment_and_digests_anew(folder: Path) -> None:
    _flip(_segment(folder), 2000)
    _sum_anew(folder)


def byte_in_the_video(folder: Path) -> None:
    _flip(folder / "video.mp4", 5000)


def manifest_says_another_camera(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace("201 教室", "202 教室"))
    sums = folder / "SHA256SUMS"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    sums.write_text(re.sub(r"^.*(?=  manifest\.json$)", digest, sums.read_text(), flags=re.M))


def segment_dropped(folder: Path) -> None:
    _segment(folder).unlink()


def row_dropped(folder: Path) -> None:
    rows = [row for row in _rows(folder) if not str(row.get("key")).endswith(_segment(folder).name)]
    _write_rows(folder, rows)


def row_changed(folder: Path) -> None:
    rows = _rows(folder)
    rows[1]["start_us"] += 3600_000_000
    _write_rows(folder, rows)


def row_changed_and_linked_anew(folder: Path) -> None:
    rows = _rows(folder)
    rows[1]["start_us"] += 3600_000_000
    _write_rows(folder, rows, relink=True)
    closing = rows[-1]
    values = (closing["camera"], closing["number"], closing["prev"], closing["at_us"], closing["key"])
    (folder / "checkpoint.txt").write_bytes(checkpoint_statement(*values))
    _sum_anew(folder)


def rows_swapped(folder: Path) -> None:
    rows = _rows(folder)
    rows[1], rows[2] = rows[2], rows[1]
    _write_rows(folder, rows)


def signature_swapped(folder: Path) -> None:
    shutil.copy(folder / "checkpoint.sig", folder / "manifest.sig")


def foreign_signer(folder: Path) -> None:
    """Sign the manifest with a foreign key; the chain stays signed with the installation's key."""
    _sign_anew(folder, Signer.at(folder.parent / f"foreign-{new_id()}"))


def file_put_in(folder: Path) -> None:
    (folder / "segments" / "20990101T000000.000000Z_extra.mp4").write_bytes(b"extra")


def by_the_keeper_of_the_key(folder: Path, signer: Signer) -> None:
    """The holder of the key removes a segment and signs the manifest again. The chain still has its row."""
    gone = _segment(folder)
    gone.unlink()
    changed = manifest(folder)
    changed["files"] = [entry for entry in changed["files"] if entry["name"] != f"segments/{gone.name}"]
    (folder / "manifest.json").write_text(json.dumps(changed, ensure_ascii=False, indent=1) + "\n")
    _sign_anew(folder, signer)


def _put_checkpoint(folder: Path, fields: Mapping[str, Any], signer: Signer) -> str:
    """Replace the checkpoint files by a signed checkpoint with these fields. Returns the signature for its row."""
    statement = checkpoint_statement(*(fields[name] for name in ("camera", "number", "prev", "at_us", "key")))
    (folder / "checkpoint.txt").write_bytes(statement)
    (folder / "checkpoint.sig").write_bytes(signer.sign(statement))
    _sign_anew(folder, signer)
    return signature_text(signer.sign(statement))


def checkpoint_of_another_moment(folder: Path, signer: Signer) -> None:
    """The holder of the key replaces the checkpoint files by a valid checkpoint that is not the last row."""
    closing = _rows(folder)[-1]
    _put_checkpoint(folder, closing | {"at_us": closing["at_us"] - 86_400_000_000}, signer)


def checkpoint_of_another_camera(folder: Path, signer: Signer) -> None:
    """The last row and the checkpoint files are a valid checkpoint of another camera's chain."""
    rows = _rows(folder)
    rows[-1] |= {"camera": new_id()}
    rows[-1]["signature"] = _put_checkpoint(folder, rows[-1], signer)
    _write_rows(folder, rows)
    _sign_anew(folder, signer)


@dataclass(frozen=True)
class Tampering:
    """A way to tamper with a pack.

    `sections`: those of HOW-TO-CHECK.md that fail. `items`: those of check.html that fail. `names`: text in its output.
    """

    do: Callable[[Path], None]
    sections: frozenset[int]
    items: frozenset[int]
    names: str

    @property
    def item(self) -> int:
        return min(self.items)


TAMPERED: Mapping[str, Tampering] = {
    "a byte in a segment": Tampering(byte_in_a_segment, frozenset({1, 6}), frozenset({6, 7}), "文件在录制之后被改动"),
    "a byte in a segment, all digests made anew": Tampering(
        byte_in_a_segment_and_digests_anew, frozenset({2, 6}), frozenset({2, 6}), "manifest.json"
    ),
    "a byte in the video": Tampering(byte_in_the_video, frozenset({1}), frozenset({7}), "video.mp4"),
    "another camera in the manifest": Tampering(
        manifest_says_another_camera, frozenset({2}), frozenset({2}), "manifest.json"
    ),
    "a segment dropped": Tampering(segment_dropped, frozenset({1}), frozenset({1, 6, 7}), "segments/"),
    "a row dropped": Tampering(row_dropped, frozenset({1, 4, 6}), frozenset({3, 6, 7}), "行"),
    "a row changed": Tampering(row_changed, frozenset({1, 4}), frozenset({3, 6, 7}), "行被改动"),
    "a row changed, all links made anew": Tampering(
        row_changed_and_linked_anew, frozenset({2, 5}), frozenset({2, 5, 6}), "manifest.json"
    ),
    "two rows swapped": Tampering(rows_swapped, frozenset({1, 4}), frozenset({3, 7}), "自称第"),
    "another signature": Tampering(signature_swapped, frozenset({1, 2}), frozenset({2, 7}), "签名"),
    "a manifest signed by somebody else": Tampering(foreign_signer, frozenset({7}), frozenset({4}), "不在记录链中"),
    "a file put in": Tampering(file_put_in, frozenset({6}), frozenset({1, 7}), "不在清单中"),
}


def public_fingerprint(signer: Signer) -> str:
    return hashlib.sha256(signer.public_der).hexdigest()
