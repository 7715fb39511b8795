"""`python -m providers.testing.upstream replies.json`"""

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from providers.testing.breakage import Breakage
from providers.testing.upstream.fake import FakeUpstream

HELP = """\
replies.json holds method and path → what is answered, the first that matches first:
  {"GET /scores/C-42": {"customer": "C-42", "churn": 0.18},
   "GET /scores/*": {"status": 404, "reply": {"error": "no such customer"}}}

break it while it runs:
  curl -X PUT URL/_breakage/hang      one of: %s
  curl -X DELETE URL/_breakage        mended
"""


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m providers.testing.upstream",
        description="An upstream with your replies, to try a provider against.",
        epilog=HELP % ", ".join(Breakage),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("replies", type=Path, help="JSON file of routes and replies")
    parser.add_argument("--host", default="127.0.0.1", help="address to bind (default %(default)s)")
    parser.add_argument("--port", type=int, default=9010, help="0 for any free one (default %(default)s)")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    arguments = _arguments(argv)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with FakeUpstream(host=arguments.host, port=arguments.port) as upstream:
        upstream.learns(json.loads(arguments.replies.read_text(encoding="utf-8")))
        sys.stdout.write(f"Upstream on {upstream.url}\n")
        sys.stdout.flush()
        stopped.wait()


if __name__ == "__main__":
    main()
