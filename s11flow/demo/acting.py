"""How each thing in the script is done: by the same services that a person's command calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from calendars import london
from db import queries
from s11flow.demo.judging import judgement
from s11flow.demo.script import Line, phrases, report_text, scrutineers_text, when_from, with_words
from s11flow.demo.stage import Stage
from s11flow.domain import acts
from s11flow.domain.model import CaseFacts
from s11flow.domain.panels import slots_of_day
from s11flow.services import assessments, cases, conclusion, cycles, panel_days, publication, sessions, submissions
from s11flow.services.subjects import load_cases


@dataclass
class Cast:
    """Everybody in the script: finds out how a case stands, and does to it what its line says."""

    stage: Stage
    turns: Mapping[str, int]
    filed: dict[str, datetime] = field(default_factory=dict)
    """When the last report of each agency came."""

    @cached_property
    def said(self) -> dict[str, Any]:
        """The sentences that judgements are made of."""
        return phrases()

    def ref(self, code: str) -> str:
        """The reference of an agency's case."""
        return f"{self.stage.partnership}-{self.stage.year}-{code}"

    def facts(self, code: str) -> CaseFacts:
        """An agency's case as it stands."""
        with self.stage.app.unit_of_work.read() as connection:
            row = queries.subject_by_ref(connection, self.ref(code))
            (loaded,) = load_cases(connection, [row.id])
        assert isinstance(loaded.facts, CaseFacts)
        return loaded.facts

    def anchors(self, code: str) -> dict[str, datetime]:
        """The dates that a line of this agency may count from, as they are now; the cycle's own without an agency."""
        facts = self.facts(code or next(iter(self.turns)))
        dates = facts.dates
        found = {
            "opened": self.stage.opened_at,
            "request": dates.request.at,
            "target": dates.target.at,
            "cut_off": dates.cut_off.at,
        }
        if dates.deadline is not None:
            found["deadline"] = dates.deadline.at
        if facts.session is not None:
            found["session"] = facts.session.starts_at
        if code in self.filed:
            found["report"] = self.filed[code]
        return found

    def act(self, line: Line, now: datetime) -> None:
        """Do what *line* says, at *now*."""
        DOERS[line.does](self, line, now)

    def day(self, code: str, given: Mapping[str, Any]) -> date:
        """A day the script names by counting."""
        at = when_from(given).instant(self.anchors(code), self.stage.rules.days)
        assert at is not None
        return london.day_of(at)


def _simple(make: Callable[[Cast, Line, datetime], acts.Act]) -> Callable[[Cast, Line, datetime], None]:
    """An act on one case that needs nothing but itself."""

    def do(cast: Cast, line: Line, now: datetime) -> None:
        what = make(cast, line, now)
        cases.act(cast.stage.app.unit_of_work, cast.ref(line.agency), what, by=line.by, now=now)

    return do


def _report(cast: Cast, line: Line, now: datetime) -> None:
    stage, agency = cast.stage, cast.facts(line.agency).agency
    starts, ends = stage.rules.definition.period_of(stage.year)
    period = f"{london.spell_day(starts)} to {london.spell_day(ends)}"
    content = report_text(line.details["text"], agency=agency.name, period=period)
    submissions.receive(
        stage.app.unit_of_work,
        submissions.Documents(stage.app.documents_dir),
        cast.ref(line.agency),
        [(f"S11 Report {stage.year} {line.agency}.md", content)],
        now=now,
        by=line.by,
        sender=agency.contact or "",
        addresses=line.details.get("addresses"),
    )
    cast.filed[line.agency] = now


def _accept(cast: Cast, line: Line, now: datetime) -> None:
    what = acts.AcceptReport(waiver=line.details.get("waiver", ""))
    uow, names = cast.stage.app.unit_of_work, line.details.get("not_covering", ())
    cases.accept(uow, cast.ref(line.agency), what, not_covering=names, by=line.by, now=now)


def _return(cast: Cast, line: Line, now: datetime) -> acts.Act:
    back_by = cast.stage.rules.days.add(london.day_of(now), line.details["within"])
    return acts.ReturnReport(tuple(line.details["gaps"]), back_by)


def _move(cast: Cast, line: Line, now: datetime) -> None:
    asked_by, reason = line.details["asked_by"], line.details["reason"]
    to = _own_day_last(cast, line.agency) if asked_by == "agency" else _last_day_first(cast)
    uow, ref = cast.stage.app.unit_of_work, cast.ref(line.agency)
    sessions.move(uow, ref, to=to, asked_by=asked_by, now=now, by=line.by, reason=reason)


def _own_day_last(cast: Cast, code: str) -> datetime:
    session = cast.facts(code).session
    assert session is not None
    return _free(cast, london.day_of(session.starts_at))[-1]


