"""How dates and lists are written in a row, and read back; reading the same text twice costs one look-up."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from s11flow.domain.model import Agency, AgencyStatus, CaseDates, Dated, Track
from s11flow.services.chain import canonical


def dated_text(dated: Dated) -> str:
    """A date as a row keeps it; the instant in UTC."""
    return canonical(_dated(dated))


@lru_cache(maxsize=1024)
def dated_from(text: str) -> Dated:
    """The date a row keeps."""
    return _read_dated(json.loads(text))


def dates_text(dates: CaseDates) -> str:
    """A case's dates as its row keeps them."""
    return canonical(
        {
            "request": _dated(dates.request),
            "target": _dated(dates.target),
            "cut_off": _dated(dates.cut_off),
            "deadline": None if dates.deadline is None else _dated(dates.deadline),
            "panel_day": None if dates.panel_day is None else _dated(dates.panel_day),
            "target_set_at": dates.target_set_at.isoformat(),
            "deadline_set_at": dates.deadline_set_at.isoformat(),
            "extended": dates.extended,
            "period": None if dates.period is None else [day.isoformat() for day in dates.period],
        }
    )


@lru_cache(maxsize=8192)
def dates_from(text: str) -> CaseDates:
    """The dates a case's row keeps; cases with the same dates share one value."""
    read = json.loads(text)
    return CaseDates(
        request=_read_dated(read["request"]),
        target=_read_dated(read["target"]),
        cut_off=_read_dated(read["cut_off"]),
        deadline=None if read["deadline"] is None else _read_dated(read["deadline"]),
        panel_day=None if read["panel_day"] is None else _read_dated(read["panel_day"]),
        target_set_at=_instant(read["target_set_at"]),
        deadline_set_at=_instant(read["deadline_set_at"]),
        extended=read["extended"],
        period=_period(read.get("period")),
    )


def agency_from(row: Any) -> Agency:
    """An agency as its row of the register stands."""
    return Agency(
        code=row.code,
        name=row.name,
        category=row.category,
        status=_STATUS[row.status],
        status_reason=row.status_reason,
        lead=row.lead,
        contact_name=row.contact_name,
        contact_role=row.contact_role,
        contact=row.contact_email,
        deputy=row.deputy_email,
        senior_leader=row.senior_leader_email,
        data_protection=row.data_protection_email,
        attendees=tuple(row.attendee_emails.split(";")) if row.attendee_emails else (),
        areas=tuple(row.areas.split(";")) if row.areas else (),
        track=_TRACK[row.usual_track],
        contact_left_at=row.contact_left_at,
        contact_since=row.contact_since,
    )


_TRACK = {"": Track.FULL, **{track.value: track for track in Track}}
_STATUS = {status.value: status for status in AgencyStatus}


def _dated(dated: Dated) -> dict[str, str]:
    return {"at": dated.at.isoformat(), "on": dated.on.isoformat(), "why": dated.why, "rule": dated.rule}


def _read_dated(read: dict[str, str]) -> Dated:
    return Dated(_instant(read["at"]), date.fromisoformat(read["on"]), read["why"], read["rule"])


def _period(read: list[str] | None) -> tuple[date, date] | None:
    return None if read is None else (date.fromisoformat(read[0]), date.fromisoformat(read[1]))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
