"""A rehearsed year: the Gloucestershire register, an invented script of what everybody does, a simulated clock."""

from s11flow.demo.play import DEFAULT_FOLDER, play
from s11flow.demo.stage import DemoRefused
from s11flow.demo.summary import Summary

__all__ = ["DEFAULT_FOLDER", "DemoRefused", "Summary", "play"]
