"""The command `sluice` as people and scripts use it."""
import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import termios
import time

import pytest
from support import connect


@pytest.fixture
def run(sluice, tmp_path):
    def run(*arguments, stdin=None):
        return subprocess.run([str(sluice), "sql", *arguments], cwd=tmp_path, input=stdin, capture_output=True, text=True, timeout=60)
    return run


def test_three_kinds_of_output(run):
    query = "SELECT * FROM VALUES (1, 'a,\"b'), (2, NULL) AS t(id, name)"
    assert run("-e", query).stdout == (
        "+---+----+\n|id |name|\n+---+----+\n|1  |a,\"b|\n|2  |NULL|\n+---+----+\n")
    assert run("--output", "csv", "-e", query).stdout == 'id,name\n1,"a,""b"\n2,\n'
    lines = run("--output", "json", "-e", query).stdout.splitlines()
    assert [json.loads(line) for line in lines] == [{"id": 1, "name": 'a,"b'}, {"id": 2, "name": None}]


def test_texts_of_several_lines_are_printed_as_they_are(run):
    lines = run("-e", "EXPLAIN SELECT id + 1 AS n FROM range(3)").stdout.splitlines()
    assert lines[0] == "== Physical Plan ==" and not any(line.startswith("|") for line in lines)


def test_statements_from_a_file_and_from_standard_input(run, tmp_path):
    script = tmp_path / "script.sql"
    script.write_text("CREATE NAMESPACE demo.db; CREATE TABLE demo.db.t USING iceberg AS SELECT 1 AS id;")
    assert run("-f", str(script)).returncode == 0
    assert run("--output", "csv", stdin="SELECT id FROM demo.db.t;").stdout == "id\n1\n"


def test_the_first_error_ends_the_script_and_names_its_place(run):
    done = run("-e", "SELECT 1; SELECT nothing_here; SELECT 2")
    assert done.returncode == 1
    assert "UNRESOLVED_COLUMN" in done.stderr and "nothing_here" in done.stderr and "^" in done.stderr
    assert "|2" not in done.stdout


def test_json_is_what_to_json_writes(run):
    query = ("SELECT 1.50 AS d, double('NaN') AS n, X'00ff' AS b, INTERVAL '1' DAY AS i, map(1, 2) AS m, array(1, null) AS a, "
             "timestamp'2026-01-01 10:00:00' AS ts, null AS v, named_struct('q', null) AS s, 'x' AS twice, 'y' AS twice")
    assert run("--conf", "spark.sql.session.timeZone=UTC", "--output", "json", "-e", query).stdout == (
        '{"d":1.50,"n":"NaN","b":"AP8=","i":"INTERVAL \'1\' DAY","m":{"1":2},"a":[1,null],'
        '"ts":"2026-01-01T10:00:00.000Z","v":null,"s":{"q":null},"twice":"x","twice":"y"}\n')


def test_csv_tells_null_from_the_empty_text_and_shows_the_rest_as_the_table_does(run):
    query = "SELECT NULL AS n, '' AS e, X'00ff' AS b, INTERVAL '1' DAY AS i, map('k', null) AS m, array(1, 2) AS a"
    assert run("--output", "csv", "-e", query).stdout == (
        "n,e,b,i,m,a\n" ",\"\",[00 FF],INTERVAL '1' DAY,{k -> NULL},\"[1, 2]\"\n")


@pytest.mark.parametrize("word", ["quit", "EXIT", "Quit "])
def test_quit_ends_a_script(run, word):
    done = run("--output", "csv", stdin=f"SELECT 1 AS a;\n{word};\nSELECT 2 AS b;")
    assert (done.returncode, done.stdout, done.stderr) == (0, "a\n1\n", "")


class Shell:
    """The interactive shell on a terminal of its own."""

    def __init__(self, sluice, folder, *arguments):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.environ["HOME"] = str(folder)
            os.execv(sluice, [str(sluice), "sql", *arguments])
        self.prompt("sluice> ")

    def prompt(self, text="\r\nsluice> "):
        """What is printed up to a prompt; what is typed before the shell reads keys would be lost."""
        seen = self.until(text)
        while termios.tcgetattr(self.terminal)[3] & termios.ICANON:
            time.sleep(0.01)
        return seen

    def type(self, text):
        os.write(self.terminal, text.encode())

    def until(self, text, seconds=30):
        seen, end = "", time.monotonic() + seconds
        while not seen.endswith(text):
            assert time.monotonic() < end, seen
            if select.select([self.terminal], [], [], 0.1)[0]:
                seen += os.read(self.terminal, 4096).decode()
        return seen

    def end(self, seconds=30):
        until = time.monotonic() + seconds
        while not (done := os.waitpid(self.pid, os.WNOHANG))[0]:
            if time.monotonic() > until:
                os.kill(self.pid, signal.SIGKILL)
                raise AssertionError("the shell has not ended")
            time.sleep(0.05)
        return os.waitstatus_to_exitcode(done[1])


