"""Whose mail it is: sure by a reference or a sender who fits; else a guess, and the reason why a person looks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s11flow.inbound.match import Guess, KnownCase, Seen, is_nobody, match, says_gone, seems_a_report

YOUTH = KnownCase("GSCP-2026-01", "Youth Services", "01", frozenset({"lead@youth.example", "pat@gmail.com"}))
TRUST = KnownCase("GSCP-2026-05A", "Hospitals & Care Trust", "05A", frozenset({"lead@trust.example"}))
LAST_YEAR = replace(YOUTH, ref="GSCP-2025-01", awaits=False)
ALL = (YOUTH, TRUST)


def seen(sender: str = "lead@youth.example", subject: str = "", **others: object) -> Seen:
    return Seen(sender, subject, **{"documents": 1, **others})  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("mail", "case"),
    [
        (seen(subject="S11 Report GSCP-2026-01"), YOUTH),
        (seen("other@youth.example", "re: gscp-2026-01, at last"), YOUTH),
        (seen("other@trust.example", answers=("GSCP-2026-05A",)), TRUST),
        (seen("PAT@gmail.com"), YOUTH),
        (seen("home@elsewhere.example", stands_for="lead@trust.example"), TRUST),
    ],
)
def test_what_is_sure(mail: Seen, case: KnownCase) -> None:
    assert match(mail, ALL).ref == case.ref


@pytest.mark.parametrize(
    ("mail", "why"),
    [
        (seen("x@elsewhere.example"), "its sender is not known, and it does not name its case."),
        (seen("x@elsewhere.example", "GSCP-2026-01"),
         "it is about GSCP-2026-01, and its sender is not known for Youth Services."),
        (seen("other@gmail.com", "GSCP-2026-01"),
         "it is about GSCP-2026-01, and its sender is not known for Youth Services."),
        (seen(subject="GSCP-2026-01", answers=("GSCP-2026-05A",)),
         "its subject names one case, and it answers a letter about another."),
        (seen(subject="for the Hospitals and Care Trust"),
         "its sender is known for GSCP-2026-01, and its subject names Hospitals & Care Trust."),
        (seen(subject="GSCP-2026-01", documents=0), "it brings no document that could be a report."),
        (seen(subject="GSCP-2026-01", forwarded=True),
         "it was passed on by somebody; whose it is has to be seen in what was passed on."),
    ],
)  # fmt: skip
def test_what_waits_and_why(mail: Seen, why: str) -> None:
    assert (match(mail, ALL).ref, match(mail, ALL).why) == (None, why)


def test_case_39_somebody_of_another_agency_in_the_same_house_is_asked_about() -> None:
    neighbour = replace(TRUST, people=frozenset({"schools@youth.example"}))
    mail = seen("schools@youth.example", "Our report, GSCP-2026-01")

    assert match(mail, (YOUTH, neighbour)).why == (
        "it is about GSCP-2026-01, and its sender is known for Hospitals & Care Trust."
    )


def test_case_04_one_contact_of_two_agencies_is_asked_about() -> None:
    both = replace(TRUST, people=YOUTH.people)

    verdict = match(seen(), (YOUTH, both))

    assert (verdict.ref, verdict.likely) == (None, None)
    assert verdict.why == "its sender is known for several cases (GSCP-2026-01, GSCP-2026-05A)."


def test_last_years_case_is_in_nobodys_way() -> None:
    assert match(seen(), (LAST_YEAR, *ALL)).ref == YOUTH.ref


@pytest.mark.parametrize("gone", [replace(YOUTH, is_open=False), replace(YOUTH, awaits=False)])
def test_what_comes_once_a_case_is_past_its_report_is_a_persons_to_place(gone: KnownCase) -> None:
    assert match(seen(subject=gone.ref), (gone, TRUST)).ref is None


def test_a_guess_says_what_speaks_for_it() -> None:
    mail = seen("other@trust.example", "report of Youth Services", names=("GSCP-2026-05A_final.docx",))

    assert match(mail, ALL).guesses == (
        Guess("GSCP-2026-05A", 18, ("its sender is at trust.example", "a file names GSCP-2026-05A")),
        Guess("GSCP-2026-01", 12, ("its subject names Youth Services",)),
    )


def test_a_reference_within_another_is_none() -> None:
    assert match(seen(subject="GSCP-2026-01B and XGSCP-2026-01"), (YOUTH,)).guesses[0].why == (
        "its sender is known for Youth Services",
    )


@given(st.text(), st.text(), st.lists(st.text(), max_size=3))
def test_no_mail_of_a_stranger_is_ever_sure(subject: str, text: str, names: list[str]) -> None:
    mail = seen("stranger@elsewhere.example", subject, text=text, names=tuple(names))

    assert match(mail, ALL).ref is None


def test_who_reads_nothing() -> None:
    machines = ("", "no-reply", "noreply+17", "MAILER-DAEMON", "bounces-9", "leads-request", "owner-leads", "ListServ")
    people = ("noreen", "requests", "mary.owner-smith", "bounce.castle", "rooth")

    found = [is_nobody(f"{name}@x.example" if name else "") for name in (*machines, *people)]

    assert found == [True] * len(machines) + [False] * len(people)


def test_who_has_left() -> None:
    assert [says_gone(text) for text in ("I no longer work here.", "Pat has now left the trust", "Back on Monday")] == [
        True, True, False,
    ]  # fmt: skip


def test_what_seems_a_report() -> None:
    assert [seems_a_report(seen(subject=text)) for text in ("S11 Report", "Section 11 return", "Lunch?")] == [
        True, True, False,
    ]  # fmt: skip
