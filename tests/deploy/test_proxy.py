"""The example of a reverse proxy lets live view through and passes on what the service checks."""

import re
from pathlib import Path

from shike.api.settings import Settings

TEXT = re.sub(r"#.*", "", (Path(__file__).parents[2] / "deploy" / "nginx.conf").read_text())


def test_the_proxy_passes_web_sockets_on_and_lets_them_stay_open() -> None:
    assert re.search(r"proxy_set_header\s+Upgrade\s+\$http_upgrade;", TEXT)
    assert re.search(r"proxy_set_header\s+Connection\s+\$shike_connection;", TEXT)
    assert "proxy_read_timeout 1h;" in TEXT


def test_the_proxy_keeps_no_footage() -> None:
    assert "proxy_buffering off;" in TEXT
    assert "proxy_max_temp_file_size 0;" in TEXT


def test_the_proxy_tells_host_with_port_for_the_check_of_origins() -> None:
    assert re.search(r"proxy_set_header\s+Host\s+\$http_host;", TEXT)


def test_the_proxy_asks_the_port_that_is_served() -> None:
    assert f"proxy_pass http://127.0.0.1:{Settings.model_fields['port'].default};" in TEXT


def test_braces_match_and_statements_end() -> None:
    assert TEXT.count("{") == TEXT.count("}")
    for line in TEXT.splitlines():
        assert not line.strip() or line.strip()[-1] in "{};", line
