"""Cases of python_calls: functions of columns, partitions and groups."""
import sys

from pyspark import cloudpickle
from pyspark.sql import functions as F
from pyspark.sql.functions import col, lit, pandas_udf, udf

from support.python_calls import case, rows
from support.python_udf_calls import VALUES

# Workers do not have this module.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


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
def pandas_scalar_over_a_window(spark):
    from pyspark.sql import Window
    plus = pandas_udf(lambda v: v + 1, "long")
    return rows(spark.range(3).select(plus("id").over(Window.partitionBy("id"))))


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
        return frame
    where = udf(lambda: __import__("pyspark").TaskContext.get().partitionId(), "int")
    return rows(spark.range(0, 8, 1, 4).select(where().alias("p")).distinct())
