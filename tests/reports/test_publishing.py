"""The published version names the agencies that did not submit, or only counts them, as was decided."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from s11flow.domain.errors import WrongInputError
from s11flow.domain.model import CaseState
from s11flow.reports import not_submitted, published
from s11flow.reports.render import FORMATS, render
from s11flow.reports.shape import Named, Publication
from tests.reports.read_back import of_json
from tests.reports.register import BY_TARGET, EXAMPLE, case, report_of, whole_register
from tests.reports.test_same_figures import assert_all_say_the_same

REPORT = report_of(whole_register())
SILENT = ("08", "09")
BY = "The Executive, 4 March 2027"


def test_it_is_known_which_did_not_submit() -> None:
    assert tuple(agency.code for agency in not_submitted(REPORT)) == SILENT


def test_named_they_stand_as_in_the_report_with_the_authority() -> None:
    found = published(REPORT, "named", BY)

    assert found.build.publication == Publication(are_named=True, authority=BY, not_named=0)
    assert (found.took_part, found.scores) == (REPORT.took_part, REPORT.scores)
    assert found.sha256 != REPORT.sha256


@pytest.mark.parametrize("format_", FORMATS)
def test_counted_they_are_named_in_no_file(format_: str) -> None:
    data = render(published(REPORT, "counted", BY), format_)  # type: ignore[arg-type]
    text = data.decode() if format_ in ("html", "csv", "json") else _unpacked(data)

    assert "Agency 07" in text
    assert "Agency 08" not in text
    assert "Agency 09" not in text
    assert BY in text


def _unpacked(data: bytes) -> str:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return "".join(archive.read(name).decode() for name in archive.namelist() if name.endswith(".xml"))


def test_counted_no_number_changes() -> None:
    full, found = (of_json(render(it, "json")) for it in (REPORT, published(REPORT, "counted", BY)))
    gone = tuple(f"scores/{code}/" for code in SILENT)

    assert found.figures == {key: value for key, value in full.figures.items() if not key.startswith(gone)}


def test_counted_the_five_files_say_the_same_and_how_many_are_not_named() -> None:
    report = published(REPORT, "counted", BY)
    lines = {line.name: (str(line.share), line.agencies, line.not_named) for line in report.took_part.reports}

    assert lines["not submitted"] == ("2/12 (17%)", (), 2)
    assert report.build.publication == Publication(are_named=False, authority=BY, not_named=2)
    page = render(report, "html").decode()
    assert "2 not named" in page
    assert json.loads(render(report, "json"))["build"]["publication"]["not_named"] == 2


def test_counted_what_was_said_of_one_of_them_alone_is_left_out() -> None:
    secret = EXAMPLE.model_copy(update={"impact": "Only of the silent one"})
    seen = case("09", arrived=None, assessment=secret, sessions=())
    report = report_of([case("01", arrived=BY_TARGET), seen])

    assert "Only of the silent one" in render(report, "html").decode()
    assert "Only of the silent one" not in render(published(report, "counted", BY), "html").decode()
    assert {one.agency.code for one in published(report, "counted", BY).recommendations if one.agency} == {"01"}


def test_counted_a_panel_member_is_not_said_to_be_of_one_of_them() -> None:
    of_the_silent = replace(REPORT.method.panel[0], interest=Named("08", "Agency 08"))
    report = replace(REPORT, method=replace(REPORT.method, panel=(of_the_silent, *REPORT.method.panel[1:])))

    assert published(report, "named", BY).method.panel == report.method.panel
    assert published(report, "counted", BY).method.panel[0].interest is None
    assert "Agency 08" not in render(published(report, "counted", BY), "html").decode()


def test_a_draft_is_not_published() -> None:
    draft = report_of([case("01", CaseState.ASSESSED, BY_TARGET)], status="draft", approved_at=None)

    with pytest.raises(WrongInputError, match="A draft is not published; approve the report first"):
        published(draft, "named", BY)


def test_where_all_submitted_nothing_is_left_out() -> None:
    report = report_of([case("01", arrived=BY_TARGET)])

    assert published(report, "counted", "").build.publication == Publication(True, "", 0)
    assert_all_say_the_same({name: render(published(report, "counted", ""), name) for name in FORMATS})
