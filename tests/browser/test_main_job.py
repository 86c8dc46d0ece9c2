"""A supervisor watches, plays back and exports simulated cameras in a real Chromium, and the audit trail lists it."""

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import pytest
from playwright.sync_api import Locator, Page, expect

from shike.camera_sim.media import strip
from tests.browser.conftest import School, log_in
from tests.browser.product import wait_until
from tests.browser.strip import read_strip

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]

FRAME_US = 40_000
CLIP = "room-a-front"


def tile_of(page: Page, camera_id: str) -> Locator:
    return page.locator(f".tile[data-camera-id='{camera_id}']")


def age_ms(tile: Locator) -> float:
    text = tile.get_attribute("data-age-ms")
    return float(text) if text else float("inf")


def test_a_supervisor_watches_plays_back_and_exports_and_the_audit_trail_lists_it(
    page: Page, school: School, tmp_path: Path
) -> None:
    camera = school.cameras[CLIP]
    log_in(page, school.product)
    page.goto(f"{school.product.address}/live")
    tile = tile_of(page, camera)

    the_picture_moves_and_is_fresh(tile)
    the_tile_says_that_its_camera_died_and_heals_by_itself(tile, school)
    a_click_on_the_time_line_plays_that_moment(page, school, camera)
    exported = two_minutes_are_exported(page, school, camera, tmp_path)
    no_frame_is_missing(exported, school)
    the_audit_trail_lists_it(page, school)


def the_picture_moves_and_is_fresh(tile: Locator) -> None:
    expect(tile).to_have_attribute("data-state", "live", timeout=30_000)
    frames, ages = set(), []
    for _ in range(20):
        shown = read_strip(tile.locator("video"))
        if shown is not None:
            assert shown["view"] == 0
            frames.add(shown["frame"])
        ages.append(age_ms(tile))
        time.sleep(0.25)
    assert len(frames) >= 10, f"the picture stands still: {sorted(frames)}"
    assert max(ages) < 2000, f"the picture is too old: {sorted(ages)[-3:]}"


def the_tile_says_that_its_camera_died_and_heals_by_itself(tile: Locator, school: School) -> None:
    school.front.kill()
    expect(tile).to_have_attribute("data-state", "stale", timeout=15_000)
    expect(tile).to_contain_text("画面停在")
    expect(tile.locator(".stale p").first).to_have_text(re.compile("摄像机|网络|连接"))
    school.front.start()
    expect(tile).to_have_attribute("data-state", "live", timeout=45_000)
    wait_until(lambda: age_ms(tile) < 2000, 10, "the picture is fresh again")


def wall_ms(player: Locator) -> float:
    """Wall time of the picture on screen; infinite while another one is being fetched."""
    text = player.get_attribute("data-wall-ms")
    return float(text) if text else float("inf")


def a_click_on_the_time_line_plays_that_moment(page: Page, school: School, camera: str) -> None:
    def after_revival() -> list[int]:
        return [sent for sent, _ in school.front.sent(f"{CLIP}/main") if sent > school.front.killed_us]

    wait_until(lambda: bool(after_revival()), 60, "the main stream is back as well")
    healed = min(after_revival())
    moment = datetime.fromtimestamp(healed / 1e6, UTC) + timedelta(seconds=2)
    wait_until(lambda: datetime.now(UTC) > moment + timedelta(seconds=12), 30, "some seconds are recorded again")
    page.goto(f"{school.product.address}/cameras/{camera}?t={moment:%Y-%m-%dT%H:%M:%SZ}")
    player = page.locator("[data-player]")
    expect(player).to_have_attribute("data-wall-ms", re.compile(r"\d"), timeout=30_000)
    time_line = page.get_by_role("slider").first
    box = time_line.bounding_box()
    assert box is not None
    first_ms, last_ms = (float(time_line.get_attribute(f"aria-value{end}") or 0) for end in ("min", "max"))
    target_ms = healed / 1000 + 5_000
    x = box["x"] + box["width"] * (target_ms - first_ms) / (last_ms - first_ms)
    page.mouse.click(x, box["y"] + box["height"] / 2)
    # A pixel of the time line is some hundred milliseconds, and the video plays on after the click.
    pixel_ms = (last_ms - first_ms) / box["width"]
    wait_until(lambda: target_ms - pixel_ms <= wall_ms(player) < target_ms + 5000, 20, "the clicked moment plays")
    page.keyboard.press("k")
    expect(player).to_have_attribute("data-playing", "false")
    time.sleep(0.5)
    found = read_strip(player.locator("video"))
    wall_us = wall_ms(player) * 1000
    assert found is not None, "no strip in the picture"
    near = [sent for sent, frame in school.front.sent(f"{CLIP}/main") if frame == found["frame"]]
    nearest = min(near, key=lambda sent: abs(sent - wall_us))
    assert abs(nearest - wall_us) <= FRAME_US, f"{(nearest - wall_us) / 1000:.1f} ms between the strip and the page"


def two_minutes_are_exported(page: Page, school: School, camera: str, folder: Path) -> tuple[Path, datetime, datetime]:
    begun = min(sent for sent, _ in school.front.sent(f"{CLIP}/main"))
    # Whole seconds: the page's address has no fractions.
    start = datetime.fromtimestamp(begun // 1_000_000, UTC) + timedelta(seconds=8)
    end = start + timedelta(minutes=2)
    wait_until(lambda: datetime.now(UTC) > end + timedelta(seconds=3), 150, "two minutes are recorded")
    page.goto(
        f"{school.product.address}/cameras/{camera}?t={start:%Y-%m-%dT%H:%M:%SZ}"
        f"&from={start:%Y-%m-%dT%H:%M:%SZ}&to={end:%Y-%m-%dT%H:%M:%SZ}"
    )
    with page.expect_download(timeout=60_000) as downloading:
        page.locator("[data-act=export]").click()
    target = folder / "export.mp4"
    downloading.value.save_as(target)
    return target, start, end


def no_frame_is_missing(exported: tuple[Path, datetime, datetime], school: School) -> None:
    path, start, end = exported
    frames: list[int] = []
    with av.open(str(path)) as container:
        assert "[simulated]" in container.metadata["title"]
        for picture in container.decode(video=0):
            found = strip.read(picture.reformat(format="gray").to_ndarray())
            assert found is not None
            frames.append(found.frame)
    first_us, last_us = (int(moment.timestamp() * 1e6) for moment in (start, end))
    # Frames in the camera's own network stack at the kill were never sent.
    lost = range(school.front.killed_us - 200_000, school.front.killed_us + 200_000)
    exported_us = range(first_us + FRAME_US, last_us - FRAME_US)
    sent = [frame for at, frame in school.front.sent(f"{CLIP}/main") if at in exported_us and at not in lost]
    assert len(sent) > 90 * 25, "the camera was down for too long for this comparison"
    # The export begins at a keyframe before the range and ends with a fragment after it.
    at = 0
    for position, frame in enumerate(sent):
        while at < len(frames) and frames[at] != frame:
            at += 1
        assert at < len(frames), f"frame {frame}, the {position}th that was sent, is missing"
        at += 1
    assert len(frames) - len(sent) < 4 * 25 + 25


def the_audit_trail_lists_it(page: Page, school: School) -> None:
    page.goto(f"{school.product.address}/admin/log")
    table = page.locator("main")
    for words in ("登录", "实况", "回放", "导出"):
        expect(table).to_contain_text(words)
    expect(table).to_contain_text("201 教室 · 前摄像机")
