"""What a reply comes to, whatever the order in which replies are read, and however often."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s11flow.domain.model import Answer, Session, SessionState
from s11flow.domain.replies import (
    WHY_WORDS,
    Guests,
    Heard,
    Outcome,
    Proposal,
    Verdict,
    Voice,
    Why,
    judge,
    newest,
    plausible,
    proposal_words,
)

NOON = datetime(2026, 10, 2, 12, tzinfo=UTC)
STARTS = datetime(2026, 11, 10, 9, 30, tzinfo=UTC)
LEAD, HEAD = "lead@stroud.example", "head@stroud.example"
SESSION = Session(1, SessionState.INVITED, 1, STARTS, STARTS + timedelta(minutes=30), "Shire Hall", "uid", NOON)
GUESTS = Guests((LEAD, HEAD), {"zoe@old.example": LEAD}, ("unit@partnership.example",))


def said(partstat: str = "ACCEPTED", who: str = LEAD, **others: object) -> Heard:
    heard = Heard("REPLY", (Voice(who, partstat),), who, NOON, sequence=1, stamped_at=NOON)
    return replace(heard, **others)  # type: ignore[arg-type]  # fields by name


def test_an_answer_is_applied_under_the_address_that_was_invited() -> None:
    assert judge(SESSION, GUESTS, said(who="Zoe@Old.example")) == Verdict(
        Outcome.APPLIED, None, LEAD, answer=Answer(LEAD, "accepted", NOON, 1)
    )


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        (SessionState.PENCILLED, (Outcome.WAITS, Why.NOT_INVITED)),
        (SessionState.CANCELLED, (Outcome.STALE, Why.CANCELLED)),
        (SessionState.STOOD_DOWN, (Outcome.STALE, Why.CANCELLED)),
        (SessionState.ATTENDED, (Outcome.STALE, Why.RECORDED)),
        (SessionState.ATTENDED_IN_PART, (Outcome.STALE, Why.RECORDED)),
        (SessionState.ABSENT_WITH_NOTICE, (Outcome.STALE, Why.RECORDED)),
        (SessionState.ABSENT_WITHOUT_NOTICE, (Outcome.STALE, Why.RECORDED)),
    ],
)
def test_only_an_open_invitation_can_be_answered(state: SessionState, verdict: tuple[Outcome, Why]) -> None:
    found = judge(replace(SESSION, state=state), GUESTS, said())

    assert (found.outcome, found.why, found.answer) == (*verdict, None)


@pytest.mark.parametrize(
    ("sequence", "starts_at", "outcome"),
    [
        (0, STARTS, Outcome.STALE),
        (1, None, Outcome.APPLIED),
        (9, None, Outcome.APPLIED),
        (None, STARTS, Outcome.APPLIED),
        (None, STARTS - timedelta(days=1), Outcome.STALE),
        (None, None, Outcome.STALE),
    ],
)
def test_which_time_is_answered_is_said_by_the_sequence_else_by_the_time(
    sequence: int | None, starts_at: datetime | None, outcome: Outcome
) -> None:
    assert judge(SESSION, GUESTS, said(sequence=sequence, starts_at=starts_at)).outcome == outcome


@pytest.mark.parametrize("sequence", [None, 0, 1])
def test_whoever_asks_again_asks_for_the_invitation_as_it_stands(sequence: int | None) -> None:
    asked = replace(said(""), method="REFRESH", sequence=sequence)

    assert judge(SESSION, GUESTS, asked) == Verdict(Outcome.SENT_AGAIN, None, LEAD)
    assert judge(SESSION, GUESTS, replace(asked, voices=(Voice("x@else.example"),))).why == Why.UNKNOWN_ATTENDEE


@pytest.mark.parametrize("session", [SESSION, None])
def test_nobody_refuses_a_proposal_but_us(session: Session | None) -> None:
    found = judge(session, GUESTS, replace(said(), method="DECLINECOUNTER"))

    assert (found.outcome, found.why) == (Outcome.IGNORED, Why.REFUSES)


def test_who_is_listed_twice_says_what_is_an_answer() -> None:
    twice = (Voice(LEAD, "NEEDS-ACTION"), Voice("zoe@old.example", "DECLINED"), Voice(LEAD.upper(), ""))

    found = judge(SESSION, GUESTS, replace(said(), voices=twice, from_address="x@else.example"))

    assert (found.attendee, found.answer and found.answer.answer) == (LEAD, "declined")


def test_what_counts_too_far_or_is_dated_years_ahead_does_not_outrank_what_is_said_next() -> None:
    far = datetime(2099, 1, 1, tzinfo=UTC)
    ahead = said(sequence=9, stamped_at=far, sent_at=NOON)
    nowhere = said(sequence=None, stamped_at=far, sent_at=far)

    assert plausible(ahead, 1) == said(sequence=1, stamped_at=None, sent_at=NOON)
    assert plausible(nowhere, 1) == said(sequence=None, stamped_at=None, sent_at=None)
    assert plausible(said(), 1) == said()


def test_without_a_sequence_the_first_invitation_is_answered() -> None:
    first = replace(SESSION, revision=0)

    assert judge(first, GUESTS, said(sequence=None)).outcome == Outcome.APPLIED


def test_what_a_person_recorded_gives_way_only_to_a_later_word() -> None:
    recorded = replace(SESSION, answers=(Answer(LEAD, "declined", NOON, 1),))
    before, after = NOON - timedelta(minutes=1), NOON + timedelta(minutes=1)

    assert [judge(recorded, GUESTS, said(stamped_at=at)).outcome for at in (before, after)] == [
        Outcome.STALE,
        Outcome.APPLIED,
    ]


def test_an_address_in_other_capitals_is_the_same_attendee() -> None:
    first = Answer(LEAD.upper(), "accepted", NOON, 1)

    assert newest((first,), Answer(LEAD, "declined", NOON + timedelta(days=1), 1)) == (
        Answer(LEAD.upper(), "declined", NOON + timedelta(days=1), 1),
    )


def test_the_same_reply_again_changes_nothing() -> None:
    first = judge(SESSION, GUESTS, said())
    assert first.answer is not None

    again = judge(replace(SESSION, answers=(first.answer,)), GUESTS, said())

    assert (again.outcome, again.why) == (Outcome.STALE, Why.REPEATED)


ANSWERS = st.builds(
    Answer,
    attendee=st.sampled_from([LEAD, HEAD, LEAD.upper()]),
    answer=st.sampled_from(["accepted", "declined", "tentative"]),
    at=st.sampled_from([NOON, NOON + timedelta(seconds=1), NOON + timedelta(days=1)]),
    sequence=st.integers(1, 3),
    sent_at=st.sampled_from([None, NOON, NOON + timedelta(minutes=5)]),
)


def told(answers: list[Answer]) -> dict[str, tuple[str, int, datetime]]:
    """What stands once *answers* were read in this order."""
    stands: tuple[Answer, ...] = ()
    for answer in answers:
        stands = newest(stands, answer) or stands
    return {each.attendee.lower(): (each.answer, each.sequence, each.at) for each in stands}


@given(st.lists(ANSWERS, max_size=8), st.data())
def test_no_order_and_no_repetition_of_replies_makes_a_difference(answers: list[Answer], data: st.DataObject) -> None:
    doubled = answers + data.draw(st.lists(st.sampled_from(answers), max_size=4) if answers else st.just([]))

    assert told(data.draw(st.permutations(doubled))) == told(answers)


@settings(max_examples=30)
@given(st.lists(ANSWERS, min_size=2, max_size=4))
def test_every_single_order_of_a_few_replies_ends_alike(answers: list[Answer]) -> None:
    assert len({tuple(sorted(told(list(order)).items())) for order in permutations(answers)}) == 1


HEARD = st.builds(
    Heard,
    method=st.sampled_from(["REPLY", "COUNTER", "REFRESH", "DECLINECOUNTER", "REQUEST", ""]),
    voices=st.lists(
        st.builds(
            Voice,
            address=st.sampled_from([LEAD, HEAD, "zoe@old.example", "unit@partnership.example", "x@else.example", ""]),
            partstat=st.sampled_from(["ACCEPTED", "DECLINED", "TENTATIVE", "NEEDS-ACTION", "DELEGATED", "SOON", ""]),
            delegated_from=st.sampled_from([(), (LEAD,), ("x@else.example",)]),
        ),
        max_size=3,
    ).map(tuple),
    from_address=st.sampled_from([LEAD, "zoe@old.example", "x@else.example"]),
    received_at=st.just(NOON),
    sequence=st.sampled_from([None, 0, 1, 2]),
    stamped_at=st.sampled_from([None, NOON, NOON + timedelta(hours=1)]),
    sent_at=st.sampled_from([None, NOON + timedelta(minutes=1)]),
    starts_at=st.sampled_from([None, STARTS, STARTS + timedelta(days=2), STARTS + timedelta(days=7)]),
    of_series=st.booleans(),
)


def settled(heard: list[Heard]) -> tuple[Session, frozenset[Proposal]]:
    """The session, and each attendee's newest proposal, once these were read in this order."""
    session, proposals = SESSION, list[Proposal]()
    for each in heard:
        verdict = judge(session, GUESTS, each, proposals)
        if verdict.answer is not None:
            session = replace(session, answers=newest(session.answers, verdict.answer) or session.answers)
        if verdict.proposal is not None:
            proposals.append(verdict.proposal)
    latest = {each.attendee: each for each in proposals}
    answers = tuple(sorted(session.answers, key=lambda answer: answer.attendee))
    return replace(session, answers=answers), frozenset(latest.values())


