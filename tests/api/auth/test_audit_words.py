"""The page of the audit trail has words for everything that a line may contain."""

import json
from pathlib import Path
from typing import get_args

import pytest

from shike.api.auth import audit

MESSAGES = Path(__file__).parents[3] / "web" / "src" / "messages"


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_action_of_the_audit_trail_has_words(language: str) -> None:
    words = json.loads((MESSAGES / language / "admin.json").read_text())["admin"]["log"]["actions"]
    assert set(words) == set(get_args(audit.Action))
