"""Python functions over Spark Connect and what they give, on real Spark (recorded) or on Sluice.

answers(spark) runs every case and gives {name: answer}: ["value", ...] or ["error", exception class, condition, SQLSTATE,
last line of the message].
"""
import datetime
import decimal
import json
import sys
from pathlib import Path

from pyspark import cloudpickle
from pyspark.errors import PySparkException
from pyspark.sql import Row
from pyspark.sql import functions as F
from pyspark.sql.functions import col, lit, pandas_udf, udf
from pyspark.sql.types import (ArrayType, BinaryType, BooleanType, ByteType, DateType, DecimalType, DoubleType, FloatType,
                               IntegerType, LongType, MapType, ShortType, StringType, StructField, StructType, TimestampType)

ANSWERS = Path(__file__).resolve().parent.parent / "real" / "data" / "python_calls.json"
CASES = {}

# Workers do not have this module.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


def case(function):
    CASES[function.__name__] = function
    return function


def rows(frame):
    return sorted((plain(row) for row in frame.collect()), key=str)


def plain(value):
    if isinstance(value, (bool, int, str, type(None))):
        return value
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return repr(value)


def answer(call, spark):
    try:
        return ["value", plain(call(spark))]
    except PySparkException as error:
        text = str(error).split("JVM stacktrace")[0].strip().splitlines()
        if type(error).__name__ == "PickleException":
            return "an object"
        # The plan below the message of an AnalysisException is the engine's own.
        return ["error", type(error).__name__, error.getCondition(), error.getSqlState(), text[-1] if error.getCondition() is None else ""]


def answers(spark, only=None):
    return {name: answer(call, spark) for name, call in CASES.items() if only is None or name in only}


def write(found):
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in found.items()]
    ANSWERS.write_text("{\n" + ",\n".join(lines) + "\n}\n")


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


# ---- pandas_udf ------------------------------------------------------------------------------------------------------


@case
def pandas_scalar(spark):
    @pandas_udf("long")
    def plus(a, b):
        return a + b
    frame = spark.range(5).select(plus("id", "id"), plus(col("id"), lit(1)))
    return [frame.columns, rows(frame)]


@case
def pandas_types_in(spark):
    frame = spark.sql(VALUES).drop("itv")
    show = pandas_udf(lambda s: s.map(lambda v: f"{type(v).__name__} {v!r}") if hasattr(s, "map") and s.ndim == 1 else s.apply(str, axis=1), "string")
    return rows(frame.repartition(1).select(*[show(name).alias(name) for name in frame.columns if name != "st"]))


@case
def pandas_struct(spark):
    import pandas as pd

    @pandas_udf("a long, b string")
    def pair(x):
        return pd.DataFrame({"a": x, "b": x.astype(str)})

    @pandas_udf("long")
    def total(frame):
        return frame["a"] * 2
    frame = spark.range(3).select(pair("id").alias("p"))
    return [rows(frame), rows(frame.select(total("p")))]


@case
def pandas_wrong_length(spark):
    return rows(spark.range(3).repartition(1).select(pandas_udf(lambda s: s[:1], "long")("id")))


@case
def pandas_wrong_type(spark):
    return rows(spark.range(3).select(pandas_udf(lambda s: s.astype(str) + "x", "long")("id")))


@case
def pandas_not_a_series(spark):
    return rows(spark.range(3).select(pandas_udf(lambda s: 1, "long")("id")))


@case
def pandas_batches(spark):
    size = pandas_udf(lambda s: s * 0 + len(s), "long")
    return rows(spark.range(0, 25_000, 1, 1).select(size("id").alias("n")).groupBy("n").count())


@case
def pandas_batches_small(spark):
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "7")
    try:
        size = pandas_udf(lambda s: s * 0 + len(s), "long")
        return rows(spark.range(0, 20, 1, 1).select(size("id").alias("n")).groupBy("n").count())
    finally:
        spark.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")


@case
def pandas_iterator(spark):
    from typing import Iterator, Tuple

    import pandas as pd

    @pandas_udf("long")
    def plus(batches: Iterator[pd.Series]) -> Iterator[pd.Series]:
        offset = 100
        for series in batches:
            yield series + offset

    @pandas_udf("long")
    def add(batches: Iterator[Tuple[pd.Series, pd.Series]]) -> Iterator[pd.Series]:
        for a, b in batches:
            yield a + b
    return [rows(spark.range(5).select(plus("id"), "id")), rows(spark.range(5).select(add("id", "id"))),
            rows(spark.range(0, 30_000, 1, 2).select(plus("id").alias("x")).agg(F.sum("x")))]


