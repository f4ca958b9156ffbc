"""Signs that a text holds details of single children (case 41): whose it is not said, only of what kind, and how many.

A report speaks of children in general; these are what only a record of one child has. Each is narrow, so that a person
who is asked to look seldom looks in vain: numbers count by their check digit, dates and names by the words beside them.
What is found is counted and never repeated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

LONGEST: Final = 2_000_000
"""Letters of a text that are looked at."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that only a record of one child has: what, in the singular, and how many different ones there are."""

    what: str
    count: int

    def __str__(self) -> str:
        if self.count == 1:
            return f"{'an' if self.what.startswith('NHS') else 'a'} {self.what}"
        return f"{self.count} {_PLURALS[self.what]}"


_PLURALS: Final = {
    "NHS number": "NHS numbers",
    "unique pupil number": "unique pupil numbers",
    "number of a child's record": "numbers of children's records",
    "date of birth": "dates of birth",
    "child's name": "children's names",
}


def signs_in(text: str) -> tuple[Sign, ...]:
    """The signs in *text*, each kind once; none for a text that speaks of no single child. Never raises."""
    plain = text[:LONGEST].translate(_PLAIN)
    found = ((what, len(set(look(plain)))) for what, look in _LOOKS)
    return tuple(Sign(what, count) for what, count in found if count)


_PLAIN: Final = {
    **dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f\u200b"), " "),
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-"),
    **dict.fromkeys(map(ord, "\u2018\u2019"), "'"),
}

# --- numbers with a check digit

_TEN: Final = re.compile(r"(?<![\w/.#=+-])(\d{3})([ -]?)(\d{3})\2(\d{4})(?![\w/-]|\.\d)")
_NHS: Final = re.compile(r"\bNHS\s{0,3}(?:number|num\b|no\b|id\b|#|:?\s?\d{3})", re.IGNORECASE)
_OTHER_NUMBER: Final = re.compile(
    r"(?:isbn(?:-10)?|tel(?:ephone)?|phone|mobile|fax|call|invoice|order|account|ref(?:erence)?)\W{0,3}"
    r"(?:no|number)?\W{0,3}\Z",
    re.IGNORECASE,
)


def _nhs_numbers(text: str) -> Iterator[str]:
    """Ten digits with the check digit of the NHS.

    Of ten digits in a row one in eleven has it by chance. Where the text never speaks of NHS numbers, only those count
    that begin as they are given out in England now, or are written in groups of three, three and four.
    """
    is_spoken_of = _NHS.search(text) is not None
    for match in _TEN.finditer(text):
        digits = match[1] + match[3] + match[4]
        may_be = is_spoken_of or match[2] or digits[0] in "467"
        before = text[max(0, match.start() - 24) : match.start()]
        if may_be and is_nhs_number(digits) and not _OTHER_NUMBER.search(before):
            yield digits


def is_nhs_number(digits: str) -> bool:
    """Whether ten digits have the check digit of an NHS number: weights 10 to 2, modulus 11; all the same is none."""
    if len(set(digits)) < 3:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, range(10, 0, -1), strict=True))
    return total % 11 == 0


_UPN: Final = re.compile(r"\b([A-HJ-NP-RT-Z])(\d{11})([0-9A-HJ-NP-RT-Z])\b")
_UPN_LETTERS: Final = "ABCDEFGHJKLMNPQRTUVWXYZ"


def _pupil_numbers(text: str) -> Iterator[str]:
    for match in _UPN.finditer(text):
        if is_pupil_number(match[0]):
            yield match[0]


def is_pupil_number(upn: str) -> bool:
    """Whether 13 characters have the check letter of a unique pupil number, also of a temporary one."""
    tail = [int(digit) for digit in upn[1:12]]
    tail.append(_UPN_LETTERS.index(upn[12]) if upn[12].isalpha() else int(upn[12]))
    return _UPN_LETTERS[sum(value * weight for value, weight in zip(tail, range(2, 14), strict=True)) % 23] == upn[0]


# --- numbers and dates by the words before them

_RECORD: Final = re.compile(
    r"\b(?:LCS|Liquid ?logic|Mosaic|Care ?First|ICS|SSID|CHARMS|Eclipse)"
    r"\s{0,3}(?:ID|case|client|person|child)?\s{0,3}(?:ID|number|num|no|ref(?:erence)?)?\.?\s{0,3}[:#]?\s{0,3}(\d{5,9})\b",
    re.IGNORECASE,
)


def _record_numbers(text: str) -> Iterator[str]:
    for match in _RECORD.finditer(text):
        yield match[1]


