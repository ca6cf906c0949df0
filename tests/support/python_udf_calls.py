"""Cases of python_calls: functions of a row."""
import datetime
import decimal
import sys

from pyspark import cloudpickle
from pyspark.errors import PySparkException
from pyspark.sql import Row
from pyspark.sql import functions as F
from pyspark.sql.functions import col, lit, pandas_udf, udf
from pyspark.sql.types import (ArrayType, BinaryType, BooleanType, ByteType, DateType, DecimalType, DoubleType, FloatType,
                               IntegerType, LongType, MapType, ShortType, StringType, StructField, StructType, TimestampType)

from support.python_calls import CASES, answer, case, plain, rows

# Workers do not have this module.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


# ---- udf -------------------------------------------------------------------------------------------------------------

VALUES = """SELECT * FROM VALUES
 (1, 'a', 1.5D, true, DATE '2024-02-29', TIMESTAMP '2024-02-29 12:34:56.789012', 12.34, X'0102', array(1, 2), map('k', 1),
  named_struct('x', 1, 'y', 'z'), TIMESTAMP_NTZ '2024-01-01 00:00:00', INTERVAL '1' DAY, 3Y, 4S, 5L, CAST(2.5 AS FLOAT)),
 (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
 AS t(i, s, d, b, dt, ts, dec, bin, arr, m, st, ntz, itv, by, sh, l, f)"""


@case
def udf_types_in(spark):
    frame = spark.sql(VALUES)
    show = udf(lambda v: f"{type(v).__name__} {v!r}")
    return rows(frame.select(*[show(name).alias(name) for name in frame.columns]))


@case
def udf_types_in_arrow(spark):
    frame = spark.sql(VALUES)
    show = udf(lambda v: f"{type(v).__name__} {v!r}", useArrow=True)
    return rows(frame.select(*[show(name).alias(name) for name in frame.columns]))


RETURNS = [1, 2**40, 2**70, -3, True, 1.5, float("nan"), "x", "12", b"ab", bytearray(b"cd"), None, decimal.Decimal("1.25"),
           datetime.date(2020, 1, 2), datetime.datetime(2020, 1, 2, 3, 4, 5, 6), [1, 2], [1, None], ["a"], (1, "b"), {"k": 1},
           Row(x=1, y="r"), {"x": 5, "y": "d"}, datetime.timedelta(days=1, seconds=2), (1, 2, 3), {1, 2}, 1e30, 300]
TYPES = [StringType(), IntegerType(), LongType(), ShortType(), ByteType(), DoubleType(), FloatType(), BooleanType(), DateType(),
         TimestampType(), DecimalType(10, 2), DecimalType(38, 18), BinaryType(), ArrayType(IntegerType()), ArrayType(StringType()),
         MapType(StringType(), IntegerType()),
         StructType([StructField("x", IntegerType()), StructField("y", StringType())])]


def returning(type_, arrow):
    def run(spark):
        values = RETURNS
        if not arrow:
            # All at once, where none of them is an error.
            function = udf(lambda i: values[i], type_)
            try:
                frame = spark.range(len(values)).select("id", function("id").alias("r"))
                found = [["value", plain(row.r)] for row in sorted(frame.collect(), key=lambda row: row.id)]
                return list(map(comparable, found))
            except PySparkException:
                pass
        found = []
        for value in values:
            function = udf(lambda _: value, type_, useArrow=arrow)
            found.append(answer(lambda s: s.range(1).select(function("id").alias("r")).collect()[0][0], spark))
        return list(map(comparable, found))
    return run


def comparable(found):
    """What Java makes of an object's name and identity differs from run to run."""
    return found if "@" not in str(found) and "Calendar" not in str(found) else "an object"


for _type in TYPES:
    _name = "udf_returns_" + _type.simpleString()
    CASES[_name] = returning(_type, False)
    if _type in (StringType(), IntegerType(), DoubleType(), DateType(), ArrayType(IntegerType())):
        CASES[_name + "_arrow"] = returning(_type, True)


@case
def udf_names_and_nesting(spark):
    @udf("int")
    def plusOne(x):
        return None if x is None else x + 1
    twice = udf(lambda x: x * 2, "int")
    frame = spark.range(3).select(plusOne("id"), twice(plusOne("id")), plusOne(twice("id")) + 1, plusOne(col("id") + 1), plusOne(lit(1)))
    return [frame.columns, frame.schema.simpleString(), rows(frame)]


@case
def udf_in_clauses(spark):
    odd = udf(lambda x: x % 2 == 1, "boolean")
    key = udf(lambda x: -x, "long")
    frame = spark.range(10)
    return [rows(frame.filter(odd("id"))), [r[0] for r in frame.orderBy(key("id")).limit(3).collect()],
            rows(frame.groupBy(odd("id").alias("o")).agg(F.sum(key("id")).alias("s"))),
            rows(frame.select(F.when(odd("id"), key("id")).otherwise(lit(0)).alias("w"))),
            rows(frame.alias("a").join(frame.alias("b"), odd(col("a.id") + col("b.id")) & (col("a.id") < 2) & (col("b.id") < 2)))]


