"""PySpark on `sluice server`: what it answers, compared with real Spark; streams; errors; operations."""
import json

import pytest
from support import connect, connect_calls

# Where Sluice is known to answer otherwise, and how.
DIFFERENT = {}


@pytest.fixture(scope="module")
def server(sluice):
    with connect.Server(sluice) as server:
        yield server


@pytest.fixture(scope="module")
def answers(server):
    return server.run("from support import connect_calls\nresult = connect_calls.answers(spark)\n")


RECORDED = json.loads(connect_calls.ANSWERS.read_text())


@pytest.mark.parametrize("call", RECORDED)
def test_answers_as_spark(answers, call):
    assert answers[call] == RECORDED[call]


def test_large_results_keep_their_order(server):
    code = """
table = spark.range(0, 1_000_000, 1, 16).selectExpr("id", "cast(id AS STRING) AS s").toArrow()
ids = table["id"].to_pylist()
result = [table.num_rows, ids == list(range(1_000_000)), table["s"][999_999].as_py(), table.schema.names]
"""
    assert server.run(code) == [1_000_000, True, "999999", ["id", "s"]]


def test_a_client_that_reads_slowly_pauses_its_own_query_only(server):
    code = """
rows = spark.range(40_000_000).toLocalIterator()
first = next(rows)[0]
began = time.monotonic()
counts = [spark.range(1000).count() for _ in range(20)]
result = [first, counts == [1000] * 20, time.monotonic() - began]
"""
    before = server.status("VmRSS")
    first, right, seconds = server.run(code)
    assert (first, right) == (0, True)
    assert seconds < 10
    # 320 MB of rows, of which some megabytes wait.
    assert server.status("VmRSS") - before < 200_000


def test_interrupt_by_tag_id_and_all(server):
    code = """
from pyspark.errors import PySparkException
def long_query(tag, out):
    spark.addTag(tag)
    try:
        spark.range(0, 10**13).selectExpr("sum(id * id % 7)").collect()
        out.append("done")
    except PySparkException as error:
        out.append([error.getCondition(), error.getSqlState()])
def run(interrupt, tags):
    out, threads = [], []
    for tag in tags:
        threads.append(threading.Thread(target=long_query, args=(tag, out)))
        threads[-1].start()
    time.sleep(1)
    ids = interrupt()
    for thread in threads:
        thread.join(20)
    return [len(ids), out]
result = [run(lambda: spark.interruptTag("a"), ["a", "a"]), run(spark.interruptAll, ["b", "c"]), spark.interruptTag("gone"),
          spark.range(3).count()]
"""
    canceled = ["OPERATION_CANCELED", "HY008"]
    assert server.run(code) == [[2, [canceled] * 2], [2, [canceled] * 2], [], 3]


def test_sessions_are_apart_and_clones_begin_alike(server):
    code = """
spark.conf.set("my.key", "1")
spark.range(3).createOrReplaceTempView("v")
clone = spark.cloneSession()
clone.conf.set("my.key", "2")
clone.range(5).createOrReplaceTempView("v")
result = [spark.conf.get("my.key"), spark.table("v").count(), clone.conf.get("my.key"), clone.table("v").count()]
clone.client.release_session()
result.append(spark.table("v").count())
"""
    assert server.run(code) == ["1", 3, "2", 5, 3]


def test_a_stopped_session_does_not_come_back(server):
    code = """
from pyspark.errors import PySparkException
spark.client.release_session()
try:
    spark.range(1).collect()
except PySparkException as error:
    result = error.getCondition()
"""
    assert server.run(code) == "INVALID_HANDLE.SESSION_CLOSED"


def test_large_local_data_is_sent_ahead(server):
    code = """
import pandas
frame = pandas.DataFrame({"n": range(400_000), "s": [f"text {i}" for i in range(400_000)]})
df = spark.createDataFrame(frame)
result = [df.count(), df.selectExpr("sum(n)").collect()[0][0], df.filter("n = 399999").collect()[0][1]]
"""
    assert server.run(code) == [400_000, sum(range(400_000)), "text 399999"]


def test_features_to_come_are_refused_by_name(server):
    code = """
import shutil
from pyspark.errors import PySparkException
from pyspark.sql.datasource import DataSource
def refused(call):
    try:
        call()
    except PySparkException as error:
        return [error.getCondition(), error.getMessageParameters().get("feature", "")]
class Mine(DataSource):
    pass
archive = shutil.make_archive(os.path.join(os.path.dirname(__file__), "archive"), "zip", os.path.dirname(__file__), "program.py")
result = [refused(lambda: spark.dataSource.register(Mine)),
          refused(lambda: spark.udf.registerJavaFunction("f", "com.example.F")),
          refused(lambda: spark.addArtifact(archive, archive=True))]
"""
    for (condition, feature), name in zip(server.run(code), ["Python data source", "Java", "artifact archives/"]):
        assert condition == "UNSUPPORTED_FEATURE"
        assert name in feature
