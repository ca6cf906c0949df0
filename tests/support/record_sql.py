#!/usr/bin/env python3
"""Record, or check, the answers in tests/sql/ with real Spark.

usage: record_sql.py [--check] FILE...        FILE: *.test or functions.tsv

Needs a Python with `pyspark[connect]==4.1.1`, Java 17 and, for files that use the Iceberg catalog
`demo`, the runtime jar in $SPARK_JARS_DIR (default ~/.cache/spark-jars-4.1).
The format is described in tests/sql/README.md. Statements are kept as written; every answer line is
replaced by what Spark says, so a block may be written as a bare `query` and turns into `error` if
Spark refuses it. --check writes nothing and exits with 1 if an answer differs.
"""
import glob
import logging
import os
import re
import shutil
import sys
import tempfile

SPARK_VERSION = "4.1.1"
ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def escape(text):
    """One cell or schema string -> one piece of a line."""
    if text == "":
        return "\\e"
    res = "".join(ESCAPES.get(c) or (f"\\x{ord(c):02x}" if ord(c) < 32 or ord(c) == 127 else c) for c in text)
    if res[0] == " ":
        res = "\\s" + res[1:]
    if res[-1] == " ":
        res = res[:-1] + "\\s"
    return res


def start_spark(work):
    from pyspark.sql import SparkSession
    import pyspark

    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)

    if pyspark.__version__ != SPARK_VERSION:
        sys.exit(f"record_sql.py: needs pyspark {SPARK_VERSION}, found {pyspark.__version__}")
    jars = sorted(glob.glob(os.environ.get("SPARK_JARS_DIR", os.path.expanduser("~/.cache/spark-jars-4.1")) + "/iceberg-spark-runtime*.jar"))
    builder = (SparkSession.builder.master("local[2]").appName("record_sql")
               .config("spark.ui.enabled", "false")
               .config("spark.ui.showConsoleProgress", "false")
               .config("spark.driver.memory", "2g")
               .config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC -XX:+UseSerialGC -XX:CICompilerCount=2")
               .config("spark.log.level", "OFF")
               .config("spark.sql.session.timeZone", "UTC")
               .config("spark.sql.shuffle.partitions", "2")
               .config("spark.sql.catalogImplementation", "in-memory")
               .config("spark.sql.warehouse.dir", work + "/spark-warehouse"))
    if jars:
        builder = (builder.config("spark.jars", jars[-1])
                   .config("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")
                   .config("spark.sql.catalog.demo", "org.apache.iceberg.spark.SparkCatalog")
                   .config("spark.sql.catalog.demo.type", "hadoop")
                   .config("spark.sql.catalog.demo.warehouse", work + "/demo"))
    return builder.getOrCreate()


class Oracle:
    def __init__(self):
        self.work = tempfile.mkdtemp(prefix="record_sql.")
        self.base = start_spark(self.work)
        self.spark = None

    def fresh(self):
        """A new session, no tables, default settings."""
        self.base.sql("USE spark_catalog.default")
        for t in self.base.sql("SHOW TABLES IN spark_catalog.default").collect():
            if not t["isTemporary"]:
                self.base.sql(f"DROP TABLE IF EXISTS spark_catalog.default.`{t['tableName']}`")
        for d in ("/demo", "/spark-warehouse"):
            shutil.rmtree(self.work + d, ignore_errors=True)
            os.makedirs(self.work + d)
        self.spark = self.base.newSession()

    def hide(self, text):
        return text.replace("file:" + self.work, "${WORK}").replace(self.work, "${WORK}")

    def rows(self, df):
        """Cells as show(truncate=False) makes them, before its padding and escaping."""
        jvm = self.spark._jvm
        out = df._jdf.queryExecution().analyzed().output()
        cols = [jvm.org.apache.spark.sql.classic.ExpressionUtils.column(
            jvm.org.apache.spark.sql.catalyst.expressions.ToPrettyString(out.apply(i), jvm.scala.Option.empty()))
            for i in range(out.size())]
        seq = jvm.org.apache.spark.api.python.PythonUtils.toSeq(cols)
        from pyspark.sql.classic.dataframe import DataFrame
        shown = DataFrame(df._jdf.select(seq), self.spark)
        return ["\t".join(escape(self.hide(str(c))) for c in r) for r in shown.collect()]

    def schema(self, df):
        try:
            return df.schema.simpleString()
        except Exception:
            return df._jdf.schema().catalogString()

    def run(self, sql, want_rows=True):
        """('rows', schema, [line]) or ('error', 'CONDITION SQLSTATE [@position]')."""
        try:
            df = self.spark.sql(sql)
            if not want_rows:
                return ("rows", None, [])
            return ("rows", escape(self.hide(self.schema(df))), self.rows(df))
        except Exception as e:
            return ("error", self.describe(e))

    def describe(self, e):
        condition = state = position = None
        if hasattr(e, "getCondition"):
            condition, state = e.getCondition(), e.getSqlState()
            for c in (e.getQueryContext() or []):
                try:
                    if c.startIndex() >= 0 and c.stopIndex() >= c.startIndex():
                        position = f"@{c.startIndex()}-{c.stopIndex()}"
                        break
                except Exception:
                    pass
        origin = getattr(e, "_origin", None) or getattr(e, "java_exception", None)
        cause = origin
        while not condition and cause is not None:  # the throwable that has a condition may be a cause
            try:
                condition, state = cause.getCondition(), cause.getSqlState()
            except Exception:
                pass
            cause = cause.getCause()
        if not position and (m := re.search(r"\(line (\d+), pos (\d+)\)", str(e))) and type(e).__name__ == "ParseException":
            position = f"@{m[1]}:{m[2]}"
        if not condition:
            print(f"  no condition: {type(e).__name__}: {str(e)[:300]}", file=sys.stderr)
        return " ".join(x for x in (condition or "-", state or "-", position) if x)


