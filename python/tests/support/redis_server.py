"""A real Redis server of one's own: on a free port of the loopback, in a directory of its own, stopped by its own process."""

import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

PROGRAM = "redis-server"

# A machine under load takes its time; a server that is not there after this never comes.
PATIENCE = 60.0


class NotStarted(RuntimeError):
    """The server did not come up; the message has what it said."""


class RedisServer:
    """A server that runs."""

    def __init__(self, process, port, password):
        self.process = process
        self.host = "127.0.0.1"
        self.port = port
        self.password = password

    def url(self, database=0):
        """Where it is, as settings say it."""
        secret = f":{self.password}@" if self.password else ""
        return f"redis://{secret}{self.host}:{self.port}/{database}"

    def ask(self, *words):
        """The first line of the answer to one command, over a connection of its own: no client library stands between."""
        with socket.create_connection((self.host, self.port), timeout=PATIENCE) as connection:
            return ask(connection, self.password, *words)


def ask(connection, password, *words):
    """The first line of the answer to one command."""
    lines = connection.makefile("rb")
    if password:
        connection.sendall(command("AUTH", password))
        lines.readline()
    connection.sendall(command(*words))
    return lines.readline().rstrip(b"\r\n")


def commands(port):
    """How often each command was carried out, over all connections, but for the one that asks."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(command("INFO", "commandstats"))
        lines = connection.makefile("rb")
        said = lines.read(int(lines.readline()[1:])).decode()
    counts = (line.partition(":calls=") for line in said.splitlines() if ":calls=" in line)
    return {name.removeprefix("cmdstat_"): int(rest.partition(",")[0]) for name, _, rest in counts if name != "cmdstat_info"}


def command(*words):
    """A command as it goes over the wire."""
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def free_port():
    """A port that nobody had a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(process, port, password):
    """Waits until the server answers; False when it ended instead, as it does when somebody else took the port."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                # The port may be another's by now: only the server that was started here has this process id.
                connection.settimeout(PATIENCE)
                return of_process(connection, password) == process.pid
        except OSError:
            time.sleep(0.02)
    return False


def of_process(connection, password):
    """The process id of the server at the other end."""
    lines = connection.makefile("rb")
    if password:
        connection.sendall(command("AUTH", password))
        lines.readline()
    connection.sendall(command("INFO", "server"))
    length = int(lines.readline()[1:])
    text = lines.read(length + 2).decode()
    return next((int(line.partition(":")[2]) for line in text.splitlines() if line.startswith("process_id:")), None)


@contextmanager
def redis_server(password=None, arguments=()):
    """Starts a server, gives it, and ends it."""
    program = shutil.which(PROGRAM)
    if not program:
        raise NotStarted(f"{PROGRAM} is not installed")
    with tempfile.TemporaryDirectory(prefix="keepwarm-redis-") as place:
        log = Path(place) / "log"
        for _ in range(20):
            port = free_port()
            options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", place, "--save", "", "--appendonly", "no"]
            options += ["--requirepass", password] if password else []
            with log.open("wb") as said:
                process = subprocess.Popen([program, *options, *arguments], stdin=subprocess.DEVNULL, stdout=said, stderr=said)
            try:
                if answers(process, port, password):
                    yield RedisServer(process, port, password)
                    return
            finally:
                process.terminate()
                try:
                    process.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        raise NotStarted(f"{PROGRAM} did not start:\n{log.read_text(errors='replace')}")
