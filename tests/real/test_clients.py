"""PySpark clients of other versions on `sluice server`: each runs the same program in an environment of its own."""
import pytest

from support import connect, parts

PROGRAM = """
import pyspark, re
from pyspark.errors import PySparkException
from pyspark.sql import Observation, Window, functions as F

people = spark.createDataFrame([("Ann", 36, "Rome"), ("Bob", None, "Oslo"), ("Cid", 29, "Rome")], "name STRING, age INT, city STRING")
people.createOrReplaceTempView("people")

def condition(call):
    try:
        call()
    except PySparkException as error:
        return [type(error).__name__, re.search(r"\\[([A-Z_.]+)]", str(error)).group(1)]

stream = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", servers).option("subscribe", topic)
          .option("startingOffsets", "earliest").load().selectExpr("cast(value AS STRING) AS value"))
query = stream.writeStream.format("memory").queryName("seen").trigger(availableNow=True).start()
ended = query.awaitTermination(60)
result = {
    "version": pyspark.__version__,
    "rows": [list(row) for row in people.orderBy("name").collect()],
    "pandas": people.groupBy("city").count().orderBy("city").toPandas().values.tolist(),
    "window": [row.r for row in people.select(F.row_number().over(Window.orderBy("name")).alias("r")).collect()],
    "sql": spark.sql("SELECT sum(age) AS s FROM people WHERE city = :city", {"city": "Rome"}).collect()[0].s,
    "types": people.schema.simpleString(),
    "many": spark.range(0, 300000).selectExpr("sum(id) AS s").collect()[0].s,
    "big": sum(row.id for row in spark.range(100000).toLocalIterator()),
    "conf": [spark.conf.get("spark.sql.session.timeZone"), spark.version],
    "tables": sorted(table.name for table in spark.catalog.listTables()),
    "errors": [condition(lambda: people.select("nope").collect()), condition(lambda: spark.sql("SELECT 1 / 0").collect()),
               condition(lambda: spark.sql("SELEC 1"))],
    "stream": [ended, sorted(row[0] for row in spark.table("seen").collect()), query.isActive,
               query.lastProgress["numInputRows"] if query.lastProgress else None],
}
"""

ANSWER = {
    "rows": [["Ann", 36, "Rome"], ["Bob", None, "Oslo"], ["Cid", 29, "Rome"]], "pandas": [["Oslo", 1], ["Rome", 2]], "window": [1, 2, 3],
    "sql": 65, "types": "struct<name:string,age:int,city:string>", "many": 44999850000, "big": 4999950000, "conf": ["UTC", "4.1.1"],
    "tables": ["people", "seen"], "errors": [["AnalysisException", "UNRESOLVED_COLUMN.WITH_SUGGESTION"], ["ArithmeticException", "DIVIDE_BY_ZERO"],
                                    ["ParseException", "PARSE_SYNTAX_ERROR"]],
    "stream": [True, ["a", "b"], False, 2]}


@pytest.fixture(scope="module")
def topic(kafka):
    kafka.create_topic("clients", 1)
    kafka.produce("clients", ["a", "b"])
    return "clients"


@pytest.mark.parametrize("version", parts.clients())
def test_client(sluice, kafka, topic, version):
    with connect.Server(sluice) as server:
        found = server.run(PROGRAM, python=parts.client_python(version), servers=kafka.bootstrap, topic=topic)
    assert found == {"version": version, **ANSWER}
