"""Other programs' calendar libraries, asked what they make of our files: libical, by way of GNOME, and ical.js.

Neither is a Python package. Where one is missing its tests are skipped, and the skip says what to install; with CI=true
`make test` installs libical (`tests.debian`), and ical.js is installed here.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.debian import LIBICAL, how_to_install

SYSTEM_PYTHON = "/usr/bin/python3"
ICAL_JS = "ical.js@2.2.1"

_ASK_LIBICAL = """
import json, sys
import gi
gi.require_version("ICalGLib", "3.0")
from gi.repository import ICalGLib as ical

def told(text):
    calendar = ical.Component.new_from_string(text)
    event = calendar.get_first_component(ical.ComponentKind.VEVENT_COMPONENT)
    utc = ical.Timezone.get_utc_timezone()
    at = [when.convert_to_zone(utc).as_ical_string() for when in (event.get_dtstart(), event.get_dtend())]
    sound = bool(ical.restriction_check(calendar)) and calendar.count_errors() == 0
    return [sound, *at, event.get_uid(), event.get_sequence(), event.count_properties(ical.PropertyKind.ANY_PROPERTY)]

json.dump([told(text) for text in json.load(sys.stdin)], sys.stdout)
"""

_ASK_ICAL_JS = """
const ICAL = require("ical.js");
const told = (text) => {
  const calendar = new ICAL.Component(ICAL.parse(text));
  const zone = calendar.getFirstSubcomponent("vtimezone");
  ICAL.TimezoneService.reset();
  ICAL.TimezoneService.register(new ICAL.Timezone(zone));
  const found = calendar.getFirstSubcomponent("vevent"), event = new ICAL.Event(found);
  const at = (when) => when.convertToZone(ICAL.Timezone.utcTimezone).toICALString();
  const count = found.getAllProperties().length;
  return [true, at(event.startDate), at(event.endDate), event.uid, event.sequence, count];
};
let input = "";
process.stdin.on("data", (some) => (input += some));
process.stdin.on("end", () => process.stdout.write(JSON.stringify(JSON.parse(input).map(told))));
"""


class Missing(Exception):
    """The library is not here; the text says what to install."""


@dataclass(frozen=True)
class Told:
    """What a library reads in a file: whether it is sound, the first event's instants in UTC, and how much it has."""

    sound: bool
    starts_at: str
    ends_at: str
    uid: str
    sequence: int
    properties: int


def libical(files: Sequence[bytes]) -> list[Told]:
    """What libical makes of calendar files; raises Missing."""
    _have_libical()
    return _asked([SYSTEM_PYTHON, "-c", _ASK_LIBICAL], files, {})


def ical_js(files: Sequence[bytes], folder: Path) -> list[Told]:
    """What ical.js makes of calendar files; *folder* is where it may be installed. Raises Missing."""
    modules = _have_ical_js(folder)
    return _asked(["node", "-e", _ASK_ICAL_JS], files, {"NODE_PATH": modules})


def _asked(command: list[str], files: Sequence[bytes], extra: dict[str, str]) -> list[Told]:
    texts = json.dumps([file.decode() for file in files])
    asked = subprocess.run(
        command, input=texts, capture_output=True, text=True, check=True, timeout=60, env={**os.environ, **extra}
    )
    return [Told(*found) for found in json.loads(asked.stdout)]


@cache
def _have_libical() -> None:
    if _works([SYSTEM_PYTHON, "-c", "import gi; gi.require_version('ICalGLib', '3.0')"]):
        return
    raise Missing(f"libical is not installed: as root, {how_to_install(LIBICAL)}")


@cache
def _have_ical_js(folder: Path) -> str:
    """The folder of modules that has it."""
    if shutil.which("node") is None:
        raise Missing("ical.js needs node, which is not installed")
    if _works(["node", "-e", "require('ical.js')"]):
        return os.environ.get("NODE_PATH", "")
    if os.environ.get("CI") == "true" and _works(
        ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), ICAL_JS]
    ):
        return str(folder / "node_modules")
    raise Missing(f"ical.js is not where node looks for it: npm install -g {ICAL_JS}, and set NODE_PATH")


def _works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=90).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
