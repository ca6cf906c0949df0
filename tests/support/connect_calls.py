"""Calls of PySpark over Spark Connect and what they answer, on real Spark (recorded) or on Sluice.

answers(spark) gives {call: answer}: ["value", ...] or ["error", exception class, condition, SQLSTATE, message parameters].
What a call does to the session stays for those after it.
"""
import json
from pathlib import Path

ANSWERS = Path(__file__).resolve().parent.parent / "real" / "data" / "connect_calls.json"

# A statement whose rows are asked for.
STATEMENTS = """
SELECT nope
selec 1
SELECT
SELECT * FROM missing
SELECT * FROM nocatalog.db.t
SELECT nofunction(1)
SELECT 1/0
SELECT 1 % 0
SELECT cast('x' AS INT)
SELECT cast('x' AS DATE)
SELECT cast('x' AS TIMESTAMP)
SELECT cast('x' AS BOOLEAN)
SELECT cast(300 AS TINYINT)
SELECT 127Y + 1Y
SELECT 9223372036854775807 + 1
SELECT array(1, 2)[5]
SELECT element_at(array(1, 2), 5)
SELECT element_at(array(1, 2), 0)
SELECT element_at(map('a', 1), 'b')
SELECT map('a', 1, 'a', 2)
SELECT to_date('2020-13-01', 'yyyy-MM-dd')
SELECT make_date(2020, 13, 1)
SELECT to_timestamp('x', 'yyyy')
SELECT raise_error('boom')
SELECT assert_true(false)
SELECT (SELECT * FROM VALUES (1), (2))
SELECT a, count(*) FROM VALUES (1) AS t(a)
SELECT sum(a) FROM VALUES (1) AS t(a) WHERE sum(a) > 1
SELECT a + 'x' FROM VALUES (1) AS t(a)
SELECT 1 + array(1)
SELECT upper(1, 2)
SELECT a FROM VALUES (1) AS t(a), VALUES (2) AS u(a)
SELECT 1 UNION SELECT 1, 2
SELECT CAST(1 AS nosuchtype)
SELECT INTERVAL 'x' DAY
SELECT DATE 'x'
SELECT * FROM range(1) LIMIT -1
SELECT explode(array(1)), explode(array(2))
SELECT from_json('{', 'a INT', map('mode', 'FAILFAST'))
SELECT decode(X'FF', 'nocharset')
SELECT to_number('x', '999')
SELECT regexp_replace('a', '(', 'b')
SELECT conv('9', 1000, 10)
SELECT rlike('a', '[')
SELECT * FROM VALUES (1) AS t(a) ORDER BY b
SELECT a AS x FROM VALUES (1) AS t(a) GROUP BY y
SELECT row_number() FROM VALUES (1) AS t(a)
INSERT INTO missing VALUES (1)
DROP TABLE missing
DROP VIEW missing
CREATE TABLE nocatalog.db.t (a INT)
USE missing_namespace
SET spark.sql.ansi.enabled = maybe
SET spark.sql.warehouse.dir = /x
DESCRIBE missing
SHOW TABLES IN missing_namespace
SELECT 32767S * 2S
SELECT elt(5, 'a', 'b')
SELECT a FROM VALUES (1) AS t(a) WHERE sum(a) > 1 AND max(a) = 2L
SELECT a FROM VALUES (1) AS t(a) WHERE cast(sum(a) AS STRING) = 1
SELECT rank() FROM VALUES (1) AS t(a)
SELECT lag(a) FROM VALUES (1) AS t(a)
SELECT lead(a, 2, 7) FROM VALUES (1) AS t(a)
SELECT assert_true(t.a IS NULL) FROM VALUES (1) AS t(a)
SELECT assert_true(a = 'x') FROM VALUES ('y') AS t(a)
SELECT assert_true(cast(null as boolean))
SELECT to_date('2020-02-30', 'yyyy-MM-dd')
SELECT to_date('2020-01-32', 'yyyy-MM-dd')
SELECT to_date('2020-1-3', 'yyyy-MM-dd')
SELECT to_date('2020-01-03x', 'yyyy-MM-dd')
SELECT to_timestamp('2020-13-01 25:00', 'yyyy-MM-dd HH:mm')
SELECT to_timestamp('2020-01-01 10:11', 'yyyy-MM-dd HH:mm[:ss][X]:')
SELECT to_timestamp('2020-01-01 13:11:01 PM', 'yyyy-MM-dd hh:mm:ss a')
SELECT to_timestamp('2021-02-29', 'yyyy-MM-dd')
SELECT to_timestamp('2021-366', 'yyyy-DDD')
SELECT to_timestamp('Foo 2020', 'MMM yyyy')
SELECT to_timestamp('a12345678901234567890123456789012345678901234567890123456789012345', 'yyyy')
SELECT unix_timestamp('10000', 'yyyy')
SELECT t.b FROM VALUES (1, 2) AS t(a, c)
SELECT b FROM VALUES (1) AS t(a), VALUES (1) AS u(x)
SELECT x.y.z FROM VALUES (1) AS t(a)
SELECT bananas FROM VALUES (1, 2, 3) AS t(apples, banana, oranges)
SELECT id % 2 AS k, explode(collect_list(id)) AS e FROM range(4) GROUP BY id % 2 ORDER BY e
CREATE TEMP VIEW twice AS SELECT 1 AS a, 2 AS A
CREATE TEMP VIEW shown AS SELECT 1 AS a
INSERT INTO shown VALUES (1)
DROP TABLE shown
SELECT * FROM shown
DROP VIEW nowhere.missing
SET spark.driver.memory = 1g
RESET spark.driver.memory
""".strip().splitlines()