@given(st.lists(HEARD, max_size=6), st.data())
def test_whatever_is_heard_in_whatever_order_the_same_stands_in_the_end(
    heard: list[Heard], data: st.DataObject
) -> None:
    again = data.draw(st.permutations(heard + heard[:2]))

    assert settled(again) == settled(heard)


@given(HEARD)
def test_each_verdict_is_one_thing_and_says_why_it_is_not_an_answer(heard: Heard) -> None:
    found = judge(SESSION, GUESTS, heard)

    assert (found.answer is not None) == (found.outcome == Outcome.APPLIED)
    assert (found.proposal is not None) == (found.outcome == Outcome.PROPOSAL)
    assert (found.why is not None) == (found.outcome in (Outcome.STALE, Outcome.IGNORED, Outcome.WAITS))
    assert str(found).startswith(found.outcome)


@given(HEARD)
def test_nothing_is_recorded_of_whoever_was_not_invited(heard: Heard) -> None:
    found = judge(SESSION, GUESTS, heard)

    if found.outcome in (Outcome.APPLIED, Outcome.PROPOSAL):
        assert found.attendee in GUESTS.invited
        assert any(GUESTS.known(voice.address) == found.attendee for voice in heard.voices)


def test_every_reason_has_its_words() -> None:
    assert set(WHY_WORDS) == set(Why)


def test_a_proposal_in_words() -> None:
    wished = Proposal(LEAD, STARTS, None, 1, NOON)

    assert proposal_words(wished) == "lead@stroud.example proposes Tuesday 10 November 2026, 9:30am"
