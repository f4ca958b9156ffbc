"""Who may be written to: in a demonstration nobody, in a trial those who agreed to it, in earnest everybody."""

from dataclasses import dataclass
from typing import Literal

from notifications.address import check_address

Mode = Literal["demo", "trial", "live"]


@dataclass(frozen=True)
class Allowed:
    """The mail may leave for the address it was written to."""

    to: str


@dataclass(frozen=True)
class Redirected:
    """The mail may leave, but for the trial's own address instead of the one it was written to."""

    to: str
    original: str


@dataclass(frozen=True)
class Refused:
    """The mail may not leave; the reason is a sentence."""

    reason: str


Decision = Allowed | Redirected | Refused


@dataclass(frozen=True)
class PostPolicy:
    """Who may be written to in *mode*.

    *allow* holds addresses (``pat@agency.example``) and whole domains (``@agency.example``, subdomains not included),
    compared without regard to case. *redirect* is the address that gets a trial's other mail, or None to refuse it.
    *is_folder* says that mail is only written to a folder: then every sound address is allowed, as it is.
    A wrong entry is a ValueError that names it.
    """

    mode: Mode
    allow: tuple[str, ...] = ()
    redirect: str | None = None
    is_folder: bool = False

    def __post_init__(self) -> None:
        if self.mode not in ("demo", "trial", "live"):
            raise ValueError(f"The mode {self.mode!r} is not known; it is demo, trial or live.")
        for entry in self.allow:
            if reason := check_address(f"anyone{entry}" if entry.startswith("@") else entry):
                raise ValueError(
                    f"The allow-list entry {entry!r} {reason}; write an address such as pat@agency.example "
                    "or a domain such as @agency.example."
                )
        if self.redirect is not None and (reason := check_address(self.redirect)):
            raise ValueError(
                f"The redirect address {self.redirect!r} {reason}; write one address such as trial@partnership.example."
            )

    def decide(self, address: str) -> Decision:
        """Say whether mail may leave for *address*, and under which address."""
        if reason := check_address(address):
            return Refused(f"The address {address!r} {reason}, so nothing can be sent to it.")
        if self.is_folder or self.mode == "live":
            return Allowed(address)
        if self.mode == "demo":
            return Refused("A demonstration only writes mail to a folder; set the mail address to folder:outbox.")
        if self._is_allowed(address):
            return Allowed(address)
        if self.redirect is not None:
            return Redirected(to=self.redirect, original=address)
        return Refused(
            f"This is a trial and {address} is not on its allow-list; add the address or its domain, or set a redirect."
        )

    def _is_allowed(self, address: str) -> bool:
        known = {entry.casefold() for entry in self.allow}
        folded = address.casefold()
        return folded in known or "@" + folded.rpartition("@")[2] in known
