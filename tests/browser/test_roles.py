"""What each role sees: menus show only pages that it may open, and addresses outside its scope show nothing."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import School, log_in
from tests.browser.product import PASSWORD, post

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture(scope="session")
def accounts(school: School) -> School:
    """A supervisor and an auditor of the region, and an account of the institution of room B."""
    with school.product.client() as client:
        region = client.get("/api/regions").json()["items"][0]["id"]
        institutions = {one["name"]: one["id"] for one in client.get("/api/institutions").json()["items"]}
        scopes = {
            "supervisor": {"region_id": region},
            "auditor": {"region_id": region},
            "institution": {"institution_id": institutions["襄河职业培训学校"]},
        }
        for role, scope in scopes.items():
            post(client, "/api/accounts", username=role, name=role, password=PASSWORD, role=role, scope=scope)
    return school


@pytest.mark.parametrize(
    ("role", "settings"),
    [
        ("supervisor", ["教室", "摄像机", "录像", "保存与封存", "录像日报"]),
        ("auditor", ["教室", "摄像机", "录像", "保存与封存", "录像日报", "操作日志"]),
        ("institution", ["教室", "摄像机", "录像", "录像日报"]),
    ],
)
def test_settings_show_only_what_a_role_may_open(page: Page, accounts: School, role: str, settings: list[str]) -> None:
    log_in(page, accounts.product, role)
    page.goto(f"{accounts.product.address}/admin")
    expect(page.get_by_role("navigation", name="设置").get_by_role("link")).to_have_text(settings)
    expect(page.get_by_role("button", name="添加教室")).to_have_count(0)
    page.goto(f"{accounts.product.address}/admin/accounts")
    expect(page.get_by_role("heading", name="您没有查看这一页的权限")).to_be_visible()


def test_an_institution_sees_its_own_camera_and_nothing_of_another(page: Page, accounts: School) -> None:
    log_in(page, accounts.product, "institution")
    expect(page.locator(".tile")).to_have_count(1)
    page.goto(f"{accounts.product.address}/cameras/{accounts.cameras['room-a-front']}")
    expect(page.get_by_role("heading", name="没有这个地址")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text("201 教室")
    page.goto(f"{accounts.product.address}/cameras/{accounts.cameras['room-b']}")
    expect(page.get_by_role("heading", name="305 教室")).to_be_visible()


def test_a_camera_page_says_what_its_camera_is_doing_to_those_who_may_see_it(page: Page, accounts: School) -> None:
    log_in(page, accounts.product, "institution")
    page.goto(f"{accounts.product.address}/admin/cameras/{accounts.cameras['room-a-front']}")
    expect(page.get_by_role("heading", name="没有这个地址")).to_be_visible()
    page.goto(f"{accounts.product.address}/admin/recording-report")
    page.locator(f"[data-camera-id='{accounts.cameras['room-b']}']").get_by_role("link", name="前摄像机").click()
    expect(page.get_by_role("heading", name="305 教室 · 前摄像机")).to_be_visible()
    main = page.get_by_role("region", name="主码流")
    expect(main).to_contain_text("正在录像")
    expect(main).to_contain_text("H.264")
    expect(page.locator("tr[data-stream='main']")).to_contain_text("%")


def test_the_menu_is_reached_with_the_tab_key(page: Page, accounts: School) -> None:
    log_in(page, accounts.product, "supervisor")
    expect(page.locator(".tile").first).to_be_visible()
    menu, reached = ["实况", "回放", "课次", "预警", "培训班", "补贴", "设置"], []
    for _ in range(2 + len(menu)):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))
    assert reached[2:] == menu


def test_on_a_phone_only_the_page_scrolls_and_the_menu_stays_in_place(page: Page, accounts: School) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    log_in(page, accounts.product, "supervisor")
    for path in ("recording", "keeping", f"cameras/{accounts.cameras['room-b']}"):
        page.goto(f"{accounts.product.address}/admin/{path}")
        expect(page.locator("#content table").last).to_be_visible()
        assert page.evaluate("document.querySelector('#content').scrollHeight") > 844, "the page is longer than a phone"
        assert page.evaluate("document.documentElement.scrollHeight") == 844, f"the window scrolls at /admin/{path}"
