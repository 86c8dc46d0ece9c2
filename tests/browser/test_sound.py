"""Recorded sound in the player: muted at first, switched on by a button, and playback continues where it ends."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from shike.camera_sim import CameraSim, Mount, SimConfig
from shike.capture.moment import BEIJING
from tests.api.filmed import Filmed
from tests.api.service import PASSWORD, Service, furnish
from tests.recorded import CAMERA, wait_until
from tests.recording import camera_thread, sharing

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture
def heard(clips: Path, tmp_path: Path) -> Iterator[Filmed]:
    """Some seconds of a camera with a G.711 microphone that falls silent in the middle."""
    taken = tmp_path / "taken"
    mount = Mount("hall/main", clips / "hall-main.mp4", audio="pcma")
    with CameraSim(SimConfig((mount,), log=taken / "sent.jsonl", report_every_s=0.5)) as sim:
        recording = sharing(taken)
        thread = camera_thread(sim, recording)
        thread.wanted = replace(thread.wanted, audio=True)
        thread.start()
        wait_until(lambda: len(list(recording.spool.pending())) >= 4, "recorded with sound")
        sim.faults("hall/main").mute = True
        wait_until(lambda: len(list(recording.spool.pending())) >= 7, "recorded without")
        thread.stop()
        thread.join(20)
    with Service(tmp_path / "data") as service:
        yield Filmed.of(service, furnish(service), taken)


def video(page: Page, value: str) -> float:
    return float(page.evaluate(f"document.querySelector('video').{value}"))


def test_sound_is_played_when_it_is_switched_on_and_pictures_go_on_when_it_ends(page: Page, heard: Filmed) -> None:
    address = f"http://{heard.service.host}"
    page.goto(f"{address}/login")
    page.fill("input[name=username]", "supervisor")
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(lambda at: "/login" not in at)
    start = datetime.fromtimestamp(heard.start_us / 1_000_000, UTC).isoformat().replace("+00:00", "Z")
    page.goto(f"{address}/cameras/{CAMERA}?t={start}")
    switch = page.get_by_role("button", name="开声音")
    expect(switch).to_be_visible(timeout=20_000)
    assert page.evaluate("document.querySelector('video').muted")
    page.set_viewport_size({"width": 390, "height": 844})
    beyond = (
        "[...document.querySelectorAll('.transport button')].filter((one) => one.getBoundingClientRect().right > 390)"
    )
    assert page.evaluate(f"{beyond}.length") == 0, "a phone shows every button of the player"
    page.set_viewport_size({"width": 1280, "height": 720})
    switch.click()
    expect(page.get_by_role("button", name="静音")).to_have_attribute("aria-pressed", "true")
    wait_until(lambda: video(page, "webkitAudioDecodedByteCount") > 0, "sound is decoded")
    # Playback continues past the moment when the microphone fell silent, to the end of the footage.
    end = datetime.fromtimestamp(heard.end_us / 1_000_000, BEIJING)
    ends = [f"录像到 {end + timedelta(seconds=off):%H:%M:%S} 为止" for off in (-1, 0)]
    expect(page.get_by_text(re.compile("|".join(ends)))).to_be_visible(timeout=60_000)
    expect(page.get_by_role("button", name="静音")).to_have_count(0)
