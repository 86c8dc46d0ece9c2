"""Writes an evidence pack: a ZIP of footage and its proof, which anybody can check with common tools.

Segment files and chain rows go in unchanged. `manifest.json` lists every file with its digest and is signed. Not here:
the choice of rows (excerpt), permissions (api). Design: docs/design/integrity.md, "The pack"; format:
docs/reference/files.md.
"""

import base64
import hashlib
import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from shike.capture.archive.chain import Link
from shike.capture.archive.files import Archive
from shike.capture.errors import NoFootage
from shike.capture.moment import BEIJING, from_us
from shike.capture.proof.excerpt import Proof
from shike.capture.proof.signing import Signer, checkpoint_statement, key_statement

FORMAT = "shike evidence pack 1"
# The instructions for checking by hand, in two languages: name in the pack → name in the folder `evidence`.
HOW_TO = {"HOW-TO-CHECK.md": "HOW-TO-CHECK.md", "如何核验.md": "HOW-TO-CHECK.zh-CN.md"}
_SCRIPTS = ("bytes.js", "checks.js", "words.js", "page.js")
_CHUNK_BYTES = 1 << 20
_ZIP64_FROM = 1 << 31


@dataclass(frozen=True, slots=True)
class Blank:
    """A part of the range without footage in the pack, with the code of the reason. Times in µs UTC."""

    start_us: int
    end_us: int
    reason: str


@dataclass(frozen=True, slots=True)
class Subject:
    """The subject of a pack, as its manifest describes it. Times in µs UTC.

    `start_us`, `end_us`: the requested range. `video_us`: start and end of video.mp4. `gaps`: not recorded. `unsealed`:
    recorded but left out, because the chain has no row for it (yet).
    """

    camera_id: str
    camera: str
    stream: str
    start_us: int
    end_us: int
    video_us: tuple[int, int]
    gaps: tuple[Blank, ...]
    unsealed: tuple[Blank, ...]
    exported_by: str
    exported_at_us: int


def write_pack(target: Path, video: Path, archive: Archive, proof: Proof, subject: Subject, signer: Signer) -> str:
    """Write a pack and return the digest of its manifest. `video`: the export of the same footage.

    The manifest lists a segment whose file is gone as absent. A file that differs from its row goes in unchanged, and
    a check of the pack finds it. OSError if the volume refuses. NoFootage if no file is left, or if a clean-up deletes
    one meanwhile: a second attempt then lists it as deleted.
    """
    written = from_us(subject.exported_at_us).astimezone(BEIJING)
    with ZipFile(target, "w", ZIP_STORED) as archived:
        out = _Writer(archived, written)
        out.add("video.mp4", _file_chunks(video), video.stat().st_size)
        absent = [
            each
            for link in _in_range(proof, subject)
            if (each := _segment(out, archive, subject.camera_id, proof, link))
        ]
        if not any("segment" in entry for entry in out.entries):
            raise NoFootage("no file of this range is in the archive any more")
        for name, content in _proof_files(proof, subject, signer).items():
            out.add(name, [content], len(content))
        for name, content in ({"check.html": check_page()} | {name: _text(of) for name, of in HOW_TO.items()}).items():
            out.add(name, [content], len(content))
        manifest = _json(_manifest(proof, subject, signer, out.entries, absent))
        digest = out.add("manifest.json", [manifest], len(manifest))
        out.add("manifest.sig", [signer.sign(manifest)], 64)
        sums = "".join(f"{entry['digest'].removeprefix('sha256:')}  {entry['name']}\n" for entry in out.entries)
        out.add("SHA256SUMS", [sums.encode()], len(sums))
    return digest


def check_page() -> bytes:
    """The page that checks a pack in a browser, with its scripts in one file."""
    scripts = b"\n".join(_text(script) for script in _SCRIPTS)
    return _text("check.html").replace(b"<!-- scripts -->\n", scripts)


class _Writer:
    """Writes uncompressed entries into a ZIP and records name, size and digest of each."""

    def __init__(self, archived: ZipFile, written: datetime) -> None:
        self._archived, self._written = archived, written
        self.entries: list[dict[str, Any]] = []

    def add(self, name: str, chunks: Iterable[bytes], expected: int, **details: Any) -> str:
        """Add a file and return its digest. `expected`: its size in bytes; decides whether the entry needs ZIP64."""
        info = ZipInfo(name, self._written.timetuple()[:6])
        info.external_attr = 0o100644 << 16
        digest, size = hashlib.sha256(), 0
        with self._archived.open(info, "w", force_zip64=expected >= _ZIP64_FROM) as file:
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        self.entries.append({"name": name, "bytes": size, "digest": f"sha256:{digest.hexdigest()}", **details})
        return f"sha256:{digest.hexdigest()}"


