"""The words that stand on every form, by which it is made and known again."""

from __future__ import annotations

from s11flow.domain.definition import Rating, Standard

TITLE = "Section 11 report"
ABOUT = "About this report"
GUIDANCE = (
    "This form is not mandatory: a report in any format will do. Keep it brief and use what you already have.",
    "Write in the empty cells; they grow as you write. Leave the numbers of the requirements as they are.",
    "Leave out anything that could identify a child or a family.",
)
RATING_GUIDANCE = "In the last column write your own rating:"
NOT_APPLICABLE = "n/a"
ACTIONS = "Actions from reviews"
ACTIONS_GUIDANCE = (
    "Your own actions from safeguarding practice reviews, earlier serious case reviews, domestic homicide reviews, "
    "child death reviews and multi-agency audits. Write done, under way or planned as the status."
)
LINKS = "Links to evidence"
LINKS_GUIDANCE = "Links must open outside your own network: give publicly accessible addresses only."
ELSE = "Anything else the panel should know"
LAST_YEAR = "[From your last report. Change what is no longer so, and delete this line.]"

AGENCY, REFERENCE, PERIOD, DEADLINE = "Agency", "Our reference", "Period", "Deadline"
SEND_TO = "Send it to"
COVERS, AUTHOR, ROLE, DATE = "Also covers", "Completed by", "Role", "Date completed"

REQUIREMENT, RESPONSE, PRACTICE, RATING = (
    "Requirement",
    "Our response",
    "Good practice, or what we are improving",
    "Our rating",
)
ACTION, REVIEW, STATUS, EVIDENCE = "Action", "Review or audit", "Status", "Evidence, or what comes next"
ADDRESS, SHOWS = "Web address", "What it shows"


def standard_heading(standard: Standard) -> str:
    """The heading over a standard's requirements."""
    return f"Standard {standard.number}: {standard.published or standard.title}"


def rating_line(rating: Rating) -> str:
    """What a rating means, as the guidance has it."""
    return f"{rating.word}: {rating.meaning}"


def action_line(called: str, what: str) -> str:
    """An action as the form names it, so that it is known again however it is reworded."""
    return f"{called}: {what}" if called else what


def not_applicable_line() -> str:
    """What to write where a requirement is not about the agency."""
    return f"{NOT_APPLICABLE}: it is not about our agency; say why in the response."
