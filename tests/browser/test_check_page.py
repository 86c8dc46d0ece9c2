"""The page that checks an evidence pack, opened from a file without a server."""

import base64
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from shike.capture.clock import SystemClock
from shike.capture.proof.pack import check_page
from shike.capture.proof.signing import Signer, checkpoint
from shike.capture.proof.signing_keys import SigningKeys
from tests import packs
from tests.capture.proof.authority import serving
from tests.packs import TAMPERED, Footage, extracted, public_fingerprint, zipped
from tests.recorded import CAMERA

pytestmark = pytest.mark.browser

DROP = """async ([name, content]) => {
  const bytes = Uint8Array.from(atob(content), (one) => one.charCodeAt(0))
  const carried = new DataTransfer()
  carried.items.add(new File([bytes], name))
  document.dispatchEvent(new DragEvent('drop', { dataTransfer: carried, bubbles: true, cancelable: true }))
}"""
NO_ED25519 = """() => {
  const known = crypto.subtle.importKey.bind(crypto.subtle)
  crypto.subtle.importKey = (format, key, algorithm, ...rest) => algorithm === 'Ed25519'
    ? Promise.reject(new DOMException('Unrecognized name', 'NotSupportedError'))
    : known(format, key, algorithm, ...rest)
}"""


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    """Footage without signatures; tests copy it."""
    return Footage.imported(tmp_path_factory.mktemp("unsigned") / "data")


@pytest.fixture(scope="module")
def footage(unsigned: Footage, tmp_path_factory: pytest.TempPathFactory) -> Footage:
    """Footage with its pack beside it, packed and extracted, and the page."""
    folder = tmp_path_factory.mktemp("packed")
    made = Footage.copied(unsigned, folder / "data")
    extracted(made.pack(folder / "good.zip"), folder / "good")
    (folder / "check.html").write_bytes(check_page())
    return made


@pytest.fixture(scope="module")
def opened(browser: Browser) -> Iterator[BrowserContext]:
    """A browser context for the page; the fixture below fails a test whose page makes a request."""
    made = browser.new_context(viewport={"width": 1000, "height": 1100}, locale="zh-CN")
    made.set_default_timeout(10_000)
    yield made
    made.close()


@pytest.fixture
def checking(opened: BrowserContext, footage: Footage) -> Iterator[Page]:
    page = opened.new_page()
    requests: list[str] = []
    problems: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    address = (_beside(footage) / "check.html").as_uri()
    page.goto(address)
    yield page
    page.close()
    assert requests == [address] and problems == []


def _beside(footage: Footage) -> Path:
    return footage.data.parent


def _verdict(page: Page, state: str) -> str:
    """The text of the verdict, once it is shown."""
    expect(page.locator(f"#verdict.{state}")).to_be_visible()
    return page.locator("#verdict").inner_text()


def _marks(page: Page) -> list[str]:
    return [mark.split()[0] for mark in page.locator("#list > li > .mark").all_inner_texts()]


def test_a_good_pack_holds_whether_it_is_chosen_or_dropped(checking: Page, footage: Footage) -> None:
    pack = _beside(footage) / "good.zip"
    checking.set_input_files("#zip", pack)
    assert "证据包完整，未被改动" in _verdict(checking, "ok")
    assert _marks(checking) == ["✓"] * 7
    assert "模拟摄像机，不是真实录像" in checking.locator("#about").inner_text()
    checking.evaluate("document.querySelector('#verdict').className = ''")
    checking.evaluate(DROP, ["good.zip", base64.b64encode(pack.read_bytes()).decode()])
    assert "证据包完整，未被改动" in _verdict(checking, "ok")


def test_the_folder_that_it_was_extracted_to_holds_as_well(checking: Page, footage: Footage) -> None:
    checking.set_input_files("#folder", _beside(footage) / "good")
    assert "证据包完整，未被改动" in _verdict(checking, "ok")


@pytest.mark.parametrize("what", TAMPERED)
def test_the_page_names(what: str, checking: Page, footage: Footage, tmp_path: Path) -> None:
    folder = shutil.copytree(_beside(footage) / "good", tmp_path / "pack")
    done = TAMPERED[what]
    done.do(folder)
    checking.set_input_files("#zip", zipped(folder, tmp_path / "pack.zip"))
    verdict = _verdict(checking, "bad")
    assert f"不成立：第 {done.item} 项" in verdict and "第一个断开的环节" in verdict
    assert done.names in verdict
    assert {at for at, mark in enumerate(_marks(checking), 1) if mark == "✗"} == done.items


