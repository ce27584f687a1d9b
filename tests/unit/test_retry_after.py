"""Every form in which a provider says when to try again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.providers.transport import Reply

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
AT_1207, AT_1200 = "Sun, 22 Nov 2026 12:00:07 GMT", "Sun, 22 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "200"}, 200.0),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"x-ms-retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after": AT_1207}, 7.0),
        ({"retry-after": AT_1207, "date": AT_1200}, 7.0),
        ({"retry-after": AT_1207, "date": "Sun, 22 Nov 2026 11:30:00 GMT"}, 1807.0),
        ({"retry-after": AT_1207, "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 3600.0),
        ({"retry-after": "999999999"}, 3600.0),
        ({"retry-after": AT_1207, "date": "Sun, 22 Nov 2026 13:00:00 GMT"}, 0.0),
        ({"retry-after": AT_1207, "date": "soon"}, 7.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after-ms": "nan", "x-ms-retry-after-ms": "-1"}, None),
    ],
)
def test_wait_is_read_in_every_form(headers: dict[str, str], wait_s: float | None) -> None:
    """Milliseconds before seconds; a date is by the provider's own clock; an hour at most; nonsense says nothing."""
    assert Reply(429, headers, b"", NOW).wait_s == wait_s
