"""Cases of python_calls: functions that keep state of groups from batch to batch."""
import datetime
import json
import os
import sys
import tempfile
import time

from pyspark import cloudpickle
from pyspark.errors import PySparkException
from pyspark.sql import functions as F

from support.python_calls import case, rows

# Workers do not have this module.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


def folder_of(*files):
    """A folder of JSON files, of which a stream takes one a batch."""
    folder = tempfile.mkdtemp()
    for number, lines in enumerate(files):
        add_file(folder, number, lines)
    return folder


def add_file(folder, number, lines):
    path = os.path.join(folder, f".{number}.json")
    with open(path, "w") as out:
        out.write("".join(json.dumps(line) + "\n" for line in lines))
    os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
    os.rename(path, os.path.join(folder, f"{number}.json"))


def events(spark, folder):
    spark.conf.set("spark.sql.shuffle.partitions", "2")
    return (spark.readStream.schema("k STRING, n INT, ts TIMESTAMP").option("maxFilesPerTrigger", 1).json(folder))


def event(key, n, minute=0):
    return {"k": key, "n": n, "ts": f"2025-01-01T{12 + minute // 60:02d}:{minute % 60:02d}:00Z"}


FILES = ([event("a", 1), event("b", 2), event("a", 3)], [event("a", 10), event("c", 5), event(None, 7)],
         [event("b", 1), event(None, 1)])
NAMES = iter(range(1_000_000))


def start(frame, mode, **trigger):
    name = f"py_state_{next(NAMES)}"
    query = (frame.writeStream.format("memory").queryName(name).outputMode(mode)
             .option("checkpointLocation", tempfile.mkdtemp()).trigger(**(trigger or {"availableNow": True})).start())
    return query, name


def run(spark, frame, mode):
    """The rows a query gives until it has taken all there is."""
    query, name = start(frame, mode)
    query.awaitTermination(120)
    return rows(spark.table(name))


def run_to_files(frame, mode, checkpoint, folder):
    """As run, for a query that is started again: the rows since its first start."""
    (frame.writeStream.format("json").option("path", folder).outputMode(mode).option("checkpointLocation", checkpoint)
     .trigger(availableNow=True).start().awaitTermination(120))
    return rows(frame.sparkSession.read.schema(frame.schema).json(folder))


def failure(spark, make):
    """How a query fails: class, and the last line of what a function raised."""
    try:
        run(spark, make(), "update")
    except PySparkException as error:
        said = [line for line in str(error).splitlines() if "Error: " in line or line.startswith("ValueError")]
        return [type(error).__name__, said[0].split("Error: ")[-1] if said else ""]
    return "no failure"


def operators(query):
    """What progress tells of state, batch by batch."""
    keep = ("operatorName", "numRowsTotal", "numRowsUpdated", "numRowsRemoved", "numRowsDroppedByWatermark", "numStateStoreInstances",
            "numShufflePartitions")
    found = [json.loads(progress.json) for progress in query.recentProgress]
    return [[{key: op[key] for key in keep} for op in progress["stateOperators"]] for progress in found
            if sum(source["numInputRows"] for source in progress["sources"])]


# ---- applyInPandasWithState ------------------------------------------------------------------------------------------


def count(key, frames, state):
    import pandas as pd
    before = state.getOption
    total, calls = before or (0, 0)
    for frame in frames:
        total += int(frame.n.sum())
    state.update((total, calls + 1))
    yield pd.DataFrame({"k": [key[0]], "total": [total], "calls": [calls + 1], "had": [before is not None]})


COUNTED = ("k string, total long, calls int, had boolean", "total long, calls int")


@case
def state_count(spark):
    frame = events(spark, folder_of(*FILES)).groupBy("k").applyInPandasWithState(count, *COUNTED, "update", "NoTimeout")
    query, name = start(frame, "update")
    query.awaitTermination(120)
    return [frame.schema.simpleString(), [f.nullable for f in frame.schema], rows(spark.table(name)), operators(query)]