@case
def pandas_iterator_buffers(spark):
    from typing import Iterator

    import pandas as pd

    @pandas_udf("long")
    def late(batches: Iterator[pd.Series]) -> Iterator[pd.Series]:
        everything = list(batches)
        yield pd.concat(everything)
    return rows(spark.range(0, 25_000, 1, 1).select(late("id").alias("x"), "id").agg(F.sum(F.when(col("x") == col("id"), 0).otherwise(1)), F.sum("x")))


@case
def pandas_iterator_too_short(spark):
    from typing import Iterator

    import pandas as pd

    @pandas_udf("long")
    def short(batches: Iterator[pd.Series]) -> Iterator[pd.Series]:
        for series in batches:
            yield series[:1]
    return rows(spark.range(0, 5, 1, 1).select(short("id")))


@case
def arrow_scalar(spark):
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyspark.sql.functions import arrow_udf

    @arrow_udf("long")
    def plus(a: pa.Array, b: pa.Array) -> pa.Array:
        return pc.add(a, b)

    @arrow_udf("string")
    def name(a: pa.Array) -> pa.Array:
        return pa.array([str(a.type)] * len(a))
    frame = spark.sql(VALUES)
    return [rows(spark.range(3).select(plus("id", "id"))), rows(frame.select(*[name(c).alias(c) for c in frame.columns]))]


@case
def pandas_grouped_aggregate(spark):
    @pandas_udf("double")
    def mean(v):
        return v.mean()
    import pandas as pd

    @pandas_udf("double")
    def average(v: pd.Series) -> float:
        return v.mean()

    @pandas_udf("double")
    def weighted(v: pd.Series, w: pd.Series) -> float:
        return float((v * w).sum())
    frame = spark.range(10).selectExpr("id", "id % 3 AS k", "CAST(id AS DOUBLE) AS v")
    grouped = frame.groupBy("k").agg(average("v"), weighted("v", "id").alias("w"))
    spark.udf.register("py_avg", average)
    return [grouped.columns, rows(grouped), rows(frame.agg(average("v"))), rows(frame.groupBy((col("id") % 2).alias("e")).agg((average("v") + 1).alias("x"))),
            rows(spark.sql("SELECT k, py_avg(v) FROM VALUES (1, 1D), (1, 3D), (2, 5D) AS t(k, v) GROUP BY k HAVING py_avg(v) > 2")),
            rows(frame.filter("id < 0").agg(average("v"))), rows(frame.filter("id < 0").groupBy("k").agg(average("v")))]


@case
def pandas_aggregate_mixed(spark):
    import pandas as pd

    @pandas_udf("double")
    def average(v: pd.Series) -> float:
        return v.mean()
    return rows(spark.range(3).agg(average("id"), F.sum("id")))


@case
def pandas_aggregate_in_select(spark):
    import pandas as pd

    @pandas_udf("double")
    def average(v: pd.Series) -> float:
        return v.mean()
    return rows(spark.range(3).select(average("id")))


# ---- whole partitions and groups -------------------------------------------------------------------------------------


@case
def map_in_pandas(spark):
    def keep(batches):
        for frame in batches:
            yield frame[frame["id"] % 2 == 1].assign(name="n")
    frame = spark.range(6).mapInPandas(keep, "name string, id long")
    return [frame.schema.simpleString(), rows(frame), rows(frame.filter("id > 2").selectExpr("id + 1"))]


@case
def map_in_pandas_counts(spark):
    def count(batches):
        import pandas as pd
        n = sum(len(frame) for frame in batches)
        yield pd.DataFrame({"n": [n]})
    return rows(spark.range(0, 30_000, 1, 2).mapInPandas(count, "n long"))


@case
def map_in_pandas_empty_partitions(spark):
    def count(batches):
        import pandas as pd
        yield pd.DataFrame({"n": [sum(len(frame) for frame in batches)]})
    return [rows(spark.range(0, 2, 1, 4).mapInPandas(count, "n long")), rows(spark.range(0, 2, 1, 4).filter("id < 0").mapInPandas(count, "n long"))]


