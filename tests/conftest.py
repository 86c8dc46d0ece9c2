"""Fixtures: a simulated camera with its own clip, some recorded seconds of it, and a real Chromium.

Without a browser, the tests that need one fail with a message about what to install.
"""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from shike.camera_sim import CameraSim, SimConfig, mounts_in
from tests.camera_sim.conftest import write_clip
from tests.recorded import sent_frames, wait_until
from tests.recording import Recorded, camera_thread, sharing

# Examples may be slow on a busy machine; that is not an error.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`hall/main` and `hall/sub`: 40 groups of ten frames, so that a frame number stands for one moment."""
    folder = tmp_path_factory.mktemp("clips")
    write_clip(folder / "hall-main.mp4", 320, 180, view=0, gops=40)
    write_clip(folder / "hall-sub.mp4", 320, 180, view=1, gops=40)
    return folder


@pytest.fixture
def sim(clips: Path, tmp_path: Path) -> Iterator[CameraSim]:
    """A running simulated camera with its log at `tmp_path/sent.jsonl`."""
    with CameraSim(SimConfig(mounts_in(clips), log=tmp_path / "sent.jsonl", report_every_s=0.5)) as running:
        yield running


@pytest.fixture(scope="session")
def recorded(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Some seconds of a camera in segments of two seconds, then stopped."""
    data = tmp_path_factory.mktemp("recorded")
    recording = sharing(data)
    with CameraSim(SimConfig(mounts_in(clips), log=data / "sent.jsonl", report_every_s=0.5)) as sim:
        thread = camera_thread(sim, recording)
        thread.start()
        wait_until(lambda: len(list(recording.spool.pending())) >= 2, "two segments are closed")
        health = thread.health
        thread.stop()
        thread.join(20)
    return Recorded(recording.archive, list(recording.spool.pending()), sent_frames(data / "sent.jsonl"), health)


@pytest.fixture(scope="session")
def filmed_folder(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with two runs of a camera, main and sub, in segments of two seconds, and the camera's log."""
    data = tmp_path_factory.mktemp("filmed")
    with CameraSim(SimConfig(mounts_in(clips), log=data / "sent.jsonl", report_every_s=0.5)) as sim:
        recording = sharing(data)
        for segments in (4, 8):
            threads = [
                camera_thread(sim, recording),
                camera_thread(sim, recording, path="/hall/sub", stream="sub"),
            ]
            for thread in threads:
                thread.start()
            while len(list(recording.spool.pending())) < segments:
                time.sleep(0.05)
            for thread in threads:
                thread.stop()
            for thread in threads:
                thread.join(20)
            time.sleep(0.5)
    return data


ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--autoplay-policy=no-user-gesture-required",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("SHIKE_BROWSER") or shutil.which("chromium")
    if not path:
        pytest.fail("no browser: run `make test`, which installs one, or set SHIKE_BROWSER to a Chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield launched
        launched.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN", accept_downloads=True)
    made.set_default_timeout(20_000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Page]:
    made = context.new_page()
    problems: list[str] = []
    made.on("pageerror", lambda error: problems.append(str(error)))
    yield made
    shots = os.environ.get("SHIKE_SHOTS")
    if shots:
        made.screenshot(path=Path(shots) / f"{request.node.name}.png")
    assert not problems, f"the page raised: {problems}"
