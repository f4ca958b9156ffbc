"""Delivery: every letter once, in order, recorded; what each answer of a server means; what a crash leaves behind."""

from __future__ import annotations

import email
import email.policy
import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from time import sleep

import pytest
from sqlalchemy import Connection

from db.engine import WAIT
from db.errors import DatabaseUnreachable, OutcomeUnknown
from db.unit_of_work import UnitOfWork
from notifications.folder import FolderMailer
from notifications.outcome import Outcome, nothing
from notifications.policy import PostPolicy
from notifications.smtp import BUDGET, LONGEST_TIMEOUT
from s11flow.domain.errors import WrongInputError
from s11flow.services import outbox
from s11flow.services.delivery import LEASE, LONGEST_RUN, RECORDED_WITHIN, Delivered, deliver, waits_for_person
from s11flow.services.tick import tick
from s11flow.services.verify import verify
from tests.faults.seams import lose_the_answer
from tests.services.post import (
    DOWN,
    LATER,
    LIVE,
    LOST,
    REFUSED,
    REQUESTED,
    REQUESTS,
    TOOK,
    Server,
    answering,
    delivered,
    id_of,
    requested,
    statuses,
)
from tests.services.scene import HEADER, at, digest_parts, opened, queries_of, registered, tamper

pytestmark = pytest.mark.on_both

CONTACT = "01/report_request@2026-07-06/contact"
COPY = "01/report_request@2026-07-06/senior_leader"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def asked(uow: UnitOfWork) -> UnitOfWork:
    """Six letters wait, on the morning the report is asked for."""
    return requested(opened(uow))


