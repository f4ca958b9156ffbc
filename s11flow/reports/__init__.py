"""The Assurance Report: what it says, the judgements it rests on, and (`reports.render`) the files it is written to."""

from s11flow.reports.assessment import Assessment, WrongAssessmentError, check_assessment, read_assessment
from s11flow.reports.content import Additions, Proposal, ReportCase, build
from s11flow.reports.shape import AssuranceReport, as_json, content_sha256, statement_of_effectiveness

__all__ = [
    "Additions",
    "Assessment",
    "AssuranceReport",
    "Proposal",
    "ReportCase",
    "WrongAssessmentError",
    "as_json",
    "build",
    "check_assessment",
    "content_sha256",
    "read_assessment",
    "statement_of_effectiveness",
]
