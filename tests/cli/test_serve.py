"""`quantimodo serve`: starts with one command, replaces killed workers, and stops by a signal."""

import signal
import socket
from collections.abc import Callable
from contextlib import closing

import apsw
import psutil
import pytest

from support.terminal import PATIENCE, Server, Terminal


def workers_of(server: Server) -> list[psutil.Process]:
    return psutil.Process(server.process.pid).children()


def until(holds: Callable[[], bool], server: Server) -> None:
    """Send requests until `holds` is true, at most 500."""
    for _ in range(500):
        server.get("/health/live")
        if holds():
            return
    raise AssertionError("the condition never became true")


def test_one_command_creates_everything_and_prints_the_addresses(empty_terminal: Terminal) -> None:
    terminal = empty_terminal
    server = terminal.serve()
    assert server.get().json()["issuer"] == server.url
    for path in ("/sign-up", "/developers", "/docs", "/outbox"):
        assert server.url + path in server.banner
    assert "plain http" in server.banner
    assert (terminal.folder / "var" / "secret.key").exists()
    assert server.stop() == 0


def test_commands_work_while_a_server_runs(terminal: Terminal) -> None:
    server = terminal.serve()
    client_id = terminal.does(
        *("clients", "create", "--name", "Job", "--grant-type", "client_credentials", "--json")
    ).json["client_id"]
    server.get()
    listed = terminal.does("clients", "list", "--json").json
    assert {client["client_id"] for client in listed} == {client_id, "demo"}


def test_sigint_stops_it_without_a_traceback(terminal: Terminal) -> None:
    server = terminal.serve()
    server.get()
    assert server.stop(signal.SIGINT) == 0
    assert "Traceback" not in (terminal.folder / "serve.err").read_text()


def test_the_command_line_overrides_the_environment(terminal: Terminal) -> None:
    server = terminal.serve("--host", "localhost", host="192.0.2.1", workers="1")
    assert server.url.startswith("http://localhost:")
    assert server.get().json()["issuer"] == server.url


def test_an_address_in_use_is_reported_in_one_line(terminal: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        response = terminal("serve", "--port", port)
    assert (response.code, response.out) == (1, "")
    assert (
        response.err == f"error: cannot listen on 127.0.0.1 port {port}: Address already in use\n"
    )


def test_an_old_schema_is_not_served_with_no_migrate(terminal: Terminal) -> None:
    (terminal.folder / "var" / "quantimodo.db").write_bytes(b"")
    response = terminal("serve", "--port", "0", "--no-migrate")
    assert (response.code, response.out) == (1, "")
    assert "quantimodo database migrate" in response.err


def test_a_newer_schema_is_not_served(terminal: Terminal) -> None:
    terminal.does("clients", "list")
    with closing(apsw.Connection(str(terminal.folder / "var" / "quantimodo.db"))) as database:
        database.execute("INSERT INTO schema_migrations VALUES (9999, 'later', 'x', 0)")
    response = terminal("serve", "--port", "0")
    assert (response.code, response.out) == (1, "")
    assert "newer version" in response.err


@pytest.mark.parametrize(
    "command", [("serve", "--port", "0"), ("database", "migrate"), ("doctor",)]
)
def test_a_database_made_before_the_first_release_is_refused_with_one_line(
    terminal: Terminal, command: tuple[str, ...]
) -> None:
    with closing(apsw.Connection(str(terminal.folder / "var" / "quantimodo.db"))) as database:
        database.execute("UPDATE schema_migrations SET name = 'first_schema' WHERE number = 1")
    response = terminal(*command)
    assert response.code == 1
    (line,) = [
        each
        for each in (response.out + response.err).splitlines()
        if "before the first release" in each
    ]
    assert "move it away" in line
    assert "quantimodo database migrate" in line


@pytest.mark.slow
def test_several_workers_are_counted_together_replaced_and_stopped(terminal: Terminal) -> None:
    token = "fake-metrics-token-of-a-test"
    server = terminal.serve("--workers", "2", metrics_token=token)
    for _ in range(20):
        assert server.get().status_code == 200
    page = server.get("/metrics", Authorization=f"Bearer {token}").text
    counts = [line for line in page.splitlines() if "metadata" in line and "2xx" in line]
    assert sum(float(line.rpartition(" ")[2]) for line in counts) == 20
    until(lambda: len(workers_of(server)) == 2, server)
    first = workers_of(server)
    for worker in first:
        worker.kill()
    psutil.wait_procs(first, timeout=PATIENCE)
    assert server.get().status_code == 200
    until(lambda: len(workers_of(server)) == 2, server)
    second = workers_of(server)
    assert not set(second) & set(first)
    assert server.stop() == 0
    assert not any(worker.is_running() for worker in second)
    assert "worker died" in (terminal.folder / "serve.err").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_stops_without_waiting_for_idle_connections(terminal: Terminal, workers: str) -> None:
    # Longer than the test waits for the end: a server that waits for connections fails here.
    server = terminal.serve("--workers", workers, graceful_stop="10m")
    server.get()
    port = int(server.url.rpartition(":")[2])
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(8)]
    for connection in idle[:4]:
        connection.sendall(b"GET /health/live HTTP/1.1\r\nhost: id.example.org\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
    assert server.stop() == 0
    for connection in idle:
        connection.close()


@pytest.mark.slow
def test_when_it_is_killed_its_workers_end_and_the_next_start_deletes_its_files_and_no_others(
    terminal: Terminal,
) -> None:
    def folders() -> set[str]:
        return {path.name for path in terminal.folder.glob("quantimodo-*-*")}

    killed = terminal.serve("--workers", "2")
    killed.get()
    left = folders()
    workers = workers_of(killed)
    killed.stop(signal.SIGKILL)
    _, alive = psutil.wait_procs(workers, timeout=PATIENCE)
    assert alive == []
    port = int(killed.url.rpartition(":")[2])
    socket.create_server(("127.0.0.1", port)).close()
    assert folders() == left != set()
    running = terminal.serve("--workers", "2")
    running.get()
    of_the_running = folders()
    assert len(of_the_running) == 1
    assert not of_the_running & left
    another = terminal.serve("--workers", "2")
    another.get()
    assert of_the_running < folders()
    assert (another.stop(), running.stop()) == (0, 0)
    assert folders() == set()


@pytest.mark.slow
def test_it_ends_if_its_workers_cannot_start(terminal: Terminal) -> None:
    # Python runs this file first in each process; it ends the workers only.
    (terminal.folder / "sitecustomize.py").write_text(
        "import os, sys\nif 'supervised' in sys.orig_argv: os._exit(7)\n"
    )
    response = terminal(
        "serve", "--port", "0", "--workers", "2", outside={"PYTHONPATH": str(terminal.folder)}
    )
    assert response.code == 1
