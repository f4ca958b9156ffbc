"""The links of a report: found in its files, and judged by their look alone, with nothing fetched.

Whether one opens is tried by `s11flow.links.fetch`, where that is permitted.
"""

from s11flow.links.find import Unreadable, links_in, words_in_pdf
from s11flow.links.judge import why_closed
from s11flow.links.look import CLOSED, Look, Outcome

__all__ = ["CLOSED", "Look", "Outcome", "Unreadable", "links_in", "why_closed", "words_in_pdf"]