@case
def state_survives_a_restart(spark):
    folder, checkpoint, out, found = folder_of(*FILES[:2]), tempfile.mkdtemp(), tempfile.mkdtemp(), []
    for turn in range(3):
        if turn == 1:
            add_file(folder, 2, FILES[2])
        frame = events(spark, folder).groupBy("k").applyInPandasWithState(count, *COUNTED, "append", "NoTimeout")
        found.append(run_to_files(frame, "append", checkpoint, out))
    return found


@case
def state_of_many_types(spark):
    def keep(key, frames, state):
        import datetime
        import decimal

        import pandas as pd
        before = repr(state.getOption)
        n = sum(len(frame) for frame in frames)
        moment = datetime.datetime(2025, 1, 2, 3, 4, 5, 678901)
        state.update((n, float(n) / 4, "text é", moment, moment.date(), decimal.Decimal("12.345"), b"\x00\xff", n > 1,
                      [1, None, 3], {"x": [1.5], "y": None}, (7, ("deep", [moment])), None, datetime.timedelta(days=1, microseconds=5),
                      2 ** 40, -3, 5, moment))
        yield pd.DataFrame({"before": [before], "after": [repr(state.get)]})
    frame = events(spark, folder_of(*FILES)).groupBy("k").applyInPandasWithState(
        keep, "before string, after string",
        "i int, d double, s string, ts timestamp, day date, dec decimal(10,2), b binary, flag boolean, list array<int>, "
        "map map<string,array<double>>, st struct<a:int,b:struct<c:string,d:array<timestamp>>>, nothing string, gap interval day to second, "
        "big long, small tinyint, f float, wall timestamp_ntz", "update", "NoTimeout")
    return run(spark, frame, "update")


@case
def state_numpy_and_wrong_types(spark):
    def keep(key, frames, state):
        import numpy as np
        import pandas as pd
        before = repr(state.getOption)
        for frame in frames:
            state.update((np.int64(frame.n.sum()), np.float32(1.5), "no number", 3, pd.Timestamp("2025-01-01")))
        yield pd.DataFrame({"before": [before]})
    frame = events(spark, folder_of(*FILES)).groupBy("k").applyInPandasWithState(
        keep, "before string", "a long, b double, c int, d string, e timestamp", "update", "NoTimeout")
    return run(spark, frame, "update")


@case
def state_removed(spark):
    def flip(key, frames, state):
        import pandas as pd
        n = sum(len(frame) for frame in frames)
        had = state.exists
        if had:
            state.remove()
        else:
            state.update((n,))
        yield pd.DataFrame({"k": [key[0]], "had": [had], "has": [state.exists]})
    frame = events(spark, folder_of(*FILES, *FILES)).groupBy("k").applyInPandasWithState(flip, "k string, had boolean, has boolean",
                                                                                     "n int", "append", "NoTimeout")
    query, name = start(frame, "append")
    query.awaitTermination(120)
    return [rows(spark.table(name)), operators(query)]


@case
def state_in_pieces(spark):
    def sizes(key, frames, state):
        import pandas as pd
        found = [len(frame) for frame in frames]
        state.update((sum(found),))
        yield pd.DataFrame({"k": [key[0]], "sizes": [found]})
        yield pd.DataFrame({"k": [], "sizes": []})
        yield pd.DataFrame({"k": [key[0]] * 3, "sizes": [[n] for n in range(3)]})
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "3")
    try:
        source = events(spark, folder_of([event(key, n) for n in range(4) for key in "abcd"][:14]))
        spark.conf.set("spark.sql.shuffle.partitions", "1")
        frame = (source.groupBy("k").applyInPandasWithState(sizes, "k string, sizes array<int>", "n int", "append", "NoTimeout"))
        return run(spark, frame, "append")
    finally:
        spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "10000")


