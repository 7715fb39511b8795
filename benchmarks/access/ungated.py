"""The service without its gate: what authentication and permissions cost is what it is faster by.

Prints the port it serves on. Only for a benchmark on loopback: it lets everybody do everything.
"""

import os
import sys

from flask import Flask

from service.app import create_app
from service.server import serve
from service.settings import Settings, read_environment


def without_gate(settings: Settings) -> Flask:
    app = create_app(settings)
    (gate,) = app.before_request_funcs.pop(None)
    assert gate.__name__ == "_gate"
    return app


def main() -> int:
    settings = Settings.parse(read_environment(os.environ))
    return serve(
        lambda: without_gate(settings), settings, on_ready=lambda _host, port: print(port, flush=True)
    )


if __name__ == "__main__":
    sys.exit(main())
