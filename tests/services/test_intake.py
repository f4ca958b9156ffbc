"""Mail that comes in: kept as it came, one recorded decision each, and nothing lost or done twice by a crash."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import db.unit_of_work
from db import queries
from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from notifications.confined import Reader
from notifications.mailbox import Incoming, MailboxUnavailable, Maildir
from s11flow.domain import acts
from s11flow.domain.errors import WrongInputError
from s11flow.services import cases, heartbeat, inbox, intake, replies, unread
from s11flow.services.inbox import Waiting
from s11flow.services.intake import Collected
from s11flow.services.submissions import Documents
from s11flow.services.tick import tick
from s11flow.services.verify import verify
from tests.notifications.outlook_files import outlook
from tests.services.mails import answer, arrives, away, bounce, docx, forwarded, mail, pdf, zipped
from tests.services.post import Server, delivered
from tests.services.scene import CODE, at, opened, queries_of, run_to

YOUTH, STROUD, COTSWOLD = (f"{CODE}-2026-{code}" for code in ("01", "02", "03"))
CONTACT, CHIEF = "youth@agency.example", "chief@district.example"
IN_TIME, LATE = at("2026-10-20 16:59"), at("2026-10-20 17:01")
EVENING, CONFIRMED = at("2026-10-20 18:00"), at("2026-10-21 10:00")
REPORT = docx("Youth Services looks after its children.")


@dataclass
class House:
    """A partnership with its mailbox, its documents and what reads mail."""

    uow: UnitOfWork
    folder: Path
    reader: Reader
    came: int = field(default=0)

    @property
    def documents(self) -> Documents:
        return Documents(self.folder / "documents")

    @property
    def box(self) -> Maildir:
        return Maildir(self.folder / "inbox")

    def comes(self, raw: bytes, when: datetime = IN_TIME) -> None:
        self.came += 1
        arrives(self.folder / "inbox", f"{self.came:03}", raw, when)

    def collect(self, now: datetime = EVENING, box: Any = None) -> Collected:
        return intake.collect(self.uow, self.documents, box or self.box, self.reader, partnership=CODE, now=now)

    def all(self) -> tuple[Waiting, ...]:
        return inbox.everything(self.uow, partnership=CODE)

    def only(self) -> Waiting:
        (found,) = self.all()
        return found

    def decisions(self) -> list[tuple[str | None, str | None, str | None]]:
        return [(each.kind, each.decision, each.case) for each in self.all()]

    def state(self, ref: str = YOUTH) -> str:
        return str(queries_of(self.uow, f"select state from subject where ref = '{ref}'")[0][0])

    def escalations(self) -> set[str]:
        return {str(state) for (state,) in queries_of(self.uow, "select state from escalation")}

    def receipts(self) -> list[str]:
        statement = "select to_address from message where kind = 'receipt' order by id"
        return [to for (to,) in queries_of(self.uow, statement)]

    def versions(self) -> list[tuple[Any, ...]]:
        statement = (
            "select ref, submission.version, status from submission join subject on subject.id = case_id "
            "order by submission.id"
        )
        return queries_of(self.uow, statement)

    def is_sound(self, now: datetime = EVENING) -> bool:
        broken = verify(self.uow, now=now, documents=self.documents.folder).broken
        assert broken == ()
        return True


@pytest.fixture
def house(uow: UnitOfWork, tmp_path: Path) -> Iterator[House]:
    """Tuesday 20 October 2026, 6pm: the deadline has passed, nobody has reported; the mailbox is empty."""
    opened(uow)
    run_to(uow, EVENING)
    with Reader() as reader:
        yield House(uow, tmp_path, reader)


# --- reports ---------------------------------------------------------------------------------------------------------


def test_a_report_with_its_reference_from_the_contact_is_filed_as_of_its_arrival(house: House) -> None:
    """Case 15: filed in the evening, it came at 16:59 and is in time."""
    house.comes(
        mail(CONTACT, f"S11 Report {YOUTH}", files=[("report.docx", REPORT)], written_at=at("2026-10-20 16:40"))
    )

    assert house.collect().as_json() == {
        "collected": 1, "known": 0, "applied": 0, "filed": 1, "ignored": 0, "waiting": 0, "stopped": "",
    }  # fmt: skip

    found = house.only()
    assert (found.decision, found.case, found.version) == ("filed", YOUTH, 1)
    assert (found.arrived_at, found.written_at) == (IN_TIME, at("2026-10-20 16:40"))
    assert (house.state(), house.receipts()) == ("SUBMITTED", [CONTACT])
    assert queries_of(house.uow, "select sender from submission") == [(CONTACT,)]
    assert [path.name for path in (house.folder / "inbox" / "new").iterdir()] == []
    assert house.is_sound()


SURE: list[tuple[str, Callable[[], bytes]]] = [
    ("its reference in small letters and another dash", lambda: mail(
        CONTACT, f"our return \N{EN DASH} {YOUTH.lower().replace('-', chr(0x2011))}", files=[("a.docx", REPORT)])),
    ("its reference, from a colleague at the same address", lambda: mail(
        "colleague@agency.example", f"{YOUTH}: our report", files=[("a.docx", REPORT)])),
    ("no subject at all, from the only contact", lambda: mail(CONTACT, "", files=[("a.docx", REPORT)])),
    ("from the senior leader", lambda: mail("director@agency.example", "Section 11", files=[("a.docx", REPORT)])),
]  # fmt: skip


@pytest.mark.parametrize(("what", "made"), SURE, ids=[what for what, _ in SURE])
def test_what_is_sure_is_filed(house: House, what: str, made: Callable[[], bytes]) -> None:
    house.comes(made())

    house.collect()

    assert house.decisions() == [("mail", "filed", YOUTH)]


@pytest.mark.on_both
def test_an_answer_to_a_letter_of_ours_is_filed_with_its_case(house: House) -> None:
    delivered(house.uow, Server(), EVENING)
    (about,) = queries_of(
        house.uow, f"select message_id from message where case_ref = '{STROUD}' and message_id is not null limit 1"
    )[0]
    house.comes(
        mail("new.person@district.example", "Re: your letter", answers=about, files=[("r.docx", docx("Stroud"))])
    )

    house.collect()

    assert house.decisions() == [("mail", "filed", STROUD)]


UNSURE: list[tuple[str, Callable[[], bytes], str | None, str]] = [
    ("a private address", lambda: mail("pat@gmail.com", "S11 Report of Youth Services", files=[("r.docx", REPORT)]),
     None, "Its sender is not known, and it does not name its case. It seems to be a report."),
    ("the reference, from elsewhere", lambda: mail("pat@gmail.com", f"Report {YOUTH}", files=[("r.docx", REPORT)]),
     YOUTH, f"It is about {YOUTH}, and its sender is not known for Youth Services. It seems to be a report."),
    ("another agency's reference", lambda: mail(CONTACT, f"Report {STROUD}", files=[("r.docx", REPORT)]),
     None, f"It is about {STROUD}, and its sender is known for Youth Services. It seems to be a report."),
    ("two references", lambda: mail(CONTACT, f"{YOUTH} and {STROUD}", files=[("r.docx", REPORT)]),
     None, "Its subject names several cases."),
    ("another agency's name", lambda: mail(CONTACT, "For Stroud District Council", files=[("r.docx", REPORT)]),
     None, f"Its sender is known for {YOUTH}, and its subject names Stroud District Council."),
    ("no document", lambda: mail(CONTACT, f"{YOUTH}", text="When is it due?"),
     YOUTH, "It brings no document that could be a report."),
    ("only a link", lambda: mail(CONTACT, f"{YOUTH}", text="It is at https://agency.example/report"),
     YOUTH, "It brings no document that could be a report. It names a link."),
]  # fmt: skip


@pytest.mark.parametrize(("what", "made", "case", "why"), UNSURE, ids=[row[0] for row in UNSURE])
def test_case_38_what_is_not_sure_waits_with_the_best_guess(
    house: House, what: str, made: Callable[[], bytes], case: str | None, why: str
) -> None:
    house.comes(made())

    house.collect()

    found = house.only()
    assert (found.decision, found.case, found.why) == (None, case, why)
    assert [guess for guess in found.guesses if guess.startswith(YOUTH)]
    assert (house.receipts(), house.versions()) == ([], [])
    assert house.is_sound()


def test_case_38_the_best_guess_comes_from_the_text_of_the_file(house: House) -> None:
    house.comes(mail("pat@gmail.com", "as promised", files=[("scan.docx", REPORT)]))

    house.collect()

    assert house.only().guesses == (f"{YOUTH} (a file names Youth Services)",)


def test_case_38_the_best_guess_comes_from_the_text_of_a_pdf_file(house: House) -> None:
    house.comes(mail("pat@gmail.com", "as promised", files=[("scan.pdf", pdf("The report of Youth Services"))]))

    house.collect()

    assert house.only().guesses == (f"{YOUTH} (a file names Youth Services)",)


def test_case_41_a_file_that_may_name_a_child_says_so_in_the_tray(house: House) -> None:
    named = docx("Youth Services.", "Child A's name is Ava Smith.")
    house.comes(mail("pat@gmail.com", "as promised", files=[("a.docx", named)]))
    house.comes(mail("pat@gmail.com", "a question", text="Is Child A (Ava Smith, DOB 12/03/2014) in your report?"))
    house.comes(mail(CONTACT, f"S11 Report {YOUTH}", files=[("b.docx", named), ("c.docx", REPORT)]))

    house.collect()

    waits, asks, filed = house.all()
    assert "single children: what it says itself (a date of birth, a child's name)." in asks.why
    assert waits.why.endswith(
        "It may hold details of single children: a.docx (a child's name). Look at it before anybody else does."
    )
    assert (
        filed.decision,
        filed.why.endswith("It may hold details of single children: look at it before the pack."),
    ) == (
        "filed",
        True,
    )


def test_case_38_forwarded_mail_waits_and_is_looked_into(house: House) -> None:
    inner = mail(CONTACT, f"S11 Report {YOUTH}", files=[("report.docx", REPORT)], written_at=at("2026-10-20 16:40"))
    house.comes(forwarded("director@agency.example", inner))

    house.collect()

    found = house.only()
    assert (found.decision, [name for name, _, _ in found.files]) == (None, ["report.docx"])
    assert found.why == (
        "It was passed on by somebody; whose it is has to be seen in what was passed on. It seems to be a report. It "
        f"passes on a mail of {CONTACT}, written Tuesday 20 October 2026, 4:40pm."
    )
    assert found.case == YOUTH
    assert f"what is passed on names {YOUTH}; what is passed on is from Youth Services" in found.guesses[0]
    done = inbox.file_report(house.uow, house.documents, found.id, YOUTH, now=EVENING, by="clerk", sender=CONTACT)
    assert done.received is not None
    assert (done.received.version, house.receipts(), house.is_sound()) == (1, [CONTACT], True)


def test_case_38_what_was_passed_on_several_times_is_looked_into(house: House) -> None:
    passed_on = mail(CONTACT, f"S11 Report {YOUTH}", files=[("report.docx", REPORT)])
    for sender in ("a@agency.example", "b@agency.example", "c@agency.example"):
        passed_on = forwarded(sender, passed_on)
    house.comes(passed_on)

    house.collect()

    assert (house.only().case, [name for name, _, _ in house.only().files]) == (YOUTH, ["report.docx"])


@pytest.mark.parametrize("name", ["ATT00001.htm", "Untitled attachment 00012.txt"])
def test_the_end_of_a_text_that_a_mail_program_cut_off_is_no_file(house: House, name: str) -> None:
    files = [("report.docx", REPORT), (name, b"<html><body>Sent from my phone</body></html>")]
    house.comes(mail(CONTACT, f"S11 Report {YOUTH}", files=files))

    house.collect()

    assert (house.only().decision, [name for name, _, _ in house.only().files]) == ("filed", ["report.docx"])


def test_case_40_an_empty_file_is_told(house: House) -> None:
    house.comes(mail(CONTACT, f"S11 Report {YOUTH}", files=[("report.docx", b"")]))

    house.collect()

    assert house.only().why == f"It is for {YOUTH}, and report.docx is empty."


def test_case_38_a_mail_that_outlook_saved_is_looked_into(house: House) -> None:
    saved = outlook(CONTACT, "Our report", files=[("report.docx", docx("Ours."))], sent_at=at("2026-10-20 16:40"))
    house.comes(mail("pat@gmail.com", "as promised", files=[("saved.msg", saved)]))

    house.collect()

    found = house.only()
    assert (found.case, [name for name, _, _ in found.files]) == (YOUTH, ["report.docx"])
    assert found.guesses == (f"{YOUTH} (what is passed on is from Youth Services)",)
    assert found.why.endswith(f"It passes on a mail of {CONTACT}, written Tuesday 20 October 2026, 4:40pm.")


def test_case_15_mail_that_waits_holds_back_the_silence_it_may_break(house: House) -> None:
    house.comes(mail("pat@gmail.com", f"Report {YOUTH}", files=[("r.docx", REPORT)]))
    house.collect()

    tick(house.uow, now=CONFIRMED)
    first = (house.state(), house.state(STROUD))
    monday = at("2026-10-26 09:00")
    inbox.file_report(house.uow, house.documents, house.only().id, YOUTH, now=monday, by="clerk")

    assert (first, house.state()) == (("REQUESTED", "NOT_SUBMITTED"), "SUBMITTED")
    (data,) = queries_of(house.uow, "select data from history where event = 'RECEIVE_REPORT'")
    assert '"in_time":true' in data[0]
    assert house.is_sound(monday)


def test_case_15_mail_that_was_in_time_and_is_read_after_non_submission_keeps_it_from_the_chair(house: House) -> None:
    tick(house.uow, now=CONFIRMED)
    house.comes(mail("pat@gmail.com", "Our report", files=[("r.docx", REPORT)]))  # matched to nobody, so to anybody
    house.collect(now=CONFIRMED)

    friday = at("2026-10-23 09:30")
    tick(house.uow, now=friday)
    before = house.escalations()
    inbox.ignore(house.uow, house.only().id, reason="It is a newsletter", now=friday, by="clerk")
    tick(house.uow, now=friday)

    assert (before, house.escalations()) == ({"PENDING"}, {"WITH_CHAIR"})
    assert house.is_sound(friday)


def test_case_15_mail_that_came_in_time_counts_however_late_it_is_taken_in(house: House) -> None:
    """Nothing ran for two days; whichever comes first, the mail was there when silence would have been confirmed."""
    house.comes(mail("pat@gmail.com", f"Report {YOUTH}", files=[("r.docx", REPORT)]))

    house.collect(now=at("2026-10-22 12:00"))

    assert (house.state(), house.only().decision, house.escalations()) == ("REQUESTED", None, {"PENDING"})
    assert house.is_sound(at("2026-10-22 12:00"))


def test_case_15_silence_is_not_reported_while_the_mailbox_has_not_been_read_since_the_deadline(house: House) -> None:
    noon = at("2026-10-20 12:00")
    heartbeat.beat(house.uow, "collect", noon, {})
    held = unread.hold_silence(house.uow, partnership=CODE, now=CONFIRMED)
    again = unread.hold_silence(house.uow, partnership=CODE, now=CONFIRMED)
    tick(house.uow, now=CONFIRMED)
    before = (house.state(), house.only().arrived_at, house.only().note)

    house.comes(mail(CONTACT, YOUTH, files=[("r.docx", REPORT)]))
    house.collect(now=CONFIRMED)
    heartbeat.beat(house.uow, "collect", CONFIRMED, {})
    let_go = unread.let_go(house.uow, partnership=CODE, now=CONFIRMED)
    tick(house.uow, now=CONFIRMED)

    assert (held, again, before) == (1, None, ("REQUESTED", noon, unread.NOTE))
    assert (let_go, house.state(), house.state(STROUD)) == (1, "SUBMITTED", "NOT_SUBMITTED")
    assert house.is_sound(CONFIRMED)


@pytest.mark.parametrize(
    "read_at", [None, "2026-07-01 09:00", "2026-10-20 17:30"], ids=["never", "months ago", "since the deadline"]
)
def test_case_15_a_mailbox_that_nobody_uses_or_that_was_read_holds_nothing_back(
    house: House, read_at: str | None
) -> None:
    if read_at is not None:
        heartbeat.beat(house.uow, "collect", at(read_at), {})

    assert unread.hold_silence(house.uow, partnership=CODE, now=CONFIRMED) is None


def test_case_15_whoever_looked_into_the_mailbox_lets_silence_be_silence(house: House) -> None:
    heartbeat.beat(house.uow, "collect", at("2026-10-20 12:00"), {})
    line = unread.hold_silence(house.uow, partnership=CODE, now=CONFIRMED)
    assert line is not None

    inbox.ignore(house.uow, line, "We looked, there is nothing", now=CONFIRMED, by="clerk")
    again = unread.hold_silence(house.uow, partnership=CODE, now=CONFIRMED)
    tick(house.uow, now=CONFIRMED)

    assert (again, house.state()) == (None, "NOT_SUBMITTED")


def test_case_15_mail_not_read_yet_holds_everybody_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken in and not decided on, as after a crash: it may be anybody's."""
    house.comes(mail(CONTACT, YOUTH, files=[("r.docx", REPORT)]))
    monkeypatch.setattr(intake, "_unread", lambda *_: [])
    house.collect()

    tick(house.uow, now=CONFIRMED)

    assert (house.state(), house.state(STROUD)) == ("REQUESTED", "REQUESTED")


