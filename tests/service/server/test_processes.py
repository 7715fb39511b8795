import os
import signal
import time
from pathlib import Path


def test_connections_are_shared_out_over_the_processes(tiny):
    server = tiny("--processes", "2")

    assert len({server.get("/pid").body for _ in range(40)}) == 2


def test_a_dead_process_is_replaced(tiny):
    server = tiny("--processes", "2")
    before = {int(server.get("/pid").body) for _ in range(40)}
    os.kill(before.pop(), signal.SIGKILL)

    after = {int(server.get("/pid").body) for _ in range(40)}

    assert len(after) == 2
    assert after != before
    assert [event["status"] for event in server.events() if event["event"] == "process_died"] == [-9]


def test_a_process_that_cannot_start_ends_the_server(tiny):
    server = tiny("--processes", "2", "--broken")

    assert server.process.wait(10) == 1
    failures = [event for event in server.events() if event["event"] == "process_failed"]
    assert failures
    assert failures[0]["error"]["type"] == "builtins.RuntimeError"
    assert "it will not start" not in server.log.read_text()


def test_processes_end_with_a_killed_parent(tiny):
    server = tiny("--processes", "2")
    pids = {int(server.get("/pid").body) for _ in range(40)}
    server.process.kill()
    server.process.wait()

    deadline = time.monotonic() + 5
    while any(_serves(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.02)

    assert not any(_serves(pid) for pid in pids)


def _serves(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_a_taken_port_is_one_clear_line(tiny):
    taken = tiny("--processes", "2")

    for processes in ("1", "2"):
        second = tiny("--processes", processes, "--port", str(taken.port))
        assert second.process.wait(5) == 1
        assert second.log.read_text() == (
            f"Port {taken.port} on 127.0.0.1 is taken; stop what uses it, or set PORT or --port.\n"
        )
