"""PySpark's public API over Spark Connect, method by method: tests/real/data/pyspark_api.txt has a call of each.

    PYTHONPATH=tests python -m support.pyspark_api sc://127.0.0.1:15002     prints the answers as JSON

The methods are those that the classes of the installed PySpark have (methods()); a call may name what dataframe_calls gives
it, and what names() adds. Answers are those of dataframe_calls.answer().
"""
import importlib
import json
import sys
import tempfile
import time
from pathlib import Path

from support import connect, dataframe_calls, parts, spark

CALLS = Path(__file__).resolve().parent.parent / "real" / "data" / "pyspark_api.txt"
ANSWERS = CALLS.with_suffix(".json")

# Those whose share docs/pyspark.md counts, then the rest.
COUNTED = ["dataframe.DataFrame", "column.Column", "readwriter.DataFrameReader", "readwriter.DataFrameWriter",
           "streaming.readwriter.DataStreamReader", "streaming.readwriter.DataStreamWriter", "streaming.query.StreamingQuery",
           "catalog.Catalog"]
OTHERS = ["readwriter.DataFrameWriterV2", "group.GroupedData", "dataframe.DataFrameNaFunctions", "dataframe.DataFrameStatFunctions",
          "streaming.query.StreamingQueryManager", "session.SparkSession", "conf.RuntimeConf"]


def methods():
    """{class: its public methods and properties}, of the PySpark that is installed."""
    out = {}
    for path in COUNTED + OTHERS:
        module, name = path.rsplit(".", 1)
        owner = getattr(importlib.import_module("pyspark.sql.connect." + module), name)
        out[name] = [member for member in dir(owner) if not member.startswith("_")]
    return out


def calls():
    """{"Class.method": call}"""
    lines = [line for line in CALLS.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split(": ", 1) for line in lines)


class Files:
    """Small files to read, and folders to write into."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="pyspark-api-"))
        self.written = 0

    def path(self, format):
        """A folder with one file of two rows: a INT, b STRING."""
        import pyarrow
        from pyarrow import orc, parquet
        folder = self.folder / format
        if not folder.exists():
            folder.mkdir()
            rows = pyarrow.table({"a": pyarrow.array([1, 2], pyarrow.int32()), "b": ["x", "y"]})
            if format == "parquet":
                parquet.write_table(rows, folder / "part.parquet")
            elif format == "orc":
                orc.write_table(rows, folder / "part.orc")
            else:
                (folder / "part").write_text({
                    "csv": "1,x\n2,y\n", "json": '{"a":1,"b":"x"}\n{"a":2,"b":"y"}\n', "text": "x\ny\n",
                    "xml": "<ROWS><ROW><a>1</a><b>x</b></ROW><ROW><a>2</a><b>y</b></ROW></ROWS>"}[format])
        return str(folder)

    def named(self, name):
        (self.folder / name).write_text("text")
        return str(self.folder / name)

    def fresh(self):
        self.written += 1
        return str(self.folder / f"out{self.written}")


def names(session):
    from pyspark.sql import functions
    out = dataframe_calls.frames(session)
    files = Files()
    started = iter(range(1_000_000))

    def ticks(rows=3):
        """A stream of the same rows each time."""
        return (session.readStream.format("rate-micro-batch").option("rowsPerBatch", rows).option("numPartitions", 1)
                .option("startTimestamp", 1_000_000).load())

    def saved(write, format, schema="a INT, b STRING"):
        """What a DataFrame's writer leaves: write(writer, path), read back."""
        path = files.fresh()
        frame = session.createDataFrame([(1, "x"), (2, "y")], "a INT, b STRING")
        write(frame if format != "text" else frame.select("b"), path)
        return session.read.format(format).schema(schema).load(path)

    def streamed(build, frame=None, where=None):
        """The rows that a stream of one batch leaves in the memory table (or in `where`)."""
        name = f"api_{next(started)}"
        writer = (ticks() if frame is None else frame).writeStream.format("memory").queryName(name).trigger(availableNow=True)
        query = build(writer).start()
        ended = query.awaitTermination(60)
        return session.table(where or name) if ended else "still running"

    def streamed_to(build, format):
        """What a stream leaves in files."""
        path, checkpoint = files.fresh(), files.fresh()
        writer = ticks().selectExpr("value", "value % 2 AS odd").writeStream.format(format).option("checkpointLocation", checkpoint)
        query = build(writer.trigger(availableNow=True), path)
        if not query.awaitTermination(60):
            return "still running"
        return session.read.format(format).schema("value LONG, odd LONG").load(path)

    def running(ask, frame=None):
        """What a running query answers."""
        writer = (ticks() if frame is None else frame).writeStream.format("memory").queryName(f"api_{next(started)}")
        query = (writer.trigger(processingTime="1 hour") if frame is None else writer).start()
        try:
            while not query.lastProgress:
                pass
            return ask(query)
        finally:
            query.stop()

    def table(name, build):
        """What is in the table `name` of an Iceberg catalog once build(name) is done."""
        session.sql("CREATE NAMESPACE IF NOT EXISTS ice.api")
        session.sql(f"DROP TABLE IF EXISTS ice.api.{name}")
        build(f"ice.api.{name}")
        return session.table(f"ice.api.{name}")

    def two():
        return session.createDataFrame([(1, "x"), (2, "y")], "a INT, b STRING")

    def heard(streams):
        """The events that a listener got of a query."""
        from pyspark.sql.streaming.listener import StreamingQueryListener
        events = []

        class Ears(StreamingQueryListener):
            def onQueryStarted(self, event):
                events.append("started")

            def onQueryProgress(self, event):
                events.append("progress")

            def onQueryIdle(self, event):
                pass

            def onQueryTerminated(self, event):
                events.append("terminated")

        ears = Ears()
        streams.addListener(ears)
        try:
            ticks().writeStream.format("noop").trigger(availableNow=True).start().awaitTermination(60)
            end = time.monotonic() + 20
            while "terminated" not in events and time.monotonic() < end:
                time.sleep(0.05)
        finally:
            streams.removeListener(ears)
        return sorted(set(events))

    def watched():
        """Whether a progress handler is called, and is not once it is removed."""
        seen = []

        def handler(**kwargs):
            seen.append(kwargs["operation_id"])

        session.registerProgressHandler(handler)
        session.range(10).count()
        session.removeProgressHandler(handler)
        before = len(seen)
        session.range(10).count()
        return len(seen) == before

    def copied():
        path = files.fresh()
        session.conf.set("spark.sql.artifact.copyFromLocalToFs.allowDestLocal", "true")
        session.copyFromLocalToFs(files.path("csv") + "/part", path)
        return Path(path).read_text()

    def table_function():
        from pyspark.sql.functions import udtf

        class Twice:
            def eval(self, x):
                yield (x,)
                yield (x,)

        return udtf(Twice, returnType="x INT")(functions.lit(1))

    def passed_on(argument):
        from pyspark.sql.functions import udtf

        class PassedOn:
            def eval(self, row):
                yield (row["id"],)

        return udtf(PassedOn, returnType="x INT")(argument)

    def processor():
        from pyspark.sql.streaming.stateful_processor import StatefulProcessor

        class Nothing(StatefulProcessor):
            def init(self, handle):
                pass

            def handleInputRows(self, key, rows, timer):
                return rows

            def close(self):
                pass

        return Nothing()

    def python_source():
        from pyspark.sql.datasource import DataSource, DataSourceReader

        class Reader(DataSourceReader):
            def read(self, partition):
                yield (1,)

        class Source(DataSource):
            @classmethod
            def name(cls):
                return "api_source"

            def schema(self):
                return "a INT"

            def reader(self, schema):
                return Reader()

        session.dataSource.register(Source)
        return session.read.format("api_source").load()

    return {**out, "files": files, "passed_on": passed_on, "processor": processor, "python_source": python_source, "heard": heard, "watched": watched, "copied": copied, "table_function": table_function, "ticks": ticks, "saved": saved, "streamed": streamed, "streamed_to": streamed_to,
            "running": running, "table": table, "two": two}


