"""StreamingQuery, spark.streams and listeners of PySpark on `sluice server`."""
import pytest
from support import connect


@pytest.fixture(scope="module")
def server(sluice):
    with connect.Server(sluice) as server:
        yield server


@pytest.fixture()
def topic(kafka, request):
    name = request.node.name.replace("[", "-").replace("]", "")
    kafka.create_topic(name, 1)
    return name


SOURCE = """
def produce(*values):
    spark.createDataFrame([(v,) for v in values], "value STRING").write.format("kafka") \\
        .option("kafka.bootstrap.servers", servers).option("topic", topic).save()
source = spark.readStream.format("kafka").option("kafka.bootstrap.servers", servers).option("subscribe", topic) \\
    .option("startingOffsets", "earliest").load().selectExpr("cast(value AS STRING) AS value", "offset")
"""


def test_a_query_from_start_to_stop(server, kafka, topic):
    code = SOURCE + """
produce("a", "b")
query = source.writeStream.format("memory").queryName("seen").start()
query.processAllAvailable()
produce("c")
query.processAllAvailable()
found = spark.streams.get(query.id)
result = {
    "rows": sorted(row[0] for row in spark.table("seen").collect()), "name": query.name, "active": query.isActive,
    "found": [found.id == query.id, found.runId == query.runId], "all": [q.name for q in spark.streams.active],
    "batches": [p.numInputRows for p in query.recentProgress], "last": query.lastProgress.batchId,
    "source": query.lastProgress.sources[0].description, "status": sorted(query.status), "timeout": query.awaitTermination(0.3)}
query.stop()
result["after"] = [query.isActive, query.exception(), query.awaitTermination(5), spark.streams.get(query.id), spark.streams.active,
                   len(query.recentProgress)]
"""
    found = server.run(code, servers=kafka.bootstrap, topic=topic)
    assert found == {
        "rows": ["a", "b", "c"], "name": "seen", "active": True, "found": [True, True], "all": ["seen"], "batches": [2, 1], "last": 1,
        "source": f"KafkaV2[Subscribe[{topic}]]", "status": ["isDataAvailable", "isTriggerActive", "message"], "timeout": False,
        "after": [False, None, True, None, [], 2]}


def test_a_failing_query_says_why(server, kafka, topic):
    code = SOURCE + """
from pyspark.errors import StreamingQueryException
produce("x")
query = source.selectExpr("cast(value AS INT)").writeStream.format("noop").start()
result = []
for wait in (lambda: query.awaitTermination(), lambda: spark.streams.awaitAnyTermination(5)):
    try:
        wait()
    except StreamingQueryException as error:
        result.append([error.getCondition(), "CAST_INVALID_INPUT" in str(error)])
result.append("CAST_INVALID_INPUT" in str(query.exception()))
spark.streams.resetTerminated()
result.append(spark.streams.awaitAnyTermination(0.2))
"""
    assert server.run(code, servers=kafka.bootstrap, topic=topic) == [["STREAM_FAILED", True], ["STREAM_FAILED", True], True, False]


def test_triggers_modes_and_what_is_refused(server, kafka, topic):
    code = SOURCE + """
from pyspark.errors import PySparkException
produce("a")
def start(build):
    query = build(source.writeStream.format("noop")).start()
    ended = query.awaitTermination(20)
    query.stop()
    return ended
def refused(call):
    try:
        call()
    except PySparkException as error:
        return [type(error).__name__, error.getCondition()]
result = [
    start(lambda w: w.trigger(availableNow=True)), start(lambda w: w.trigger(once=True)),
    refused(lambda: source.writeStream.format("noop").trigger(continuous="1 second").start()),
    refused(lambda: source.writeStream.format("noop").outputMode("complete").start()),
    refused(lambda: source.writeStream.format("nosuchformat").start()),
    refused(lambda: source.collect()), refused(lambda: spark.range(1).writeStream.format("noop").start())]
"""
    assert server.run(code, servers=kafka.bootstrap, topic=topic) == [
        True, True, ["UnsupportedOperationException", "UNSUPPORTED_FEATURE"],
        ["AnalysisException", "STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION"], ["UnknownException", "DATA_SOURCE_NOT_FOUND"],
        ["AnalysisException", "_LEGACY_ERROR_TEMP_3102"],
        ["AnalysisException", "WRITE_STREAM_NOT_ALLOWED"]]


def test_listeners_hear_of_queries(server, kafka, topic):
    code = SOURCE + """
from pyspark.sql.streaming import StreamingQueryListener
events = []
class Listener(StreamingQueryListener):
    def onQueryStarted(self, event): events.append(["started", event.name])
    def onQueryProgress(self, event): events.append(["progress", event.progress.batchId, event.progress.numInputRows])
    def onQueryIdle(self, event): events.append(["idle"])
    def onQueryTerminated(self, event): events.append(["terminated", event.exception and event.errorClassOnException])
listener = Listener()
before = source.writeStream.format("noop").queryName("before").start()
before.processAllAvailable()  # the first batch runs without rows
spark.streams.addListener(listener)
produce("a", "b")
before.processAllAvailable()
before.stop()
query = source.writeStream.format("noop").queryName("named").trigger(availableNow=True).start()
query.awaitTermination()
failing = source.selectExpr("cast(value AS INT)").writeStream.format("noop").start()
try:
    failing.awaitTermination()
except Exception:
    pass
time.sleep(1)
spark.streams.removeListener(listener)
after = source.writeStream.format("noop").trigger(availableNow=True).start()
after.awaitTermination()
result = [event for event in events if event != ["idle"]]
"""
    assert server.run(code, servers=kafka.bootstrap, topic=topic) == [
        ["progress", 1, 2], ["terminated", None], ["started", "named"], ["progress", 0, 2], ["terminated", None],
        ["started", None], ["terminated", "CAST_INVALID_INPUT"]]


def test_a_cell_that_runs_again(server, tmp_path):
    code = """
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
def cell(session=spark):
    return session.readStream.format("rate").load().writeStream.format("noop").option("checkpointLocation", checkpoint).start()
first = cell()
second = cell()
result = [first.isActive, first.exception(), second.isActive, first.id == second.id, first.runId == second.runId]
other = SparkSession.builder.remote(url).create()
third = cell(other)
result += [second.isActive, third.isActive]
spark.conf.set("spark.sql.streaming.stopActiveRunOnRestart", "false")
try:
    cell()
except PySparkException as error:
    result.append(error.getCondition())
result.append(third.isActive)
third.stop()
"""
    assert server.run(code, checkpoint=tmp_path / "checkpoint") == [
        False, None, True, True, False, False, True, "CONCURRENT_QUERY", True]