def _in_range(proof: Proof, subject: Subject) -> Iterator[Link]:
    """The rows of the segments that overlap the range, by time."""
    overlapping = (
        link
        for link in proof.segments.values()
        if link.fields["stream"] == subject.stream
        and link.fields["end_us"] > subject.start_us
        and link.fields["start_us"] < subject.end_us
    )
    return iter(sorted(overlapping, key=lambda link: (link.fields["start_us"], link.number)))


def _segment(out: _Writer, archive: Archive, camera_id: str, proof: Proof, link: Link) -> dict[str, Any] | None:
    """Add the file of a segment. If the file is gone, return the segment's entry in the manifest's `absent` list.

    NoFootage if a clean-up deleted the file just now, after the rows of the proof were chosen.
    """
    key, segment = str(link.fields["key"]), link.fields["segment"]
    about = {"segment": segment, "row": link.number, **_times(link.fields["start_us"], link.fields["end_us"])}
    try:
        size = archive.size(key)
    except NoFootage:
        rows = (*(row for row in proof.rows if row.kind == "deleted"), *proof.deleted)
        gone = next((row for row in rows if row.fields.get("segment") == segment), None)
        if gone is None and archive.chain(camera_id).recent("deleted", segment) is not None:
            raise NoFootage(f"segment {key} was deleted while the pack was made") from None
        if gone is None:
            return about | {"why": "missing"}
        return about | {"why": "deleted", "rule": gone.fields.get("rule"), "deleted_row": gone.number}
    chunks = (archive.read(key, at, _CHUNK_BYTES) for at in range(0, size, _CHUNK_BYTES))
    out.add(f"segments/{Path(key).name}", chunks, size, **about)
    return None


def _proof_files(proof: Proof, subject: Subject, signer: Signer) -> dict[str, bytes]:
    """Rows, keys with the signatures that introduce them, and closing checkpoint, in formats of common tools."""
    closing = proof.checkpoint
    content = {
        "chain.jsonl": _lines(proof.rows),
        "keys.jsonl": _lines(proof.keys),
        "public.pem": signer.public_pem,
        "checkpoint.txt": checkpoint_statement(
            subject.camera_id, closing.number, closing.prev, closing.fields["at_us"], closing.fields["key"]
        ),
        "checkpoint.sig": _value(closing.fields["signature"]),
    }
    for row in proof.all_keys:
        fields = row.fields
        content[f"keys/{fields['key']}.pem"] = _pem(fields["public"])
        if fields["by"] is not None:
            content[f"keys/{fields['key']}.txt"] = key_statement(
                subject.camera_id, row.number, row.prev, fields["at_us"], fields["key"], fields["public"], fields["by"]
            )
            content[f"keys/{fields['key']}.sig"] = _value(fields["signature"])
    if proof.deleted:
        content["deleted.jsonl"] = _lines(proof.deleted)
    if proof.stamp is not None:
        content["timestamp.txt"] = closing.line
        content["timestamp.tst"] = base64.b64decode(proof.stamp.fields["token"])
        content["timestamp.jsonl"] = _lines((proof.stamp,))
    return content


def _manifest(
    proof: Proof, subject: Subject, signer: Signer, entries: list[dict[str, Any]], absent: list[dict[str, Any]]
) -> dict[str, Any]:
    segments = [proof.segments[entry["segment"]].fields for entry in entries if "segment" in entry]
    return {
        "format": FORMAT,
        "camera": {"id": subject.camera_id, "name": subject.camera},
        "stream": subject.stream,
        "range": _times(subject.start_us, subject.end_us),
        "video": _times(*subject.video_us),
        "simulated": any(segment["simulated"] for segment in segments),
        "imported": any(segment["origin"] == "imported" for segment in segments),
        "gaps": [_times(gap.start_us, gap.end_us) | {"reason": gap.reason} for gap in subject.gaps],
        "unsealed": [_times(part.start_us, part.end_us) | {"reason": part.reason} for part in subject.unsealed],
        "absent": absent,
        "chain": {"first": proof.rows[0].number, "last": proof.checkpoint.number},
        "exported": {
            "by": subject.exported_by,
            "at_us": subject.exported_at_us,
            "at": _beijing(subject.exported_at_us),
        },
        "key": signer.key_id,
        "files": entries,
    }


def _times(start_us: int, end_us: int) -> dict[str, Any]:
    return {"start_us": start_us, "end_us": end_us, "start": _beijing(start_us), "end": _beijing(end_us)}


def _beijing(us: int) -> str:
    return from_us(us).astimezone(BEIJING).isoformat(timespec="microseconds")


def _lines(rows: Iterable[Link]) -> bytes:
    return b"".join(row.line + b"\n" for row in rows)


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"


def _value(text: str) -> bytes:
    """The decoded value of `<algorithm>:<base64>`."""
    return base64.b64decode(text.partition(":")[2])


def _pem(public: str) -> bytes:
    body = "\n".join(textwrap.wrap(public, 64))
    return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n".encode()


def _text(name: str) -> bytes:
    return files("shike.capture.proof").joinpath("evidence", name).read_bytes()


def _file_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
