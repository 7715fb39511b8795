"""The floor: bare Flask on waitress, one Redis GET, the bytes returned. Nothing can be much faster than this.

    python -m benchmarks.floor --redis-port 6379 --key customer_intel:cust_123

Prints its port once it serves. Threads and the interpreter's switch interval are those of the service,
so that the comparison is of the work done and not of the server's settings.
"""

import argparse
import sys

import redis
from flask import Flask, Response
from waitress.server import create_server

from service.serving.worker import SWITCH_INTERVAL_S


def bare_app(redis_port: int, key: str) -> Flask:
    app = Flask("floor")
    client = redis.Redis(port=redis_port)

    @app.get("/")
    def warm() -> Response:
        return Response(client.get(key), content_type="application/json")

    return app


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--redis-port", type=int, required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--switch-interval", type=float, default=SWITCH_INTERVAL_S, help="seconds")
    options = parser.parse_args()
    sys.setswitchinterval(options.switch_interval)
    server = create_server(
        bare_app(options.redis_port, options.key),
        host="127.0.0.1",
        port=0,
        threads=options.threads,
        connection_limit=1000,
        asyncore_use_poll=True,
    )
    print(server.effective_port, flush=True)
    server.run()


if __name__ == "__main__":
    main()