def sessions(key, frames, state):
    import pandas as pd
    if state.hasTimedOut:
        (n,) = state.get
        shapes = [frame.shape for frame in frames]
        at = [state.getCurrentWatermarkMs(), state.oldTimeoutTimestamp]
        state.remove()
        yield pd.DataFrame({"k": [key[0]], "n": [n], "closed": [True], "at": [repr([shapes, at])]})
    else:
        n = state.getOption[0] if state.exists else 0
        last = 0
        for frame in frames:
            n += len(frame)
            last = max(last, int(frame.ts.max().timestamp() * 1000))
        state.update((n,))
        at = [state.getCurrentWatermarkMs(), state.oldTimeoutTimestamp]
        state.setTimeoutTimestamp(max(last + 60_000, state.getCurrentWatermarkMs() + 1))
        yield pd.DataFrame({"k": [key[0]], "n": [n], "closed": [False], "at": [repr(at)]})


@case
def state_event_time(spark):
    files = ([event("a", 1, 1), event("b", 1, 2), event("a", 1, 2)], [event("c", 1, 30), event("a", 1, 3)], [event("b", 1, 5), event("c", 1, 31)],
             [event("d", 1, 90), event("a", 1, 31)], [event("a", 2, 95)])
    frame = (events(spark, folder_of(*files)).withWatermark("ts", "10 minutes").groupBy("k")
             .applyInPandasWithState(sessions, "k string, n int, closed boolean, at string", "n int", "append", "EventTimeTimeout"))
    query, name = start(frame, "append")
    query.awaitTermination(120)
    return [rows(spark.table(name)), operators(query)]


@case
def state_processing_time(spark):
    def expire(key, frames, state):
        import pandas as pd
        if state.hasTimedOut:
            n = state.get[0]
            state.remove()
            yield pd.DataFrame({"k": [key[0]], "n": [-n]})
        else:
            n = sum(len(frame) for frame in frames)
            state.update((n,))
            state.setTimeoutDuration(200)
            yield pd.DataFrame({"k": [key[0]], "n": [n]})
    frame = events(spark, folder_of(FILES[0])).groupBy("k").applyInPandasWithState(expire, "k string, n int", "n int", "update", "ProcessingTimeTimeout")
    query, name = start(frame, "update", processingTime="100 milliseconds")
    deadline = time.time() + 60
    while spark.table(name).count() < 4 and time.time() < deadline:
        time.sleep(0.2)
    query.stop()
    return rows(spark.table(name))


@case
def state_function_fails(spark):
    def raises(key, frames, state):
        raise ValueError("no state today")

    def none(key, frames, state):
        state.update(None)

    def short(key, frames, state):
        import pandas as pd
        state.update((1,))
        yield pd.DataFrame({"k": [key[0]], "total": [1], "calls": [1], "had": [True]})

    def frame(key, frames, state):
        import pandas as pd
        return pd.DataFrame({"k": [key[0]], "total": [1], "calls": [1], "had": [True]})

    def columns(key, frames, state):
        import pandas as pd
        yield pd.DataFrame({"k": [key[0]]})

    def timeout(key, frames, state):
        state.setTimeoutDuration(10)

    def watermark(key, frames, state):
        state.getCurrentWatermarkMs()
    found = {}
    for function in (raises, none, short, frame, columns, timeout, watermark):
        found[function.__name__] = failure(spark, lambda function=function: events(spark, folder_of(FILES[0])).groupBy("k").applyInPandasWithState(
            function, *COUNTED, "update", "NoTimeout"))
    return found


