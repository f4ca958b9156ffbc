"""Answers that come back from calendars: each ends in its case, once, whatever the order and however often."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from calendars.reply import Attendee, Reply
from db import queries
from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from notifications.mailbox import Maildir
from notifications.reading import ReadMail, parse, read
from s11flow.domain.errors import RefusedError, UnknownError, WrongInputError
from s11flow.domain.replies import Outcome, Why
from s11flow.services import inbox, intake, proposals, replies, sessions
from s11flow.services.proposed import open_proposals
from s11flow.services.replies import Settled
from s11flow.services.submissions import Documents
from s11flow.services.verify import verify
from tests.calendars.samples import parts_of
from tests.services.mails import answer as answer_mail
from tests.services.mails import arrives
from tests.services.post import REFUSED, TOOK, Server, answering, delivered
from tests.services.scene import CODE, INVITED, at, invited, opened, overview_of, queries_of, run_to

STROUD = "GSCP-2026-02"
ONE, TWO = "a@district.example", "b@district.example"


@pytest.fixture
def year(uow: UnitOfWork) -> UnitOfWork:
    """The cycle of 2026 on the day after the invitations left; Stroud invites two people."""
    return invited(uow)


def session_of(uow: UnitOfWork, ref: str = STROUD) -> Any:
    with uow.read() as connection:
        found = queries.subject_by_ref(connection, ref)
        return queries.sessions(connection, [found.id])[found.id][-1]


def answer(uow: UnitOfWork, partstat: str = "ACCEPTED", who: str = ONE, **others: Any) -> Reply:
    said = {"sequence": session_of(uow).revision, "stamped_at": INVITED} | others
    return Reply("REPLY", session_of(uow).uid, (Attendee(who, partstat=partstat),), **said)


def counter(uow: UnitOfWork, starts_at: datetime, who: str = ONE, **others: Any) -> Reply:
    said = {"sequence": session_of(uow).revision, "stamped_at": INVITED, "starts_at": starts_at} | others
    return Reply("COUNTER", session_of(uow).uid, (Attendee(who, partstat="TENTATIVE"),), **said)


def receive(uow: UnitOfWork, reply: Reply, *, sender: str = ONE, now: datetime = INVITED) -> Settled:
    return replies.receive(uow, reply, from_address=sender, received_at=now, now=now, by="post")


def answers(uow: UnitOfWork) -> dict[str, str]:
    return dict(queries_of(uow, "select attendee, answer from reply order by attendee"))


def is_sound(uow: UnitOfWork, now: datetime = INVITED) -> bool:
    return verify(uow, now=now).broken == ()


def test_an_answer_is_recorded_on_its_case(year: UnitOfWork) -> None:
    settled = receive(year, answer(year))

    assert (settled.subject, settled.verdict.outcome, settled.verdict.attendee) == (STROUD, Outcome.APPLIED, ONE)
    assert answers(year) == {ONE: "accepted"}
    assert is_sound(year)


def test_no_order_and_no_repetition_of_answers_changes_what_stands(uow: UnitOfWork) -> None:
    invited(uow)
    later = [INVITED + timedelta(hours=n) for n in range(3)]
    told = [
        answer(uow, "ACCEPTED", stamped_at=later[0]),
        answer(uow, "DECLINED", stamped_at=later[2]),
        answer(uow, "TENTATIVE", stamped_at=later[1], who="A@District.example"),
        answer(uow, "ACCEPTED", TWO, stamped_at=later[1]),
    ]
    outcomes = set()
    for order in itertools.permutations(told):
        with uow.write() as connection:
            connection.execute(queries.reply.delete())
        for reply in (*order, *order[:2]):
            receive(uow, reply)
        outcomes.add(tuple(answers(uow).items()))

    assert outcomes == {((ONE, "declined"), (TWO, "accepted"))}


def test_a_calendar_that_counts_too_far_does_not_silence_what_its_owner_says_next(year: UnitOfWork) -> None:
    ahead = answer(year, sequence=7, stamped_at=datetime(2099, 1, 1, tzinfo=UTC))
    later = answer(year, "DECLINED", stamped_at=INVITED + timedelta(hours=1))

    outcomes = [receive(year, each).verdict.outcome for each in (ahead, later)]

    assert (outcomes, answers(year)) == ([Outcome.APPLIED, Outcome.APPLIED], {ONE: "declined"})


def test_the_same_mail_again_writes_no_line(year: UnitOfWork) -> None:
    receive(year, answer(year))
    lines = queries_of(year, "select count(*) from history")

    again = receive(year, answer(year))

    assert (again.verdict.outcome, again.verdict.why) == (Outcome.STALE, Why.REPEATED)
    assert queries_of(year, "select count(*) from history") == lines


def test_an_answer_to_the_time_before_a_move_is_stale(year: UnitOfWork) -> None:
    before = answer(year)
    sessions.move(year, STROUD, to=at("2026-11-10 14:00"), asked_by="panel", now=INVITED, by="clerk")

    stale, fresh = receive(year, before), receive(year, answer(year))

    assert (stale.verdict.why, fresh.verdict.outcome) == (Why.OLDER_TIME, Outcome.APPLIED)
    assert is_sound(year)


@pytest.mark.on_both
def test_who_has_answered_is_not_asked_again_when_only_the_place_changes(year: UnitOfWork) -> None:
    receive(year, answer(year))
    where = session_of(year)

    sessions.move(
        year, STROUD, to=where.starts_at, place="Room 9, Shire Hall", asked_by="panel", now=INVITED, by="clerk"
    )

    told = "select to_address, context from message where kind = 'panel_invitation_changed' order by to_address"
    asked = {to: json.loads(context)["slot"]["answered"] for to, context in queries_of(year, told)}
    assert (asked, answers(year)) == ({ONE: "ACCEPTED", TWO: ""}, {ONE: "accepted"})
    assert receive(year, answer(year, "DECLINED", stamped_at=INVITED + timedelta(days=1))).verdict.why is None
    assert is_sound(year)


def test_an_answer_to_a_session_that_was_cancelled_is_stale(year: UnitOfWork) -> None:
    reply = answer(year)
    sessions.cancel(year, STROUD, reason="they cannot come", now=INVITED, by="clerk")

    assert receive(year, reply).verdict.why == Why.CANCELLED


def test_an_answer_to_an_invitation_that_is_not_ours_belongs_to_no_case(year: UnitOfWork) -> None:
    foreign = Reply("REPLY", "x@elsewhere.example", (Attendee(ONE, partstat="ACCEPTED"),))

    settled = receive(year, foreign)

    assert (settled.subject, settled.verdict.why) == (None, Why.UNKNOWN_UID)


def test_an_unknown_address_waits_until_it_is_remembered(year: UnitOfWork) -> None:
    reply = answer(year, who="alex@home.example")
    unknown = receive(year, reply, sender="alex@home.example")

    replies.remember(year, "Alex@Home.example", ONE, partnership=CODE, now=INVITED, by="clerk")
    known = receive(year, reply, sender="alex@home.example")

    assert (unknown.verdict.why, unknown.verdict.attendee) == (Why.UNKNOWN_ATTENDEE, "alex@home.example")
    assert (known.verdict.outcome, answers(year)) == (Outcome.APPLIED, {ONE: "accepted"})
    assert is_sound(year)


def test_who_sends_reports_for_an_agency_does_not_answer_for_one_of_several_whom_it_sends(year: UnitOfWork) -> None:
    with year.read() as connection:
        contact = next(row.contact_email for row in queries.agencies(connection, CODE) if row.code == "02")
    replies.remember(year, "alex@home.example", contact, partnership=CODE, now=INVITED, by="clerk")

    found = receive(year, answer(year, who="alex@home.example"), sender="alex@home.example")

    assert (contact in (ONE, TWO), found.verdict.why, answers(year)) == (False, Why.UNKNOWN_ATTENDEE, {})


def test_an_address_may_be_remembered_anew_for_somebody_else(year: UnitOfWork) -> None:
    for attendee in (ONE, TWO, TWO):
        replies.remember(year, "alex@home.example", attendee, partnership=CODE, now=INVITED, by="clerk")

    assert queries_of(year, "select address, attendee from alias") == [("alex@home.example", TWO)]
    assert is_sound(year)


@pytest.mark.parametrize(
    ("address", "attendee", "error", "why"),
    [
        ("alex@home.example", "nobody@district.example", UnknownError, "Nobody is invited under nobody"),
        (TWO, ONE, WrongInputError, "is invited itself"),
        ("alex", ONE, WrongInputError, "cannot be remembered"),
    ],
)
def test_only_another_address_of_somebody_invited_can_be_remembered(
    year: UnitOfWork, address: str, attendee: str, error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        replies.remember(year, address, attendee, partnership=CODE, now=INVITED, by="clerk")


# --- the whole road from the mailbox ---------------------------------------------------------------------------------


class Reader:
    """Reads mail in this process."""

    def read(self, path: Path) -> ReadMail:
        with path.open("rb") as mail:
            return read(parse(mail))


def with_files(uow: UnitOfWork, who: str, *files: tuple[str, bytes]) -> bytes:
    """The answer of *who* as a mail that brings files too."""
    mail = message_from_bytes(answer_mail(session_of(uow).uid, who), policy=default)
    for name, content in files:
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()


def test_an_answer_waits_for_the_documents_it_brings_and_not_for_what_mail_programs_hang_on(
    sqlite_url: str, tmp_path: Path
) -> None:
    year = invited(UnitOfWork(open_engine(sqlite_url)))
    picture = b"\x89PNG\r\n\x1a\n" + bytes(60_000)
    trimmings = [("ATT00001.txt", b"Scanned."), ("smime.p7s", bytes(99)), ("logo.png", picture), ("invite.ics", b"x")]
    arrives(tmp_path / "inbox", "1", with_files(year, ONE, *trimmings), INVITED)
    arrives(tmp_path / "inbox", "2", with_files(year, TWO, ("agenda.txt", b"What we shall say.")), INVITED)
    invites_us = answer_mail("x@elsewhere.example", "x@elsewhere.example").replace(b"REPLY", b"REQUEST")
    arrives(tmp_path / "inbox", "3", invites_us, INVITED)

    box, documents = Maildir(tmp_path / "inbox"), Documents(tmp_path / "documents")
    intake.collect(year, documents, box, Reader(), partnership=CODE, now=INVITED)

    mails = inbox.everything(year, partnership=CODE)
    assert [(mail.sender, mail.decision) for mail in mails] == [
        (ONE, "applied"), (TWO, None), ("x@elsewhere.example", None),
    ]  # fmt: skip
    assert mails[2].why is not None
    assert "It brings a calendar entry that invites, and answers no invitation of ours." in mails[2].why
    assert answers(year) == {ONE: "accepted", TWO: "accepted"}


# --- an invitation is asked for once more ----------------------------------------------------------------------------

LEFT = INVITED + timedelta(minutes=5)
NEXT_DAY = INVITED + timedelta(days=1)


def refresh(uow: UnitOfWork, who: str = ONE, now: datetime = LEFT) -> Settled:
    return receive(uow, Reply("REFRESH", session_of(uow).uid, (Attendee(who),)), now=now)


def calendars_sent(uow: UnitOfWork, who: str = ONE, *, now: datetime = LEFT) -> list[bytes]:
    """The calendar files that a delivery now brings somebody."""
    server = Server()
    delivered(uow, server, now)
    return [part.content for mail in server.taken if mail.recipient == who for part in parts_of(mail.raw)]


def test_who_asks_for_the_invitation_again_gets_the_same_bytes_once_a_day(year: UnitOfWork) -> None:
    receive(year, answer(year, "DECLINED"))
    (first,) = calendars_sent(year)

    asked = [refresh(year), refresh(year)]
    sent = calendars_sent(year)
    asked.append(refresh(year, now=NEXT_DAY))

    assert [(each.verdict.outcome, each.verdict.why) for each in asked] == [
        (Outcome.SENT_AGAIN, None),
        (Outcome.STALE, Why.SENT_TODAY),
        (Outcome.SENT_AGAIN, None),
    ]
    assert [*sent, *calendars_sent(year, now=NEXT_DAY)] == [first, first]
    assert answers(year) == {ONE: "declined"}
    assert is_sound(year, NEXT_DAY)


def test_who_asks_for_the_invitation_again_gets_it_as_it_stands_after_a_move(year: UnitOfWork) -> None:
    calendars_sent(year)
    sessions.move(year, STROUD, to=at("2026-11-10 14:00"), asked_by="panel", now=LEFT, by="clerk")
    early = refresh(year)
    (moved,) = calendars_sent(year)

    again = refresh(year)

    assert (early.verdict.why, again.verdict.outcome) == (Why.ON_ITS_WAY, Outcome.SENT_AGAIN)
    assert calendars_sent(year) == [moved]
    assert b"SEQUENCE:1" in moved


@pytest.mark.parametrize(
    ("what", "outcome", "why"),
    [
        ("not delivered", Outcome.WAITS, Why.ASKS_AGAIN),
        ("begun", Outcome.STALE, Why.BEGUN),
        ("cancelled", Outcome.STALE, Why.CANCELLED),
        ("somebody else", Outcome.WAITS, Why.UNKNOWN_ATTENDEE),
    ],
)
def test_an_invitation_that_does_not_hold_or_did_not_arrive_is_not_sent_again(
    sqlite_url: str, what: str, outcome: Outcome, why: Why
) -> None:
    year = invited(UnitOfWork(open_engine(sqlite_url)))
    delivered(year, answering(REFUSED if what == "not delivered" else TOOK), LEFT)
    if what == "cancelled":
        sessions.cancel(year, STROUD, reason="they cannot come", now=LEFT, by="clerk")
    now = session_of(year).starts_at if what == "begun" else LEFT

    verdict = refresh(year, "x@else.example" if what == "somebody else" else ONE, now=now).verdict

    assert (verdict.outcome, verdict.why) == (outcome, why)


# --- another time is proposed ----------------------------------------------------------------------------------------

FREE, LATER = at("2026-11-10 14:00"), at("2026-11-10 15:00")


def standing(uow: UnitOfWork) -> list[tuple[int, str, str]]:
    return [(each.number, each.standing, each.proposal.attendee) for each in proposals.proposals(uow, STROUD)]


def test_a_proposal_waits_and_moves_nothing(year: UnitOfWork) -> None:
    before = session_of(year)

    settled = receive(year, counter(year, FREE, comment="Could we come in the afternoon?"))

    with year.read() as connection:
        (waiting,) = open_proposals(connection, CODE)
    assert (settled.subject, settled.verdict.outcome) == (STROUD, Outcome.PROPOSAL)
    assert (waiting.case, waiting.proposal.starts_at) == (STROUD, FREE.astimezone(UTC))
    assert (session_of(year).starts_at, answers(year)) == (before.starts_at, {})
    assert is_sound(year)


def test_the_morning_s_digest_names_a_proposal_until_somebody_decides(year: UnitOfWork) -> None:
    receive(year, counter(year, FREE, comment="Could we come\nin the afternoon?"))
    run_to(year, INVITED + timedelta(days=3), start=INVITED)
    proposals.refuse(year, STROUD, reason="full", now=INVITED + timedelta(days=3), by="clerk")
    told = overview_of(year, "digest")

    run_to(year, INVITED + timedelta(days=5), start=INVITED + timedelta(days=3))

    line = (
        f'{STROUD}: {ONE} proposes Tuesday 10 November 2026, 2pm ("Could we come in the afternoon?"); '
        "accept or refuse it."
    )
    assert (line in str(told), line in str(overview_of(year, "digest"))) == (True, False)


def test_a_proposal_that_is_accepted_moves_the_session(year: UnitOfWork) -> None:
    receive(year, counter(year, FREE))

    proposals.accept(year, STROUD, now=INVITED, by="clerk")

    assert (session_of(year).starts_at, session_of(year).revision) == (FREE.astimezone(UTC), 1)
    assert standing(year) == [(1, "accepted", ONE)]
    assert is_sound(year)


def test_a_proposal_that_is_refused_leaves_the_session_and_does_not_come_back(year: UnitOfWork) -> None:
    receive(year, counter(year, FREE))

    proposals.refuse(year, STROUD, reason="the panel is at lunch", now=INVITED, by="clerk")
    told = queries_of(year, "select to_address from message where kind = 'time_refused'")
    assert told == [(ONE,)]
    again = receive(year, counter(year, FREE))

    assert (standing(year), again.verdict.why) == ([(1, "refused", ONE)], Why.REPEATED)
    assert session_of(year).revision == 0
    assert is_sound(year)


def test_of_two_proposals_of_one_attendee_the_newer_counts_in_whatever_order_they_come(year: UnitOfWork) -> None:
    newer = counter(year, LATER, stamped_at=INVITED + timedelta(hours=1))
    older = counter(year, FREE)

    receive(year, newer)
    late = receive(year, older)
    assert (late.verdict.why, standing(year)) == (Why.OLDER, [(1, "open", ONE)])

    receive(year, counter(year, FREE, stamped_at=INVITED + timedelta(hours=2)))
    assert standing(year) == [(1, "overtaken", ONE), (2, "open", ONE)]
    assert is_sound(year)


def test_with_two_proposals_a_person_says_which(year: UnitOfWork) -> None:
    receive(year, counter(year, FREE))
    receive(year, counter(year, LATER, TWO), sender=TWO)

    with pytest.raises(RefusedError, match=r"several times are proposed; say which: 1 .*2pm.*, 2 .*3pm"):
        proposals.accept(year, STROUD, now=INVITED, by="clerk")
    proposals.accept(year, STROUD, 2, now=INVITED, by="clerk")

    assert standing(year) == [(1, "gone", ONE), (2, "accepted", TWO)]
    with pytest.raises(RefusedError, match="no proposal of another time waits"):
        proposals.refuse(year, STROUD, reason="too late", now=INVITED, by="clerk")


def test_a_proposal_for_a_time_that_is_taken_is_refused_with_what_is_free(year: UnitOfWork) -> None:
    taken = session_of(year, "GSCP-2026-01").starts_at
    receive(year, counter(year, taken))

    with pytest.raises(RefusedError, match="Cannot move for GSCP-2026-02"):
        proposals.accept(year, STROUD, now=INVITED, by="clerk")

    assert standing(year) == [(1, "open", ONE)]


def test_what_the_clock_owed_is_done_before_an_answer_is_recorded(uow: UnitOfWork) -> None:
    opened(uow)
    run_to(uow, at("2026-09-30 12:00"))  # the invitation is owed the next morning, and the clock is away

    settled = receive(uow, answer(uow), now=INVITED)

    events = [event for (event,) in queries_of(uow, "select event from history order by id desc limit 1")]
    assert (settled.verdict.outcome, events) == (Outcome.APPLIED, ["REPLY"])
    assert is_sound(uow)


@pytest.mark.on_both
def test_nobodys_words_or_addresses_are_in_the_part_of_the_history_that_stays(year: UnitOfWork) -> None:
    receive(year, answer(year, comment="I have a hospital appointment"))
    receive(year, counter(year, FREE, TWO, comment="I have a hospital appointment"), sender=TWO)
    proposals.refuse(year, STROUD, reason="hospital", now=INVITED, by="clerk")
    replies.remember(year, "alex@home.example", ONE, partnership=CODE, now=INVITED, by="clerk")

    with year.read() as connection:
        kept = " ".join(str(row) for row in connection.execute(select(queries.history.c.data, queries.history.c.cause)))
    assert not [word for word in ("hospital", "alex@", ONE, TWO) if word in kept]
