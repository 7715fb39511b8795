"""A port of its own for monitoring, apart from clients: no lane, no gate, no key."""

import socket
import threading

from waitress.server import create_server

from service.serving.sockets import BACKLOG
from service.serving.worker import WsgiApp

CONNECTIONS = 20
SILENT_CLIENT_S = 10


def serve_metrics(app: WsgiApp, listener: socket.socket) -> None:
    """What `app` tells of itself, on a thread that ends with the process.

    Several processes may share the one listener: whichever takes a connection answers for all.
    """
    exposition = getattr(app, "extensions", {})["support.exposition"]
    server = create_server(
        exposition,
        map={},
        sockets=[listener],
        threads=1,
        backlog=BACKLOG,
        connection_limit=CONNECTIONS,
        channel_timeout=SILENT_CLIENT_S,
        asyncore_use_poll=True,
        expose_tracebacks=False,
        clear_untrusted_proxy_headers=True,
        ident=None,
    )
    threading.Thread(target=server.run, name="metrics-port", daemon=True).start()