def test_case_37_the_same_report_again_is_a_no_op(house: House) -> None:
    house.comes(mail(CONTACT, YOUTH, files=[("report.docx", REPORT)]))
    house.comes(mail(CONTACT, f"{YOUTH} once more", files=[("again.docx", REPORT)]))

    house.collect()

    assert [(each.decision, each.version) for each in house.all()] == [("filed", 1), ("ignored", None)]
    assert house.all()[1].why == f"Its files are those of version 1 of {YOUTH}, which is there already."
    assert (house.receipts(), len(house.versions())) == ([CONTACT], 1)


def test_case_37_the_same_files_from_somebody_else_in_another_wrapping_are_a_no_op(house: House) -> None:
    house.comes(mail(CONTACT, YOUTH, files=[("report.docx", REPORT)]))
    house.comes(mail("pat@gmail.com", "Our report", files=[("other name.docx", REPORT)]))
    house.comes(forwarded("director@agency.example", mail(CONTACT, YOUTH, text="Here", files=[("r.docx", REPORT)])))
    house.comes(mail("pat@gmail.com", f"For {STROUD}", files=[("same.docx", REPORT)]))

    house.collect()

    assert [(each.decision, each.case) for each in house.all()] == [
        ("filed", YOUTH),
        ("ignored", YOUTH),
        ("ignored", YOUTH),
        (None, None),  # it names another agency: a person says
    ]
    assert (len(house.versions()), house.is_sound()) == (1, True)


