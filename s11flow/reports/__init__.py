"""The Assurance Report: what it says, the judgements it rests on, and (`reports.render`) the files it is written to."""

from s11flow.reports.additions import Additions, Proposal, WrongReportTextError, read_additions
from s11flow.reports.assessment import Assessment, WrongAssessmentError, check_assessment, read_assessment
from s11flow.reports.content import Earlier, ReportCase, build
from s11flow.reports.publishing import Naming, not_submitted, published
from s11flow.reports.shape import AssuranceReport, as_json, content_sha256, statement_of_effectiveness

__all__ = [
    "Additions",
    "Assessment",
    "AssuranceReport",
    "Earlier",
    "Naming",
    "Proposal",
    "ReportCase",
    "WrongAssessmentError",
    "WrongReportTextError",
    "as_json",
    "build",
    "check_assessment",
    "content_sha256",
    "not_submitted",
    "published",
    "read_additions",
    "read_assessment",
    "statement_of_effectiveness",
]
