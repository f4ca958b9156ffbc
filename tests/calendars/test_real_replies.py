"""Answers as Exchange, Google, Apple, Thunderbird and others write them, and as they arrive: what becomes of each.

`replies/` has one file for each, `replies/expected.csv` what is expected of it. The session was moved once: it is at
9:30am on 10 November 2026, and its invitations have SEQUENCE 1.
"""

import csv
from datetime import UTC, datetime
from io import BytesIO

import pytest

from calendars.reply import Reply, read_parts, read_replies
from notifications.classify import Kind
from notifications.reading import parse
from notifications.reading import read as read_mail
from s11flow.domain.model import Session, SessionState
from s11flow.domain.replies import Guests, Verdict, judge
from s11flow.services.replies import heard
from tests.calendars.samples import SAMPLES, parts_of

UID = "5c0ffee05c0ffee05c0ffee05c0ffee0@partnership.example"
LEAD = "lead@cotswold.example"
STAMPED_AT = datetime(2026, 10, 2, 9, 15, tzinfo=UTC)
SENT_AT = datetime(2026, 10, 2, 9, 15, 2, tzinfo=UTC)
CAME_AT = datetime(2026, 10, 2, 9, 15, 30, tzinfo=UTC)
SESSION = Session(
    number=1,
    state=SessionState.INVITED,
    revision=1,
    starts_at=datetime(2026, 11, 10, 9, 30, tzinfo=UTC),
    ends_at=datetime(2026, 11, 10, 10, tzinfo=UTC),
    place="Shire Hall",
    uid=UID,
    revised_at=datetime(2026, 10, 1, 8, tzinfo=UTC),
)
GUESTS = Guests(
    invited=(LEAD, "Head@cotswold.example"),
    aliases={"zoe.old@cotswold.example": LEAD},
    own=("section11@partnership.example",),
)


def expected() -> list[dict[str, str]]:
    with (SAMPLES / "expected.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def read(name: str) -> tuple[tuple[Reply, ...], str, datetime | None]:
    """What a sample says, who sent it and when; a bare calendar file is the lead's."""
    content = (SAMPLES / name).read_bytes()
    if name.endswith(".ics"):
        return read_replies(content), LEAD, None
    mail = read_mail(parse(BytesIO(content)))
    return read_parts(parts_of(content)), mail.from_address, mail.written_at


def judged(name: str) -> list[Verdict]:
    replies, sender, sent_at = read(name)
    return [
        judge(
            SESSION if reply.uid.lower() == UID else None,
            GUESTS,
            heard(reply, from_address=sender, received_at=CAME_AT, sent_at=sent_at),
        )
        for reply in replies
    ]


@pytest.mark.parametrize("row", expected(), ids=lambda row: row["sample"])
def test_each_sample_comes_to_what_is_expected_of_it(row: dict[str, str]) -> None:
    verdicts = judged(row["sample"])
    found = {
        "outcome": "; ".join(each.outcome.removesuffix(" for a person") for each in verdicts) or "unreadable",
        "why": "; ".join(each.why or "" for each in verdicts),
        "attendee": "; ".join(each.attendee for each in verdicts).lower(),
        "answer": "; ".join(each.answer.answer if each.answer else "" for each in verdicts),
        "starts": "; ".join(each.proposal.starts_at.isoformat() if each.proposal else "" for each in verdicts),
    }

    assert found == {name: row[name] for name in found}


def test_what_comes_by_mail_is_told_from_other_mail() -> None:
    """An invitation of somebody else, or ours that came back, is a person's mail: it goes to the tray."""
    mails = [row["sample"] for row in expected() if row["sample"].endswith(".eml") and row["why"] != "not a reply"]
    kinds = {name: read_mail(parse(BytesIO((SAMPLES / name).read_bytes()))).classified.kind for name in mails}

    assert [name for name, kind in kinds.items() if kind is not Kind.CALENDAR] == []


def test_there_is_a_sample_for_each_line_and_a_line_for_each_sample() -> None:
    files = {path.name for path in SAMPLES.iterdir()} - {"expected.csv"}

    assert files == {row["sample"] for row in expected()}
    assert len(files) >= 60


@pytest.mark.parametrize(
    ("sample", "at", "sent_at"),
    [
        ("google-accepted.eml", datetime(2026, 10, 2, 9, 15, tzinfo=UTC), datetime(2026, 10, 2, 9, 15, 2, tzinfo=UTC)),
        ("phone-local-dtstamp.ics", datetime(2026, 10, 2, 9, 15, tzinfo=UTC), None),
        (
            "apple-no-dtstamp.eml",
            datetime(2026, 10, 2, 9, 15, 2, tzinfo=UTC),
            datetime(2026, 10, 2, 9, 15, 2, tzinfo=UTC),
        ),
        ("apple-no-dtstamp-no-date.eml", CAME_AT, None),
    ],
)
def test_an_answer_is_of_the_time_it_says_else_of_its_mail_else_of_when_it_came(
    sample: str, at: datetime, sent_at: datetime | None
) -> None:
    (verdict,) = judged(sample)

    assert verdict.answer is not None
    assert (verdict.answer.at, verdict.answer.sent_at) == (at, sent_at)


@pytest.mark.parametrize(
    ("sample", "comment"),
    [
        ("google-note.eml", "I may be late; sorry: trains"),
        ("exchange-comment.eml", "On leave, sorry.\nZoe"),
        ("nextcloud-web-answer.ics", "Foo bar Bli blub"),
        ("google-proposes-time.eml", "Could we do Thursday?"),
        ("exchange-accepted.eml", ""),
    ],
)
def test_what_somebody_added_is_kept(sample: str, comment: str) -> None:
    replies, sender, _ = read(sample)

    assert [heard(each, from_address=sender, received_at=CAME_AT).comment for each in replies] == [comment]


def test_who_else_is_named_is_told() -> None:
    (delegated,) = read("kontact-delegated-alone.eml")[0]
    (by_another,) = read("exchange-delegate-for-manager.eml")[0]

    assert delegated.attendees[0].delegated_to == ("deputy@cotswold.example",)
    assert by_another.attendees[0].sent_by == "assistant@cotswold.example"