def test_case_37_what_the_panel_has_seen_already_waits_when_it_comes_from_a_stranger(
    house: House,
) -> None:
    """It may be what somebody sends for another year."""
    house.comes(mail(CONTACT, YOUTH, files=[("report.docx", REPORT)]))
    house.collect()
    cases.act(house.uow, YOUTH, acts.Consider("on paper", "the panel has read it"), by="clerk", now=EVENING)
    house.comes(mail("pat@gmail.com", "Our report", files=[("report.docx", REPORT)]))

    house.collect()

    assert [each.decision for each in house.all()] == ["filed", None]


def test_the_same_mail_again_is_known(house: House) -> None:
    raw = mail(CONTACT, YOUTH, files=[("report.docx", REPORT)])
    house.comes(raw)
    house.comes(raw)
    first = house.collect()
    house.comes(raw)

    again = house.collect(at("2026-10-20 19:00"))

    assert [(each.collected, each.known) for each in (first, again)] == [(1, 1), (0, 1)]
    assert len(house.all()) == 1


def test_one_acknowledgement_for_a_sender_and_day(house: House) -> None:
    house.comes(mail(CONTACT, YOUTH, files=[("one.docx", REPORT)]))
    house.comes(mail(CONTACT, f"{YOUTH} better", files=[("two.docx", docx("Better."))]))
    house.collect()
    house.comes(mail(CONTACT, f"{YOUTH} best", files=[("three.docx", docx("Best."))]))
    house.collect(CONFIRMED)

    assert ([number for _, number, _ in house.versions()], house.receipts()) == ([1, 2, 3], [CONTACT, CONTACT])


