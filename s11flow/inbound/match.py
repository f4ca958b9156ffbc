"""Whose mail it is: the case it belongs to, if that is sure, else the best guess and why a person has to look. Pure.

Sure is a reference to the case, or an answer to a letter of ours about it, from somebody who fits the agency; and
documents from somebody who is known for one open case alone. All else waits, with what speaks for each guess.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

_FREE_MAIL: Final = frozenset(
    {
        *("aol.com", "btinternet.com", "gmail.com", "googlemail.com", "gmx.com", "hotmail.co.uk", "hotmail.com"),
        *("icloud.com", "live.co.uk", "live.com", "mail.com", "me.com", "msn.com", "outlook.com", "proton.me"),
        *("protonmail.com", "sky.com", "talktalk.net", "virginmedia.com", "yahoo.co.uk", "yahoo.com"),
    }
)
"""Domains in which anybody may have an address: they say nothing of whose it is."""


@dataclass(frozen=True, slots=True)
class KnownCase:
    """A case as the register knows it. `people` are the addresses of its agency, in lower case.

    `is_open` while something may still come of it, `awaits` until the panel has considered it: what comes after that is
    more often a remark than a report.
    """

    ref: str
    agency: str
    code: str
    people: frozenset[str]
    is_open: bool = True
    awaits: bool = True

    @property
    def domains(self) -> frozenset[str]:
        """Where its people's addresses are, without the domains that anybody may have an address in."""
        return frozenset(address.rpartition("@")[2] for address in self.people) - _FREE_MAIL


@dataclass(frozen=True, slots=True)
class PassedOn:
    """A mail within a mail: who wrote it, a plain address, and its subject."""

    sender: str
    subject: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What a mail shows of whose it is. `sender` is the plain address, `stands_for` the one it was remembered for.

    `answers` are the cases whose letters it answers, the newest last. `texts` is what its files say, `documents` how
    many files could be a report. `passed_on` are the mails within it.
    """

    sender: str
    subject: str
    text: str = ""
    documents: int = 0
    names: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    stands_for: str = ""
    forwarded: bool = False
    passed_on: tuple[PassedOn, ...] = ()

    @property
    def senders(self) -> frozenset[str]:
        """The addresses that the sender goes by."""
        return frozenset(address for address in (self.sender.lower(), self.stands_for.lower()) if address)


@dataclass(frozen=True, slots=True)
class Guess:
    """A case that the mail may belong to, how much speaks for it, and what, in clauses."""

    ref: str
    score: int
    why: tuple[str, ...]

    @property
    def is_strong(self) -> bool:
        """Whether a reference, an answer or a sender speaks for it, and not a name alone."""
        return self.score >= _STRONG

    def __str__(self) -> str:
        return f"{self.ref} ({'; '.join(self.why)})"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The case a mail belongs to; None where a person decides. `why` is a sentence; `guesses` the best first."""

    ref: str | None
    why: str
    guesses: tuple[Guess, ...] = field(default=())

    @property
    def likely(self) -> str | None:
        """The one case that the mail is about if it is about any: a reference or its sender says so, and nothing else.

        Silence of no other case waits for the mail then.
        """
        strong = [guess.ref for guess in self.guesses if guess.is_strong]
        named = [guess.ref for guess in self.guesses if guess.score >= _NAMED]
        return self.ref or (strong[0] if len(strong) == len(named) == 1 else None)


_STRONG: Final = 50
_NAMED: Final = 10
_POINTS: Final = {"reference": 100, "answer": 80, "sender": 60, "passed on reference": 60, "passed on sender": 50,
                  "named in subject": 12, "named in file": 10, "domain": 8, "named in text": 4}  # fmt: skip
_MOST_GUESSES: Final = 3


def match(seen: Seen, cases: Sequence[KnownCase]) -> Verdict:
    """Say whose mail it is."""
    plain = _compared(seen)
    guesses = tuple(sorted(_guesses(plain, cases), key=lambda guess: (-guess.score, guess.ref)))
    sure, why_not = _sure(plain, cases)
    if sure is None:
        return Verdict(None, why_not, guesses[:_MOST_GUESSES])
    if not seen.documents:
        return Verdict(None, "it brings no document that could be a report.", guesses[:_MOST_GUESSES])
    (best,) = (guess for guess in guesses if guess.ref == sure)
    return Verdict(sure, f"{_first_up('; '.join(best.why))}.", guesses[:_MOST_GUESSES])


def _compared(seen: Seen) -> Seen:
    """What is shown as it is compared: once, since there may be much of it and many cases."""
    return replace(
        seen,
        subject=_plain(seen.subject),
        text=_plain(seen.text),
        names=tuple(map(_plain, seen.names)),
        texts=tuple(map(_plain, seen.texts)),
        passed_on=tuple(replace(each, subject=_plain(each.subject)) for each in seen.passed_on),
    )


def _sure(seen: Seen, cases: Sequence[KnownCase]) -> tuple[str | None, str]:
    """The case, or why none is sure."""
    named, answered = [case for case in cases if _has_ref(case, seen.subject)], _answered(seen, cases)
    if len(named) > 1:
        return None, "its subject names several cases."
    if seen.forwarded:
        return None, "it was passed on by somebody; whose it is has to be seen in what was passed on."
    if named and answered and named != answered:
        return None, "its subject names one case, and it answers a letter about another."
    for found in (named, answered):
        if found:
            return _fits(seen, found[0], cases)
    return _sole(seen, cases)


