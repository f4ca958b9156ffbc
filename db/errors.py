"""What may go wrong with the database that a caller can answer; each is one sentence for a person."""

SETTING = "S11FLOW_DATABASE_URL"


class DatabaseProblem(Exception):
    """The database did not do what was asked, and nothing of it was kept."""


class DatabaseUnreachable(DatabaseProblem):
    """The address is wrong, or no database answers there. Neither `reason` nor the text holds a password."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"{SETTING} cannot be used: {reason}.")


class Busy(DatabaseProblem):
    """Another transaction held what this one needed for longer than it would wait (`waited`, in seconds)."""

    def __init__(self, waited: float) -> None:
        self.waited = waited
        super().__init__("Nothing was changed: someone else is changing this; try again in a moment.")