def test_automatic_mail_is_never_answered(house: House) -> None:
    """A scanner's mail is a report all the same; who answers for the agency gets the receipt."""
    scanned = mail(
        "scanner@agency.example", f"{YOUTH} scan", files=[("scan.docx", REPORT)], Auto_Submitted="auto-generated"
    )
    house.comes(scanned)

    house.collect()

    assert (house.decisions(), house.receipts()) == ([("mail", "filed", YOUTH)], [CONTACT])


def test_a_letter_of_ours_that_comes_back_is_ignored(house: House) -> None:
    server = Server()
    delivered(house.uow, server, EVENING)
    house.comes(server.taken[0].raw)

    house.collect()

    assert (house.only().decision, house.only().why) == ("ignored", "It is a letter of ours that came back to us.")


# --- case 40: what cannot be opened ----------------------------------------------------------------------------------


QUARANTINED = [
    ("report.docx", b"PK\x03\x04 cut off", "report.docx is damaged: it cannot be opened"),
    ("all.zip", zipped(**{"report.docx": REPORT}), "all.zip is an archive: what is in it has to be sent as it is"),
    ("report.pdf", b"%PDF-1.7\n1 0 obj << /Encrypt 2 0 R >>\n%%EOF", "report.pdf has a password"),
    ("report.docx", zipped(**{"[Content_Types].xml": b"", "word/document.xml": b"", "word/vbaProject.bin": b""}),
     "report.docx has a macro"),
    ("report.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
     "report.docx has a password"),
    ("report.pdf", b"MZ\x90\x00", "report.pdf is a program"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "fault"), QUARANTINED, ids=[row[2] for row in QUARANTINED])
@pytest.mark.on_both
def test_case_40_what_cannot_be_opened_waits_in_quarantine(house: House, name: str, content: bytes, fault: str) -> None:
    house.comes(mail(CONTACT, YOUTH, files=[(name, content)]))

    house.collect()

    found = house.only()
    assert (found.decision, found.case, found.why) == (None, YOUTH, f"It is for {YOUTH}, and {fault}.")
    assert house.receipts() == []


