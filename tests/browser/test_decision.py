"""From the picture to the decision: bureau and institution handle yesterday's class session in a browser."""

import json
import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from shike.api.demo import story
from shike.api.demo.client import DemoClient
from shike.camera_sim.media import samples
from shike.camera_sim.media.assembly import assemble, groups_of
from shike.capture.moment import BEIJING
from tests.browser.conftest import log_in
from tests.browser.product import ADMINISTRATOR, PASSWORD, Product, SimulatedCameras, wait_until
from tests.browser.strip import read_strip

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]

FPS, GROUP_FRAMES = 25, 50


class Yesterday:
    """A room whose footage of yesterday is imported, and a class that is not registered yet."""

    def __init__(self, product: Product, client: DemoClient, rooms: dict[str, Any], start: datetime) -> None:
        self.product, self.client, self.rooms, self.start = product, client, rooms, start
        self.shown = groups_of(story.PARTS, story.GROUP_S)

    def moment_of(self, frame: int, near: datetime) -> datetime:
        """The moment nearest to another at which the footage shows a frame of the clip."""
        group, within = divmod(frame, GROUP_FRAMES)
        first = self.start - story.BEFORE
        moments = [
            first + timedelta(seconds=at * story.GROUP_S + within / FPS)
            for at, number in enumerate(self.shown)
            if number == group
        ]
        return min(moments, key=lambda each: abs(each - near))


@pytest.fixture
def yesterday(tmp_path: Path) -> Iterator[Yesterday]:
    camera = SimulatedCameras(tmp_path / "camera.jsonl", ("room-b/main", "room-b/sub"))
    camera.start()
    # A long interval of live samples leaves the detector to yesterday's footage.
    product = Product(tmp_path / "data", sample_interval_s=30)
    product.data.mkdir(parents=True)
    product.command("account", "add", ADMINISTRATOR, "--name", "陈静")
    product.start()
    client = DemoClient(product.address, ADMINISTRATOR, PASSWORD)
    try:
        region = client.get("/api/regions")["items"][0]["id"]
        school = client.post("/api/institutions", region_id=region, name="襄河职业培训学校")
        room = client.post("/api/rooms", institution_id=school["id"], name="305 教室", seats=28)
        streams = {"main_path": "/room-b/main", "sub_path": "/room-b/sub"}
        made = client.post(
            "/api/cameras", room_id=room["id"], name="前摄像机", host="127.0.0.1", port=camera.port, **streams
        )
        start = datetime.now(BEIJING).replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=1)
        prepared = Yesterday(product, client, {"305 教室": room}, start)
        file = tmp_path / "yesterday.mp4"
        assemble(samples.folder() / "room-b-main.mp4", file, prepared.shown)
        begin = (start - story.BEFORE).isoformat()
        product.command("ingest", str(file), "--camera", made["id"], "--start", begin, "--simulated")
        yield prepared
    finally:
        product.stop()
        camera.kill()


def test_a_late_class_is_flagged_confirmed_and_stands_in_the_decision(
    page: Page, yesterday: Yesterday, tmp_path: Path
) -> None:
    client = yesterday.client
    made = story.register_class(client, yesterday.rooms["305 教室"], yesterday.start)
    log_in(page, yesterday.product)
    a_roster_with_two_bad_rows_is_mended(page, yesterday, made["id"], tmp_path)
    story.register_sessions(client, made, yesterday.rooms["305 教室"], yesterday.start)
    story.accept(client, yesterday.rooms["305 教室"]["id"])
    session_id = story.session_of(client, made["id"], yesterday.rooms["305 教室"]["id"])
    wait_until(lambda: story.is_final(client, session_id), 180, "yesterday's class session is judged")

    flags = {each["code"]: each for each in client.get("/api/flags", state="open")["items"]}
    assert {"LATE_START", "LOW_TURNOUT"} <= set(flags)
    the_flag_plays_its_moment(page, yesterday, flags["LATE_START"])
    the_flag_is_confirmed(page, yesterday, flags["LATE_START"])
    client.post(f"/api/classes/{made['id']}/decisions")
    the_decision_shows_it_with_its_clause(page, yesterday, made["id"])
    the_counts_are_true(yesterday, session_id)