def test_ctrl_c_ends_the_line_or_the_statement_and_not_the_shell(sluice, tmp_path):
    shell = Shell(sluice, tmp_path)
    shell.type("SELECT half")
    time.sleep(0.3)
    shell.type("\x03")
    assert "half" not in shell.prompt().split("^C")[1]
    shell.type("SELECT\n")
    shell.prompt("      > ")
    shell.type("\x03")
    shell.prompt()
    shell.type("SELECT max(a.id % 7 + b.id % 5) FROM range(10000000) a CROSS JOIN range(10000000) b;\n")
    time.sleep(1)
    began = time.monotonic()
    shell.type("\x03")
    assert "OPERATION_CANCELED" in shell.prompt()
    assert time.monotonic() - began < 10
    shell.type("SELECT 42 AS n, 'é' AS u;\n")
    assert "|42 |é  |" in shell.prompt()
    shell.type("Quit;\n")
    assert shell.end() == 0


def test_ctrl_c_cancels_what_runs_on_a_server(sluice, tmp_path):
    with connect.Server(sluice) as server:
        shell = Shell(sluice, tmp_path, "--remote", server.url)
        shell.type("SELECT max(a.id % 7 + b.id % 5) FROM range(10000000) a CROSS JOIN range(10000000) b;\n")
        time.sleep(1)
        shell.type("\x03")
        assert "OPERATION_CANCELED" in shell.prompt()
        shell.type("SELECT 42 AS n;\n")
        assert "|42 |" in shell.prompt()
        shell.type("\x04")
        assert shell.end() == 0


def test_ctrl_d_ends_the_shell(sluice, tmp_path):
    shell = Shell(sluice, tmp_path)
    shell.type("\x04")
    assert shell.end() == 0


@pytest.mark.parametrize("command", [["broker"], ["server"]])
def test_a_taken_port_is_one_clear_line(sluice, command):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = subprocess.run([str(sluice), *command, "--port", str(port)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("sluice: ") and f"127.0.0.1:{port}" in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_lines_of_a_file_in_the_embedded_broker_reach_a_query(sluice, run, tmp_path):
    (tmp_path / "events.json").write_text('{"id": 1}\n\n{"id": 2}\n')
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    broker = subprocess.Popen([str(sluice), "broker", "--port", str(port), "--topic", "events", "--lines", str(tmp_path / "events.json")],
                              stdout=subprocess.PIPE, text=True)
    try:
        while line := broker.stdout.readline():
            if line == "2 lines are in the topic events.\n":
                break
        assert line
        done = run("--output", "csv", stdin=f"CREATE TEMP VIEW t USING kafka OPTIONS ('kafka.bootstrap.servers' '127.0.0.1:{port}', subscribe 'events');"
                   "SELECT from_json(CAST(value AS STRING), 'id INT').id AS id FROM t ORDER BY id")
        assert done.stdout == "id\n1\n2\n", done.stderr
    finally:
        broker.kill()
        broker.wait()


def test_the_demo_does_not_go_on_from_an_earlier_run(sluice, tmp_path):
    (tmp_path / "checkpoint").mkdir()
    done = subprocess.run([str(sluice), "demo", "--folder", str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "holds an earlier run" in done.stderr and done.stderr.count("\n") == 1


def test_a_python_without_pyspark_is_named(sluice, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    (tmp_path / "job.py").write_text("from pyspark.sql import SparkSession\n")
    python = tmp_path / "bare" / "bin" / "python"
    done = subprocess.run([str(sluice), "submit", str(tmp_path / "job.py")], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "PYSPARK_PYTHON": str(python)})
    assert done.returncode == 1
    assert f"{python} has no pyspark" in done.stderr and "PYSPARK_PYTHON" in done.stderr