# Python with `spark`.
EXPRESSIONS = """
spark.version
spark.conf.get("spark.sql.ansi.enabled")
spark.conf.get("spark.sql.shuffle.partitions")
spark.conf.get("no.such.key")
spark.conf.get("no.such.key", "x")
spark.conf.get("no.such.key", None)
spark.conf.get("spark.sql.ansi.enabled", "other")
spark.conf.set("spark.sql.shuffle.partitions", 7)
spark.conf.get("spark.sql.shuffle.partitions")
spark.conf.get("spark.sql.shuffle.partitions", "other")
spark.conf.unset("spark.sql.shuffle.partitions")
spark.conf.unset("no.such.key")
spark.conf.set("my.own.key", True)
spark.conf.get("my.own.key")
spark.conf.unset("my.own.key")
spark.conf.get("my.own.key")
spark.conf.set("spark.sql.ansi.enabled", "maybe")
spark.conf.set("spark.sql.shuffle.partitions", "many")
spark.conf.set("spark.sql.session.timeZone", "Nowhere/Here")
spark.conf.set("spark.sql.warehouse.dir", "/x")
spark.conf.set("spark.driver.memory", "1g")
spark.conf.unset("spark.driver.memory")
spark.conf.set("spark.sql.streaming.ui.enabled", "true")
spark.conf.isModifiable("spark.driver.memory")
spark.conf.isModifiable("spark.sql.ansi.enabled")
spark.conf.isModifiable("spark.sql.warehouse.dir")
spark.conf.isModifiable("no.such.key")
spark.table("missing")
spark.table("missing").schema
spark.read.format("nosuchformat").load().schema
spark.range(3).select("nope").collect()
spark.range(3).isStreaming
spark.range(3).isLocal()
spark.sql("SELECT 1 AS a").columns
spark.sql("SELECT :x + 1 AS a", {"x": 2}).collect()[0][0]
spark.sql("SELECT ? + 1 AS a", [3]).collect()[0][0]
spark.sql("SELECT :x").collect()
spark.sql("SHOW NAMESPACES").columns
spark.range(3).storageLevel.useMemory
spark.range(3).persist().storageLevel.useMemory
spark.range(3).unpersist().storageLevel.useMemory
spark.range(3).sameSemantics(spark.range(3))
spark.range(3).sameSemantics(spark.range(4))
spark.range(3).semanticHash() == spark.range(3).semanticHash()
spark.range(3).checkpoint().count()
spark.range(3).localCheckpoint().count()
spark.range(3).createTempView("v")
spark.range(3).createTempView("v")
spark.range(4).createOrReplaceTempView("v")
spark.table("v").count()
spark.range(3).createTempView("a.b")
spark.table("a.b").count()
spark.table("b").count()
spark.range(3).createGlobalTempView("g")
spark.table("global_temp.g").count()
spark.range(3).writeStream.format("console").start()
spark.range(3).writeTo("missing_namespace.t").append()
spark.range(3).write.insertInto("missing")
spark.range(3).write.mode("nomode")
spark.range(3).write.format("nosuchformat").save("/x")
spark.streams.active
spark.streams.get("00112233-4455-6677-8899-aabbccddeeff")
spark.createDataFrame([(1, "a")], "x INT, y STRING").schema.simpleString()
spark.createDataFrame([(None,)], "x INT NOT NULL").collect()
""".strip().splitlines()


def plain(value):
    if isinstance(value, (str, int, float, bool, type(None))):
        return value
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return type(value).__name__


def answer(call):
    from pyspark.errors import PySparkException
    try:
        return ["value", plain(call())]
    except PySparkException as error:
        parameters = error.getMessageParameters()
        return ["error", type(error).__name__, error.getCondition(), error.getSqlState(), parameters and dict(sorted(parameters.items()))]


def answers(spark):
    out = {}
    for statement in STATEMENTS:
        out[statement] = answer(lambda: [list(row) for row in spark.sql(statement).collect()])
    for number, expression in enumerate(EXPRESSIONS):
        key = expression if expression not in out else f"{expression}  # {number}"
        out[key] = answer(lambda: eval(expression, {"spark": spark}))
    return out


def write(found):
    lines = [f"{json.dumps(call)}: {json.dumps(value)}" for call, value in found.items()]
    ANSWERS.write_text("{\n" + ",\n".join(lines) + "\n}\n")