def test_case_40_it_is_returned_for_technical_reasons_and_stays_in_time(house: House) -> None:
    house.comes(mail(CONTACT, YOUTH, files=[("all.zip", zipped(**{"report.docx": REPORT}))]))
    house.collect()
    monday = at("2026-10-26 09:00")

    inbox.file_report(house.uow, house.documents, house.only().id, YOUTH, now=monday, by="clerk", returned=True)
    returned = house.state()
    house.comes(mail(CONTACT, YOUTH, files=[("report.docx", REPORT)]), at("2026-10-27 11:00"))
    house.collect(at("2026-10-27 12:00"))

    (gaps,) = queries_of(
        house.uow, "select body from history_private join history using (subject_id, seq) where event = 'RETURN_REPORT'"
    )[0]
    assert "The file all.zip is an archive: what is in it has to be sent as it is." in gaps
    told = [data for (data,) in queries_of(house.uow, "select data from history where event = 'RECEIVE_REPORT'")]
    assert queries_of(house.uow, "select addresses from submission order by version") == [
        ("[]",), ('["1","2","3","4"]',),  # of what nobody could open nothing is said
    ]  # fmt: skip
    assert (returned, house.state(), ['"in_time":true' in data for data in told]) == (
        "RETURNED",
        "SUBMITTED",
        [True, True],
    )
    assert house.is_sound(at("2026-10-27 12:00"))


def test_case_40_there_is_nothing_to_return_where_all_opens(house: House) -> None:
    house.comes(mail("pat@gmail.com", YOUTH, files=[("report.docx", REPORT)]))
    house.collect()

    with pytest.raises(WrongInputError, match=r"Every file of mail 1 can be opened"):
        inbox.file_report(house.uow, house.documents, 1, YOUTH, now=EVENING, by="clerk", returned=True)


def test_case_40_mail_of_40_mb_waits_for_its_case_alone_and_is_asked_for_again(house: House) -> None:
    house.comes(mail(CONTACT, YOUTH, files=[("report.pdf", b"%PDF-1.7\n" + os.urandom(27_000_000))]))
    house.collect()
    found = house.only()
    tick(house.uow, now=CONFIRMED)
    waits = (house.state(), house.state(STROUD))

    inbox.file_report(house.uow, house.documents, found.id, YOUTH, now=CONFIRMED, by="clerk", returned=True)

    assert (found.kind, found.sender, found.case) == ("unreadable", CONTACT, YOUTH)
    assert found.why == "It cannot be read: it is larger than 35 MB."
    assert (waits, house.state()) == (("REQUESTED", "NOT_SUBMITTED"), "RETURNED")
    assert house.is_sound(CONFIRMED)


# --- case 39: the wrong case -----------------------------------------------------------------------------------------


def misfiled(house: House) -> int:
    house.comes(mail(CONTACT, YOUTH, files=[("report.docx", docx("Stroud District Council"))]))
    house.collect()
    return house.only().id


@pytest.mark.on_both
def test_case_39_what_was_filed_with_the_wrong_case_is_moved(house: House) -> None:
    mail_id = misfiled(house)

    done = inbox.refile(house.uow, house.documents, mail_id, STROUD, reason="it is Stroud's", now=EVENING, by="clerk")

    assert done.received is not None
    assert (done.mail.case, done.mail.version, done.received.ref) == (STROUD, 1, STROUD)
    assert house.versions() == [(YOUTH, 1, "withdrawn"), (STROUD, 1, "filed")]
    assert (house.state(), house.state(STROUD)) == ("REQUESTED", "SUBMITTED")
    lines = queries_of(
        house.uow,
        "select ref, cause from history join subject on subject.id = subject_id "
        "where event = 'OUTSIDE_MAIL' and kind = 'case' order by history.id",
    )
    assert lines == [(YOUTH, "filed"), (YOUTH, "moved to another case"), (STROUD, "moved to another case")]
    assert house.is_sound()


def test_case_39_a_receipt_that_waits_never_leaves(house: House) -> None:
    mail_id = misfiled(house)

    inbox.refile(house.uow, house.documents, mail_id, STROUD, now=EVENING, by="clerk")

    statement = "select case_ref, status from message where kind in ('receipt', 'correction') order by id"
    assert queries_of(house.uow, statement) == [(YOUTH, "WITHDRAWN"), (STROUD, "QUEUED")]


def test_case_39_a_receipt_that_left_is_put_right(house: House) -> None:
    mail_id = misfiled(house)
    delivered(house.uow, Server(), EVENING)

    inbox.refile(house.uow, house.documents, mail_id, STROUD, now=EVENING, by="clerk")

    statement = "select case_ref, kind, to_address from message where kind in ('receipt', 'correction') order by id"
    assert queries_of(house.uow, statement) == [
        (YOUTH, "receipt", CONTACT),
        (YOUTH, "correction", CONTACT),
        (STROUD, "receipt", CONTACT),
    ]
    assert house.is_sound()


def test_case_39_another_version_stays(house: House) -> None:
    house.comes(mail(CONTACT, YOUTH, files=[("own.docx", REPORT)]), at("2026-10-20 12:00"))
    house.comes(mail(CONTACT, f"{YOUTH} too", files=[("theirs.docx", docx("Stroud"))]))
    house.collect()

    inbox.refile(house.uow, house.documents, house.all()[1].id, STROUD, now=EVENING, by="clerk")

    assert house.versions() == [(YOUTH, 1, "filed"), (YOUTH, 2, "withdrawn"), (STROUD, 1, "filed")]
    assert (house.state(), house.is_sound()) == ("SUBMITTED", True)


def test_case_39_mail_that_was_put_in_by_hand_is_moved_too(house: House) -> None:
    files = [("report.docx", house.documents.keep(REPORT), len(REPORT))]
    mail_id = inbox.add(
        house.uow, partnership=CODE, arrived_at=IN_TIME, now=EVENING, by="clerk", note="by post", files=files
    ).id
    inbox.file_report(house.uow, house.documents, mail_id, STROUD, now=EVENING, by="clerk", sender=CONTACT)

    for ref in (YOUTH, STROUD, YOUTH):
        inbox.refile(house.uow, house.documents, mail_id, ref, now=EVENING, by="clerk")

    assert house.versions() == [
        (STROUD, 1, "withdrawn"), (YOUTH, 1, "withdrawn"), (STROUD, 2, "withdrawn"), (YOUTH, 2, "filed"),
    ]  # fmt: skip
    assert (house.only().case, house.is_sound()) == (YOUTH, True)


