"""Lifecycles written down: every row is there, and nothing else."""

import re

import pytest

from s11flow.domain import diagram
from s11flow.domain.lifecycle import CYCLE, LIFECYCLES, Lifecycle, words

EACH = pytest.mark.parametrize("lifecycle", LIFECYCLES.values(), ids=lambda table: table.name)


def test_a_row_tells_what_follows_what_and_on_what_terms() -> None:
    assert diagram.rows(CYCLE)[3].as_json() == {
        "while": "REPORTED",
        "event": "REOPEN_REPORT",
        "then": "OPEN",
        "note": "with a corrigendum",
    }


@EACH
def test_the_rows_are_those_of_the_table(lifecycle: Lifecycle) -> None:
    assert [(row.while_, row.event, row.then) for row in diagram.rows(lifecycle)] == [
        (t.while_.name, t.event.name, t.then.name) for t in lifecycle.transitions
    ]


@EACH
def test_the_drawn_table_can_be_read_back(lifecycle: Lifecycle) -> None:
    title, _, head, _, *lines = diagram.table(lifecycle).rstrip("\n").split("\n")
    cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]

    assert (title, len({len(line) for line in [head, *lines]})) == (f"## {lifecycle.name}", 1)
    assert cells == [(row.while_, words(row.event), row.then, row.note) for row in diagram.rows(lifecycle)]


@EACH
def test_the_picture_has_every_arrow_the_start_and_the_ends(lifecycle: Lifecycle) -> None:
    drawn = re.findall(r"^    (\S+) --> (\S+?)(?:: .*)?$", diagram.mermaid(lifecycle), re.MULTILINE)

    moves = {(row.while_, row.then) for row in diagram.rows(lifecycle)}
    assert len(drawn) == len(set(drawn))
    assert set(drawn) == moves | {("[*]", lifecycle.start.name)} | {(end.name, "[*]") for end in lifecycle.ends}


def test_two_events_between_the_same_states_share_an_arrow() -> None:
    case = LIFECYCLES["case"]

    assert "    SUBMITTED --> SUBMITTED: receive report, extend, correct\n" in diagram.mermaid(case)


def test_a_lifecycle_reads_well_as_a_table() -> None:
    assert diagram.table(CYCLE) == (
        "## cycle\n"
        "\n"
        "| while        | what happens         | then         | on what terms                                |\n"
        "| ------------ | -------------------- | ------------ | -------------------------------------------- |\n"
        "| DRAFT        | open                 | OPEN         |                                              |\n"
        "| OPEN         | approve report       | REPORTED     |                                              |\n"
        "| REPORTED     | include in statement | IN_STATEMENT |                                              |\n"
        "| REPORTED     | reopen report        | OPEN         | with a corrigendum                           |\n"
        "| IN_STATEMENT | close                | CLOSED       | every agency that submitted has had feedback |\n"
        "| IN_STATEMENT | reopen report        | OPEN         | with a corrigendum                           |\n"
        "| CLOSED       | reopen report        | OPEN         | with a corrigendum                           |\n"
    )


def test_a_lifecycle_is_drawn_with_the_words_of_the_staff() -> None:
    assert diagram.mermaid(CYCLE) == (
        "stateDiagram-v2\n"
        '    state "draft" as DRAFT\n'
        '    state "open" as OPEN\n'
        '    state "report approved" as REPORTED\n'
        '    state "in the statement" as IN_STATEMENT\n'
        '    state "closed" as CLOSED\n'
        "    [*] --> DRAFT\n"
        "    DRAFT --> OPEN: open\n"
        "    OPEN --> REPORTED: approve report\n"
        "    REPORTED --> IN_STATEMENT: include in statement\n"
        "    REPORTED --> OPEN: reopen report\n"
        "    IN_STATEMENT --> CLOSED: close\n"
        "    IN_STATEMENT --> OPEN: reopen report\n"
        "    CLOSED --> OPEN: reopen report\n"
        "    CLOSED --> [*]\n"
    )