@case
def map_in_pandas_stops_early(spark):
    def first(batches):
        yield next(batches).head(1)
    return rows(spark.range(0, 50_000, 1, 1).mapInPandas(first, "id long"))


@case
def map_in_pandas_types(spark):
    def show(batches):
        import pandas as pd
        for frame in batches:
            yield pd.DataFrame({"t": [", ".join(f"{name}:{frame[name].dtype}" for name in frame.columns)]})
    frame = spark.sql(VALUES).drop("itv").repartition(1)
    return rows(frame.mapInPandas(show, "t string"))


@case
def map_in_arrow_types(spark):
    def show(batches):
        import pyarrow as pa
        for batch in batches:
            yield pa.RecordBatch.from_arrays([pa.array([str(batch.schema)])], names=["t"])
    return rows(spark.sql(VALUES).repartition(1).mapInArrow(show, "t string"))


@case
def limit_over_map(spark):
    def forever(batches):
        import pandas as pd
        for _ in batches:
            pass
        for n in range(1000):
            yield pd.DataFrame({"n": range(1000)})
    return len(spark.range(0, 10, 1, 1).mapInPandas(forever, "n long").limit(5).collect())


@case
def map_in_pandas_yields_nothing(spark):
    def nothing(batches):
        for _ in batches:
            pass
        return iter([])
    return rows(spark.range(5).mapInPandas(nothing, "n long"))


@case
def map_in_pandas_missing_column(spark):
    def wrong(batches):
        for frame in batches:
            yield frame.rename(columns={"id": "other"})
    return rows(spark.range(2).mapInPandas(wrong, "id long, more string"))


@case
def map_in_pandas_not_a_frame(spark):
    return rows(spark.range(2).mapInPandas(lambda batches: [1 for _ in batches], "id long"))


@case
def map_in_pandas_raises(spark):
    def fail(batches):
        raise RuntimeError("no")
    return rows(spark.range(2).mapInPandas(fail, "id long"))


@case
def map_in_arrow(spark):
    def double(batches):
        import pyarrow as pa
        import pyarrow.compute as pc
        for batch in batches:
            yield pa.RecordBatch.from_arrays([pc.multiply(batch.column(0), 2)], names=["id"])
    return rows(spark.range(5).mapInArrow(double, "id long"))


@case
def map_in_arrow_wrong_schema(spark):
    def wrong(batches):
        import pyarrow as pa
        for batch in batches:
            yield pa.RecordBatch.from_arrays([pa.array(["x"] * batch.num_rows)], names=["id"])
    return rows(spark.range(2).mapInArrow(wrong, "id long"))


GROUPS = "SELECT * FROM VALUES (1, 'a', 1.0D), (1, 'b', 3.0D), (2, 'c', 5.0D), (NULL, 'd', 7.0D) AS t(k, s, v)"


@case
def apply_in_pandas(spark):
    def center(frame):
        return frame.assign(v=frame.v - frame.v.mean())
    result = spark.sql(GROUPS).groupBy("k").applyInPandas(center, "k int, s string, v double")
    return [result.schema.simpleString(), rows(result)]


@case
def apply_in_pandas_with_key(spark):
    def describe(key, frame):
        import pandas as pd
        return pd.DataFrame([key + (len(frame), ",".join(frame.columns))])
    frame = spark.sql(GROUPS)
    return [rows(frame.groupBy("k").applyInPandas(describe, "k int, n long, c string")),
            rows(frame.groupBy((col("v") > 2).alias("big"), "k").applyInPandas(describe, "big boolean, k int, n long, c string")),
            rows(frame.groupBy().applyInPandas(lambda f: f.head(1)[["v"]], "v double"))]


@case
def apply_in_pandas_wrong_columns(spark):
    return rows(spark.sql(GROUPS).groupBy("k").applyInPandas(lambda frame: frame[["k"]], "k int, v double"))


@case
def apply_in_pandas_not_a_frame(spark):
    return rows(spark.sql(GROUPS).groupBy("k").applyInPandas(lambda frame: 1, "k int"))