def answers(session, wanted=""):
    known = names(session)
    return {method: dataframe_calls.answer(call, known) for method, call in calls().items() if wanted in method}


def outcomes(found):
    """{method: [outcome, what it is about]} of Sluice's answers: works, client (Spark, too, has it not), refused, differs."""
    recorded = json.loads(ANSWERS.read_text())
    out = {}
    for method, answer in found.items():
        condition = recorded[method].get("error", "")
        if answer == recorded[method]:
            absent = condition in ("NOT_IMPLEMENTED", "INVALID_UDF_EVAL_TYPE", "ImportError")
            out[method] = ["client", condition] if absent else ["works", ""]
        elif answer.get("error") == "UNSUPPORTED_FEATURE" and answer.get("feature"):
            out[method] = ["refused", answer["feature"]]
        else:
            out[method] = ["differs", f"{answer}, not {recorded[method]}"]
    return out


def ask(sluice):
    """Sluice's answers."""
    with tempfile.TemporaryDirectory(prefix="ice-") as warehouse:
        settings = {"spark.sql.shuffle.partitions": "2", "spark.sql.artifact.copyFromLocalToFs.allowDestLocal": "true",
                    **spark.iceberg_catalog("ice", type="hadoop", warehouse=warehouse)}
        with connect.Server(sluice, settings, environment={"PYSPARK_PYTHON": sys.executable}) as server:
            return server.run("from support import pyspark_api\nresult = pyspark_api.answers(spark)\n", seconds=600)


def share(found, classes):
    """The part of the classes' methods that works or that the client itself refuses, as it does with Spark."""
    names = [path.rsplit(".", 1)[1] for path in classes]
    counted = [outcome for method, (outcome, _) in found.items() if method.split(".")[0] in names]
    return sum(outcome != "refused" for outcome in counted) / len(counted)


def document(found):
    """docs/pyspark.md"""
    words = {"works": "yes", "client": "as in Spark Connect: {}", "refused": "no: {}", "differs": "differs: {}"}
    lines = [
        "# PySpark", "",
        f"PySpark {parts.SPARK}'s public API over Spark Connect, method by method. Written by `tools/pyspark_docs.py` from the outcome of",
        "`tests/real/test_pyspark_api.py`: a call of each method, which answers as real Spark did (yes) or is refused with",
        "`UNSUPPORTED_FEATURE` and the words given here (no).", "",
        f"{share(found, COUNTED):.1%} of DataFrame, Column, readers, writers, StreamingQuery and Catalog; "
        f"{share(found, COUNTED + OTHERS):.1%} of all below."]
    for path in COUNTED + OTHERS:
        name = path.rsplit(".", 1)[1]
        lines += ["", f"## {name}", "", "| method | |", "|---|---|"]
        for method, (outcome, about) in found.items():
            if method.split(".")[0] == name:
                text = words[outcome].format(about.replace("|", "\\|"))
                lines.append(f"| `{method.split('.')[1]}` | {text} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    from pyspark.sql import SparkSession
    print(json.dumps(answers(SparkSession.builder.remote(sys.argv[1]).getOrCreate(), *sys.argv[2:])))
