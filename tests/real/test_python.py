"""Python functions on `sluice server`: what they give, compared with real Spark; the processes that run them."""
import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from support import connect, python_calls

# Where Sluice is known to answer otherwise, and how: Spark's message speaks of a Java method; TABLE(...) is refused.
DIFFERENT = {
    "map_in_arrow_wrong_schema": ["error", "SparkException", "ARROW_TYPE_MISMATCH", "42K0G", ""],
    "table_function_terminate": ["error", "UnsupportedOperationException", "UNSUPPORTED_FEATURE", "0A000", ""],
}
ENVIRONMENT = {"PYSPARK_PYTHON": sys.executable}
SETTINGS = {"spark.master": "local[2]"}


def children(pid):
    """Processes below `pid`, by id, with their command lines."""
    found = {}
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
            state, parent = text.rsplit(")", 1)[1].split()[:2]
            if state != "Z":
                parents[int(stat.parent.name)] = int(parent)
        except (OSError, ValueError):
            continue
    below = {pid}
    while True:
        more = {child for child, parent in parents.items() if parent in below} - below
        if not more:
            break
        below |= more
    for child in below - {pid}:
        try:
            found[child] = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return found


def server_of(sluice, settings=None):
    return connect.Server(sluice, {**SETTINGS, **(settings or {})}, environment=ENVIRONMENT)


@pytest.fixture(scope="module")
def server(sluice):
    with server_of(sluice) as server:
        yield server


@pytest.fixture(scope="module")
def answers(server):
    return server.run("from support import python_calls\nresult = python_calls.answers(spark)\n", seconds=600)


RECORDED = json.loads(python_calls.ANSWERS.read_text())


def same(answer, expected):
    """What Java makes of an object that it does not know is of no use: nobody compares that."""
    if expected == "an object":
        return True
    if isinstance(expected, list) and isinstance(answer, list):
        return len(answer) == len(expected) and all(map(same, answer, expected))
    return answer == expected


@pytest.mark.parametrize("case", RECORDED)
def test_answers_as_spark(answers, case):
    expected = DIFFERENT.get(case, RECORDED[case])
    assert same(answers[case], expected), f"{answers[case]} instead of {expected}"


ADD = """
from pyspark.sql.functions import udf
add = udf(lambda x: x + 1, "long")
"""


def test_workers_are_kept_for_the_next_query_and_end_with_the_engine(sluice):
    with server_of(sluice) as server:
        code = ADD + "result = [spark.range(0, 4, 1, 4).select(add('id').alias('x')).agg({'x': 'sum'}).collect()[0][0] for _ in range(20)]\n"
        assert server.run(code) == [10] * 20
        pid = server.process.pid
        # The daemon and a worker for each thread at most.
        processes = children(pid)
        assert 2 <= len(processes) <= 3, processes
        os.kill(pid, signal.SIGKILL)
        server.process.wait()
        assert connect.eventually(lambda: not any(connect.alive(process) for process in processes), 20)
        server.process = type("Gone", (), {"poll": lambda self: None, "kill": lambda self: None, "wait": lambda self: None})()


def test_a_killed_worker_ends_its_task_and_is_replaced(sluice, tmp_path):
    with server_of(sluice) as server:
        program = server.program(ADD + """
import os, time
from pyspark.errors import PySparkException
slow = udf(lambda x: open(started, "w").close() or time.sleep(30) or x, "long")
def attempt():
    try:
        return spark.range(1).select(slow("id")).collect()
    except PySparkException as error:
        return [type(error).__name__, "exited unexpectedly" in str(error)]
first = [r[0] for r in spark.range(2).select(add("id")).collect()]
failed = attempt()
while not os.path.exists(killed):
    time.sleep(0.05)
result = [first, failed, [r[0] for r in spark.range(2).select(add("id")).collect()]]
""", started=str(tmp_path / "started"), killed=str(tmp_path / "killed"))
        assert connect.eventually((tmp_path / "started").exists, 60)
        # Every worker, but for the daemon: the child of the engine itself.
        workers = [child for child in children(server.process.pid)
                   if int(Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()[1]) != server.process.pid]
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        # Until a killed process has come to its end it looks like one that waits.
        assert connect.eventually(lambda: not any(connect.alive(worker) for worker in workers), 60)
        (tmp_path / "killed").touch()
        assert program.wait() == [[1, 2], ["SparkException", True], [1, 2]]


def test_a_killed_daemon_is_replaced(sluice):
    with server_of(sluice) as server:
        code = ADD + "result = [r[0] for r in spark.range(2).select(add('id')).collect()]\n"
        assert server.run(code) == [1, 2]
        for child in children(server.process.pid):
            os.kill(child, signal.SIGKILL)
        assert server.run(code) == [1, 2]


def test_an_interrupted_query_gives_its_worker_up(sluice):
    with server_of(sluice) as server:
        code = ADD + """
import threading
from pyspark.errors import PySparkException
slow = udf(lambda x: time.sleep(60) or x, "long")
def run(out):
    try:
        spark.range(1).select(slow("id")).collect()
    except PySparkException as error:
        out.append(error.getCondition())
out = []
thread = threading.Thread(target=run, args=(out,))
thread.start()
time.sleep(5)
began = time.monotonic()
spark.interruptAll()
thread.join(30)
result = [out, time.monotonic() - began < 10, [r[0] for r in spark.range(2).select(add("id")).collect()]]
"""
        assert server.run(code) == [["OPERATION_CANCELED"], True, [1, 2]]


def test_python_that_is_not_there(sluice):
    with connect.Server(sluice, SETTINGS, environment={"PYSPARK_PYTHON": "/no/such/python"}) as server:
        code = ADD + """
from pyspark.errors import PySparkException
try:
    result = spark.range(1).select(add("id")).collect()
except PySparkException as error:
    result = [type(error).__name__, error.getCondition(), "/no/such/python" in str(error)]
"""
        assert server.run(code) == ["SparkException", "PYTHON_WORKERS_NOT_STARTED", True]


def test_what_functions_print_goes_to_standard_error(server):
    code = "from pyspark.sql.functions import udf\nresult = spark.range(1).select(udf(lambda x: print('printed by a function') or 1, 'int')('id')).collect()[0][0]\n"
    assert server.run(code) == 1
    assert connect.eventually(lambda: "printed by a function" in server.errors(), 10)


def test_many_tasks_share_few_workers(sluice):
    with server_of(sluice, {"sluice.python.maxWorkers": "2"}) as server:
        code = ADD + "result = spark.range(0, 1000, 1, 50).select(add('id').alias('x')).agg({'x': 'sum'}).collect()[0][0]\n"
        assert server.run(code) == 500500
