"""`prefect.yaml` as it stands on a real Prefect server: one deployed tick, run by a real process worker."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest

from s11flow.app import App
from s11flow.services.heartbeat import last_beats
from tests.flows.conftest import queued

ROOT = Path(__file__).resolve().parents[2]
AFTER_REQUEST = datetime(2026, 7, 6, 8, tzinfo=UTC)  # 9am in Gloucester, when the requests leave
PATIENCE = 120.0  # seconds for any one thing on a busy machine; each takes from 3 to 20


@dataclass(frozen=True)
class Prefect:
    """A server of the test's own on loopback, and the environment in which its command line finds it."""

    port: int
    environ: dict[str, str]
    logs: Path

    def command(self, *words: str) -> None:
        """Run one of Prefect's commands in the project's directory, and insist on its success."""
        line = [sys.executable, "-m", "prefect", "--no-prompt", *words]
        done = subprocess.run(line, cwd=ROOT, env=self.environ, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stdout + done.stderr

    @contextmanager
    def running(self, name: str, *words: str) -> Iterator[None]:
        """Keep one of Prefect's commands running in a process group of its own, and end all of it afterwards."""
        line = [sys.executable, "-m", "prefect", "--no-prompt", *words]
        with (self.logs / f"{name}.log").open("w") as log:
            process = subprocess.Popen(
                line, cwd=ROOT, env=self.environ, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
            try:
                yield
            finally:
                end(process)

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the server's API: POST *body* if there is one, else GET."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def is_healthy(self) -> bool:
        try:
            return self.ask("health") is True
        except (URLError, OSError):
            return False

    def said(self) -> str:
        """The end of what each process wrote, for whoever reads of a failure."""
        return "\n".join(f"--- {log.name}\n{log.read_text()[-3000:]}" for log in sorted(self.logs.glob("*.log")))


def end(process: subprocess.Popen[bytes]) -> None:
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)  # its own group: what it started goes with it
            process.wait(20)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            return


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(holds: Callable[[], bool]) -> bool:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        if holds():
            return True
        time.sleep(0.5)
    return False


@pytest.fixture
def prefect(tmp_path: Path) -> Iterator[Prefect]:
    port, logs = free_port(), tmp_path / "logs"
    logs.mkdir()
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")},
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # The one run is the one that is asked for below; that there is a schedule is looked up.
        "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PYTHONPATH": str(ROOT),
    }
    server = Prefect(port, environ, logs)
    with server.running("server", "server", "start", "--host", "127.0.0.1", "--port", str(port)):
        assert wait_until(server.is_healthy), server.said()
        yield server


@pytest.mark.prefect_server
@pytest.mark.timeout(400)
def test_a_deployed_tick_runs_on_a_process_worker(app: App, prefect: Prefect) -> None:
    prefect.command("work-pool", "create", "s11flow", "--type", "process")
    prefect.command("deploy", "--all")
    deployment = prefect.ask("deployments/name/tick/tick")
    run = prefect.ask(
        f"deployments/{deployment['id']}/create_flow_run", {"parameters": {"now": AFTER_REQUEST.isoformat()}}
    )

    def has_ended() -> bool:
        return str(prefect.ask(f"flow_runs/{run['id']}")["state_type"]) in {"COMPLETED", "FAILED", "CRASHED"}

    with prefect.running("worker", "worker", "start", "--pool", "s11flow"):
        assert wait_until(has_ended), prefect.said()

    assert prefect.ask(f"flow_runs/{run['id']}")["state_type"] == "COMPLETED", prefect.said()
    assert [each["schedule"]["interval"] for each in deployment["schedules"]] == [60.0]
    with app.unit_of_work.read() as connection:
        beat = last_beats(connection)["tick"]
    assert (beat.at, beat.counters["messages"]) == (AFTER_REQUEST, len(queued(app)))
    assert [key for key in queued(app) if "/report_request@" in key and key.endswith("/contact")] == [
        f"GSCP/2026/{code}/report_request@2026-07-06/contact" for code in ("01", "05A", "12")
    ]
    (artifact,) = prefect.ask("artifacts/filter", {"artifacts": {"key": {"any_": ["tick"]}}})
    assert json.loads(artifact["data"]) == [beat.counters]
