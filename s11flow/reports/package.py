"""Office files are zip archives; written here so that the same content gives the same bytes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def stable(data: bytes, at: datetime) -> bytes:
    """The archive *data* as if it had been packed at *at*, aware, whenever it was."""
    said = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    packed = BytesIO()
    with ZipFile(BytesIO(data)) as found, ZipFile(packed, "w", ZIP_DEFLATED) as made:
        for name in found.namelist():
            member = found.read(name)
            if name == "docProps/core.xml":
                member = _MODIFIED.sub(rb"\g<1>" + said, member)
            made.writestr(ZipInfo(name, _EPOCH), member, ZIP_DEFLATED)
    return packed.getvalue()


def xml_text(text: str) -> str:
    """*text* without the characters that no Office file can hold."""
    return _NOT_XML.sub("", text)
