"""docs/reference/files.md is what the code writes: fields in its tables, boxes, file names, and its worked examples."""

import json
import re
from base64 import b64decode
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args
from uuid import UUID
from zipfile import ZipFile

import av
import pytest

from shike.attendance.repair.giving_up import Absent, give_up
from shike.attendance.retention.deleting import Deleter, plan
from shike.attendance.retention.keeping import candidates
from shike.attendance.retention.rules import FOR_EVER_US, DeletionRule, DueSegment
from shike.attendance.tables.footage import SegmentRow
from shike.capture.archive import chain, scan
from shike.capture.archive.chain import Link
from shike.capture.archive.segment import Identity
from shike.capture.clock import SystemClock
from shike.capture.ids import new_id
from shike.capture.mp4 import boxes
from shike.capture.mp4.audio import audio_fragment
from shike.capture.proof.pack import FORMAT
from shike.capture.proof.signing import (
    checkpoint_statement,
    introduce,
    signature_of,
    verify,
)
from tests.capture.proof.authority import serving
from tests.capture.proof.proved import Proof
from tests.packs import Footage, stamp
from tests.recorded import CAMERA
from tests.recording import Recorded

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/files.md").read_text(encoding="utf-8")
ID = "[0-9a-f-]{36}"
SPAN = {"start_us", "end_us", "start", "end"}


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def section(heading: str) -> str:
    """The text under a heading, without its subsections."""
    (text,) = re.findall(rf"^##+ {re.escape(heading)}\n(.*?)(?=^##|\Z)", PAGE, re.M | re.S)
    return str(text)