def test_case_39_what_was_not_filed_is_not_moved(house: House) -> None:
    house.comes(mail("pat@gmail.com", "hello"))
    house.collect()

    with pytest.raises(WrongInputError, match="was not filed yet"):
        inbox.refile(house.uow, house.documents, 1, STROUD, now=EVENING, by="clerk")


# --- a person decides ------------------------------------------------------------------------------------------------


def test_a_remembered_sender_is_known_from_then_on(house: House) -> None:
    house.comes(mail("pat@consultant.example", "report", files=[("one.docx", REPORT)]))
    house.collect()
    inbox.remember_sender(house.uow, 1, YOUTH, now=EVENING, by="clerk")

    intake.look_again(house.uow, house.documents, house.reader, 1, now=EVENING)

    assert (house.decisions(), house.is_sound()) == ([("mail", "filed", YOUTH)], True)


def test_case_41_what_must_not_be_seen_stays_out_of_what_is_recorded_for_ever(house: House) -> None:
    """Names, addresses and subjects are in the part of the history that can be removed."""
    house.comes(mail("pat@gmail.com", "About Kim Smith, born 2014", files=[("Kim Smith.docx", REPORT)]))

    house.collect()

    kept = " ".join(data + cause for data, cause in queries_of(house.uow, "select data, cause from history"))
    assert ("Kim" in kept, "pat@gmail.com" in kept) == (False, False)


# --- bounces, answers, automatic mail --------------------------------------------------------------------------------


def letter(house: House, ref: str = YOUTH, recipient: str = "contact") -> Any:
    """A letter that has left."""
    delivered(house.uow, Server(), EVENING)
    table = queries.message
    with house.uow.read() as connection:
        statement = select(table).where(table.c.case_ref == ref, table.c.recipient == recipient)
        return connection.execute(statement.where(table.c.status == "SENT").order_by(table.c.id.desc())).first()


def test_case_05_a_bounce_puts_the_contact_at_risk(house: House) -> None:
    sent = letter(house)
    house.comes(bounce(sent.to_address, sent.message_id), EVENING)

    house.collect()

    found = house.only()
    assert (found.kind, found.decision, found.case) == ("bounce", "applied", YOUTH)
    assert found.why.endswith(
        "was not delivered (550 5.1.1 User unknown). The contact of Youth Services is at risk."  # the code once
    )
    assert queries_of(house.uow, f"select status from message where id = {sent.id}") == [("BOUNCED",)]
    statement = "select to_address from message where kind = 'contact_at_risk'"
    assert queries_of(house.uow, statement) == [("director@agency.example",)]
    assert house.is_sound()
    tick(house.uow, now=at("2026-10-22 12:00"))
    assert queries_of(
        house.uow, f"select count(*) from message where kind = 'escalation' and case_ref = '{YOUTH}'"
    ) == [(0,)]


@pytest.mark.parametrize(
    ("status", "action", "decision", "letter_is"),
    [("4.2.2", "failed", "applied", "BOUNCED"), ("4.4.1", "delayed", "applied", "SENT")],
)
@pytest.mark.on_both
def test_what_may_pass_is_noted_and_nobody_is_at_risk(
    house: House, status: str, action: str, decision: str, letter_is: str
) -> None:
    sent = letter(house)
    house.comes(bounce(sent.to_address, sent.message_id, status=status, action=action), EVENING)

    house.collect()

    assert (house.only().decision, queries_of(house.uow, f"select status from message where id = {sent.id}")) == (
        decision, [(letter_is,)],
    )  # fmt: skip
    assert queries_of(house.uow, "select count(*) from agency where contact_left_at is not null") == [(0,)]
    assert house.is_sound()


def test_a_bounce_from_where_a_letter_was_passed_on_to_waits_and_marks_nobody(house: House) -> None:
    sent = letter(house)
    house.comes(bounce("holiday.cover@agency.example", sent.message_id), EVENING)

    house.collect()

    found = house.only()
    assert (found.decision, found.case, "holiday.cover@agency.example" in found.why) == (None, YOUTH, True)
    assert queries_of(house.uow, f"select status from message where id = {sent.id}") == [("SENT",)]
    assert queries_of(house.uow, "select count(*) from agency where contact_left_at is not null") == [(0,)]


def test_a_bounce_that_names_no_letter_waits_for_a_person(house: House) -> None:
    house.comes(bounce(CONTACT, ""), EVENING)

    house.collect()

    assert (house.only().decision, house.only().case) == (None, YOUTH)
    assert "does not say which letter" in house.only().why


def test_the_same_bounce_twice_is_applied_once(house: House) -> None:
    sent = letter(house)
    house.comes(bounce(sent.to_address, sent.message_id), EVENING)
    house.comes(bounce(sent.to_address, sent.message_id) + b"\n", EVENING)

    house.collect()

    assert [each.decision for each in house.all()] == ["applied", "ignored"]


def test_any_letter_may_bounce_and_the_record_stays_whole(house: House) -> None:
    """To deputies, to the Chair, to the panel: only a contact's own address puts a contact at risk."""
    tick(house.uow, now=at("2026-10-22 12:00"))
    now = at("2026-10-22 12:30")
    delivered(house.uow, Server(), now)
    sent = queries_of(house.uow, "select to_address, message_id from message where status = 'SENT' order by id")
    for address, about in sent:
        house.comes(bounce(address, about), now)

    house.collect(now)
    tick(house.uow, now=at("2026-10-23 12:00"))

    assert {(each.kind, each.decision) for each in house.all()} == {("bounce", "applied")}
    assert queries_of(house.uow, "select count(*) from message where status = 'BOUNCED'") == [(len(sent),)]
    left = "select code from agency where contact_left_at is not null order by code"
    assert queries_of(house.uow, left) == [("01",), ("02",), ("03",)]
    assert house.is_sound(at("2026-10-23 12:00"))


