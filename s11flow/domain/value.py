"""Values that are made by the ten thousand: frozen to the type checker, quick to make at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["value"]

if TYPE_CHECKING:
    from dataclasses import dataclass as value
else:
    from dataclasses import dataclass

    def value(*, frozen, slots):
        """As `dataclass`, compared and hashed by its fields; nothing but the type checker holds it frozen.

        A dataclass that freezes itself takes up to ten times as long to make, a twelfth of a tick over many cases; and
        mypy refuses every assignment to a field anyway. What is made seldom stays a plain frozen `dataclass`.
        """
        return dataclass(slots=slots, unsafe_hash=frozen)
