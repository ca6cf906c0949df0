"""`sluice server` for tests, and Python programs that are its clients.

Clients run in processes of their own: a process in which real Spark has a session cannot have a Spark Connect session too.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent

PRELUDE = """
import json, os, sys, threading, time
sys.path.insert(0, {tests!r})
variables = json.loads({variables!r})
globals().update(variables)
result = None
def main():
    global result
    from pyspark.sql import SparkSession
    builder = SparkSession.builder.remote(url)
    for key, value in {{"spark.sql.session.timeZone": "UTC", **settings}}.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()
spark = main()
"""


class Server:
    """A server on a free port, for as long as the `with` block lasts."""

    def __init__(self, sluice, settings=None, arguments=(), environment=None):
        conf = [text for key, value in (settings or {}).items() for text in ("--conf", f"{key}={value}")]
        self.folder = tempfile.mkdtemp(prefix="connect-")
        self.process = subprocess.Popen(
            [str(Path(sluice).resolve()), "server", "--port", "0", *conf, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=open(Path(self.folder, "errors"), "w"), text=True, cwd=self.folder,
            env={**os.environ, "TZ": "UTC", **(environment or {})})
        self.started = time.monotonic()
        line = self.process.stdout.readline()
        self.ready_after = time.monotonic() - self.started
        found = re.search(r"sc://(\S+)", line)
        if not found:
            self.process.wait(10)
            raise RuntimeError(f"no server: {line}{self.errors()}")
        self.url = "sc://" + found.group(1)
        self.target = found.group(1).split("/")[0]

    def errors(self):
        return Path(self.folder, "errors").read_text()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        alive = self.process.poll() is None
        self.process.kill()
        self.process.wait()
        assert alive, f"the server died: {self.errors()}"

    def status(self, name):
        """A number of /proc/PID/status: VmRSS (kB), Threads."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])

    def program(self, code, settings=None, url=None, python=sys.executable, **variables):
        """Starts a program that finds `spark` and `variables`, and may set `result` to something JSON knows."""
        return Program(code, url or self.url, settings or {}, variables, python)

    def run(self, code, settings=None, url=None, seconds=120, python=sys.executable, **variables):
        return self.program(code, settings, url, python, **variables).wait(seconds)


class Program:
    def __init__(self, code, url, settings, variables, python):
        self.folder = tempfile.mkdtemp(prefix="client-")
        values = json.dumps({**variables, "url": url, "settings": settings}, default=str)
        text = (PRELUDE.format(tests=str(TESTS), variables=values) + code +
                "\nwith open(os.path.join(os.path.dirname(__file__), 'result.json'), 'w') as out:\n    json.dump(result, out)\n")
        Path(self.folder, "program.py").write_text(text)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("SPARK_")}
        self.process = subprocess.Popen(
            [python, str(Path(self.folder, "program.py"))], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, cwd=self.folder, env={**environment, "TZ": "UTC"})

    def wait(self, seconds=120):
        try:
            self.output, errors = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.output, errors = self.process.communicate()
            raise RuntimeError(f"not done after {seconds} s:\n{self.output}{errors[-3000:]}") from None
        if self.process.returncode != 0:
            raise RuntimeError(f"the client failed:\n{self.output}{errors[-3000:]}")
        return json.loads(Path(self.folder, "result.json").read_text())

    def kill(self):
        self.process.kill()
        self.process.wait()


def alive(process):
    """Whether the process of that id has not come to its end yet."""
    try:
        return ") Z" not in Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def eventually(condition, seconds=20):
    """Waits for `condition` to hold, and gives its last value."""
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return value