def a_roster_with_two_bad_rows_is_mended(page: Page, yesterday: Yesterday, class_id: str, folder: Path) -> None:
    crowd = story.people(story.EXPECTED + 1, 0)
    good = story.roster(crowd, decided=True)
    bad = [list(row) for row in good]
    last = bad[3][1][-1]
    bad[3][1] = bad[3][1][:-1] + ("0" if last != "0" else "1")  # a wrong check character
    bad[5][0] = ""  # no name
    page.goto(f"{yesterday.product.address}/classes/{class_id}/roster")
    page.get_by_role("button", name=re.compile("导入")).first.click()
    upload(page, folder / "bad.csv", bad)
    errors = page.locator("[data-import-row]")
    expect(errors).to_have_count(2)
    assert {errors.nth(at).get_attribute("data-import-row") for at in range(2)} == {"4", "6"}
    assert yesterday.client.get(f"/api/classes/{class_id}/enrolments")["items"] == []
    upload(page, folder / "good.csv", good)
    page.locator("[data-import-apply]").click()
    expect(page.locator("[data-import-kind] [role=status]")).to_be_visible()
    wait_until(
        lambda: len(yesterday.client.get(f"/api/classes/{class_id}/enrolments")["items"]) == len(crowd),
        10,
        "everybody is on the roster",
    )


def upload(page: Page, path: Path, rows: list[list[str]]) -> None:
    path.write_text("\n".join(",".join(row) for row in rows), encoding="utf-8")
    page.locator("[data-import-kind] input[type=file]").set_input_files(path)


def wall_ms(player: Locator) -> float:
    text = player.get_attribute("data-wall-ms")
    return float(text) if text else float("inf")


def the_flag_plays_its_moment(page: Page, yesterday: Yesterday, flag: dict[str, Any]) -> None:
    moment = datetime.fromisoformat(flag["moment_at"])
    page.goto(f"{yesterday.product.address}/class-sessions/{flag['class_session_id']}")
    item = page.locator("[data-flag-code=LATE_START]").first
    item.click()
    player = page.locator("[data-player]").first
    wait_until(lambda: abs(wall_ms(player) - moment.timestamp() * 1000) < 4000, 30, "the flag's moment plays")
    if player.get_attribute("data-playing") == "true":
        page.keyboard.press("k")
    item.click()
    wait_until(lambda: abs(wall_ms(player) - moment.timestamp() * 1000) <= 1000, 20, "its first second is shown")
    time.sleep(0.5)
    found = read_strip(player.locator("video"))
    assert found is not None
    shown = yesterday.moment_of(found["frame"], moment)
    assert abs((shown - moment).total_seconds()) <= 1, f"the strip says {shown}, the flag {moment}"


def the_flag_is_confirmed(page: Page, yesterday: Yesterday, flag: dict[str, Any]) -> None:
    page.goto(f"{yesterday.product.address}/flags#{flag['id']}")
    expect(page.locator(f"article[data-flag-id='{flag['id']}']")).to_be_visible()
    page.locator("form[name=verdict] input[value=confirmed]").check(force=True)
    page.fill("#verdict-note", "录像显示 09:16 才有人进教室")
    page.locator("form[name=verdict] button[type=submit]").click()
    wait_until(
        lambda: yesterday.client.get(f"/api/flags/{flag['id']}")["state"] == "confirmed", 10, "the verdict is kept"
    )


def the_decision_shows_it_with_its_clause(page: Page, yesterday: Yesterday, class_id: str) -> None:
    decisions = yesterday.client.get(f"/api/classes/{class_id}/decisions")["items"]
    assert {each["verdict"] for each in decisions} == {"eligible", "not_eligible", "review", "referred"}
    held = next(each for each in decisions if each["verdict"] == "review")
    page.goto(f"{yesterday.product.address}/subsidy/classes/{class_id}/trainees/{held['trainee_id']}")
    content = page.locator("main")
    expect(content).to_contain_text("迟开课")
    expect(content).to_contain_text("S07")


def the_counts_are_true(yesterday: Yesterday, session_id: str) -> None:
    """At least 95 % of the counts of room B are within one of the clip's truth."""
    truth = json.loads((samples.folder() / "truth.json").read_text())["truth"]
    counts = yesterday.client.get(f"/api/class-sessions/{session_id}/detail")["counts"]
    first = yesterday.start - story.BEFORE
    errors = []
    for each in counts:
        group = round((datetime.fromisoformat(each["at"]) - first).total_seconds() / story.GROUP_S)
        if each["valid"] and 0 <= group < len(yesterday.shown):
            second = int(yesterday.shown[group] * story.GROUP_S)
            errors.append(abs(each["count"] - len(truth[second]["views"]["room-b"])))
    assert len(errors) >= 80
    assert sum(error <= 1 for error in errors) >= 0.95 * len(errors), errors
