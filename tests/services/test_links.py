"""Links are tried once for each version of a report; what came of it is dated, kept, shown and asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from s11flow.domain.errors import WrongInputError
from s11flow.links import Look, Outcome
from s11flow.services import cases, links, readings, submissions
from s11flow.services.links import Portion, once_more, run, try_links, untried
from s11flow.services.submissions import Documents
from s11flow.services.verify import verify
from s11flow.services.views import case_show
from tests.services.scene import CODE, at, opened, overview_of, queries_of, run_to

pytestmark = pytest.mark.on_both

YOUTH, STROUD = f"{CODE}-2026-01", f"{CODE}-2026-02"
CAME = at("2026-10-05 12:00")
TRIED = at("2026-10-05 12:05")
LATER = at("2026-10-12 09:00")
POLICY, LOCKED, GONE, AWAY = (f"https://agency.example/{name}" for name in ("policy", "locked", "gone", "away"))
INSIDE = "http://intranet/policy"
FOUND = {
    POLICY: Look(Outcome.OPENS, "it opens for anyone"),
    LOCKED: Look(Outcome.SIGN_IN, "it asks for a sign-in or refuses (its server answered 401)"),
    GONE: Look(Outcome.NOT_FOUND, "there is nothing at that address (its server answered 404)"),
    AWAY: Look(Outcome.UNREACHABLE, "its server could not be reached"),
}


@dataclass
class Internet:
    """What is found at each address by now, and what was asked for; `meanwhile` happens while a server is asked."""

    found: dict[str, Look] = field(default_factory=lambda: dict(FOUND))
    asked: list[str] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None

    def __call__(self, address: str) -> Look:
        self.asked.append(address)
        self.meanwhile()
        return self.found.get(address, FOUND[POLICY])


def comes(uow: UnitOfWork, folder: Path, *addresses: str, ref: str = YOUTH, now: datetime = CAME) -> None:
    """A report comes that names these addresses."""
    content = "\n".join(f"See {address} for more." for address in addresses).encode()
    submissions.receive(uow, Documents(folder / "documents"), ref, [("report.txt", content)], now=now, by="clerk")


def shown(uow: UnitOfWork, ref: str = YOUTH) -> dict[str, Any]:
    """What a case shows of each link."""
    with uow.read() as connection:
        return {link["address"]: link for link in case_show(connection, ref, LATER)["reading"]["links"]}


def looked(uow: UnitOfWork, ref: str = YOUTH) -> dict[str, Any]:
    """The outcome of each link of a case, None for one that was not tried."""
    return {address: link["looked"] and link["looked"]["outcome"] for address, link in shown(uow, ref).items()}


def tried(uow: UnitOfWork, internet: Internet, *portions: Portion, now: datetime = TRIED) -> list[tuple[str, str]]:
    """Try these, or what is untried, and say what came of each."""
    done = try_links(uow, internet, portions or untried(uow), now=now, by="clerk")
    return [(each.address, each.looked.outcome) for portion in done for each in portion]


def test_case_42_a_link_that_asks_for_a_sign_in_is_asked_about_once_and_the_panel_is_told(
    uow: UnitOfWork, tmp_path: Path
) -> None:
    opened(uow)
    run_to(uow, CAME)
    comes(uow, tmp_path, POLICY, LOCKED, GONE, AWAY, INSIDE)
    internet = Internet()
    before = looked(uow)

    counted = run(uow, internet, now=TRIED)
    plan = submissions.return_report(uow, YOUTH, ["Say who leads."], now=LATER, by="clerk")

    assert before == dict.fromkeys((POLICY, LOCKED, GONE, AWAY, INSIDE))
    assert internet.asked == [POLICY, LOCKED, GONE, AWAY]  # what does not open by its look is not asked for
    assert {name: count for name, count in counted.items() if count} == {
        "tried": 4, "opens": 1, "sign_in": 1, "not_found": 1, "unreachable": 1,
    }  # fmt: skip
    assert shown(uow)[LOCKED]["looked"] == {
        "at": "2026-10-05T12:05:00+01:00",
        "outcome": "sign_in",
        "why": "it asks for a sign-in or refuses (its server answered 401)",
    }
    gives = "Give an address that is open to the public, or send the document."
    locked = f"{FOUND[LOCKED].why}, as of Monday 5 October 2026"
    gone = f"{FOUND[GONE].why}, as of Monday 5 October 2026"
    assert plan.facts.gaps == (
        "Say who leads.",
        f"The link {LOCKED} does not open for the panel: {locked}. {gives}",
        f"The link {GONE} does not open for the panel: {gone}. {gives}",
        f'The link {INSIDE} does not open for the panel: "intranet" is a name inside your own network. {gives}',
    )
    assert [address for address, link in shown(uow).items() if link["asked"]] == [LOCKED, GONE, INSIDE]
    with uow.read() as connection:
        known = cases.look_at(connection, YOUTH)
        assert submissions.links_to_ask(connection, known.id) == ()
    run_to(uow, at("2026-10-28 09:00"), start=LATER)
    assert overview_of(uow, "panel_pack")["items_in_order"][0]["closed_links"] == f"{LOCKED}, {GONE}, {INSIDE}"
    assert verify(uow, now=at("2027-03-01 12:00")).broken == ()


def test_each_link_is_asked_for_once_for_each_version(one: UnitOfWork, tmp_path: Path) -> None:
    uow = opened(one)
    comes(uow, tmp_path, POLICY, AWAY)
    internet = Internet()

    first = tried(uow, internet)
    second = tried(uow, internet, now=LATER)
    comes(uow, tmp_path, POLICY, LOCKED, now=LATER)
    third = tried(uow, internet, now=LATER)

    assert (first, second, third) == (
        [(POLICY, "opens"), (AWAY, "unreachable")],
        [],
        [(POLICY, "opens"), (LOCKED, "sign_in")],
    )
    assert looked(uow) == {POLICY: "opens", LOCKED: "sign_in", AWAY: "unreachable"}


def test_asked_again_the_newer_answer_stands_and_the_history_has_both(uow: UnitOfWork, tmp_path: Path) -> None:
    opened(uow)
    comes(uow, tmp_path, LOCKED)
    internet = Internet()
    tried(uow, internet)
    internet.found[LOCKED] = FOUND[POLICY]

    again = tried(uow, internet, *once_more(uow, YOUTH), now=LATER)

    assert again == [(LOCKED, "opens")]
    assert shown(uow)[LOCKED]["looked"] == {
        "at": "2026-10-12T09:00:00+01:00",
        "outcome": "opens",
        "why": "it opens for anyone",
    }
    assert queries_of(
        uow, "select actor_id, data from history where event = 'LINKS_TRIED' order by seq"
    ) == [("clerk", '{"sign_in":1,"version":1}'), ("clerk", '{"opens":1,"version":1}')]  # fmt: skip
    assert verify(uow, now=LATER).broken == ()


def test_a_case_without_links_has_none_to_try_again(one: UnitOfWork, tmp_path: Path) -> None:
    uow = opened(one)
    comes(uow, tmp_path, INSIDE)

    with pytest.raises(WrongInputError, match=f"The report of {YOUTH} names no link that could be tried"):
        once_more(uow, YOUTH)


@pytest.fixture
def one(sqlite_url: str) -> Iterator[UnitOfWork]:
    """One database is enough for what the two do alike."""
    engine = open_engine(sqlite_url)
    yield UnitOfWork(engine)
    engine.dispose()


def test_the_database_is_free_while_a_server_is_asked(one: UnitOfWork, tmp_path: Path) -> None:
    opened(one)
    comes(one, tmp_path, POLICY)
    internet = Internet(meanwhile=lambda: comes(one, tmp_path, LOCKED, ref=STROUD, now=TRIED))

    assert tried(one, internet) == [(POLICY, "opens")]
    assert looked(one, STROUD) == {LOCKED: None}


def test_who_dies_on_the_way_loses_a_portion_and_it_is_tried_again(one: UnitOfWork, tmp_path: Path) -> None:
    opened(one)
    pages = [f"https://agency.example/{number}" for number in range(25)]
    comes(one, tmp_path, *pages)
    dying = Internet(found={pages[22]: FOUND[GONE]})

    def dies() -> None:
        if dying.asked[-1] == pages[22]:
            raise KeyboardInterrupt

    dying.meanwhile = dies
    with pytest.raises(KeyboardInterrupt):
        tried(one, dying)
    after = Internet()

    assert list(looked(one).values()) == ["opens"] * 20 + [None] * 5
    assert [address for address, _ in tried(one, after)] == pages[20:]
    assert after.asked == pages[20:]


def test_two_that_come_to_the_same_link_keep_one_answer(one: UnitOfWork, tmp_path: Path) -> None:
    opened(one)
    comes(one, tmp_path, POLICY)
    seen = untried(one)
    late, later = Internet(), Internet()
    first = Internet(meanwhile=lambda: tried(one, late, *seen))

    assert (tried(one, first, *seen), tried(one, later, *seen)) == ([], [])
    assert (late.asked, later.asked) == ([POLICY], [])
    assert queries_of(one, "select count(*) from history where event = 'LINKS_TRIED'") == [(1,)]


def test_of_a_report_with_thousands_of_links_the_first_hundred_are_tried(one: UnitOfWork, tmp_path: Path) -> None:
    opened(one)
    pages = [f"https://agency.example/{number}" for number in range(3_000)]
    comes(one, tmp_path, *pages)
    internet = Internet()

    runs = [run(one, internet, now=TRIED)["tried"] for _ in range(4)]

    assert internet.asked == pages[:100]
    assert runs[-1] == 0
    assert list(looked(one).values()) == ["opens"] * 100 + ["left"] * 2_900
    assert untried(one) == ()


def test_a_version_that_was_taken_back_is_not_tried_and_neither_is_a_closed_cycle(
    one: UnitOfWork, tmp_path: Path
) -> None:
    opened(one)
    comes(one, tmp_path, POLICY)
    comes(one, tmp_path, LOCKED, ref=STROUD)
    waiting = [portion.ref for portion in untried(one)]
    with one.write() as connection:
        connection.exec_driver_sql("update submission set status = 'withdrawn' where version = 1 and case_id = "
                                   f"(select id from subject where ref = '{YOUTH}')")  # fmt: skip
    left = [portion.ref for portion in untried(one)]
    with one.write() as connection:
        connection.exec_driver_sql("update subject set state = 'CLOSED' where kind = 'cycle'")

    assert (waiting, left, untried(one)) == ([YOUTH, STROUD], [STROUD], ())


def test_what_is_wanted_can_be_one_case_or_one_partnership(one: UnitOfWork, tmp_path: Path) -> None:
    opened(one)
    comes(one, tmp_path, POLICY)
    comes(one, tmp_path, LOCKED, ref=STROUD)

    assert untried(one, ref=STROUD) == (Portion(STROUD, 1, (LOCKED,)),)
    assert untried(one, partnership="OTHER") == ()
    assert len(untried(one, partnership=CODE)) == 2


def test_what_was_found_is_read_back_as_it_was_kept(one: UnitOfWork, tmp_path: Path) -> None:
    opened(one)
    comes(one, tmp_path, POLICY)
    tried(one, Internet())

    with one.read() as connection:
        known = cases.look_at(connection, YOUTH)
        (reading,) = readings.of_versions(connection, [known.id])[known.id].values()
    assert reading.links[0].looked == readings.Looked(TRIED, "opens", "it opens for anyone")
    assert links.MOST == 100