def blocks(text):
    """Lines -> lists of lines; an empty line ends a block."""
    cur = []
    for line in text.split("\n"):
        if line == "":
            if cur:
                yield cur
            cur = []
        else:
            cur.append(line)
    if cur:
        yield cur


def answer_block(oracle, block, where):
    res, i = [], 0
    while i < len(block) and (block[i].startswith("#") or re.match(r"(set|reset) ", block[i])):
        line = block[i]
        if line.startswith("set "):
            key, value = line[4:].split("=", 1)
            oracle.spark.conf.set(key.strip(), value.strip())
        elif line.startswith("reset "):
            oracle.spark.conf.unset(line[6:].strip())
        res.append(line)
        i += 1
    if i == len(block):
        return res
    kind = block[i]
    if not re.fullmatch(r"query( rowsort)?|statement|error( .*)?", kind):
        sys.exit(f"{where}: not a directive: {kind}")
    sql = []
    for line in block[i + 1:]:
        if line == "----" or line.startswith("---- "):
            break
        sql.append(line)
    if not sql:
        sys.exit(f"{where}: no SQL")
    got = oracle.run("\n".join(sql), want_rows=kind != "statement")
    if got[0] == "error":
        if kind == "statement":
            print(f"{where}: statement failed: {got[1]}: {sql[0]}", file=sys.stderr)
        return res + ["error " + got[1]] + sql
    if kind == "statement":
        return res + [kind] + sql
    if kind.startswith("error"):
        kind = "query"
    return res + [kind] + sql + ["---- " + got[1]] + (sorted(got[2]) if kind == "query rowsort" else got[2])


def answer_test(oracle, text, path):
    oracle.fresh()
    res = []
    for block in blocks(text):
        res.append("\n".join(answer_block(oracle, block, path)))
    return "\n\n".join(res) + "\n"


def answer_functions(oracle, text, path):
    oracle.fresh()
    res = []
    for line in text.rstrip("\n").split("\n"):
        if line.startswith("#") or not line:
            res.append(line)
            continue
        name, call = line.split("\t")[:2]
        df = oracle.spark.sql("SELECT " + call)
        res.append("\t".join([name, call, oracle.rows(df)[0], df.schema.fields[0].dataType.simpleString()]))
    return "\n".join(res) + "\n"


def main():
    args = sys.argv[1:]
    check = "--check" in args
    files = [a for a in args if not a.startswith("--")]
    if not files:
        sys.exit(__doc__)
    oracle = Oracle()
    bad = 0
    try:
        for path in files:
            text = open(path, encoding="utf-8", newline="").read()
            answer = answer_functions if path.endswith(".tsv") else answer_test
            got = answer(oracle, text, path)
            count = len(re.findall(r"^(?:query|error)\b", got, re.M))
            print(f"{path}: {count} queries" + (", changed" if got != text else ""), flush=True)
            if got != text:
                if check:
                    bad = 1
                    import difflib
                    sys.stdout.writelines(x + "\n" for x in difflib.unified_diff(text.split("\n"), got.split("\n"), path, "spark", lineterm="", n=4))
                else:
                    with open(path, "w", encoding="utf-8", newline="") as f:
                        f.write(got)
    finally:
        oracle.base.stop()
        shutil.rmtree(oracle.work, ignore_errors=True)
    sys.exit(bad)


if __name__ == "__main__":
    main()
