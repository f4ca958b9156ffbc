"""Definitions of a cycle: the shipped ones, and how one is read and checked."""

from s11flow.cycles.load import content_sha256, names, read_definition, shipped

__all__ = ["content_sha256", "names", "read_definition", "shipped"]
