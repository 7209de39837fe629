"""Browsers by names that their owners know them by."""

import pytest

from wxadmin.handlers.admin.devices import called


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) … Chrome/131.0 Safari/537.36 Edg/131", "Edge · Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) … Version/18.1 Mobile Safari/604.1",
            "Safari · iPhone",
        ),
        ("Mozilla/5.0 (Linux; Android 15; PJZ110) … Chrome/130.0 Mobile Safari/537.36", "Chrome · Android"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox · Linux"),
        ("curl/8.11", "curl/8.11"),
        ("", "—"),
    ],
)
def test_a_browser_is_called_as_people_do(user_agent: str, name: str) -> None:
    assert called(user_agent) == name