def test_a_segment_that_the_holder_of_the_key_leaves_out_is_found_by_the_chain(
    checking: Page, footage: Footage, tmp_path: Path
) -> None:
    folder = shutil.copytree(_beside(footage) / "good", tmp_path / "pack")
    packs.by_the_keeper_of_the_key(folder, footage.signer)
    checking.set_input_files("#zip", zipped(folder, tmp_path / "pack.zip"))
    assert "不在包中，清单也没有说明" in _verdict(checking, "bad")


@pytest.mark.parametrize(
    ("done", "names"),
    [
        (packs.checkpoint_of_another_moment, "checkpoint.txt、checkpoint.sig 与记录链末行不符"),
        (packs.checkpoint_of_another_camera, "检查点说的是另一台摄像机"),
    ],
    ids=["not the last row's", "another camera's"],
)
def test_a_checkpoint_that_is_signed_and_does_not_belong_to_these_rows_is_named(
    done: Callable[[Path, Signer], None], names: str, checking: Page, footage: Footage, tmp_path: Path
) -> None:
    folder = shutil.copytree(_beside(footage) / "good", tmp_path / "pack")
    done(folder, footage.signer)
    checking.set_input_files("#zip", zipped(folder, tmp_path / "pack.zip"))
    verdict = _verdict(checking, "bad")
    assert "不成立：第 5 项" in verdict and names in verdict
    assert _marks(checking) == ["✓", "✓", "✓", "✓", "✗", "✓", "✓"]


def test_somebody_elses_key_shows_when_the_published_fingerprint_is_given(
    checking: Page, footage: Footage, unsigned: Footage, tmp_path: Path
) -> None:
    foreign = Footage.copied(unsigned, tmp_path / "foreign")
    checking.set_input_files("#zip", foreign.pack(tmp_path / "foreign.zip"))
    assert f"前提是公钥 {foreign.signer.key_id}" in _verdict(checking, "ok")
    checking.fill("#published", public_fingerprint(foreign.signer).upper())
    expect(checking.locator("#compared")).to_have_text("一致。")
    checking.fill("#published", public_fingerprint(footage.signer))
    assert "公钥不是公布的那一把" in _verdict(checking, "bad")


def test_an_earlier_published_key_is_followed_to_the_one_that_signed(
    checking: Page, unsigned: Footage, tmp_path: Path
) -> None:
    footage = Footage.copied(unsigned, tmp_path / "data")
    old = footage.signer
    checkpoint(footage.archive.chain(CAMERA), CAMERA, old, SystemClock())
    SigningKeys(footage.data / "keys").renew()
    pack = footage.pack(tmp_path / "pack.zip")
    checking.set_input_files("#zip", pack)
    _verdict(checking, "ok")
    checking.fill("#published", public_fingerprint(old))
    expect(checking.locator("#compared")).to_contain_text("经 1 次")
    folder = extracted(pack, tmp_path / "pack")
    signature = folder / "keys.jsonl"
    signature.write_bytes(signature.read_bytes().replace(b'"signature":"ed25519:', b'"signature":"ed25519:AAAA'))
    checking.set_input_files("#zip", zipped(folder, tmp_path / "changed.zip"))
    assert "不是由" in _verdict(checking, "bad")


def test_a_segment_deleted_by_rule_is_no_tampering_and_one_that_vanished_is(
    checking: Page, unsigned: Footage, tmp_path: Path
) -> None:
    footage = Footage.copied(unsigned, tmp_path / "data")
    chain, by_rule, by_hand = footage.archive.chain(CAMERA), footage.main[0], footage.main[1]
    checkpoint(chain, CAMERA, footage.signer, SystemClock())
    fields = {
        "segment": by_rule.identity.segment_id,
        "digest": by_rule.digest,
        "rule": "age",
        "policy": None,
        "at_us": 1,
    }
    chain.append("deleted", fields)
    (footage.data / "footage" / by_rule.key).unlink()
    checking.set_input_files("#zip", footage.pack(tmp_path / "rule.zip"))
    _verdict(checking, "ok")
    assert "另有 1 个已按规则删除" in checking.locator("#list").inner_text()
    (footage.data / "footage" / by_hand.key).unlink()
    checking.set_input_files("#zip", footage.pack(tmp_path / "hand.zip"))
    assert "在导出时已不在录像库中" in _verdict(checking, "bad")


