"""Cases of python_calls: table functions, streams, files of a session."""
import json
import sys

from pyspark import cloudpickle
from pyspark.errors import PySparkException
from pyspark.sql import functions as F
from pyspark.sql.functions import lit, udf

from support.python_calls import case, rows

# Workers do not have this module.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


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


@case
def stream_restarts(spark):
    import os
    import tempfile
    folder, checkpoint = tempfile.mkdtemp(), tempfile.mkdtemp()
    with open(os.path.join(folder, "a.json"), "w") as out:
        out.write('{"a": 1}\n')
    frame = spark.readStream.schema("a int").json(folder)
    found = []
    for _ in range(2):
        query = frame.writeStream.format("noop").option("checkpointLocation", checkpoint).trigger(availableNow=True).start()
        query.awaitTermination(60)
        progress = query.recentProgress
        found += [[p.batchId, p.numInputRows, p.sources[0].startOffset, p.sources[0].endOffset] for p in progress]
        found.append(sorted(progress[0].durationMs))
    for mode, rows_of in (("append", frame), ("complete", frame.groupBy("a").count())):
        used = tempfile.mkdtemp()
        for _ in range(2):
            query = (rows_of.writeStream.format("memory").queryName("restarts_" + mode).outputMode(mode)
                     .option("checkpointLocation", used).trigger(availableNow=True))
            try:
                query.start().awaitTermination(60)
                found.append([mode, rows(spark.table("restarts_" + mode))])
            except PySparkException as error:
                found.append([mode, type(error).__name__, str(error).split(" Delete ")[0].split("] ")[-1]])
    try:
        frame.selectExpr("a", "row_number() OVER (PARTITION BY a ORDER BY a DESC) AS n").writeStream.format("noop").start()
    except PySparkException as error:
        about = error.getMessageParameters()
        found.append([type(error).__name__, error.getCondition(), about["windowFunc"], about["windowSpec"]])
    return found


@case
def stream_ends(spark):
    import tempfile
    import time

    from pyspark.sql.streaming import StreamingQueryListener
    ends = []

    class Ends(StreamingQueryListener):
        def onQueryStarted(self, event):
            pass

        def onQueryProgress(self, event):
            pass

        def onQueryTerminated(self, event):
            ends.append([event.errorClassOnException, "not this" in (event.exception or "")])

    def fail(*given):
        raise ValueError("not this")

    listener, found = Ends(), []
    spark.streams.addListener(listener)
    frame = stream_of(spark, [1])
    for writer in (frame.writeStream.foreach(fail), frame.writeStream.foreachBatch(fail),
                   frame.selectExpr("raise_error('not this') AS v").writeStream.format("noop"),
                   frame.select(udf(fail, "int")("a").alias("v")).writeStream.format("noop"),
                   frame.writeStream.format("noop")):
        query = writer.option("checkpointLocation", tempfile.mkdtemp()).trigger(availableNow=True).start()
        try:
            query.awaitTermination(60)
            found.append(None)
        except PySparkException as error:
            found.append(type(error).__name__)
        for _ in range(100):
            if len(ends) == len(found):
                break
            time.sleep(0.1)
    spark.streams.removeListener(listener)
    return [found, ends]


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
