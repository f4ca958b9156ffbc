"""The process pages say what the tables say."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from s11flow.domain import lifecycle
from s11flow.domain.lifecycle import CASE, LIFECYCLES, Lifecycle, Transition
from s11flow.domain.model import CaseEvent, CaseState
from s11flow.letters.contexts import KINDS
from s11flow.process import SAMPLE_YEAR, WHO, pages, sample, write

COMMITTED = Path(__file__).resolve().parent.parent / "docs" / "process"


def differing(folder: Path) -> list[str]:
    """The pages that are missing, too many, or not as they would be made."""
    made = pages(sample())
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*") if path.is_file()}
    return sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))


def test_the_committed_pages_are_the_ones_that_would_be_made() -> None:
    assert differing(COMMITTED) == [], "run `make docs`"


def test_a_page_that_was_changed_missing_or_added_by_hand_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "process"
    shutil.copytree(COMMITTED, folder)
    (folder / "cycle.md").write_text("by hand", encoding="utf-8")
    (folder / "sessions.md").unlink()
    (folder / "more.md").write_text("by hand", encoding="utf-8")

    assert differing(folder) == ["cycle.md", "more.md", "sessions.md"]


def test_pages_are_written_as_they_were_made(tmp_path: Path) -> None:
    write(tmp_path / "docs" / "process", pages(sample()))

    assert differing(tmp_path / "docs" / "process") == []


def test_a_changed_table_changes_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    before = pages(sample())
    more = Transition(CaseState.VOID, CaseEvent.REVIVE, CaseState.REQUESTED, "a row planted here")
    monkeypatch.setattr("s11flow.process.CASE", replace(CASE, transitions=(*CASE.transitions, more)))

    after = pages(sample())

    assert [name for name in after if after[name] != before[name]] == ["how-a-case-moves.md"]
    assert "a row planted here" in after["how-a-case-moves.md"]


def test_other_panel_days_change_the_dates() -> None:
    page = pages(sample(2027, (date(2027, 11, 16),)))["when-we-write-to-whom.md"]

    assert "### For a session on Tuesday 16 November 2027" in page
    assert str(SAMPLE_YEAR) not in page


@pytest.mark.parametrize("table", LIFECYCLES.values(), ids=lambda table: table.name)
def test_every_event_says_who_decides_it(table: Lifecycle) -> None:
    assert set(WHO[table.name]) == {transition.event for transition in table.transitions}


def test_every_lifecycle_and_every_letter_has_its_place() -> None:
    made = pages(sample())
    letters = made["when-we-write-to-whom.md"]

    assert set(WHO) == set(LIFECYCLES)
    assert [kind for kind in KINDS if f"| {lifecycle.words(kind)} |" not in letters] == []
