"""Writes one report down in each of its formats; all carry the same figures."""

from __future__ import annotations

from typing import Literal, get_args

from s11flow.domain.errors import WrongInputError
from s11flow.reports.csv_ import render_csv
from s11flow.reports.docx_ import render_docx
from s11flow.reports.html import render_html
from s11flow.reports.json_ import render_json
from s11flow.reports.shape import AssuranceReport
from s11flow.reports.xlsx_ import render_xlsx

Format = Literal["html", "csv", "json", "docx", "xlsx"]
FORMATS: tuple[Format, ...] = get_args(Format)


def render(report: AssuranceReport, format: Format) -> bytes:  # noqa: A002 - what a person asks for, by that word
    """The bytes of the file; raises WrongInputError for a format there is not."""
    match format:
        case "html":
            return render_html(report)
        case "csv":
            return render_csv(report)
        case "json":
            return render_json(report)
        case "docx":
            return render_docx(report)
        case "xlsx":
            return render_xlsx(report)
    raise WrongInputError(f'There is no format "{format}" of the report; use {", ".join(FORMATS)}.')