@case
def apply_in_pandas_many_groups(spark):
    def size(key, frame):
        import pandas as pd
        return pd.DataFrame({"k": [key[0]], "n": [len(frame)]})
    frame = spark.range(0, 20_000, 1, 4).selectExpr("id % 100 AS k", "id")
    return rows(frame.groupBy("k").applyInPandas(size, "k long, n long").agg(F.count("*"), F.sum("n"), F.min("n"), F.max("n")))


@case
def apply_in_arrow(spark):
    def total(key, table):
        import pyarrow as pa
        import pyarrow.compute as pc
        return pa.table({"k": pa.array([key[0].as_py()], pa.int32()), "total": [pc.sum(table["v"]).as_py()]})
    return rows(spark.sql(GROUPS).groupBy("k").applyInArrow(total, "k int, total double"))


@case
def cogroup_in_pandas(spark):
    import pandas as pd
    left = spark.sql("SELECT * FROM VALUES (1, 'a'), (1, 'b'), (2, 'c') AS t(k, l)")
    right = spark.sql("SELECT * FROM VALUES (1, 10), (3, 30) AS t(k, r)")

    def both(key, a, b):
        return pd.DataFrame([(key[0], len(a), len(b), ",".join(a.columns), ",".join(b.columns))])
    return rows(left.groupBy("k").cogroup(right.groupBy("k")).applyInPandas(both, "k int, a long, b long, ac string, bc string"))


@case
def cogroup_in_arrow(spark):
    left = spark.sql("SELECT * FROM VALUES (1, 'a'), (1, 'b'), (2, 'c') AS t(k, l)")
    right = spark.sql("SELECT * FROM VALUES (1, 10), (3, 30) AS t(k, r)")

    def both(key, a, b):
        import pyarrow as pa
        return pa.table({"k": pa.array([key[0].as_py()], pa.int32()), "n": pa.array([a.num_rows * 10 + b.num_rows], pa.int64())})
    return rows(left.groupBy("k").cogroup(right.groupBy("k")).applyInArrow(both, "k int, n long"))


@case
def partition_functions(spark):
    def add(frame):
        from pyspark import TaskContext
        return frame
    where = udf(lambda: __import__("pyspark").TaskContext.get().partitionId(), "int")
    return rows(spark.range(0, 8, 1, 4).select(where().alias("p")).distinct())


# ---- table functions -------------------------------------------------------------------------------------------------


@case
def table_function(spark):
    from pyspark.sql.functions import udtf

    @udtf(returnType="num: int, squared: int")
    class Squares:
        def eval(self, start: int, end: int):
            for number in range(start, end + 1):
                yield number, number * number
    spark.udtf.register("squares", Squares)
    frame = Squares(lit(1), lit(3))
    return [frame.schema.simpleString(), rows(frame), rows(spark.sql("SELECT * FROM squares(2, 3)")),
            rows(spark.sql("SELECT id, s.* FROM range(1, 3), LATERAL squares(1, CAST(id AS INT)) AS s"))]


@case
def table_function_terminate(spark):
    from pyspark.sql.functions import udtf

    @udtf(returnType="total: long")
    class Total:
        def __init__(self):
            self.total = 0

        def eval(self, row):
            self.total += row["id"]

        def terminate(self):
            yield self.total,
    spark.udtf.register("py_total", Total)
    return rows(spark.sql("SELECT * FROM py_total(TABLE(SELECT id FROM range(5)))"))


@case
def table_function_raises(spark):
    from pyspark.sql.functions import udtf

    @udtf(returnType="x: int")
    class Fails:
        def eval(self, x):
            raise ValueError("no row")
    return rows(Fails(lit(1)))


@case
def table_function_arrow(spark):
    from pyspark.sql.functions import udtf

    @udtf(returnType="a: int, b: string", useArrow=True)
    class Pairs:
        def eval(self, n: int):
            for i in range(n):
                yield i, str(i)
    return rows(Pairs(lit(3)))


# ---- streams ---------------------------------------------------------------------------------------------------------


def folder_of(*files):
    import os
    import tempfile
    folder = tempfile.mkdtemp()
    for number, lines in enumerate(files):
        path = os.path.join(folder, f"{number}.json")
        with open(path, "w") as out:
            out.write("".join(json.dumps({"a": value}) + "\n" for value in lines))
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))  # streams take the older file first
    return folder


