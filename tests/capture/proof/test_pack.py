"""A pack can be checked with common tools, and tampering is found.

The commands are those of HOW-TO-CHECK.md in the pack.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest

from shike.capture.clock import SystemClock
from shike.capture.proof.signing import checkpoint
from shike.capture.proof.signing_keys import SigningKeys
from tests import packs
from tests.capture.proof.authority import serving
from tests.packs import TAMPERED, Footage, extracted, failing, fingerprint, manifest
from tests.recorded import CAMERA, strips

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl on this machine")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    """Footage that tests only read; its pack lies beside it, as ZIP and extracted."""
    folder = tmp_path_factory.mktemp("packed")
    made = Footage.imported(folder / "data")
    extracted(made.pack(folder / "good.zip"), folder / "good")
    return made


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    """Unsigned footage that tests only copy."""
    return Footage.imported(tmp_path_factory.mktemp("unsigned") / "data")


@pytest.fixture
def footage(unsigned: Footage, tmp_path: Path) -> Footage:
    """Footage that a test may change, with its own keys."""
    return Footage.copied(unsigned, tmp_path / "data")


def _good(footage: Footage) -> Path:
    return footage.data.parent / "good"


def _rows(folder: Path, name: str = "chain.jsonl") -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def test_a_pack_holds_the_files_unchanged_and_a_manifest_that_describes_it(good: Footage) -> None:
    folder = _good(good)
    for record in good.main:
        name = Path(record.key).name
        assert (folder / "segments" / name).read_bytes() == good.archive.read(record.key, 0, record.size)
    content = manifest(folder)
    assert [entry["row"] for entry in content["files"] if "row" in entry] == [
        record.link_number for record in good.main
    ]
    assert (content["camera"]["id"], content["simulated"], content["imported"]) == (CAMERA, True, True)
    assert [gap["reason"] for gap in content["gaps"]] == ["import_done"]
    assert [part["reason"] for part in content["unsealed"]] == ["being_written"]
    assert strips((folder / "video.mp4").read_bytes())
    assert re.fullmatch(r"2\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+08:00", content["range"]["start"])


def test_the_rows_have_no_hole_and_end_with_a_checkpoint(good: Footage) -> None:
    rows = _rows(_good(good))
    first = rows[0]["number"]
    assert isinstance(first, int)
    assert [row["number"] for row in rows] == list(range(first, first + len(rows)))
    assert rows[-1]["kind"] == "checkpoint"
    lines = (_good(good) / "chain.jsonl").read_bytes().splitlines()
    links = {link.number: link.line for link in good.archive.chain(CAMERA).links()}
    assert lines == [links[first + at] for at in range(len(rows))]


def test_entries_are_stored_as_they_are_so_that_any_tool_reads_them(good: Footage) -> None:
    with ZipFile(good.data.parent / "good.zip") as archived:
        assert {entry.compress_type for entry in archived.infolist()} == {ZIP_STORED}
        assert archived.testzip() is None
        names = set(archived.namelist())
    assert {"check.html", "HOW-TO-CHECK.md", "如何核验.md", "SHA256SUMS", "public.pem", "keys.jsonl"} <= names


def test_the_page_in_the_pack_is_whole_and_loads_nothing(good: Footage) -> None:
    page = (_good(good) / "check.html").read_text()
    assert "<!-- scripts -->" not in page and "default-src 'none'" in page
    assert not re.search(r"(src|href)=|https?://|import\(|fetch\(", page)


def test_both_languages_give_the_same_commands() -> None:
    zh, en = (packs.HOW_TO.with_name(f"HOW-TO-CHECK{name}.md").read_text() for name in (".zh-CN", ""))
    blocks = [re.findall(r"^```\w*\n(.*?)^```$", text, re.M | re.S) for text in (zh, en)]
    assert len(blocks[0]) == 9 and blocks[0] == blocks[1]


@needs_openssl
def test_all_commands_of_the_page_hold_on_a_good_pack(good: Footage) -> None:
    assert failing(_good(good)) == set()
    assert fingerprint(_good(good)) == packs.public_fingerprint(good.signer)


@needs_openssl
@pytest.mark.parametrize("what", TAMPERED)
def test_the_commands_of_the_page_find_tampering(what: str, good: Footage, tmp_path: Path) -> None:
    folder = shutil.copytree(_good(good), tmp_path / "pack")
    TAMPERED[what].do(folder)
    assert failing(folder) == TAMPERED[what].sections


@needs_openssl
def test_a_pack_of_another_key_is_consistent_and_has_another_fingerprint(
    good: Footage, footage: Footage, tmp_path: Path
) -> None:
    folder = extracted(footage.pack(tmp_path / "foreign.zip"), tmp_path / "foreign")
    assert failing(folder) == set()
    assert fingerprint(folder) != packs.public_fingerprint(good.signer)


@needs_openssl
def test_a_replaced_key_is_introduced_by_the_one_before(footage: Footage, tmp_path: Path) -> None:
    chain = footage.archive.chain(CAMERA)
    old = footage.signer
    checkpoint(chain, CAMERA, old, SystemClock())
    SigningKeys(footage.data / "keys").renew()
    folder = extracted(footage.pack(tmp_path / "pack.zip"), tmp_path / "pack")
    assert manifest(folder)["key"] == footage.signer.key_id != old.key_id
    assert _rows(folder)[-1]["key"] == old.key_id
    assert {path.name for path in (folder / "keys").glob("*.pem")} == {
        f"{signer.key_id}.pem" for signer in (old, footage.signer)
    }
    assert failing(folder) == set()
    (folder / "keys" / f"{footage.signer.key_id}.sig").write_bytes(bytes(64))
    assert failing(folder) == {1, 7}


def test_a_missing_file_is_named_with_its_deletion_row_if_there_is_one(footage: Footage, tmp_path: Path) -> None:
    chain = footage.archive.chain(CAMERA)
    by_hand, by_rule = footage.main[0], footage.main[1]
    checkpoint(chain, CAMERA, footage.signer, SystemClock())
    fields = {
        "segment": by_rule.identity.segment_id,
        "digest": by_rule.digest,
        "rule": "age",
        "policy": None,
        "at_us": 1,
    }
    deleted = chain.append("deleted", fields)
    for record in (by_hand, by_rule):
        (footage.data / "footage" / record.key).unlink()
    folder = extracted(footage.pack(tmp_path / "pack.zip"), tmp_path / "pack")
    absent = {part["segment"]: part for part in manifest(folder)["absent"]}
    assert absent[by_hand.identity.segment_id]["why"] == "missing"
    gone = absent[by_rule.identity.segment_id]
    assert (gone["why"], gone["rule"], gone["deleted_row"]) == ("deleted", "age", deleted.number)
    assert (folder / "deleted.jsonl").read_bytes() == deleted.line + b"\n"


def test_a_file_that_was_changed_in_the_archive_goes_in_as_it_is(footage: Footage, tmp_path: Path) -> None:
    record = footage.main[0]
    path = footage.data / "footage" / record.key
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    folder = extracted(footage.pack(tmp_path / "pack.zip"), tmp_path / "pack")
    assert failing(folder) == {6}


def test_a_part_of_the_footage_takes_only_its_own_rows(footage: Footage, tmp_path: Path) -> None:
    checkpoint(footage.archive.chain(CAMERA), CAMERA, footage.signer, SystemClock())
    last = footage.main[-1:]
    folder = extracted(footage.pack(tmp_path / "pack.zip", last), tmp_path / "pack")
    rows = _rows(folder)
    assert rows[0]["segment"] == last[0].identity.segment_id
    assert [path.name for path in (folder / "segments").iterdir()] == [Path(last[0].key).name]
    assert failing(folder) == set()


@needs_openssl
def test_openssl_verifies_the_time_stamp_in_a_pack(footage: Footage, tmp_path: Path) -> None:
    with serving(tmp_path / "authority") as authority:
        packs.stamp(footage, authority)
    folder = extracted(footage.pack(tmp_path / "pack.zip"), tmp_path / "pack")
    assert failing(folder) == set()
    (command,) = re.findall(r"^openssl ts .*$", packs.HOW_TO.read_text(), re.M)
    shutil.copy(authority.root, folder / "CA.pem")
    assert subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True).returncode == 0
    (folder / "timestamp.txt").write_bytes((folder / "timestamp.txt").read_bytes() + b" ")
    assert subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True).returncode != 0


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_page_and_the_browser_app_have_the_same_words_for_reasons_of_gaps(language: str) -> None:
    root = Path(__file__).parents[3]
    reasons = json.loads((root / f"web/src/messages/{language}/playback.json").read_text())["playback"]["reason"]
    words = (root / "capture/proof/evidence/words.js").read_text()
    assert [code for code, text in reasons.items() if f"{code}: '{text}'" not in words] == []
