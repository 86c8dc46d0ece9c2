"""The first-run guide leads from an empty installation to the first picture."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.product import ADMINISTRATOR, PASSWORD, Product, SimulatedCameras, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

_CODE = re.compile(r"Setup code[^:]*: (\S+)")


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[SimulatedCameras]:
    camera = SimulatedCameras(tmp_path / "camera.jsonl", ("room-b/main", "room-b/sub"))
    camera.start()
    yield camera
    camera.kill()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Product]:
    product = Product(tmp_path / "data")
    product.start()
    yield product
    product.stop()


def setup_code(product: Product) -> str:
    """The code that the server printed on its console."""
    log = product.data / "up.log"
    wait_until(lambda: _CODE.search(log.read_text()) is not None, 20, "the setup code is printed")
    return str(_CODE.findall(log.read_text())[-1])


def test_an_empty_installation_leads_to_its_first_picture(page: Page, empty: Product, camera: SimulatedCameras) -> None:
    page.goto(empty.address)
    expect(page).to_have_url(re.compile("/start"))
    the_first_administrator_is_made(page, setup_code(empty))
    page.fill("input[name=institution_name]", "襄河职业培训学校")
    page.keyboard.press("Enter")
    page.fill("input[name=room_name]", "305 教室")
    page.keyboard.press("Enter")
    a_wrong_address_is_explained(page, camera)
    the_picture_is_seen_before_it_is_saved(page, camera)
    page.get_by_role("button", name="看实况").click()
    expect(page.locator(".tile")).to_have_attribute("data-state", "live", timeout=30_000)
    with empty.client() as client:
        assert [one["level"] for one in client.get("/api/regions").json()["items"]] == ["county"]


def the_first_administrator_is_made(page: Page, code: str) -> None:
    page.fill("input[name=setup_code]", "AAAA-BBBB-CCCC")
    page.fill("input[name=region_name]", "全椒县")
    page.fill("input[name=username]", ADMINISTRATOR)
    page.fill("input[name=name]", "陈静")
    page.fill("input[name=password]", PASSWORD)
    page.fill("input[name=again]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_text("安装码不对")).to_be_visible()
    page.fill("input[name=setup_code]", code)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="培训机构")).to_be_visible()


def a_wrong_address_is_explained(page: Page, camera: SimulatedCameras) -> None:
    # The form of the room has a field with the same label: wait until it has gone.
    expect(page.get_by_role("heading", name="接入摄像机")).to_be_visible()
    page.get_by_label("名称").fill("前摄像机")
    page.get_by_label("地址").fill(f"127.0.0.1:{camera.port}")
    page.get_by_label("主码流路径").fill("/nothing/here")
    page.get_by_role("button", name="连接，看画面").click()
    expect(page.get_by_text("主码流没连上：摄像机没有这个路径（404）")).to_be_visible()


def the_picture_is_seen_before_it_is_saved(page: Page, camera: SimulatedCameras) -> None:
    page.get_by_label("主码流路径").fill("/room-b/main")
    page.get_by_label("子码流路径").fill("/room-b/sub")
    page.get_by_role("button", name="连接，看画面").click()
    expect(page.get_by_alt_text("摄像机刚才的画面").first).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="保存，接下一路").click()
    expect(page.get_by_text("前摄像机已保存")).to_be_visible()