def uid_of(house: House, ref: str = STROUD) -> str:
    with house.uow.read() as connection:
        found = queries.subject_by_ref(connection, ref)
        return str(queries.sessions(connection, [found.id])[found.id][-1].uid)


def test_an_answer_to_an_invitation_is_applied(house: House) -> None:
    house.comes(answer(uid_of(house), "a@district.example"), EVENING)

    house.collect()

    assert house.decisions() == [("calendar", "applied", STROUD)]
    assert queries_of(house.uow, "select attendee, answer from reply") == [("a@district.example", "accepted")]
    assert house.is_sound()


def test_an_answer_of_somebody_unknown_waits(house: House) -> None:
    house.comes(answer(uid_of(house), "someone@elsewhere.example"), EVENING)

    house.collect()

    assert (house.decisions(), queries_of(house.uow, "select * from reply")) == ([("calendar", None, STROUD)], [])
    assert house.only().why == "Waits for a person: whoever answers was not invited under that address."


def test_automatic_answers_are_noted_or_wait(house: House) -> None:
    house.comes(away(CONTACT), EVENING)
    house.comes(away("a@district.example", "I no longer work for the council."), EVENING)
    house.comes(away("nobody@elsewhere.example"), EVENING)

    house.collect()

    assert house.decisions() == [
        ("auto-reply", "applied", YOUTH),
        ("auto-reply", None, STROUD),
        ("auto-reply", "ignored", None),
    ]
    assert house.receipts() == []


def test_a_program_of_nobody_we_know_that_names_a_page_waits_because_a_report_may_be_there(house: House) -> None:
    notice = "You have a secure message. Open it at https://post.elsewhere.example/m/7"
    house.comes(mail("nobody@elsewhere.example", "A secure message", text=notice, Auto_Submitted="auto-generated"))
    house.comes(mail("else@elsewhere.example", "I am away", text=notice, Auto_Submitted="auto-replied"))

    house.collect()

    assert house.decisions() == [("auto-reply", None, None), ("auto-reply", "ignored", None)]
    assert house.all()[0].why == (
        "Automatic mail, or mail to many, of somebody the register does not name (its header Auto-Submitted says so); "
        "it names a page, where a report may be."
    )


def test_a_receipt_for_reading_is_ignored_with_the_reason(house: House) -> None:
    raw = b"\n".join(
        (
            b"From: youth@agency.example",
            b"Content-Type: multipart/report; report-type=disposition-notification; boundary=x",
            b"\n--x\nContent-Type: message/disposition-notification\n",
            b"Disposition: automatic-action; displayed\n\n--x--\n",
        )
    )
    house.comes(raw)

    house.collect()

    found = house.only()
    assert (found.decision, found.why) == (
        "ignored",
        "A mail program says that a letter was opened, or deleted unread.",
    )


# --- crashes and hostile mail ----------------------------------------------------------------------------------------


class Died(BaseException):
    """The process is killed here."""


def killed(*_: Any, **__: Any) -> Any:
    raise Died


STEPS: list[tuple[str, Any, str]] = [
    ("before the bytes are kept", Documents, "keep"),
    ("before its row", intake, "_record_new"),
    ("before it leaves the mailbox", Maildir, "file_away"),
    ("before it is read", Reader, "read"),
    ("before it is worked out", intake, "_plan"),
    ("before it is filed", intake, "_filed"),
    ("after it was filed, before the decision", intake, "_conclude"),
    ("before the commit", inbox, "recompute_all"),
]


@pytest.mark.on_both
@pytest.mark.parametrize(("step", "where", "name"), STEPS, ids=[step for step, _, _ in STEPS])
def test_a_crash_at_any_step_loses_nothing_and_files_nothing_twice(
    house: House, monkeypatch: pytest.MonkeyPatch, step: str, where: Any, name: str
) -> None:
    house.comes(mail(CONTACT, YOUTH, files=[("report.docx", REPORT)]))
    house.comes(mail("a@district.example", STROUD, files=[("report.docx", docx("Stroud"))]))
    monkeypatch.setattr(where, name, killed)
    with pytest.raises(Died):
        house.collect()
    monkeypatch.undo()

    house.collect()
    house.collect()

    assert house.decisions() == [("mail", "filed", YOUTH), ("mail", "filed", STROUD)]
    assert house.versions() == [(YOUTH, 1, "filed"), (STROUD, 1, "filed")]
    assert (house.receipts(), house.is_sound()) == ([CONTACT, "a@district.example"], True)
    assert list((house.folder / "inbox" / "new").iterdir()) == []


@dataclass
class Fuse:
    """Counts what is written for good (commits, syncs, moves), and kills the process before or after one of them."""

    burns_at: int = 0
    count: int = 0

    def around(self, does: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*given: Any, **named: Any) -> Any:
            self._burn()
            done = does(*given, **named)
            self._burn()
            return done

        return watched

    def _burn(self) -> None:
        self.count += 1
        if self.count == self.burns_at:
            raise Died