_MONTHS: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_DATE: Final = (
    r"(?:\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})|\d{4}-\d{2}-\d{2}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTHS}\s+\d{{4}})(?!\d)"
)
_BIRTH: Final = r"(?:d\.?\s?o\.?\s?b\b\.?|date\s+of\s+birth|birth\s?date)"
_BORN: Final = re.compile(
    rf"(?:\b{_BIRTH}|\bborn(?:\s+on)?|\(\s?b\.?)(?:\s+(?:is|was))?[\s:=,(-]{{0,6}}({_DATE})", re.IGNORECASE
)
_BIRTH_COLUMN: Final = re.compile(rf"(?:^|[\n\t,;|])[ ]{{0,9}}\"?{_BIRTH}\"?[ ]{{0,9}}(?=$|[\r\n\t,;|])", re.IGNORECASE)
_ANY_DATE: Final = re.compile(rf"(?<![\d./-]){_DATE}", re.IGNORECASE)
_BELOW_A_HEADING: Final = 1_500
_MOST_HEADINGS: Final = 20


def _births(text: str) -> Iterator[str]:
    for match in _BORN.finditer(text):
        yield match[1]
    for column in islice(_BIRTH_COLUMN.finditer(text), _MOST_HEADINGS):  # a table: its dates stand below the heading
        dates = _ANY_DATE.findall(text[column.end() : column.end() + _BELOW_A_HEADING])
        if len(dates) > 1 or (dates and _is_beside_a_name(text, column.start())):
            yield from dates


def _is_beside_a_name(text: str, place: int) -> bool:
    """Whether the heading before *place* in its line is of a name."""
    return "name" in text[max(0, place - 200) : place + 1].rpartition("\n")[2].casefold()


# --- names beside the letter that stands for a child

_NAME: Final = r"(?:[A-Z]'|Mc)?[A-Z][a-z]+(?:['-][A-Z]?[a-z]+)?"
_FULL_NAME: Final = rf"{_NAME}(?:\s{_NAME}){{1,2}}"
_CALLED: Final = (
    r"(?:[Cc]hild|CHILD|[Bb]aby|[Yy]oung [Pp]erson|YP|[Pp]upil|[Ss]ibling|[Ss]ubject)\s(?:[A-Z]{1,2}|\d{1,2})\b(?!\.\d)"
)
_NAMES: Final = (
    re.compile(rf"\b{_CALLED}(?:'s)?\s(?:real\s|full\s|first\s)?name(?:\sis|\swas|\s?[:=-])\s?({_FULL_NAME}|{_NAME})"),
    re.compile(rf"\b{_CALLED}\s(?:is|=)\s({_FULL_NAME})"),
    re.compile(rf"\b{_CALLED}\s?\(\s?({_FULL_NAME})\s?[,)]"),
    re.compile(
        rf"\b({_FULL_NAME})\s?[(,-]\s?(?:[a-z]+\s){{0,3}}(?:known|referred\sto|named|called)\s(?:here\s)?(?:as\s)?{_CALLED}"
    ),
    re.compile(rf"\b({_FULL_NAME})\s?\(\s?{_CALLED}\s?\)"),
    re.compile(
        r"\b(?:[Cc]hild|[Pp]upil|[Yy]oung [Pp]erson|[Pp]atient|[Ss]ibling)(?:'s)?\s(?:[Ff]ull\s)?[Nn]ame\s?[:=]\s?"
        rf"({_FULL_NAME})"
    ),
    re.compile(rf"\b[Nn]ame\sof\s(?:the\s)?(?:child|pupil|young\sperson|patient)\s?[:=]\s?({_FULL_NAME})"),
)
_NO_NAME: Final = re.compile(
    r"\b(?:Account|Action|Address|Advocate|Age|Agency|Agreed|Annual|Area|Assessment|Assurance|Audit|Authority|Baby"
    r"|Board|Case|Child|Children|Commissioned|Community|Conference|Council|County|Court|Data|Date|Death|Domestic"
    r"|Education|Executive|Family|First|Gender|Health|Home|Homicide|Hospital|House|Hub|Independent|Information"
    r"|Inquest|Last|Lead|Learning|Led|Local|Looked|Name|National|Number|Nurse|Officer|Order|Panel|Parent"
    r"|Partnership|Plan|Police|Policy|Practice|Primary|Procedure|Programme|Project|Protection|Rapid|Record|Report"
    r"|Review|Risk|Role|Safeguarding|School|Second|Secondary|Serious|Service|Services|Social|Standard|Statement"
    r"|Strategy|Surname|Team|Thematic|Third|Training|Trust|Unit|Worker|Young)\b"
)
"""Words with a capital that no child is called by: offices, reviews, the headings of forms."""


def _childrens_names(text: str) -> Iterator[str]:
    for pattern in _NAMES:
        for match in pattern.finditer(text):
            if not _NO_NAME.search(match[1]):
                yield match[1]


_LOOKS: Final[tuple[tuple[str, Callable[[str], Iterator[str]]], ...]] = (
    ("NHS number", _nhs_numbers),
    ("unique pupil number", _pupil_numbers),
    ("number of a child's record", _record_numbers),
    ("date of birth", _births),
    ("child's name", _childrens_names),
)
