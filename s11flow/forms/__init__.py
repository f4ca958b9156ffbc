"""The report form: made for an agency as a Word file, and read again when it comes back filled in."""

from s11flow.forms.blank import blank_form
from s11flow.forms.read import NotTheForm, read_form
from s11flow.forms.shape import Answer, Blank, FilledForm, HeldAction, Link, ReportedAction

__all__ = [
    "Answer",
    "Blank",
    "FilledForm",
    "HeldAction",
    "Link",
    "NotTheForm",
    "ReportedAction",
    "blank_form",
    "read_form",
]