@case
def state_refusals(spark):
    def make(mode="update", timeout="NoTimeout", stream=True):
        frame = events(spark, folder_of(FILES[0])) if stream else spark.createDataFrame([("a", 1, datetime.datetime(2025, 1, 1))], "k STRING, n INT, ts TIMESTAMP")
        return frame.groupBy("k").applyInPandasWithState(count, *COUNTED, mode, timeout)

    def said(call):
        try:
            call()
        except PySparkException as error:
            said = str(error).splitlines()[0].removeprefix(f"[{error.getCondition()}] ").removesuffix(";")
            return [type(error).__name__, error.getCondition(), said if "_LEGACY" in (error.getCondition() or "") else ""]
        return "accepted"
    return {"other mode": said(lambda: start(make("append"), "update")), "complete": said(lambda: start(make(), "complete")),
            "no watermark": said(lambda: start(make(timeout="EventTimeTimeout"), "update")),
            "unknown mode": said(lambda: make("sometimes").schema), 
            "batch": said(lambda: make(stream=False).collect()), "upper case": said(lambda: start(make("Update"), "update")[0].stop()),
            "aggregated": said(lambda: start(make("append").groupBy("k").count(), "update")[0].stop()),
            "after aggregation": said(lambda: start(events(spark, folder_of(FILES[0])).withWatermark("ts", "1 minute").groupBy("k", "ts", F.lit(1).alias("n")).count()
                                                .groupBy("k").applyInPandasWithState(count, *COUNTED, "append", "NoTimeout"), "append")[0].stop())}


# ---- transformWithState ----------------------------------------------------------------------------------------------

ROCKSDB = "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"


def processors():
    """The processors, made where pyspark is that runs them."""
    import pandas as pd
    from pyspark.sql import Row
    from pyspark.sql.streaming import StatefulProcessor

    class Sums(StatefulProcessor):
        """Of each kind of state something, in pandas."""

        def init(self, handle):
            self.total = handle.getValueState("total", "n long, last timestamp")
            self.seen = handle.getListState("seen", "n int")
            self.counts = handle.getMapState("counts", "n int, odd boolean", "times int")

        def handleInputRows(self, key, rows, timerValues):
            before = self.total.get() if self.total.exists() else None
            frames = list(rows)
            n, last = (before[0] if before else 0), None
            for frame in frames:
                n += int(frame.n.sum())
                last = frame.ts.max()
                for value in frame.n.tolist():
                    self.seen.appendValue((int(value),))
                    at = (int(value), bool(value % 2))
                    times = self.counts.getValue(at)[0] if self.counts.containsKey(at) else 0
                    self.counts.updateValue(at, (times + 1,))
            self.total.update((n, last))
            listed = [row[0] for row in self.seen.get()]
            if len(listed) > 3:
                self.seen.put([(value,) for value in listed[-2:]])
                self.seen.appendList([(-1,), (-2,)])
            counted = sorted([list(k) + list(v) for k, v in self.counts.iterator()])
            if len(counted) > 2:
                self.counts.removeKey((1, True))
            keys = sorted(list(k) for k in self.counts.keys())
            values = sorted(v[0] for v in self.counts.values())
            shown = repr([key, before, [frame.shape for frame in frames], listed, counted, keys, values, self.counts.exists(), self.seen.exists()])
            if n > 12:
                self.total.clear()
                self.seen.clear()
                self.counts.clear()
            yield pd.DataFrame({"k": [key[0]], "n": [n], "shown": [shown]})

        def close(self):
            pass

    class RowSums(StatefulProcessor):
        def init(self, handle):
            self.total = handle.getValueState("total", "n long, who struct<name:string,parts:array<int>>")

        def handleInputRows(self, key, rows, timerValues):
            before = self.total.get()
            rows = list(rows)
            n = (before[0] if before else 0) + sum(row.n for row in rows)
            self.total.update((n, (str(key[0]), [row.n for row in rows])))
            yield Row(k=key[0], n=n, shown=repr([before, rows[0].k, rows[0].n, len(rows)]))

        def close(self):
            pass

    class Timed(StatefulProcessor):
        """A timer for each key: ten minutes after its last row, or right away."""

        def init(self, handle):
            self.handle = handle
            self.last = handle.getValueState("last", "ms long")

        def handleInputRows(self, key, rows, timerValues):
            last = max(int(row.ts.timestamp() * 1000) for row in rows)
            for timer in list(self.handle.listTimers()):
                self.handle.deleteTimer(timer)
            self.last.update((last,))
            self.handle.registerTimer(last + 60_000)
            self.handle.registerTimer(last + 120_000)
            yield Row(k=key[0], n=timerValues.getCurrentWatermarkInMs(), shown=repr([sorted(self.handle.listTimers())]))

        def handleExpiredTimer(self, key, timerValues, expiredTimerInfo):
            at = expiredTimerInfo.getExpiryTimeInMs()
            yield Row(k=key[0], n=timerValues.getCurrentWatermarkInMs(), shown=repr([at, self.last.get(), sorted(self.handle.listTimers())]))
            if at > self.last.get()[0] + 60_000:
                self.last.clear()

        def close(self):
            pass

    class Due(StatefulProcessor):
        """Processing time: a timer, and values that expire."""

        def init(self, handle):
            self.handle = handle
            self.short = handle.getValueState("short", "n int", ttlDurationMs=300)
            self.long = handle.getValueState("long", "n int", ttlDurationMs=600_000)
            self.list = handle.getListState("list", "n int", ttlDurationMs=300)
            self.map = handle.getMapState("map", "n int", "n int", ttlDurationMs=300)

        def handleInputRows(self, key, rows, timerValues):
            n = sum(row.n for row in rows)
            self.short.update((n,))
            self.long.update((n,))
            self.list.appendValue((n,))
            self.map.updateValue((n,), (n,))
            self.handle.registerTimer(timerValues.getCurrentProcessingTimeInMs() + 400)
            yield Row(k=key[0], n=n, shown=repr([self.short.get(), list(self.list.get()), list(self.map.keys()), timerValues.getCurrentWatermarkInMs()]))

        def handleExpiredTimer(self, key, timerValues, expiredTimerInfo):
            yield Row(k=key[0], n=-1, shown=repr([self.short.get(), self.short.exists(), self.long.get(), list(self.list.get()), self.list.exists(),
                                                 list(self.map.keys()), self.map.exists()]))

        def close(self):
            pass

    class Begun(StatefulProcessor):
        def init(self, handle):
            self.total = handle.getValueState("total", "n long")

        def handleInitialState(self, key, initial, timerValues):
            n = int(initial.n.sum()) if hasattr(initial, "columns") else initial.n
            self.total.update(((self.total.get() or (0,))[0] + n,))

        def handleInputRows(self, key, rows, timerValues):
            shapes = []
            before = self.total.get()
            n = before[0] if before else 0
            for part in rows:
                shapes.append(getattr(part, "shape", None) or tuple(part))
                n += int(part.n.sum()) if hasattr(part, "columns") else part.n
            self.total.update((n,))
            if hasattr(part, "columns"):
                yield pd.DataFrame({"k": [key[0]], "n": [n], "shown": [repr([before, len(shapes)])]})
            else:
                yield Row(k=key[0], n=n, shown=repr([before, len(shapes)]))

        def close(self):
            pass
    return {name: value for name, value in locals().items() if isinstance(value, type) and name not in ("StatefulProcessor", "Row")}


