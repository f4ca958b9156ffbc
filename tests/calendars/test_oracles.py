"""Our invitations as libical and ical.js read them: sound, and at the right instant on both sides of a clock change."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from calendars import invitation as invitations
from calendars import london
from tests.calendars.oracles import Missing, Told, ical_js, libical
from tests.calendars.test_invitation import PANEL

DAYS = (
    *(date(2026, 10, 23), date(2026, 10, 24), date(2026, 10, 25), date(2026, 10, 26), date(2026, 10, 27)),
    *(date(2027, 3, 26), date(2027, 3, 27), date(2027, 3, 28), date(2027, 3, 29), date(2026, 11, 10)),
    *(date(2024, 7, 1), date(2050, 3, 27), date(2050, 10, 30), date(2050, 10, 31)),
)
TIMES = (time(0, 15), time(3), time(9, 30), time(16, 45))
Oracle = Callable[[list[bytes]], list[Told]]


@pytest.fixture(params=["libical", "ical.js"])
def oracle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    """A library that reads calendar files."""

    def ask(files: list[bytes]) -> list[Told]:
        try:
            if request.param == "libical":
                return libical(files)
            return ical_js(files, Path(tmp_path_factory.getbasetemp()) / "ical.js")
        except Missing as missing:
            pytest.skip(str(missing))

    return ask


def test_what_we_send_is_sound_and_at_the_right_instant(oracle: Oracle) -> None:
    starts = [london.instant(day, at) for day in DAYS for at in TIMES]
    half_hour = timedelta(minutes=30)
    meetings = [replace(PANEL, starts_at=at, ends_at=at + half_hour, sequence=n) for n, at in enumerate(starts)]
    made = [*map(invitations.request, meetings), *map(invitations.cancel, meetings)]

    told = oracle(made)

    assert [(each.sound, each.starts_at, each.ends_at, each.uid, each.sequence) for each in told] == [
        (True, stamp(meeting.starts_at), stamp(meeting.ends_at), PANEL.uid, meeting.sequence)
        for meeting in (*meetings, *meetings)
    ]


def test_an_update_that_asks_for_no_reply_is_sound(oracle: Oracle) -> None:
    (told,) = oracle([invitations.request(replace(PANEL, partstat="ACCEPTED", reply_wanted=False, url=None))])

    assert told.sound


def test_hostile_words_add_no_property(oracle: Oracle) -> None:
    words = [
        "x\r\nATTENDEE:mailto:eve@elsewhere.example",
        'x";X="y',
        "x;y,z:w\\n",
        "END:VEVENT\nBEGIN:VEVENT",
        "é" * 90,
    ]
    hostile = [replace(PANEL, summary=word, location=word, description=word) for word in words]

    told = oracle([invitations.request(each) for each in (PANEL, *hostile)])

    assert [(each.sound, each.properties) for each in told] == [(True, told[0].properties)] * len(told)


def stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