@case
def udf_keyword_arguments(spark):
    minus = udf(lambda a, b: a - b, "long")
    spark.udf.register("minus", minus)
    frame = spark.range(5, 6)
    return [rows(frame.select(minus(b=col("id"), a=lit(1)), minus("id", b=lit(2)))),
            rows(spark.sql("SELECT minus(b => 1, a => 5), minus(3, b => 1)"))]


@case
def udf_no_arguments(spark):
    return rows(spark.range(3).select(udf(lambda: 7, "int")().alias("x")))


@case
def udf_no_arguments_arrow(spark):
    return rows(spark.range(3).select(udf(lambda: 7, "int", useArrow=True)().alias("x")))


@case
def udf_registered_in_sql(spark):
    spark.udf.register("py_upper", lambda s: s.upper())
    spark.udf.register("py_len", lambda s: len(s), "int")
    frame = spark.sql("SELECT py_upper('abc'), PY_LEN(s) AS n FROM VALUES ('x'), ('yyy') AS t(s) WHERE py_len(s) > 0 ORDER BY n")
    return [frame.columns, rows(frame), rows(spark.sql("SELECT sum(py_len(s)) FROM VALUES ('x'), ('yyy') AS t(s)"))]


@case
def udf_registered_expr(spark):
    spark.udf.register("py_inc", udf(lambda x: x + 1, "long"))
    return rows(spark.range(2).select(F.expr("py_inc(id) * 2"), F.call_function("py_inc", "id")))


@case
def udf_wrong_number_of_arguments(spark):
    return rows(spark.range(1).select(udf(lambda a, b: a, "int")("id")))


@case
def udf_raises(spark):
    def fail(x):
        raise ValueError("boom " + str(x))
    return rows(spark.range(1).select(udf(fail, "int")("id")))


@case
def udf_raises_arrow(spark):
    def fail(x):
        raise ValueError("boom " + str(x))
    return rows(spark.range(1).select(udf(fail, "int", useArrow=True)("id")))


@case
def udf_raises_message(spark):
    def fail(x):
        raise ValueError("boom " + str(x))
    try:
        rows(spark.range(1).select(udf(fail, "int")("id")))
    except PySparkException as error:
        lines = str(error).split("JVM stacktrace")[0].splitlines()
        return [line for line in lines if not line.startswith("  File") and not line.startswith("    ")]


@case
def udf_stop_iteration(spark):
    def fail(x):
        raise StopIteration()
    return rows(spark.range(1).select(udf(fail, "int")("id")))


@case
def udf_exits(spark):
    import os
    def leave(x):
        os._exit(3)
    try:
        rows(spark.range(1).select(udf(leave, "int")("id")))
    except PySparkException as error:
        return "crashed" in str(error) or "exited" in str(error)


@case
def udf_after_a_failure(spark):
    return rows(spark.range(3).select(udf(lambda x: x + 1, "long")("id")))


@case
def udf_not_deterministic(spark):
    count = udf(lambda: 4, "int").asNondeterministic()
    return rows(spark.range(2).select((count() + count()).alias("x")))


@case
def udf_nondeterministic_in_aggregate(spark):
    number = udf(lambda x: 4, "int").asNondeterministic()
    return rows(spark.range(2).agg(F.sum(number("id"))))


@case
def udf_in_lambda(spark):
    inc = udf(lambda x: x + 1, "int")
    return rows(spark.sql("SELECT array(1, 2) AS a").select(F.transform("a", lambda x: inc(x))))


@case
def udf_constant_folding(spark):
    spark.udf.register("py_c", lambda x: x + 1, "int")
    return rows(spark.sql("SELECT py_c(1) + 1 AS x, py_c(py_c(2)) AS y"))


@case
def udf_null_struct(spark):
    pair = udf(lambda x: None if x == 0 else (x, str(x)), "x INT, y STRING")
    frame = spark.range(3).select(pair("id").alias("p"))
    return [rows(frame), rows(frame.select("p.x", "p.y")), rows(spark.range(2).select(pair("id").y))]


@case
def udf_many_rows(spark):
    frame = spark.range(0, 100_000, 1, 4).select(udf(lambda x: x * 2, "long")("id").alias("x"), "id")
    return rows(frame.agg(F.sum("x"), F.sum(F.when(col("x") == col("id") * 2, 0).otherwise(1)), F.count("*")))


@case
def udf_with_others_in_one_list(spark):
    one = udf(lambda x: x + 1, "long")
    two = udf(lambda x: x + 2, "long", useArrow=True)
    three = pandas_udf(lambda s: s + 3, "long")
    return rows(spark.range(3).select("id", one("id").alias("a"), two("id").alias("b"), three("id").alias("c"),
                                      (one("id") + two(three("id"))).alias("d")))


@case
def udf_in_view(spark):
    spark.range(3).select(udf(lambda x: x * 10, "long")("id").alias("x")).createOrReplaceTempView("py_view")
    return rows(spark.sql("SELECT x FROM py_view WHERE x > 0"))


@case
def udf_as_window_argument(spark):
    neg = udf(lambda x: -x, "long")
    return rows(spark.range(3).selectExpr("id", "id % 2 AS k").withColumn("n", neg("id")).selectExpr("k", "sum(n) OVER (PARTITION BY k ORDER BY id) AS s"))
