"""The links of a report: found in its files, and judged by their look alone, with nothing fetched."""

from s11flow.links.find import Unreadable, links_in
from s11flow.links.judge import why_closed

__all__ = ["Unreadable", "links_in", "why_closed"]
