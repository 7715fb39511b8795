"""`python -m providers.testing.quimbi_simulator`"""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from providers.testing.quimbi_simulator.dialect import DialectName
from providers.testing.quimbi_simulator.faults import PARAMETERS, Fault
from providers.testing.quimbi_simulator.rate_limit import RateLimit
from providers.testing.quimbi_simulator.simulator import DEFAULT_API_KEY, QuimbiSimulator

CONTROL_HELP = """\
control over HTTP, without a key:
  GET    /_simulator[?customer_id=ID]   dialect, calls (of one customer), calls in flight, faults
  GET    /_simulator/customers/ID       the true profile of a customer
  POST   /_simulator/faults             switch a fault on
  DELETE /_simulator/faults             switch all off; calls that hang are answered
  POST   /_simulator/reset              the same, and forget calls and used quota

A fault is {"fault": NAME, "endpoint": analyze|churn|ltv|message|actions|health, "customer_id": ID,
"times": N, "parameters": {}}; only the name is required. Without an endpoint it hits all but /health:
  curl -d '{"fault": "latency", "endpoint": "message", "parameters": {"seconds": 3}}' URL/_simulator/faults

customers: 7001 and 7002 as printed in the contract, 7003 and on generated, any cust_N generated,
any empty_N known but empty, any broken_N failing for ever, test_customer_low_ltv, test_customer_high_ltv,
test_customer_new.

faults and their parameters:
"""


def _fault_lines() -> str:
    return "\n".join(f"  {fault.value:20}{_defaults(fault)}".rstrip() for fault in Fault)


def _defaults(fault: Fault) -> str:
    return ", ".join(f"{name}={field.load_default}" for name, field in PARAMETERS.get(fault, {}).items())


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m providers.testing.quimbi_simulator",
        description="Quimbi Backend to test against: true answers, and faults switchable while it runs.",
        epilog=CONTROL_HELP + _fault_lines(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    limit = RateLimit()
    parser.add_argument("--host", default="127.0.0.1", help="address to bind (default %(default)s)")
    parser.add_argument("--port", type=int, default=9009, help="0 for any free one (default %(default)s)")
    parser.add_argument("--dialect", choices=list(DialectName), default=DialectName.DEPLOYED.value)
    parser.add_argument("--api-key", default=DEFAULT_API_KEY, help="default %(default)s")
    parser.add_argument("--customers", type=int, default=300, help="how many (default %(default)s)")
    parser.add_argument("--rate-limit", action="store_true", help="limit calls per key or address")
    parser.add_argument("--per-minute", type=int, default=limit.per_minute, help="default %(default)s")
    parser.add_argument("--per-hour", type=int, default=limit.per_hour, help="default %(default)s")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    arguments = _arguments(argv)
    limit = RateLimit(per_minute=arguments.per_minute, per_hour=arguments.per_hour)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    simulator = QuimbiSimulator(
        dialect=arguments.dialect,
        api_key=arguments.api_key,
        host=arguments.host,
        port=arguments.port,
        customers=arguments.customers,
        rate_limit=limit if arguments.rate_limit else None,
    )
    with simulator:
        sys.stdout.write(f"Quimbi simulator ({simulator.dialect}) on {simulator.url}\n")
        sys.stdout.flush()
        stopped.wait()


if __name__ == "__main__":
    main()
