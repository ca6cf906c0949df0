"""Write the answers of tests/stream/*.stest anew, from real Spark:

    PYTHONPATH=tests python -m support.record_streams FILE...

The format is described in tests/stream/README.md.
"""
import json
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pyspark.errors import PySparkException

from support import spark as real_spark

AT_ONCE = 6  # cases: most of a small batch is waiting


def cases(lines):
    """(what the case says, its steps as [first line of input, line of ----, first line after the answer])."""
    found = []
    for i, line in enumerate(lines):
        word, _, rest = line.partition(" ")
        if word == "case":
            found.append({"name": rest, "sources": [], "views": [], "mode": "append", "steps": []})
        elif word == "source":
            name, schema, column, delay = re.fullmatch(r"(\w+) \((.*?)\)(?: watermark (\w+) (.*))?", rest).groups()
            found[-1]["sources"].append((name, schema, column, delay))
        elif word in ("distinct", "within"):
            view, source, columns = rest.split(" ", 2)
            found[-1]["views"].append((word, view, source, columns.split(", ")))
        elif word in ("mode", "query"):
            found[-1][word] = rest
        elif line == "step":
            end = next(k for k in range(i, len(lines)) if lines[k] == "----")
            after = next((k for k in range(end, len(lines)) if not lines[k]), len(lines))
            found[-1]["steps"].append([i + 1, end, after])
    return found


def frame(spark, case, folder):
    for name, schema, column, delay in case["sources"]:
        (folder / name).mkdir(exist_ok=True)
        df = spark.readStream.schema(schema).json(str(folder / name))
        (df.withWatermark(column, delay) if column else df).createOrReplaceTempView(name)
    for word, view, source, columns in case["views"]:
        df = spark.table(source)
        (df.dropDuplicates(columns) if word == "distinct" else df.dropDuplicatesWithinWatermark(columns)).createOrReplaceTempView(view)
    return spark.sql(case["query"]).selectExpr("to_json(struct(*), map('ignoreNullFields', 'false')) AS row")


def refused(error):
    return [f"error {error.getCondition()}"]


def answers(spark, case, lines):
    """A list of lines per step. The query starts anew for each: it then reads the files of all sources in one batch."""
    folder = Path(tempfile.mkdtemp(prefix="streams-"))
    late = 0
    for number, (begin, end, _) in enumerate(case["steps"]):
        batches = []
        try:
            df = frame(spark, case, folder)
        except PySparkException as error:
            yield refused(error)
            continue
        for name, *_ in case["sources"]:
            rows = [line.partition(" ")[2] for line in lines[begin:end] if line.startswith(name + " ")]
            if rows:
                (folder / name / f"{number}.json").write_text("\n".join(rows) + "\n")
        try:
            query = (df.writeStream.outputMode(case["mode"]).option("checkpointLocation", str(folder / "checkpoint"))
                     .foreachBatch(lambda df, _: batches.append([row[0] for row in df.collect()])).trigger(availableNow=True).start())
            query.awaitTermination()
        except PySparkException as error:
            yield refused(error)
            continue
        rows = (batches or [[]])[-1] if case["mode"] == "complete" else sum(batches, [])
        operators = [json.loads(p.json)["stateOperators"] for p in query.recentProgress]
        late += sum(op["numRowsDroppedByWatermark"] for ops in operators for op in ops)
        kept = "".join(f" {op['numRowsTotal']}" for op in (operators or [[]])[-1]) or " ?"  # no batch tells
        yield sorted(rows) + [f"state{kept} late {late}"]


def main():
    spark = real_spark.session({"spark.sql.shuffle.partitions": "2", "spark.sql.session.timeZone": "UTC"})
    for path in map(Path, sys.argv[1:]):
        lines = path.read_text().split("\n")
        edits = []
        found = cases(lines)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for case, all_answers in zip(found, pool.map(lambda case: list(answers(spark.newSession(), case, lines)), found)):
                edits += [(end + 1, after, answer) for (_, end, after), answer in zip(case["steps"], all_answers)]
                print(case["name"], flush=True)
        for begin, end, answer in reversed(edits):
            lines[begin:end] = answer
        path.write_text("\n".join(lines))
    spark.stop()


if __name__ == "__main__":
    main()
