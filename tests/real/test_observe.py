"""DataFrame.observe: what real Spark observes, Sluice observes; so do clients of every version, and streams."""
import json
import os

import pytest

from support import connect, parts
from support import spark as real_spark

CALLS = """
from datetime import datetime
from pyspark.sql import Observation, functions as F
from support.file_calls import answer, plain

rows = spark.range(0, 1000, 1, 4).selectExpr("id", "id % 7 AS g", "CAST(id AS STRING) AS s", "CAST(id / 4 AS DECIMAL(10, 2)) AS d", "timestamp_micros(id) AS t", "IF(id % 2 = 0, id, NULL) AS n")
def seen(make, act=lambda df: df.collect()):
    observation = Observation()
    act(make(observation))
    return plain(observation.get)
count = lambda: F.count(F.lit(1)).alias("rows")
def two(name):
    first, second = Observation("first"), Observation(name)
    rows.observe(first, count()).where("id < 10").observe(second, count(), F.sum("id").alias("total")).collect()
    return [plain(first.get), plain(second.get)]
cases = {
    "types": lambda: seen(lambda o: rows.observe(o, count(), F.sum("id").alias("sum"), F.avg("d").alias("avg"), F.min("s").alias("min"), F.max("t").alias("max"), F.sum("d").alias("dec"),
                          F.count("n").alias("n"), (F.max("id") - F.min("id") + 1).alias("span"), F.lit(7).alias("seven"), F.max("id").cast("double").alias("dbl"))),
    "no names": lambda: seen(lambda o: rows.observe(o, F.count(F.lit(1)), F.max("id"))),
    "nothing": lambda: seen(lambda o: rows.where("id < 0").observe(o, count(), F.sum("id").alias("s"))),
    "below a filter": lambda: seen(lambda o: rows.observe(o, count()).where("g = 1")),
    "above a filter": lambda: seen(lambda o: rows.where("g = 1").observe(o, count())),
    "below an aggregate": lambda: seen(lambda o: rows.observe(o, count(), F.max("s").alias("m")).groupBy("g").count()),
    "above an aggregate": lambda: seen(lambda o: rows.groupBy("g").count().observe(o, count(), F.sum("count").alias("c"))),
    "below a count": lambda: seen(lambda o: rows.observe(o, count()), lambda df: df.count()),
    "below a select": lambda: seen(lambda o: rows.observe(o, F.sum("id").alias("s")).select("g")),
    "of a join": lambda: seen(lambda o: rows.join(rows.observe(o, count()).where("id < 3").withColumnRenamed("id", "i"), F.col("i") == rows.id).observe("other", count())),
    "written": lambda: seen(lambda o: rows.observe(o, count()), lambda df: df.write.format("noop").mode("overwrite").save()),
    "rows": lambda: [len(rows.observe("x", count()).collect()), rows.observe("x", count()).schema.simpleString()],
    "two": lambda: two("second"),
    "DISTINCT": lambda: seen(lambda o: rows.observe(o, F.count_distinct("g").alias("x"))),
    "a column": lambda: seen(lambda o: rows.observe(o, F.col("g"))),
    "no such column": lambda: seen(lambda o: rows.observe(o, F.sum("zz"))),
    "a window": lambda: seen(lambda o: rows.observe(o, F.expr("sum(id) OVER ()"))),
    "FILTER": lambda: seen(lambda o: rows.observe(o, F.expr("count(*) FILTER (WHERE id > 3)"))),
}
result = {label: answer(label, call) for label, call in cases.items()}
"""


@pytest.fixture(scope="module")
def server(sluice):
    with connect.Server(sluice, {"spark.master": "local[2]"}) as server:
        yield server


def test_every_call_answers_as_spark(server, spark):
    theirs, ours = real_spark.answer(spark, CALLS), server.run(CALLS)
    wrong = [f"{label}\n  Spark:  {json.dumps(theirs[label])}\n  Sluice: {json.dumps(ours.get(label))}"
             for label in theirs if theirs[label] != ours.get(label)]
    assert not wrong, f"{len(wrong)} of {len(theirs)}:\n" + "\n".join(wrong)


STREAM = """
from pyspark.sql import functions as F
def run(name, change, mode):
    df = change(spark.readStream.schema("v long").option("maxFilesPerTrigger", 1).json(f"{root}/in"))
    query = df.writeStream.format("noop").outputMode(mode).option("checkpointLocation", f"{root}/{me}-{name}").trigger(availableNow=True).start()
    query.awaitTermination()
    return [[p["batchId"], p.get("observedMetrics")] for p in (json.loads(p.json) for p in query.recentProgress) if p["numInputRows"] > 0]
count = F.count(F.lit(1)).alias("rows")
result = {
    "rows": run("rows", lambda df: df.observe("in", count, F.sum("v").alias("sum"), F.max(F.col("v").cast("string")).alias("text"), F.sum(F.lit(None).cast("int")).alias("none"),
                                              F.max(F.timestamp_micros("v")).alias("t")).where("v > 2").observe("out", count), "append"),
    "groups": run("groups", lambda df: df.observe("in", count).groupBy((F.col("v") % 2).alias("k")).count().observe("out", F.sum("count").alias("c")), "complete"),
    "none": run("none", lambda df: df, "append"),
}
"""


def test_progress_of_streams_as_spark(server, spark, tmp_path):
    (tmp_path / "in").mkdir()
    for i in range(3):
        path = tmp_path / "in" / f"{i}.json"
        path.write_text("".join(f'{{"v":{i * 3 + n}}}\n' for n in range(4)))
        os.utime(path, (1_700_000_000 + i, 1_700_000_000 + i))
    code = "import json\n" + STREAM
    assert server.run(code, root=str(tmp_path), me="sluice") == real_spark.answer(spark, code, root=str(tmp_path), me="spark")


@pytest.mark.parametrize("version", [version for version in parts.clients() if version >= "4"])  # PySpark 3.5 has no Observation here
def test_clients_observe(server, version):
    code = ("from pyspark.sql import Observation, functions as F\nobservation = Observation('o')\n"
            "spark.range(10).observe(observation, F.count(F.lit(1)).alias('n'), F.max('id').alias('m')).collect()\nresult = observation.get")
    assert server.run(code, python=parts.client_python(version)) == {"n": 10, "m": 9}