SHOWN = "k string, n long, shown string"


def with_rocksdb(function):
    def run_it(spark):
        spark.conf.set("spark.sql.streaming.stateStore.providerClass", ROCKSDB)
        try:
            return function(spark)
        finally:
            spark.conf.unset("spark.sql.streaming.stateStore.providerClass")
    run_it.__name__ = function.__name__
    return run_it


@case
@with_rocksdb
def processor_pandas(spark):
    frame = (events(spark, folder_of(*FILES, *FILES)).where("k IS NOT NULL").groupBy("k")
             .transformWithStateInPandas(processors()["Sums"](), SHOWN, "Update", "None"))
    query, name = start(frame, "update")
    query.awaitTermination(120)
    return [frame.schema.simpleString(), [f.nullable for f in frame.schema], rows(spark.table(name)),
            [op["operatorName"] for ops in operators(query) for op in ops]]


@case
@with_rocksdb
def processor_rows(spark):
    folder, checkpoint, out, found = folder_of(*FILES[:2]), tempfile.mkdtemp(), tempfile.mkdtemp(), []
    for turn in range(2):
        if turn == 1:
            add_file(folder, 2, FILES[2])
        frame = events(spark, folder).groupBy("k").transformWithState(processors()["RowSums"](), SHOWN, "Append", "none")
        found.append(run_to_files(frame, "append", checkpoint, out))
    return found


