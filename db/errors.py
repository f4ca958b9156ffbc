"""What may go wrong with the database that a caller can answer; each is one sentence for a person."""

SETTING = "S11FLOW_DATABASE_URL"


class DatabaseProblem(Exception):
    """The database did not do what was asked, and nothing of it was kept (but see `OutcomeUnknown`)."""


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


class OutcomeUnknown(DatabaseProblem):
    """The connection was lost while a change was being saved: it was kept whole, or not at all."""

    def __init__(self, said: str) -> None:
        self.said = said
        super().__init__(
            f"The database did not say whether it saved this ({said}): it is saved whole, or not at all; look at what "
            "was done before you do it again."
        )


class DiskFailed(DatabaseProblem):
    """The disk under the database is full, failing or read-only; `said` is how the database put it."""

    def __init__(self, said: str) -> None:
        self.said = said
        super().__init__(
            f"The database could not be read or written ({said}): the change under way was not kept, all before it "
            "stands; make room or see to the disk, then run this again."
        )