def _last_day_first(cast: Cast) -> datetime:
    with cast.stage.app.unit_of_work.read() as connection:
        row = cycles.find_cycle(connection, cast.stage.partnership, cast.stage.year)
        last = max(day.day for day in queries.panel_days_of(connection, row.id))
    return _free(cast, last)[0]


def _free(cast: Cast, day: date) -> list[datetime]:
    """The starts that are free on a panel day, in order."""
    with cast.stage.app.unit_of_work.read() as connection:
        row = cycles.find_cycle(connection, cast.stage.partnership, cast.stage.year)
        taken = {session.starts_at for session in queries.live_sessions(connection, row.id)}
    return [s.starts_at for s in slots_of_day(cast.stage.rules.definition.panel, day) if s.starts_at not in taken]


def _reply(cast: Cast, line: Line, now: datetime) -> None:
    uow, agency = cast.stage.app.unit_of_work, cast.facts(line.agency).agency
    for attendee in agency.attendees:
        sessions.reply(uow, cast.ref(line.agency), attendee, line.details["answer"], now=now, by=line.by)


def _record(cast: Cast, line: Line, now: datetime) -> acts.Act:
    given = line.details
    return acts.Record(given["outcome"], given.get("heard"), given.get("notice", False))


def _plan_session(cast: Cast, line: Line, now: datetime) -> None:
    stage = cast.stage
    panel_days.plan_sessions(
        stage.app.unit_of_work, partnership=stage.partnership, year=stage.year, now=now, by=line.by
    )


def _assess(cast: Cast, line: Line, now: datetime) -> None:
    stage, given = cast.stage, line.details
    text = judgement(
        stage.rules.definition,
        cast.said,
        given["panel"],
        cast.turns[line.agency],
        due=lambda working_days: stage.rules.days.add(london.day_of(now), working_days),
        dissent=given.get("dissent", ""),
        agency_response=given.get("agency_response", ""),
    )
    assessments.assess(stage.app.unit_of_work, cast.ref(line.agency), text, now=now, by=line.by)


def _agree(cast: Cast, line: Line, now: datetime) -> None:
    assessments.agree(cast.stage.app.unit_of_work, cast.ref(line.agency), now=now, by=line.by)


def _of_cycle(do: Callable[..., object]) -> Callable[[Cast, Line, datetime], None]:
    def act(cast: Cast, line: Line, now: datetime) -> None:
        stage = cast.stage
        do(stage.app.unit_of_work, partnership=stage.partnership, year=stage.year, now=now, by=line.by)

    return act


def _write_report_text(cast: Cast, line: Line, now: datetime) -> None:
    stage = cast.stage
    text = scrutineers_text(line.details["text"], next=str(stage.year + 1))
    publication.set_report_text(
        stage.app.unit_of_work, text, partnership=stage.partnership, year=stage.year, now=now, by=line.by
    )


def _decide_naming(cast: Cast, line: Line, now: datetime) -> None:
    stage = cast.stage
    authority = with_words(line.details["authority"], next=str(stage.year + 1))
    publication.decide_naming(
        stage.app.unit_of_work, line.details["decision"], authority=authority, partnership=stage.partnership,
        year=stage.year, now=now, by=line.by,
    )  # fmt: skip


DOERS: dict[str, Callable[[Cast, Line, datetime], None]] = {
    "report": _report,
    "accept": _accept,
    "return": _simple(_return),
    "extend": _simple(lambda c, s, _: acts.Extend(c.day(s.agency, s.details["to"]), s.details["reason"])),
    "excuse": _simple(lambda _, s, __: acts.Excuse(s.details["reason"], s.details["authority"])),
    "hold": _simple(lambda c, s, _: acts.Hold(c.day(s.agency, s.details["until"]), s.details["reason"])),
    "stand-down": _simple(lambda _, s, __: acts.StandDownEscalation(s.details["reason"])),
    "acknowledge": _simple(lambda _, __, ___: acts.Acknowledge()),
    "follow-up": _simple(lambda _, s, __: acts.FollowUp(s.details["words"])),
    "consider": _simple(lambda _, s, __: acts.Consider("on paper", s.details["reason"])),
    "record": _simple(_record),
    "reply": _reply,
    "move": _move,
    "plan-session": _plan_session,
    "assess": _assess,
    "agree": _agree,
    "report-text": _write_report_text,
    "approve-report": _of_cycle(conclusion.approve_report),
    "naming": _decide_naming,
    "statement": _of_cycle(conclusion.include_in_statement),
    "close": _of_cycle(conclusion.close),
}
"""What each word of the script does."""