def test_a_time_stamp_is_shown_and_left_to_openssl(checking: Page, unsigned: Footage, tmp_path: Path) -> None:
    footage = Footage.copied(unsigned, tmp_path / "data")
    with serving(tmp_path / "authority") as authority:
        packs.stamp(footage, authority)
    pack = footage.pack(tmp_path / "pack.zip")
    checking.set_input_files("#zip", pack)
    shown = _verdict(checking, "unsure")
    assert "127.0.0.1" in shown and "openssl ts -verify" in shown
    folder = extracted(pack, tmp_path / "pack")
    (folder / "timestamp.tst").write_bytes(b"another token")
    checking.set_input_files("#zip", zipped(folder, tmp_path / "changed.zip"))
    _verdict(checking, "bad")
    assert "时间戳说的不是" in checking.locator("#list").inner_text()


def test_what_a_replaced_key_signs_later_proves_nothing(checking: Page, unsigned: Footage, tmp_path: Path) -> None:
    footage = Footage.copied(unsigned, tmp_path / "data")
    records = packs.signed_with_a_replaced_key(footage)
    checking.set_input_files("#zip", footage.pack(tmp_path / "pack.zip", records))
    assert "已被更换，此后的签名不算数" in _verdict(checking, "bad")


def test_a_browser_without_ed25519_is_never_told_that_all_holds(checking: Page, footage: Footage) -> None:
    checking.evaluate(NO_ED25519)
    checking.set_input_files("#zip", _beside(footage) / "good.zip")
    verdict = _verdict(checking, "unsure")
    assert "不能据此认为证据包完整" in verdict and "openssl pkeyutl -verify -pubin -inkey public.pem" in verdict
    assert _marks(checking) == ["✓", "?", "✓", "✓", "?", "✓", "✓"]


def test_large_files_are_digested_piece_by_piece_to_the_same_digest(checking: Page, footage: Footage) -> None:
    wrong_sizes = checking.evaluate(
        """async () => {
          const differ = []
          for (const size of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 4194304 * 2 + 77]) {
            const bytes = Uint8Array.from({ length: size }, (_, at) => at * 7 + (at >> 8))
            const digest = new Sha256()
            for (let at = 0; at < size; at += 70001) digest.add(bytes.subarray(at, at + 70001))
            if (digest.hex() !== await sha256(bytes)) differ.push(size)
          }
          return differ
        }"""
    )
    assert wrong_sizes == []


def test_the_form_that_packs_of_many_gigabytes_have_is_read(
    checking: Page, unsigned: Footage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shike.capture.proof.pack._ZIP64_FROM", 0)
    monkeypatch.setattr("zipfile.ZIP64_LIMIT", 1000)
    pack = Footage.copied(unsigned, tmp_path / "data").pack(tmp_path / "pack.zip")
    assert b"PK\x06\x06" in pack.read_bytes()[-200:], "it has the directory of a ZIP64"
    checking.set_input_files("#zip", pack)
    _verdict(checking, "ok")
    assert _marks(checking) == ["✓"] * 7


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda data: data[:-100], "没有下载完"),
        (lambda data: b"MZ" + data, "目录与内容不符"),
        (lambda data: data.replace(b"check.html", b"other.html", 1), "目录与内容不符"),
    ],
    ids=["cut short", "something in front", "two names for a file"],
)
def test_a_zip_that_hides_something_is_no_pack(
    spoil: Any, word: str, checking: Page, footage: Footage, tmp_path: Path
) -> None:
    path = tmp_path / "pack.zip"
    path.write_bytes(spoil((_beside(footage) / "good.zip").read_bytes()))
    checking.set_input_files("#zip", path)
    assert word in _verdict(checking, "bad")


def test_it_is_used_from_the_keyboard_and_speaks_english(checking: Page, footage: Footage) -> None:
    checking.keyboard.press("Tab")
    expect(checking.locator("#language")).to_be_focused()
    checking.keyboard.press("Enter")
    expect(checking.locator("h1")).to_have_text("Evidence pack check")
    checking.keyboard.press("Tab")
    expect(checking.locator("#zip")).to_be_focused()
    checking.set_input_files("#zip", _beside(footage) / "good.zip")
    assert "The pack is complete and unchanged" in _verdict(checking, "ok")
    expect(checking.locator("#verdict")).to_be_focused()
    text = checking.locator("main").inner_text()
    assert not any("一" <= letter <= "鿿" for letter in text.replace("中文", "").replace("201 教室 · 前摄像机", ""))