def _fits(seen: Seen, case: KnownCase, cases: Sequence[KnownCase]) -> tuple[str | None, str]:
    if not case.is_open:
        return None, f"{case.ref} is closed, excused or covered: a report for it is a person's to place."
    if not case.awaits:
        return None, f"the panel has considered {case.ref}: whether this is one more report is a person's to say."
    if seen.senders & case.people:
        return case.ref, ""
    if others := [each.agency for each in cases if each.is_open and seen.senders & each.people]:
        return None, f"it is about {case.ref}, and its sender is known for {others[0]}."
    if _domain(seen) & case.domains:
        return case.ref, ""
    return None, f"it is about {case.ref}, and its sender is not known for {case.agency}."


def _sole(seen: Seen, cases: Sequence[KnownCase]) -> tuple[str | None, str]:
    known = [case for case in cases if case.is_open and seen.senders & case.people]
    own = [case for case in known if case.awaits] or known  # last year's case may still be open
    if not own:
        return None, "its sender is not known, and it does not name its case."
    if len(own) > 1:
        return None, f"its sender is known for several cases ({', '.join(case.ref for case in own)})."
    others = [case for case in cases if case.ref != own[0].ref and _is_named(case, seen.subject)]
    if others and not _is_named(own[0], seen.subject):
        return None, f"its sender is known for {own[0].ref}, and its subject names {others[0].agency}."
    return _fits(seen, own[0], cases)


def _guesses(seen: Seen, cases: Iterable[KnownCase]) -> Iterable[Guess]:
    for case in cases:
        signs = [(sign, words) for sign, words in _signs(seen, case) if words]
        if signs and (case.is_open or signs[0][0] in ("reference", "answer")):
            yield Guess(case.ref, sum(_POINTS[sign] for sign, _ in signs), tuple(words for _, words in signs))


def _signs(seen: Seen, case: KnownCase) -> Iterable[tuple[str, str]]:
    known, at_home = seen.senders & case.people, _domain(seen) & case.domains
    subject, files = seen.subject, [*seen.names, *seen.texts]
    said = [seen.text, *files]
    yield "reference", f"its subject names {case.ref}" if _has_ref(case, subject) else ""
    yield "answer", "it answers a letter of ours about it" if case.ref in seen.answers else ""
    yield "sender", f"its sender is known for {case.agency}" if known else ""
    yield "passed on reference", f"what is passed on names {case.ref}" if _names_within(seen, case) else ""
    yield "passed on sender", f"what is passed on is from {case.agency}" if _is_from_within(seen, case) else ""
    yield "domain", f"its sender is at {min(at_home)}" if at_home and not known else ""
    yield "named in subject", f"its subject names {case.agency}" if _is_named(case, subject) else ""
    yield "named in file", f"a file names {_which(case, files)}" if any(_tells(case, text) for text in files) else ""
    yield "named in text", f"its text names {_which(case, said)}" if _tells(case, said[0]) else ""


def _names_within(seen: Seen, case: KnownCase) -> bool:
    return any(_has_ref(case, each.subject) for each in seen.passed_on)


def _is_from_within(seen: Seen, case: KnownCase) -> bool:
    return any(each.sender.casefold() in case.people for each in seen.passed_on)


def _answered(seen: Seen, cases: Iterable[KnownCase]) -> list[KnownCase]:
    """The case of the newest letter of ours that the mail answers."""
    known = {case.ref: case for case in cases}
    return [known[ref] for ref in seen.answers[-1:] if ref in known]


def _domain(seen: Seen) -> frozenset[str]:
    return frozenset(address.rpartition("@")[2] for address in seen.senders)


def _has_ref(case: KnownCase, plain: str) -> bool:
    ref = case.ref.casefold()
    return ref in plain and bool(re.search(rf"(?<![\w-]){re.escape(ref)}(?![\w]|-\w)", plain))


def _is_named(case: KnownCase, plain: str) -> bool:
    name = _plain(case.agency)
    return len(name) > 3 and name in plain and bool(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", plain))


def _tells(case: KnownCase, plain: str) -> bool:
    return _has_ref(case, plain) or _is_named(case, plain)


def _which(case: KnownCase, texts: Iterable[str]) -> str:
    return case.ref if any(_has_ref(case, text) for text in texts) else case.agency


_DASHES: Final = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-")


def _plain(text: str) -> str:
    """As it is compared: small letters, one kind of dash, single blanks; `_` parts words, in names of files too."""
    said = unicodedata.normalize("NFKC", text).translate(_DASHES).casefold().replace("_", " ").replace("&", " and ")
    return " ".join(said.split())


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]


# --- what the mail seems to be ----------------------------------------------------------------------------------------

_REPORT: Final = re.compile(r"\b(s(ection)? ?-?11|self.?assessment|safeguarding (report|return)|report|return)\b")


def seems_a_report(seen: Seen) -> bool:
    """Whether its subject or the names of its files speak of a report."""
    return any(_REPORT.search(_plain(text)) for text in (seen.subject, *seen.names))


_GONE: Final = re.compile(
    r"\b(no longer (work|employ|with|at|in post)|has (now )?left|have (now )?left|left the (organi[sz]ation|council"
    r"|trust|service|company)|has retired|have retired|mailbox is no longer)",
    re.IGNORECASE,
)


def says_gone(text: str) -> bool:
    """Whether an automatic answer says that whoever was written to has left for good (case 5)."""
    return bool(_GONE.search(text[:5_000]))


_NOBODY: Final = re.compile(
    r"^((no-?_?\.?reply|do-?_?not-?_?reply|donotreply|mailer-?_?daemon|postmaster|bounces?|majordomo|listserv)([-+_].*)?"
    r"|root|daemon|owner-.*|.*[-+_.](request|owner|bounces?|no-?reply|donotreply))@"
)


def is_nobody(address: str) -> bool:
    """Whether nobody reads what is sent to this address, so that nothing is answered."""
    return not address or bool(_NOBODY.match(address.casefold()))