def stream_of(spark, *files):
    return spark.readStream.schema("a LONG").option("maxFilesPerTrigger", 1).json(folder_of(*files))


@case
def stream_udf(spark):
    import tempfile
    query = (stream_of(spark, [1, 2], [3]).select(udf(lambda x: x * 10, "long")("a").alias("b")).writeStream.format("memory")
             .queryName("py_stream").option("checkpointLocation", tempfile.mkdtemp()).trigger(availableNow=True).start())
    query.awaitTermination(60)
    return rows(spark.table("py_stream"))


@case
def stream_map_in_pandas(spark):
    import tempfile

    def double(batches):
        for frame in batches:
            yield frame * 2
    query = (stream_of(spark, [1, 2], [3]).mapInPandas(double, "a long").writeStream.format("memory")
             .queryName("py_mapped").option("checkpointLocation", tempfile.mkdtemp()).trigger(availableNow=True).start())
    query.awaitTermination(60)
    return rows(spark.table("py_mapped"))


@case
def stream_foreach_batch(spark):
    import os
    import tempfile
    out = tempfile.mkdtemp()

    def keep(frame, number):
        frame.persist()
        with open(os.path.join(out, str(number)), "w") as file:
            found = sorted(row.a for row in frame.collect())
            session = frame.sparkSession
            file.write(json.dumps([number, found, frame.count(), frame.selectExpr("a + 1 AS b").agg(F.sum("b")).collect()[0][0],
                                   session.range(2).count(), frame.isStreaming]))
        frame.unpersist()
    query = (stream_of(spark, [1, 2], [3]).writeStream.foreachBatch(keep).option("checkpointLocation", tempfile.mkdtemp())
             .trigger(availableNow=True).start())
    query.awaitTermination(60)
    return [json.load(open(os.path.join(out, name))) for name in sorted(os.listdir(out))]


@case
def stream_foreach_batch_raises(spark):
    import tempfile

    def fail(frame, number):
        raise ValueError("not this batch")
    query = (stream_of(spark, [1]).writeStream.foreachBatch(fail).option("checkpointLocation", tempfile.mkdtemp())
             .trigger(availableNow=True).start())
    try:
        query.awaitTermination(60)
    except PySparkException as error:
        found = str(query.exception() or "")
        return [type(error).__name__, error.getCondition(), "ValueError: not this batch" in str(error), "ValueError: not this batch" in found]


@case
def stream_foreach(spark):
    import os
    import tempfile
    out = tempfile.mkdtemp()

    class Writer:
        def open(self, partition, epoch):
            self.file = open(os.path.join(out, f"{epoch}-{partition}"), "a")
            return True

        def process(self, row):
            self.file.write(f"{row.a}\n")

        def close(self, error):
            self.file.write(f"closed {error}\n")
            self.file.close()

    def plain_function(row):
        with open(os.path.join(out, "rows"), "a") as file:
            file.write(f"{row!r}\n")
    for writer in (Writer(), plain_function):
        query = (stream_of(spark, [1, 2], [3]).writeStream.foreach(writer).option("checkpointLocation", tempfile.mkdtemp())
                 .trigger(availableNow=True).start())
        query.awaitTermination(60)
    return [[name, sorted(open(os.path.join(out, name)).read().splitlines())] for name in sorted(os.listdir(out))]


# ---- files of a session ----------------------------------------------------------------------------------------------


@case
def artifact_module(spark):
    import os
    import tempfile
    folder = tempfile.mkdtemp()
    with open(os.path.join(folder, "py_extra_module.py"), "w") as out:
        out.write("def answer():\n    return 42\n")
    spark.addArtifact(os.path.join(folder, "py_extra_module.py"), pyfile=True)

    def use(x):
        import py_extra_module
        return py_extra_module.answer() + x
    return rows(spark.range(2).select(udf(use, "long")("id")))


@case
def artifact_file(spark):
    import os
    import tempfile
    folder = tempfile.mkdtemp()
    with open(os.path.join(folder, "py_extra.txt"), "w") as out:
        out.write("hello")
    spark.addArtifact(os.path.join(folder, "py_extra.txt"), file=True)

    def use(x):
        from pyspark.core.files import SparkFiles
        return open(os.path.join(SparkFiles.getRootDirectory(), "py_extra.txt")).read()
    return rows(spark.range(1).select(udf(use)("id")))
