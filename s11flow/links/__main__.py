"""The process that reads a PDF file: it comes on the standard input, its addresses and its words go out as JSON.

The kernel holds it to so much time and memory, and lets it write no file. Whatever it ends by says enough.
"""

from __future__ import annotations

import json
import resource
import sys
from itertools import islice

from s11flow.links.find import LONGEST, PDF_MEMORY, PDF_SECONDS, PDF_WORDS
from s11flow.links.pdf import read_pdf

_MOST = 10_000


def main() -> None:
    """Answer with the addresses and the words of the file that is handed in."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (PDF_MEMORY, PDF_MEMORY))
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else PDF_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    addresses, words = read_pdf(sys.stdin.buffer.read(), most=PDF_WORDS)
    once = dict.fromkeys(address[:LONGEST] for address in addresses)
    sys.stdout.write(json.dumps([[*islice(once, _MOST)], words]))


if __name__ == "__main__":
    main()