def tables(text: str) -> list[list[str]]:
    """For each table: the names in backticks in the first column, in order."""
    names: list[list[str]] = []
    for table in re.findall(r"^\| .*\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.M):
        firsts = [row.split("|")[1] for row in table.splitlines()]
        names.append([name for first in firsts for name in re.findall(r"`([^`]+)`", first)])
    return names


def fields(heading: str) -> list[str]:
    """The fields of the only table of a section."""
    (names,) = tables(section(heading))
    return names


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


def dumped(block: str) -> bytes:
    """The bytes of a hex dump."""
    return bytes.fromhex("".join(line.split("|")[0] for line in block.splitlines()))


# ── what the code writes ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Written:
    """A data folder with every kind of row and file, and a pack of it."""

    data: Path
    rows: tuple[Link, ...]
    record: dict[str, Any]
    pack: Path

    def of_kind(self, kind: str) -> list[Link]:
        return [row for row in self.rows if row.kind == kind]

    def entry(self, name: str) -> bytes:
        with ZipFile(self.pack) as archived:
            return archived.read(name)

    @property
    def manifest(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.entry("manifest.json"))
        return value


@pytest.fixture(scope="module")
def written(filmed_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Recorded footage with two keys, a time stamp, a deletion by rule, a missing file and a loss."""
    folder, clock = tmp_path_factory.mktemp("written"), SystemClock()
    proof = Proof(filmed_folder).copied(folder / "data")
    records = [record for record in proof.spool.pending() if record.identity.stream == "main"]
    record = json.loads((proof.data / "spool" / f"{records[0].identity.segment_id}.json").read_bytes())
    footage = Footage(proof.data, proof.archive, tuple(sorted(records, key=lambda each: each.wall_start_us)))
    proof.set_up()
    proof.index()
    proof.sign()
    proof.keys.renew()
    introduce(proof.chain, CAMERA, footage.signer, clock)
    give_up(
        proof.archive, CAMERA, Absent(2, 1, 1_000_000, 2_000_000), "an administrator", "the disk broke", clock.now()
    )
    with serving(folder / "authority") as authority:
        stamp(footage, authority)
    with proof.database.writing() as db:
        due = list(candidates(db, (CAMERA, "main"), [(0, FOR_EVER_US)]))[:2]
        missing = db.get_one(SegmentRow, due[1].segment_id).object_key
        (proof.data / "footage" / missing).unlink()
        plan(db, [DueSegment(each, "age") for each in due], {}, clock.now())
    assert sum(Deleter(proof.database, proof.archive, clock, "no").finish()) == 2
    (footage.data / "footage" / footage.main[2].key).unlink()  # by hand, without a row
    return Written(proof.data, tuple(proof.chain.links()), record, footage.pack(folder / "pack.zip"))


def test_every_kind_of_row_has_its_fields_in_the_page_in_the_order_in_which_they_are_written(written: Written) -> None:
    named = set(re.findall(r"^### Row `(\w+)`$", PAGE, re.M))
    assert {row.kind for row in written.rows} == named
    assert tables(section("Chain"))[0] == ["number", "prev", "kind"]
    for kind in named:
        rows = [list(row.fields) for row in written.of_kind(kind)]
        assert all(row[:3] == ["number", "prev", "kind"] for row in rows)
        expected = fields(f"Row `{kind}`")
        if kind == "deleted":  # one with, one without the field that is only there if it is true
            assert sorted(map(len, rows)) == [len(expected) + 2, len(expected) + 3]
            rows = [max(rows, key=len)]
        assert all(row[3:] == expected for row in rows), kind
    assert set(re.findall(r"`(\w+)`", section("Row `deleted`").split("| `rule` |")[1].split("\n")[0])) == set(
        get_args(DeletionRule)
    )


def test_a_row_is_compact_json_and_the_next_one_holds_its_digest(written: Written) -> None:
    data = (written.data / "footage" / CAMERA / "chain" / "000000001.jsonl").read_bytes()
    lines = data.split(b"\n")
    assert lines.pop() == b""
    prev = ""
    for number, line in enumerate(lines, 1):
        row = json.loads(line)
        assert line == json.dumps(row, separators=(",", ":"), ensure_ascii=False).encode()
        assert (row["number"], row["prev"]) == (number, prev)
        prev = f"sha256:{sha256(line).hexdigest()}"
    assert f"holds {chain.LINKS_PER_FILE:,} rows" in PAGE and f"at most {chain.LONGEST_ROW:,} bytes" in PAGE
    assert f"{1 + chain.LINKS_PER_FILE:09}.jsonl" in PAGE


def test_the_statements_are_those_that_are_signed(written: Written) -> None:
    """Fill in the placeholders of the page and verify the signatures of the rows with nothing else."""
    checkpoint_form, key_form = blocks("text")[-2:]
    keys: dict[str, bytes] = {}
    for row in written.rows:
        row_fields = row.fields
        if row.kind == "key":
            keys[row_fields["key"]] = b64decode(row_fields["public"])
            filled = filled_in(key_form, row, {"new key id": row_fields["key"], "old key id": row_fields["by"]})
            filled = filled.replace("<base64 of the new public key>", row_fields["public"])
            signer = row_fields["by"]
        elif row.kind == "checkpoint":
            filled, signer = filled_in(checkpoint_form, row, {"key id": row_fields["key"]}), row_fields["key"]
        else:
            continue
        if signer is not None:
            signature = signature_of(row_fields["signature"])
            assert signature is not None and verify(keys[signer], filled.encode(), signature), row.kind
    assert len(keys) == 2


def filled_in(form: str, row: Link, more: dict[str, str]) -> str:
    values = {"camera id": CAMERA, "number": row.number, "prev": row.prev, "at_us": row.fields["at_us"], **more}
    for name, value in values.items():
        form = form.replace(f"<{name}>", str(value))
    return form


def test_a_record_has_the_fields_of_the_page(written: Written) -> None:
    named, positions = tables(section("Spool record"))[0], section("Spool record").split("| position |")[1]
    assert list(written.record) == named
    assert list(written.record["identity"]) == fields("Identity box")
    assert {len(fragment) for fragment in written.record["fragments"]} == {len(re.findall(r"^\| \d", positions, re.M))}


def test_the_tree_names_every_folder_and_file_of_footage_spool_and_keys(written: Written) -> None:
    patterns = {
        "<segment>.mp4 ": rf"footage/{CAMERA}/(main|sub)/\d{{8}}/\d{{8}}T\d{{6}}\.\d{{6}}Z_{CAMERA}_{ID}\.mp4",
        "000000001.jsonl ": rf"footage/{CAMERA}/chain/\d{{9}}\.jsonl",
        "<stream>.<origin>.lock ": rf"footage/{CAMERA}/(main|sub)\.(live|imported)\.lock",
        "<segment id>.json ": rf"spool/{ID}\.json",
        "current ": r"keys/signing/current",
        "<key id>.pub.pem ": r"keys/signing/ed25519-[0-9a-f]{16}\.pub\.pem",
        "<key id>.pem ": r"keys/signing/ed25519-[0-9a-f]{16}\.pem",
    }
    tree = blocks("text")[0]
    assert [name for name in patterns if name not in tree] == []
    for top in ("footage", "spool", "keys"):
        for path in (path for path in (written.data / top).rglob("*") if path.is_file()):
            name = str(path.relative_to(written.data))
            assert any(re.fullmatch(pattern, name) for pattern in patterns.values()), name
    current = (written.data / "keys/signing/current").read_text()
    assert re.fullmatch(r"ed25519-[0-9a-f]{16}\n", current)


def test_a_pack_has_the_entries_and_the_manifest_of_the_page(written: Written) -> None:
    with ZipFile(written.pack) as archived:
        entries = archived.namelist()
    forms = {
        name: re.escape(name).replace(re.escape("<name>"), ".+").replace(re.escape("<key id>"), "ed25519-.{16}")
        for name in fields("Evidence pack")
    }
    assert [entry for entry in entries if not any(re.fullmatch(form, entry) for form in forms.values())] == []
    assert [name for name, form in forms.items() if not any(re.fullmatch(form, entry) for entry in entries)] == []
    whole, files, absent = tables(section("`manifest.json`"))
    manifest = written.manifest
    flat = [
        f"{name}.{inner}" if name in ("camera", "chain", "exported") else name
        for name, value in manifest.items()
        for inner in (value if name in ("camera", "chain", "exported") else [None])
    ]
    assert flat == whole
    assert manifest["format"] == FORMAT and f"`{FORMAT}`" in PAGE
    assert all(set(manifest[name]) == SPAN for name in ("range", "video"))
    assert all(set(part) == SPAN | {"reason"} for part in (*manifest["gaps"], *manifest["unsealed"]))
    assert {name for entry in manifest["files"] for name in entry} == set(files)
    assert {name for entry in manifest["absent"] for name in entry} == set(absent)
    assert {entry["why"] for entry in manifest["absent"]} == {"deleted", "missing"}
    assert [entry["name"] for entry in manifest["files"]] == entries[:-3]
    assert entries[-3:] == ["manifest.json", "manifest.sig", "SHA256SUMS"]
    sums = written.entry("SHA256SUMS").decode()
    assert sums == "".join(f"{sha256(written.entry(name)).hexdigest()}  {name}\n" for name in entries[:-1])


def test_the_comment_of_a_video_has_the_fields_of_the_page(written: Written, tmp_path: Path) -> None:
    (tmp_path / "video.mp4").write_bytes(written.entry("video.mp4"))
    with av.open(str(tmp_path / "video.mp4")) as container:
        comment, title = json.loads(container.metadata["comment"]), container.metadata["title"]
    assert list(comment) == fields("`video.mp4`") and title.startswith("Shike ")
    assert {len(run) for run in comment["runs"]} == {5}


def test_a_segment_file_is_the_boxes_of_the_page_and_nothing_else(recorded: Recorded) -> None:
    for record in recorded.records:
        data = recorded.archive.read(record.key, 0, record.size)
        kinds = b" ".join(box.kind for box in boxes.walk(data))
        assert re.fullmatch(rb"ftyp moov uuid( prft moof mdat)+ uuid", kinds)
        own = [box for box in boxes.walk(data) if box.kind == b"uuid"]
        named = [UUID(text).bytes for text in re.findall(r"type `([0-9a-f-]{36})`", PAGE)]
        assert [data[box.body : box.body + 16] for box in own] == named == [boxes.IDENTITY_UUID, boxes.CLOSING_UUID]
        identity, closing = (json.loads(data[box.body + 16 : box.end]) for box in own)
        assert (list(identity), list(closing)) == (fields("Identity box"), fields("Closing box"))
        first = next(box for box in boxes.walk(data) if box.kind == b"prft")
        assert identity["started_us"] == boxes.prft_wall_us(data, first) == record.wall_start_us
        assert record.head_size <= scan.HEAD_BYTES and f"at most {scan.HEAD_BYTES:,} bytes" in PAGE


def test_audio_stands_before_the_video_and_does_not_end_the_fragment(recorded: Recorded) -> None:
    record = recorded.records[0]
    first = record.fragments[0]
    video = recorded.archive.read(record.key, first.offset, first.size)
    pair = audio_fragment(1, 0, [(4, 1024)], b"\0\0\0\0")
    (fragment,) = scan.read_fragments(video[:32] + pair + pair + video[32:], 0, record.timescale)
    assert fragment == replace(first, offset=0, size=first.size + 2 * len(pair))


def test_a_marker_has_the_field_of_the_page(recorded: Recorded, tmp_path: Path) -> None:
    record = recorded.records[0]
    archive = type(recorded.archive)(tmp_path)
    identity = replace(record.identity, segment_id=new_id())
    init = recorded.archive.read(record.key, 0, record.init_size)
    archive.create(identity, init, SystemClock(), 60).abandon()
    marker = json.loads((tmp_path / CAMERA / "main.live.open.json").read_bytes())
    assert list(marker) == fields("Marker") and marker["key"] == identity.object_key


# ── worked examples ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_dumped_boxes_are_what_the_code_makes_of_their_content() -> None:
    identity, prft, closing = map(dumped, blocks("hex"))
    parsed = Identity.from_json(identity[24:])
    assert identity == boxes.identity_box(parsed.to_json())
    assert prft == boxes.prft(1, parsed.started_us, 0)
    (closed,) = boxes.walk(closing)
    assert closed.end == len(closing) and closing == boxes.closing_box(closing[24:])


@pytest.mark.parametrize("wall_us", [0, 1, 1_790_000_000_000_000, 1_790_000_000_999_999, 1_790_000_000_333_333])
def test_the_formulas_of_wall_time_are_those_of_the_code(wall_us: int) -> None:
    ntp = (wall_us // 1_000_000 + 2_208_988_800) * 2**32 + -(-(wall_us % 1_000_000) * 2**32 // 1_000_000)
    data = boxes.prft(1, wall_us, 7)
    assert int.from_bytes(data[16:24], "big") == ntp and int.from_bytes(data[24:], "big") == 7
    assert (ntp // 2**32 - 2_208_988_800) * 1_000_000 + ntp % 2**32 * 1_000_000 // 2**32 == wall_us
    assert boxes.prft_wall_us(data, next(boxes.walk(data))) == wall_us


def test_the_example_rows_hold_each_other_and_their_signature_verifies() -> None:
    (block,) = blocks("jsonl")
    lines = re.sub(r"\\\n *", "", block).splitlines()
    rows = [Link.parse(line.encode()) for line in lines]
    assert [row.kind for row in rows] == ["segment", "key", "checkpoint"]
    assert [row.digest for row in rows[:2]] == [row.prev for row in rows[1:]]
    (statement,) = blocks("statement")
    row_fields, signature = rows[2].fields, signature_of(rows[2].fields["signature"])
    expected = checkpoint_statement(
        row_fields["camera"], rows[2].number, rows[2].prev, row_fields["at_us"], row_fields["key"]
    )
    assert statement.encode() == expected
    public = b64decode(rows[1].fields["public"])
    assert signature is not None and verify(public, statement.encode(), signature)
    assert rows[1].fields["key"] == f"ed25519-{sha256(public).hexdigest()[:16]}"
