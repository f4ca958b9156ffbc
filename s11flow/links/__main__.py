"""The process that reads a PDF file: it comes on the standard input, its addresses go out as JSON.

The kernel holds it to so much time and memory, and lets it write no file. Whatever it ends by says enough.
"""

from __future__ import annotations

import json
import resource
import sys
from itertools import islice

from s11flow.links.find import LONGEST, PDF_MEMORY, PDF_SECONDS
from s11flow.links.pdf import addresses_in_pdf

_MOST = 10_000


def main() -> None:
    """Answer with the addresses of the file that is handed in."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (PDF_MEMORY, PDF_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PDF_SECONDS, PDF_SECONDS + 1))
    addresses = dict.fromkeys(address[:LONGEST] for address in addresses_in_pdf(sys.stdin.buffer.read()))
    sys.stdout.write(json.dumps([*islice(addresses, _MOST)]))


if __name__ == "__main__":
    main()