def test_mail_that_cannot_be_read_stops_none_after_it_where_there_is_no_room(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.comes(b"Content-Type: message/rfc822\n\n" * 30)
    house.comes(mail(CONTACT, YOUTH, files=[("report.docx", REPORT)]))
    monkeypatch.setattr(tempfile, "tempdir", str(house.folder / "nowhere"))

    house.collect()

    assert house.decisions() == [("unreadable", None, None), ("mail", "filed", YOUTH)]


def swept(folder: Path, prepared: Path, fuse: Fuse) -> tuple[Any, ...]:
    """A run that the fuse cuts short and the two after it, on a copy; what has come of two mails then."""
    here = folder / f"killed-{fuse.burns_at}"
    here.mkdir()
    engine = open_engine(f"sqlite:///{shutil.copy(prepared, here / 's11flow.db')}")
    with Reader() as reader:
        house = House(UnitOfWork(engine), here, reader)
        house.comes(mail(CONTACT, YOUTH, files=[("report.docx", REPORT)]))
        house.comes(bounce("a@district.example", ""), LATE)
        with pytest.MonkeyPatch.context() as patch, suppress(Died):
            patch.setattr(os, "fsync", fuse.around(os.fsync))
            patch.setattr(Path, "rename", fuse.around(Path.rename))
            patch.setattr(Path, "replace", fuse.around(Path.replace))
            patch.setattr(db.unit_of_work, "_commit", fuse.around(db.unit_of_work._commit))
            house.collect()
        house.collect()
        house.collect()
        found = (
            house.decisions(), house.versions(), house.receipts(), house.is_sound(),
            list((here / "inbox" / "new").iterdir()),
        )  # fmt: skip
    engine.dispose()
    return found


def test_whatever_is_written_last_before_it_is_killed(
    migrated_sqlite: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    prepared = Path(shutil.copy(migrated_sqlite, tmp_path / "prepared.db"))
    engine = open_engine(f"sqlite:///{prepared}")
    opened(UnitOfWork(engine))
    run_to(UnitOfWork(engine), EVENING)
    engine.dispose()
    undisturbed = Fuse()
    expected = swept(tmp_path, prepared, undisturbed)
    step = 1 if request.config.getoption("--thorough") else 7

    found = {at: swept(tmp_path, prepared, Fuse(at)) for at in range(1, undisturbed.count + 1, step)}

    assert expected[:3] == (
        [("mail", "filed", YOUTH), ("bounce", None, STROUD)], [(YOUTH, 1, "filed")], [CONTACT],
    )  # fmt: skip
    assert {at: outcome for at, outcome in found.items() if outcome != expected} == {}


HOSTILE: list[tuple[str, bytes]] = [
    ("empty", b""),
    ("headers without end", b"Subject: " + b"x" * 70_000 + b"\n\n"),
    ("parts in parts", b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (number, number) for number in range(60))),
    ("brackets", b"From: " + b"(" * 3_000 + b"\nSubject: x\n\nhello\n"),
    ("nonsense", bytes(range(256)) * 40),
]  # fmt: skip


def test_hostile_mail_is_parked_with_a_reason_and_stops_none_after_it(house: House) -> None:
    for _, raw in HOSTILE:
        house.comes(raw, IN_TIME)
    house.comes(mail(CONTACT, YOUTH, files=[("report.docx", REPORT)]), LATE)

    done = house.collect()

    found = house.all()
    assert (done.filed, done.waiting, len(found)) == (1, len(HOSTILE), len(HOSTILE) + 1)
    assert [each.why for each in found if not each.why] == []
    assert [each.why for each in found if each.kind == "unreadable"][:2] == [
        "It cannot be read: it is empty.",
        "It cannot be read: its headers are longer than 64 KB.",
    ]
    assert house.is_sound()


def test_mail_over_which_something_fails_is_parked_and_stops_none_after_it(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house.comes(answer(uid_of(house), "a@district.example"))
    house.comes(mail(CONTACT, YOUTH, files=[("report.docx", REPORT)]), LATE)
    monkeypatch.setattr(replies, "receive_in", lambda *_, **__: 1 / 0)

    house.collect()

    assert [each.decision for each in house.all()] == [None, "filed"]
    assert house.all()[0].why == "It could not be worked out (ZeroDivisionError, see the log)."
    assert house.is_sound()


class Away(Maildir):
    """A mailbox that is lost after its first mail."""

    def incoming(self) -> Iterator[Incoming]:
        yield next(iter(super().incoming()))
        raise MailboxUnavailable("The server hung up.")


def test_a_mailbox_that_is_away_stops_no_decision_on_what_it_gave(house: House) -> None:
    house.comes(mail(CONTACT, YOUTH, files=[("report.docx", REPORT)]))

    done = house.collect(box=Away(house.folder / "inbox"))

    assert (done.filed, done.stopped) == (1, "The server hung up.")


def test_a_mail_that_is_lost_from_the_documents_folder_is_found(house: House) -> None:
    house.comes(mail("pat@gmail.com", "hello"))
    house.collect()
    digest = house.only().sha256
    assert digest is not None
    house.documents.place(digest).unlink()

    assert verify(house.uow, now=EVENING, documents=house.documents.folder).broken == (
        "In the tray the file mail 1 of the mail that came is not in the documents folder.",
    )


# --- replayed --------------------------------------------------------------------------------------------------------


def test_replaying_the_store_says_what_it_said(house: House) -> None:
    house.comes(mail(CONTACT, YOUTH, files=[("report.docx", REPORT)], written_at=IN_TIME))
    house.comes(b"")
    house.comes(away(CONTACT))
    house.collect()

    replayed = intake.replay(house.uow, house.documents, house.reader, partnership=CODE)

    assert [(each.id, each.differs) for each in replayed] == [(1, ()), (2, ()), (3, ())]


def test_another_house_that_replays_the_raw_store_comes_to_the_same(house: House, tmp_path: Path) -> None:
    """The order in which mail is taken in makes no difference: it is decided on by when it came."""
    house.comes(mail(CONTACT, YOUTH, files=[("report.docx", REPORT)]), IN_TIME)
    house.comes(mail(CONTACT, f"{YOUTH} better", files=[("two.docx", docx("Better."))]), LATE)
    house.comes(mail("pat@gmail.com", "report", files=[("r.docx", REPORT)]), EVENING)
    house.collect()

    again = [house.documents.read(each.sha256 or "") for each in reversed(house.all())]

    assert [raw.splitlines()[0] for raw in again] == [b"From: pat@gmail.com", *[b"From: " + CONTACT.encode()] * 2]