def mail(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def body_of(raw: bytes, kind: str) -> str:
    part = mail(raw).get_body((kind,))
    return "" if part is None else str(part.get_content())


def history(uow: UnitOfWork, ref: str, *events: str) -> list[tuple[str, str, dict[str, str]]]:
    """What the post wrote into a history: the event, its cause, its data."""
    rows = queries_of(
        uow,
        "select h.event, h.cause, h.data from history h join subject s on s.id = h.subject_id "
        f"where s.ref = '{ref}' order by h.seq",
    )
    return [(event, cause, json.loads(data)) for event, cause, data in rows if event in events]


def one(uow: UnitOfWork, columns: str, key: str = CONTACT) -> tuple[object, ...]:
    (row,) = queries_of(uow, f"select {columns} from message where dedupe_key like '%/{key}'")
    return row


# --- letters leave ----------------------------------------------------------------------------------------------------


def test_letters_leave_in_the_order_they_were_owed(asked: UnitOfWork) -> None:
    server = Server()

    assert delivered(asked, server, REQUESTED) == Delivered(sent=REQUESTS)

    assert [sent.name for sent in server.taken] == [
        "2026-07-06_0730_000009_digest_GSCP",
        "2026-07-06_0900_000004_report_request_GSCP-2026-01",
        "2026-07-06_0900_000005_report_request_GSCP-2026-01",
        "2026-07-06_0900_000006_report_request_GSCP-2026-02",
        "2026-07-06_0900_000007_report_request_GSCP-2026-02",
        "2026-07-06_0900_000008_covered_notice_GSCP-2026-03",
    ]
    assert set(statuses(asked).values()) == {"SENT"}


def test_a_letter_is_from_the_partnership_and_answers_go_to_its_mailbox(asked: UnitOfWork) -> None:
    server = Server()
    delivered(asked, server, REQUESTED)

    sent = mail(server.taken[1].raw)

    assert {
        name: str(sent[name]).strip() for name in ("From", "To", "Reply-To", "Date", "Auto-Submitted", "Message-ID")
    } == {
        "From": "Gloucestershire Safeguarding Children Partnership <section11@gloucestershire-partnership.example>",
        "To": "youth@agency.example",
        "Reply-To": "section11@gloucestershire-partnership.example",
        "Date": "Mon, 06 Jul 2026 09:00:00 +0100",
        "Auto-Submitted": "auto-generated",
        "Message-ID": one(asked, "message_id")[0],
    }
    assert sent["Subject"] == one(asked, "subject_line")[0]


def test_a_delivery_is_on_the_record_with_the_digest_of_its_bytes(asked: UnitOfWork) -> None:
    server = Server()
    delivered(asked, server, REQUESTED)

    told = history(asked, "GSCP-2026-01", "DELIVERY")

    assert [(cause, data["key"], data["status"]) for _, cause, data in told][-2:] == [
        ("delivered", f"GSCP/2026/{CONTACT}", "SENT"),
        ("delivered", f"GSCP/2026/{COPY}", "SENT"),
    ]
    assert len(told[-1][2]["bytes_sha256"]) == 64
    assert verify(asked, now=REQUESTED).broken == ()


def test_an_invitation_carries_its_meeting_dated_when_it_was_first_written(asked: UnitOfWork) -> None:
    delivered(asked, Server(), REQUESTED)
    now = at("2026-10-01 09:00")
    tick(asked, now=now)
    late = Server(lambda to: LATER if to == "a@district.example" else TOOK)
    delivered(asked, late, now)
    server = Server()

    delivered(asked, server, now + MINUTE)

    (sent,) = server.taken
    (part,) = [part for part in mail(sent.raw).walk() if part.get_content_type() == "text/calendar"]
    meeting = part.get_content().replace("\r\n ", "")
    assert part["Content-Type"].params["method"] == "REQUEST"
    assert "DTSTAMP:20261001T080000Z" in meeting
    assert ":mailto:section11@gloucestershire-partnership.example\r\n" in meeting


def test_delivering_twice_sends_once(asked: UnitOfWork) -> None:
    server = Server()

    runs = [delivered(asked, server, REQUESTED), delivered(asked, server, REQUESTED + MINUTE)]

    assert runs == [Delivered(sent=REQUESTS), Delivered()]
    assert len(server.taken) == REQUESTS


def test_a_run_sends_no_more_than_it_may_and_the_next_goes_on(asked: UnitOfWork) -> None:
    runs = [deliver(asked, Server(), LIVE, now=REQUESTED, limit=4, batch=3) for _ in range(2)]

    assert runs == [Delivered(sent=4), Delivered(sent=2)]


def test_a_run_begins_no_letter_after_five_minutes(asked: UnitOfWork) -> None:
    seconds: Iterator[float] = (float(tick) for tick in count(0, 100))

    assert deliver(asked, Server(), LIVE, now=REQUESTED, stopwatch=lambda: next(seconds)) == Delivered(sent=2)


@pytest.mark.parametrize(
    ("done", "shape"),
    [
        (
            Delivered(sent=1, delayed=2, failed=3, uncertain=4, withdrawn=5, expired=6),
            {"sent": 1, "delayed": 2, "failed": 3, "uncertain": 4, "withdrawn": 5, "expired": 6},
        ),
        (
            Delivered(held=1, stopped="The server could not be reached."),
            {"sent": 0, "delayed": 0, "failed": 0, "uncertain": 0, "withdrawn": 0, "expired": 0, "held": 1},
        ),
    ],
)
def test_scripts_get_the_counters_in_one_shape(done: Delivered, shape: dict[str, int]) -> None:
    assert done.as_json() == shape


# --- what does not leave ----------------------------------------------------------------------------------------------


def test_a_letter_past_its_end_of_sense_expires_and_the_digest_says_so(asked: UnitOfWork) -> None:
    delivered(asked, Server(), REQUESTED)
    tick(asked, now=at("2026-09-25 09:00"))

    done = delivered(asked, Server(), at("2026-10-02 09:00"))  # the next reminder is due, so the first has no sense

    assert done == Delivered(expired=3)  # and the digest of that day
    assert statuses(asked, "reminder") == {
        "01/reminder/target-14d@2026-10-09/contact": "EXPIRED",
        "02/reminder/target-14d@2026-10-09/contact": "EXPIRED",
    }
    assert history(asked, "GSCP-2026-01", "MESSAGE_STOPPED") == [
        (
            "MESSAGE_STOPPED",
            "expired unsent",
            {"key": "GSCP/2026/01/reminder/target-14d@2026-10-09/contact", "kind": "reminder", "status": "EXPIRED"},
        )
    ]
    assert verify(asked, now=at("2026-10-02 09:00")).broken == ()
    tick(asked, now=at("2026-10-05 09:00"))
    assert [words for title, found in digest_parts(asked).items() if "xpired" in title for words in found]


@pytest.mark.parametrize(
    ("policy", "recipients"),
    [
        (PostPolicy("trial"), []),
        (PostPolicy("demo"), []),
        (PostPolicy("trial", allow=("youth@agency.example",)), ["youth@agency.example"]),
        (PostPolicy("trial", allow=("@district.example",)), ["stroud@district.example", "chief@district.example",
                                                             "cotswold@district.example"]),
    ],
)  # fmt: skip
def test_a_trial_writes_to_those_who_agreed_and_holds_the_rest(
    asked: UnitOfWork, policy: PostPolicy, recipients: list[str]
) -> None:
    server = Server()

    done = delivered(asked, server, REQUESTED, policy)

    assert [sent.recipient for sent in server.taken] == recipients
    assert done == Delivered(sent=len(recipients), held=REQUESTS - len(recipients))
    assert verify(asked, now=REQUESTED).broken == ()


def test_what_a_trial_holds_says_why_and_goes_when_it_is_released(asked: UnitOfWork) -> None:
    delivered(asked, Server(), REQUESTED, PostPolicy("trial"))
    why = (
        "This is a trial and youth@agency.example is not on its allow-list; add the address or its domain, or set a "
        "redirect."
    )
    assert one(asked, "status, status_why, attempts") == ("HELD", why, 0)
    server = Server()

    outbox.release(asked, id_of(asked, CONTACT), by="clerk", now=REQUESTED)

    assert delivered(asked, server, REQUESTED) == Delivered(sent=1)
    assert [sent.recipient for sent in server.taken] == ["youth@agency.example"]


def test_a_trial_may_send_everything_to_one_address_and_says_for_whom_it_was(asked: UnitOfWork) -> None:
    server = Server()

    delivered(asked, server, REQUESTED, PostPolicy("trial", redirect="trial@partnership.example"))

    sent = mail(server.taken[1].raw)
    assert {found.recipient for found in server.taken} == {"trial@partnership.example"}
    assert (sent["To"], sent["X-S11Flow-Original-To"]) == ("trial@partnership.example", "youth@agency.example")
    assert sent["Subject"] == one(asked, "subject_line")[0]
    note = "This is a trial. The letter below was written to youth@agency.example and was sent to you instead."
    assert body_of(server.taken[1].raw, "plain").splitlines()[0] == note
    assert f"<p><strong>{note}</strong></p>" in body_of(server.taken[1].raw, "html")


def test_a_letter_written_for_a_trial_is_written_again_when_it_goes_to_its_reader(asked: UnitOfWork) -> None:
    delivered(asked, answering(LATER), REQUESTED, PostPolicy("trial", redirect="trial@partnership.example"))
    server = Server()

    delivered(asked, server, REQUESTED + MINUTE)

    sent = mail(server.taken[1].raw)
    assert (sent["To"], sent["X-S11Flow-Original-To"]) == ("youth@agency.example", None)
    assert b"This is a trial" not in server.taken[1].raw


def test_a_letter_withdrawn_while_others_are_sent_stays_here(asked: UnitOfWork) -> None:
    def withdraw_the_copy(recipient: str) -> Outcome:
        if recipient == "youth@agency.example":
            outbox.withdraw(asked, id_of(asked, COPY), "a wrong name", by="clerk", now=REQUESTED)
        return TOOK

    server = Server(withdraw_the_copy)

    assert delivered(asked, server, REQUESTED) == Delivered(sent=REQUESTS - 1, withdrawn=1)
    assert "director@agency.example" not in server.seen


def test_a_letter_that_cannot_be_written_fails_alone(asked: UnitOfWork) -> None:
    key = f"%{CONTACT}"
    tamper(
        asked,
        "update message set context = replace(context, '\"reader\"', '\"raeder\"') where dedupe_key like :key",
        key=key,
    )

    done = delivered(asked, Server(), REQUESTED)

    assert done == Delivered(sent=REQUESTS - 1, failed=1)
    status, why, raw = one(asked, "status, status_why, raw")
    assert (status, raw) == ("FAILED", None)
    assert str(why).startswith(
        "The letter could not be written. The template 'report_request/body' uses the placeholder"
    )


# --- what a server answers --------------------------------------------------------------------------------------------


def test_a_server_that_asks_to_wait_gets_the_same_bytes_later(asked: UnitOfWork) -> None:
    assert delivered(asked, answering(LATER), REQUESTED) == Delivered(delayed=REQUESTS)
    (first,) = one(asked, "raw")
    soon, server = Server(), Server()

    assert delivered(asked, soon, REQUESTED + MINUTE - timedelta(seconds=1)) == Delivered()
    assert delivered(asked, server, REQUESTED + MINUTE) == Delivered(sent=REQUESTS)

    assert server.taken[1].raw == bytes(first)  # type: ignore[call-overload]


def test_a_letter_put_off_for_three_days_fails_and_says_so(asked: UnitOfWork) -> None:
    now, tries = REQUESTED, 0
    while one(asked, "status") != ("FAILED",):
        tries += delivered(asked, Server(lambda to: LATER if to == "youth@agency.example" else TOOK), now).delayed
        now += timedelta(hours=12)

    assert tries == 11
    assert one(asked, "status_why") == ("Given up after 12 tries. The server asked to wait (451).",)


def test_a_refusal_fails_and_its_words_are_private(asked: UnitOfWork) -> None:
    done = delivered(asked, Server(lambda to: REFUSED if to == "youth@agency.example" else TOOK), REQUESTED)

    assert done == Delivered(sent=REQUESTS - 1, failed=1)
    assert one(asked, "status, status_why") == ("FAILED", "The server refused pat@agency.example (550).")
    record = [told for told in history(asked, "GSCP-2026-01", "DELIVERY") if told[2]["status"] == "FAILED"]
    assert [cause for _, cause, _ in record] == ["refused"]
    assert "pat@agency.example" not in str(record)
    assert "pat@agency.example" in str(queries_of(asked, "select body from history_private"))


@pytest.mark.parametrize(
    ("kind", "recipient", "waits"),
    [
        ("reminder", "contact", False),
        ("report_request", "contact", False),
        ("panel_invitation", "attendee-12345678", False),
        ("non_submission", "contact", False),
        ("non_submission", "senior_leader", True),
        ("non_submission", "member-05B-senior_leader", True),
        ("report_request", "senior_leader", True),
        ("escalation", "executive_chair", True),
        ("escalation", "alternate", True),
        ("escalation_resolved", "executive_chair", True),
        ("chair_letter", "senior_leader", True),
        ("chair_letter", "executive_chair", True),
        ("themes", "05-senior_leader", True),
    ],
)
def test_what_the_chair_or_a_chief_officer_gets_they_get_once(kind: str, recipient: str, *, waits: bool) -> None:
    assert waits_for_person(kind, recipient) is waits


def test_after_a_lost_answer_the_same_mail_goes_again_but_not_to_a_chief_officer(asked: UnitOfWork) -> None:
    lost = answering(LOST)

    assert delivered(asked, lost, REQUESTED) == Delivered(delayed=4, uncertain=2)

    server = Server()
    assert delivered(asked, server, REQUESTED + MINUTE) == Delivered(sent=4)
    first = {found.recipient: found.raw for found in lost.taken}
    assert {found.recipient: found.raw for found in server.taken} == {
        to: raw for to, raw in first.items() if to not in ("director@agency.example", "chief@district.example")
    }
    assert [cause for _, cause, _ in history(asked, "GSCP-2026-01", "DELIVERY")][-3:] == [
        "re-sent after an unknown outcome",
        "outcome unknown",
        "delivered",
    ]
    assert statuses(asked)[COPY] == "UNCERTAIN"


def test_a_folder_takes_the_same_file_twice_as_one(asked: UnitOfWork) -> None:
    folder = PostPolicy("live", is_folder=True)

    assert delivered(asked, answering(LOST), REQUESTED, folder) == Delivered(delayed=REQUESTS)


# --- a server that is down (case 60) ----------------------------------------------------------------------------------


def test_a_server_that_is_down_is_not_tried_with_every_letter(asked: UnitOfWork) -> None:
    server = answering(DOWN)

    done = delivered(asked, server, REQUESTED)

    assert done == Delivered(delayed=3, stopped="The server could not be reached.")
    assert len(server.seen) == 3
    rows = queries_of(
        asked, "select status, status_why, attempts, raw is null from message where sent_at is null order by at, id"
    )
    tried, untouched = rows[:3], rows[3:]
    assert tried == [("DELAYED", "The server could not be reached.", 0, False)] * 3
    assert untouched == [("QUEUED", "The server could not be reached.", 0, True)] * 3
    assert verify(asked, now=REQUESTED).broken == ()


def test_a_long_silence_of_the_server_fails_no_letter(asked: UnitOfWork) -> None:
    for hours in range(0, 24 * 7, 6):
        delivered(asked, answering(DOWN), REQUESTED + timedelta(hours=hours))

    # The digest has no sense once there is another.
    assert Counter(statuses(asked).values()) == {"SENT": 3, "EXPIRED": 1, "DELAYED": 3, "QUEUED": 2}
    assert delivered(asked, Server(), REQUESTED + timedelta(days=8)).failed == 0
    assert Counter(statuses(asked, "report_request").values()) == {"SENT": 4}


def test_now_and_then_a_failed_connection_stops_nothing(asked: UnitOfWork) -> None:
    turn = count()

    done = delivered(asked, Server(lambda _: TOOK if next(turn) % 3 == 2 else DOWN), REQUESTED)

    assert done == Delivered(sent=2, delayed=4)


def cases(uow: UnitOfWork) -> list[tuple[str, ...]]:
    rows = queries_of(
        uow,
        "select s.ref, s.state, c.dates, (select e.state from escalation e where e.case_id = s.id "
        "order by e.number desc limit 1) from subject s join case_file c on c.subject_id = s.id "
        "where s.ref in ('GSCP-2026-01', 'GSCP-2026-02') order by s.ref",
    )
    return [(ref, state, json.loads(dates)["deadline"]["on"], escalation) for ref, state, dates, escalation in rows]


@pytest.fixture
def silenced(asked: UnitOfWork) -> UnitOfWork:
    """The server has been down since the request, and the hour of non-submission has passed."""
    delivered(asked, answering(DOWN), REQUESTED)
    for words in ("2026-09-25 09:00", "2026-10-09 09:00", "2026-10-20 17:00", "2026-10-21 10:00", "2026-10-22 09:00"):
        tick(asked, now=at(words))
        delivered(asked, answering(DOWN), at(words))
    return asked


def test_nobody_is_reported_for_a_letter_that_never_reached_them(silenced: UnitOfWork) -> None:
    assert cases(silenced) == [
        ("GSCP-2026-01", "REQUESTED", "2026-10-20", "PENDING"),
        ("GSCP-2026-02", "REQUESTED", "2026-10-20", "PENDING"),
    ]
    assert statuses(silenced, "non_submission") == {}


def test_when_the_server_is_back_each_agency_gets_the_notice_it_would_have_had(silenced: UnitOfWork) -> None:
    back, server = at("2026-11-02 12:00"), Server()

    done = delivered(silenced, server, back)

    # 15 working days after Monday 2 November; the same run tells them so.
    assert cases(silenced) == [
        ("GSCP-2026-01", "REQUESTED", "2026-11-23", "WITHDRAWN"),
        ("GSCP-2026-02", "REQUESTED", "2026-11-23", "WITHDRAWN"),
    ]
    told = [found for found in server.taken if "dates_changed" in found.name]
    assert [found.recipient for found in told] == ["youth@agency.example", "stroud@district.example"]
    assert "Monday 23 November 2026, 5pm" in body_of(told[0].raw, "plain")
    assert (done.stopped, done.failed) == ("", 0)
    assert verify(silenced, now=back).broken == ()


def test_the_new_deadline_is_kept_to_like_any_other(silenced: UnitOfWork) -> None:
    delivered(silenced, Server(), at("2026-11-02 12:00"))

    for words in ("2026-11-02 12:01", "2026-11-23 16:59", "2026-11-23 17:00", "2026-11-24 09:59"):
        tick(silenced, now=at(words))
        delivered(silenced, Server(), at(words))
        assert {state for _, state, _, _ in cases(silenced)} == {"REQUESTED"}
    tick(silenced, now=at("2026-11-24 10:00"))

    assert [(state, escalation) for _, state, _, escalation in cases(silenced)] == [("NOT_SUBMITTED", "PENDING")] * 2


@pytest.mark.parametrize(("reminder", "state"), [(TOOK, "NOT_SUBMITTED"), (LATER, "REQUESTED")])
def test_one_letter_that_arrived_is_notice_enough(asked: UnitOfWork, reminder: Outcome, state: str) -> None:
    def to_youth(outcome: Outcome) -> Server:
        return Server(lambda to: outcome if to == "youth@agency.example" else TOOK)

    delivered(asked, to_youth(REFUSED), REQUESTED)
    for words in ("2026-10-20 09:00", "2026-10-20 17:00"):
        tick(asked, now=at(words))
        delivered(asked, to_youth(LATER), at(words))
    delivered(asked, to_youth(reminder), at("2026-10-20 18:00"))
    assert verify(asked, now=at("2026-10-20 18:00")).broken == ()

    tick(asked, now=at("2026-10-21 10:00"))

    assert cases(asked)[0] == ("GSCP-2026-01", state, "2026-10-20", "PENDING")


# --- a crash, and two at once -----------------------------------------------------------------------------------------


class Died(Exception):
    """The process ended here."""


@dataclass
class Dying(Server):
    """A server that takes the mail for *victim*, after which we die before its answer is recorded."""

    victim: str = ""

    def send(
        self, raw: bytes, *, sender: str, recipient: str, name: str, meanwhile: Callable[[], None] = nothing
    ) -> Outcome:
        outcome = super().send(raw, sender=sender, recipient=recipient, name=name)
        if recipient == self.victim:
            raise Died
        return outcome


def died_sending(uow: UnitOfWork, to: str, now: datetime) -> bytes:
    """Die after the mail for *to* was taken; gives the bytes that were."""
    dying = Dying(victim=to)
    with pytest.raises(Died):
        delivered(uow, dying, now)
    return dying.taken[-1].raw


def test_a_crash_doubles_one_letter_at_most_and_with_the_same_bytes(asked: UnitOfWork) -> None:
    first = died_sending(asked, "youth@agency.example", REQUESTED)
    meanwhile, server = Server(), Server()

    assert delivered(asked, meanwhile, REQUESTED + MINUTE) == Delivered(sent=REQUESTS - 2)
    assert "youth@agency.example" not in meanwhile.seen
    assert delivered(asked, server, REQUESTED + LEASE) == Delivered(sent=1)

    assert [(found.recipient, found.raw) for found in server.taken] == [("youth@agency.example", first)]
    assert [cause for _, cause, _ in history(asked, "GSCP-2026-01", "DELIVERY")][-2:] == [
        "re-sent after an unknown outcome",
        "delivered",
    ]
    assert verify(asked, now=REQUESTED + LEASE).broken == ()


def test_after_a_crash_a_letter_to_the_chair_waits_for_a_person(asked: UnitOfWork) -> None:
    delivered(asked, Server(), REQUESTED)
    for words in ("2026-10-20 17:00", "2026-10-21 10:00"):
        tick(asked, now=at(words))
        delivered(asked, Server(), at(words))
    now, chair = at("2026-10-22 09:00"), "executive-chair@police.example"
    tick(asked, now=now)
    died_sending(asked, chair, now)
    server = Server()

    assert delivered(asked, server, now + LEASE) == Delivered(sent=2, uncertain=1)

    assert statuses(asked, "escalation") == {
        "01/escalation@2026-10-20/executive_chair": "UNCERTAIN",
        "02/escalation@2026-10-20/executive_chair": "SENT",
        "03/escalation@2026-10-20/executive_chair": "SENT",
    }
    assert delivered(asked, server, now + 2 * LEASE) == Delivered()


def test_after_a_crash_a_folder_has_each_letter_once(asked: UnitOfWork, tmp_path: Path) -> None:
    class DyingFolder(FolderMailer):
        def send(
            self, raw: bytes, *, sender: str, recipient: str, name: str, meanwhile: Callable[[], None] = nothing
        ) -> Outcome:
            super().send(raw, sender=sender, recipient=recipient, name=name)
            raise Died

    policy = PostPolicy("live", is_folder=True)
    with pytest.raises(Died):
        deliver(asked, DyingFolder(tmp_path), policy, now=REQUESTED)

    assert deliver(asked, FolderMailer(tmp_path), policy, now=REQUESTED + LEASE) == Delivered(sent=REQUESTS)

    assert len(list(tmp_path.glob("*.eml"))) == REQUESTS


def many(uow: UnitOfWork) -> UnitOfWork:
    """Ten agencies, so that twenty requests and more wait."""
    rows = [
        f"{n:02},Agency {n},youth,active,,,,Officer,c{n}@agency.example,,s{n}@agency.example,," for n in range(1, 11)
    ]
    return requested(opened(registered(uow, "\n".join((HEADER, *rows, "")))))


def test_two_deliverers_at_once_send_no_letter_twice(uow: UnitOfWork) -> None:
    many(uow)

    def slow(_: str) -> Outcome:
        sleep(0.003)
        return TOOK

    servers = [Server(slow) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        runs = list(pool.map(lambda server: delivered(uow, server, REQUESTED), servers))

    names = Counter(found.name for server in servers for found in server.taken)
    assert set(names.values()) == {1}
    assert len(names) == sum(run.sent for run in runs) == 21
    assert set(statuses(uow).values()) == {"SENT"}
    assert verify(uow, now=REQUESTED).broken == ()


def test_the_clock_and_the_post_work_side_by_side(uow: UnitOfWork) -> None:
    many(uow)
    with ThreadPoolExecutor(2) as pool:
        post = pool.submit(delivered, uow, Server(), REQUESTED)
        clock = pool.submit(tick, uow, now=at("2026-10-01 09:00"))
        assert (post.result().failed, clock.result().incidents) == (0, 0)

    assert verify(uow, now=at("2026-10-01 09:00")).broken == ()


def test_a_delivery_sees_the_escalation_that_was_saved_while_it_waited_for_the_case(asked: UnitOfWork) -> None:
    for words, server in (
        ("2026-07-06 09:00", Server()),
        ("2026-10-01 09:00", Server()),
        ("2026-10-20 09:00", Server(lambda to: LATER if to == "youth@agency.example" else TOOK)),
    ):
        tick(asked, now=at(words))
        delivered(asked, server, at(words))
    tick(asked, now=at("2026-10-20 17:00"))
    this_case = "(select id from subject where ref = 'GSCP-2026-01')"
    tamper(asked, f"update escalation set state = 'WITHDRAWN' where case_id = {this_case}")
    with ThreadPoolExecutor(1) as pool:
        with asked.write() as connection:
            connection.exec_driver_sql(f"update subject set next_due_at = null where id = {this_case}")
            connection.exec_driver_sql(f"update escalation set state = 'PENDING' where case_id = {this_case}")
            waits = pool.submit(deliver, asked, Server(), LIVE, now=at("2026-10-20 17:00"), limit=1)
            sleep(0.5)
        assert waits.result() == Delivered(sent=1)

    ((next_due,),) = queries_of(asked, f"select next_due_at from subject where id = {this_case}")
    assert next_due is not None


# --- the next letter is claimed with what became of the last ----------------------------------------------------------


def on_their_way(uow: UnitOfWork) -> list[str]:
    return [row[0] for row in queries_of(uow, "select to_address from message where status = 'SENDING'")]


def test_at_no_moment_has_a_run_more_than_one_letter_on_its_way(asked: UnitOfWork) -> None:
    seen: list[list[str]] = []

    def look(recipient: str) -> Outcome:
        seen.append(on_their_way(asked))
        return TOOK

    delivered(asked, Server(look), REQUESTED)

    assert ([len(found) for found in seen], on_their_way(asked)) == ([1] * REQUESTS, [])


@pytest.mark.parametrize("victim", range(REQUESTS))
def test_wherever_a_run_dies_the_next_one_knows_of_every_other_letter(asked: UnitOfWork, victim: int) -> None:
    def die(recipient: str) -> Outcome:
        if len(dying.seen) == victim:
            raise Died
        return TOOK

    dying = Server(die)
    with pytest.raises(Died):
        delivered(asked, dying, REQUESTED)
    in_doubt = on_their_way(asked)
    server = Server()

    delivered(asked, server, REQUESTED + MINUTE)

    assert len(in_doubt) == 1
    assert len(dying.seen) + len(server.seen) == REQUESTS - 1


def test_the_next_letter_is_written_while_the_server_thinks_and_then_taken_back_if_its_reason_goes(
    asked: UnitOfWork,
) -> None:
    @dataclass
    class Withdrawing(Server):
        def send(
            self, raw: bytes, *, sender: str, recipient: str, name: str, meanwhile: Callable[[], None] = nothing
        ) -> Outcome:
            meanwhile()
            if recipient == "youth@agency.example":
                outbox.withdraw(asked, id_of(asked, COPY), "a wrong name", by="clerk", now=REQUESTED)
            return super().send(raw, sender=sender, recipient=recipient, name=name)

    server = Withdrawing()

    assert delivered(asked, server, REQUESTED) == Delivered(sent=REQUESTS - 1, withdrawn=1)
    assert "director@agency.example" not in server.seen
    assert verify(asked, now=REQUESTED).broken == ()


def test_the_next_letter_is_announced_while_the_last_is_recorded_and_not_sent_if_its_reason_goes(
    asked: UnitOfWork,
) -> None:
    @dataclass
    class Told(Server):
        announced: list[str] = field(default_factory=list)

        def announce(self, raw: bytes, *, sender: str, recipient: str) -> None:
            assert len(on_their_way(asked)) == 1  # it is not claimed yet
            self.announced.append(recipient)
            if recipient == "director@agency.example":
                outbox.withdraw(asked, id_of(asked, COPY), "a wrong name", by="clerk", now=REQUESTED)

        def send(
            self, raw: bytes, *, sender: str, recipient: str, name: str, meanwhile: Callable[[], None] = nothing
        ) -> Outcome:
            meanwhile()
            return super().send(raw, sender=sender, recipient=recipient, name=name)

    server = Told()

    assert delivered(asked, server, REQUESTED) == Delivered(sent=REQUESTS - 1, withdrawn=1)
    # After the one that could not be claimed there is none at hand to announce.
    assert server.announced == ["youth@agency.example", "director@agency.example", *server.seen[3:]]
    assert "director@agency.example" not in server.seen
    assert verify(asked, now=REQUESTED).broken == ()


def test_letters_are_set_aside_batch_after_batch_until_none_is_left(uow: UnitOfWork) -> None:
    many(uow)
    server = Thinking()

    assert deliver(uow, server, LIVE, now=REQUESTED, batch=2) == Delivered(sent=21)
    assert len(set(server.seen)) == len(server.seen) == 21


def test_letters_that_become_due_while_a_run_works_go_with_it(asked: UnitOfWork) -> None:
    outbox.hold(asked, id_of(asked, CONTACT), "to be looked at", by="clerk", now=REQUESTED)

    def release_at_the_end(recipient: str) -> Outcome:
        if recipient == "cotswold@district.example":
            outbox.release(asked, id_of(asked, CONTACT), by="clerk", now=REQUESTED)
        return TOOK

    server = Server(release_at_the_end)

    assert delivered(asked, server, REQUESTED) == Delivered(sent=REQUESTS)
    assert server.seen[-1] == "youth@agency.example"


def test_what_a_run_set_aside_and_did_not_come_to_goes_with_any_other_at_once(asked: UnitOfWork) -> None:
    assert deliver(asked, Server(), LIVE, now=REQUESTED, limit=1) == Delivered(sent=1)

    assert queries_of(asked, "select count(*) from message where lease_until is not null") == [(0,)]
    assert delivered(asked, Server(), REQUESTED) == Delivered(sent=REQUESTS - 1)


def test_a_second_run_begins_with_letters_that_the_first_has_not_set_aside(uow: UnitOfWork) -> None:
    many(uow)
    second = Server()

    def begin_the_second(recipient: str) -> Outcome:
        if not second.seen:
            deliver(uow, second, LIVE, now=REQUESTED, batch=5)
        return TOOK

    first = Server(begin_the_second)
    deliver(uow, first, LIVE, now=REQUESTED, batch=5)

    assert (len(first.seen), len(second.seen)) == (5, 16)
    assert set(first.seen).isdisjoint(second.seen)


# --- a database that goes away ----------------------------------------------------------------------------------------


@dataclass
class Thinking(Server):
    """A server that thinks about each mail, so that the next is written meanwhile."""

    def send(
        self, raw: bytes, *, sender: str, recipient: str, name: str, meanwhile: Callable[[], None] = nothing
    ) -> Outcome:
        """Think, then answer."""
        meanwhile()
        return super().send(raw, sender=sender, recipient=recipient, name=name)


@dataclass
class Watch:
    """Seconds that pass only while somebody waits."""

    seconds: float = 0.0
    at_least: float = 0.0

    def __call__(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> None:
        """Let some pass."""
        self.seconds += max(seconds, self.at_least)


@dataclass(frozen=True)
class Away(UnitOfWork):
    """A database to which nothing can be written until *back* seconds have passed, once it has gone."""

    watch: Watch = field(default_factory=Watch)
    back: float = 0.0
    gone: list[str] = field(default_factory=list)

    @contextmanager
    def write(self, wait: float = WAIT) -> Iterator[Connection]:
        """As ever, or not at all."""
        if self.gone and self.watch.seconds < self.back:
            raise DatabaseUnreachable("it does not answer")
        with super().write(wait) as connection:
            yield connection


def while_the_database_is_away(uow: UnitOfWork, seconds: float, server: Server) -> Delivered:
    """A run whose database goes when the letter to the youth agency has been taken, for so many seconds."""
    watch = Watch()
    away = Away(uow.engine, watch, seconds)

    def goes(recipient: str) -> Outcome:
        if recipient == "youth@agency.example":
            away.gone.append(recipient)
        return TOOK

    server.answer = goes
    return deliver(away, server, LIVE, now=REQUESTED, stopwatch=watch, pause=watch.wait)


@pytest.mark.parametrize("seconds", [1, 45, LONGEST_RUN])
def test_what_the_server_took_is_recorded_when_the_database_is_back(asked: UnitOfWork, seconds: float) -> None:
    server = Thinking()

    done = while_the_database_is_away(asked, seconds, server)

    assert done.sent == len(server.seen) == (REQUESTS if seconds < LONGEST_RUN else 2)
    assert one(asked, "status, status_why") == ("SENT", TOOK.detail)
    assert on_their_way(asked) == []
    assert [cause for _, cause, _ in history(asked, "GSCP-2026-01", "DELIVERY")][:1] == ["delivered"]


def test_a_database_away_for_longer_than_a_lease_leaves_the_letter_to_the_rule_for_unknown_outcomes(
    asked: UnitOfWork, caplog: pytest.LogCaptureFixture
) -> None:
    server = Thinking()

    with pytest.raises(DatabaseUnreachable):
        while_the_database_is_away(asked, LEASE.total_seconds() + 1, server)

    assert caplog.messages == [
        (
            "What became of a letter is not recorded yet; the database is waited for: S11FLOW_DATABASE_URL cannot be "
            "used: it does not answer."
        ),
        "What became of a letter could not be recorded, and its outcome counts as unknown.",
    ]
    assert on_their_way(asked) == ["youth@agency.example"]
    again = Server()
    assert delivered(asked, again, REQUESTED + LEASE - timedelta(seconds=1)).sent == REQUESTS - 2
    assert delivered(asked, again, REQUESTED + LEASE) == Delivered(sent=1)
    assert [cause for _, cause, _ in history(asked, "GSCP-2026-01", "DELIVERY")][-2:] == [
        "re-sent after an unknown outcome",
        "delivered",
    ]


def test_no_letter_takes_longer_than_its_lease() -> None:
    assert LONGEST_RUN + BUDGET + LONGEST_TIMEOUT + 60 < RECORDED_WITHIN < LEASE.total_seconds()


@pytest.mark.parametrize("number", range(1, 12))
def test_a_letter_that_was_never_tried_is_never_of_unknown_outcome(asked: UnitOfWork, number: int) -> None:
    lose_the_answer(asked.engine, number)
    server, watch = Thinking(), Watch()

    with suppress(OutcomeUnknown):  # where nothing was claimed or sent a run may just end
        deliver(asked, server, LIVE, now=REQUESTED, batch=3, stopwatch=watch, pause=watch.wait)
    delivered(asked, server, REQUESTED + MINUTE)

    assert len(server.seen) == len(set(server.seen)) == REQUESTS
    assert set(statuses(asked).values()) == {"SENT"}
    causes = {cause for _, cause, _ in history(asked, "GSCP-2026-01", "DELIVERY")}
    assert causes == {"delivered"}
    assert verify(asked, now=REQUESTED + MINUTE).broken == ()


def test_a_letter_that_was_claimed_while_the_database_was_waited_for_too_long_goes_with_the_next_run(
    asked: UnitOfWork,
) -> None:
    server, watch = Thinking(), Watch(at_least=LONGEST_RUN)
    lose_the_answer(asked.engine, 3)  # letters are set aside, the first is claimed, it is recorded and the next claimed

    assert deliver(asked, server, LIVE, now=REQUESTED, stopwatch=watch, pause=watch.wait) == Delivered(sent=1)

    assert (on_their_way(asked), one(asked, "status, attempts, raw")) == ([], ("QUEUED", 0, None))
    assert verify(asked, now=REQUESTED).broken == ()
    assert delivered(asked, server, REQUESTED + MINUTE) == Delivered(sent=REQUESTS - 1)


# --- templates that cannot be read ------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", ["{", "[]", '{"report_request/body": 1}', ""])
def test_a_letter_whose_templates_cannot_be_read_fails_alone_and_somebody_is_told(asked: UnitOfWork, body: str) -> None:
    tamper(asked, "insert into content (sha256, kind, body) values ('broken', 'templates', :body)", body=body)
    tamper(asked, "update message set templates_sha256 = 'broken' where dedupe_key like :key", key=f"%{CONTACT}")

    done = delivered(asked, Server(), REQUESTED)

    why = (
        "The letter templates that were kept when its cycle was opened cannot be read: bring that row of `content` "
        "back from a backup (`s11flow verify` names it), then try the letter again."
    )
    assert done == Delivered(sent=REQUESTS - 1, failed=1)
    assert one(asked, "status, status_why") == ("FAILED", f"The letter could not be written. {why}")
    with asked.read() as connection, pytest.raises(WrongInputError, match="cannot be read: bring that row"):
        outbox.show(connection, id_of(asked, CONTACT))
    tick(asked, now=at("2026-07-07 08:00"))
    assert ["youth@agency.example" in words for words in digest_parts(asked)["Letters that came back"]] == [True]