@case
@with_rocksdb
def processor_event_time(spark):
    files = ([event("a", 1, 1), event("b", 1, 2), event("a", 1, 2)], [event("c", 1, 30), event("a", 1, 3)], [event("b", 1, 5), event("c", 1, 31)],
             [event("d", 1, 90), event("a", 1, 31)], [event("a", 2, 95)])
    frame = (events(spark, folder_of(*files)).withWatermark("ts", "10 minutes").groupBy("k")
             .transformWithState(processors()["Timed"](), SHOWN, "Append", "EventTime"))
    return run(spark, frame, "append")


@case
@with_rocksdb
def processor_processing_time(spark):
    frame = events(spark, folder_of(FILES[0])).groupBy("k").transformWithState(processors()["Due"](), SHOWN, "Update", "ProcessingTime")
    query, name = start(frame, "update", processingTime="100 milliseconds")
    deadline = time.time() + 60
    while spark.table(name).count() < 4 and time.time() < deadline:
        time.sleep(0.2)
    query.stop()
    return rows(spark.table(name))


@case
@with_rocksdb
def processor_initial_state(spark):
    initial = spark.createDataFrame([("a", 100), ("z", 5), ("a", 1000)], "k string, n int").groupBy("k")
    found = []
    for how in ("transformWithStateInPandas", "transformWithState"):
        frame = getattr(events(spark, folder_of(*FILES)).where("k IS NOT NULL").groupBy("k"), how)(
            processors()["Begun"](), SHOWN, "Update", "None", initial)
        found.append(run(spark, frame, "update"))
    return found


@case
@with_rocksdb
def processor_on_a_table(spark):
    frame = spark.createDataFrame([("a", 1), ("b", 2), ("a", 3)], "k string, n int")
    return rows(frame.groupBy("k").transformWithState(processors()["RowSums"](), SHOWN, "Update", "None").select("k", "n"))


@case
@with_rocksdb
def processor_fails(spark):
    from pyspark.sql.streaming import StatefulProcessor

    class Base(StatefulProcessor):
        def init(self, handle):
            self.handle = handle

        def close(self):
            pass

    class Raises(Base):
        def handleInputRows(self, key, rows, timerValues):
            raise ValueError("no rows today")

    class Timer(Base):
        def handleInputRows(self, key, rows, timerValues):
            self.handle.registerTimer(1)
            return iter([])
    found = {}
    for kind in (Raises, Timer):
        try:
            run(spark, events(spark, folder_of(FILES[0])).groupBy("k").transformWithState(kind(), SHOWN, "Update", "None"), "update")
        except PySparkException as error:
            found[kind.__name__] = type(error).__name__
    return found


@case
def processor_refusals(spark):
    def make(mode="update", time="None"):
        return events(spark, folder_of(FILES[0])).groupBy("k").transformWithState(processors()["RowSums"](), SHOWN, mode, time)

    def said(call):
        try:
            call()
        except PySparkException as error:
            said = str(error).splitlines()[0].removeprefix(f"[{error.getCondition()}] ").removesuffix(";")
            return [type(error).__name__, error.getCondition(), said if "_LEGACY" in (error.getCondition() or "") else ""]
        return "accepted"
    found = {"unknown mode": said(lambda: make("sometimes").schema), "unknown time": said(lambda: make(time="Sometime").schema),
             "other mode": said(lambda: start(make("append"), "update")[0].stop()), "complete": said(lambda: start(make(), "complete")[0].stop())}

    def provider():
        query, _ = start(make(), "update")
        query.awaitTermination(60)
    try:
        provider()
    except PySparkException as error:
        found["provider"] = type(error).__name__
    return found
