"""Real Apache Spark, with its Kafka, Avro and Iceberg jars.

session() gives a session in this process; run() runs a script in a process of its own, which a
test may kill; answer() runs it in the process of a session that is there, which saves the start of a
JVM. Each takes Spark settings, such as those of iceberg_catalog().
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from support import parts

BASE = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "1g",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
}


def iceberg_catalog(name, **options):
    """Settings of a catalog, e.g. iceberg_catalog("demo", type="hadoop", warehouse=path)."""
    key = f"spark.sql.catalog.{name}"
    return {key: "org.apache.iceberg.spark.SparkCatalog",
            **{f"{key}.{option.replace('_', '-')}": str(value) for option, value in options.items()}}


def session(settings=None, master="local[2]", folder=None):
    """A SparkSession in this process (Spark allows one at a time)."""
    jars = parts.jars(f"spark-{parts.SPARK}") + parts.jars(f"spark-avro-{parts.SPARK}")
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise parts.Missing("the Python package pyspark") from None
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # for functions in Python
    os.environ.pop("SPARK_REMOTE", None)
    folder = folder or tempfile.mkdtemp(prefix="spark-")
    builder = SparkSession.builder.master(master).config("spark.driver.extraClassPath", os.pathsep.join(jars))
    builder = builder.config("spark.sql.warehouse.dir", f"{folder}/spark-warehouse")
    for key, value in {**BASE, **(settings or {})}.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def answer(spark, code, settings=None, **variables):
    """What `code` assigns to `result` as a script of run() would, in the process of `spark` and a session of its own."""
    own = spark.newSession()
    for key, value in (settings or {}).items():
        own.conf.set(key, value)
    names = {"spark": own, "result": None, **variables}
    exec(compile(code, "code", "exec"), names)  # noqa: S102: a test's own code
    return json.loads(json.dumps(names["result"], default=str))


class Script:
    """A running script. wait() gives what it assigned to `result`, which has to be JSON."""

    def __init__(self, process, folder):
        self.process, self.folder = process, Path(folder)

    def wait(self, seconds=300):
        output, _ = self.process.communicate(timeout=seconds)
        if self.process.returncode != 0:
            raise RuntimeError(f"Spark's script ended with {self.process.returncode}:\n{output[-4000:]}")
        return json.loads((self.folder / "result.json").read_text())

    def kill(self):
        # The session leader and Spark's JVM with it.
        os.killpg(self.process.pid, 9)
        self.process.wait()


def start(code, settings=None, master="local[2]", **variables):
    """Start `code` in a process of its own; it finds `spark` and `variables`, and may set `result`."""
    folder = tempfile.mkdtemp(prefix="spark-")
    Path(folder, "code.py").write_text(code)
    Path(folder, "input.json").write_text(json.dumps([settings or {}, master, variables], default=str))
    process = subprocess.Popen(
        [sys.executable, "-m", "support.spark", folder], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True, cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)})
    return Script(process, folder)


def run(code, settings=None, master="local[2]", seconds=300, **variables):
    return start(code, settings, master, **variables).wait(seconds)


def main(folder):
    settings, master, variables = json.loads(Path(folder, "input.json").read_text())
    spark = session(settings, master, folder)
    names = {"spark": spark, "result": None, **variables}
    code = Path(folder, "code.py")
    exec(compile(code.read_text(), str(code), "exec"), names)
    Path(folder, "result.json").write_text(json.dumps(names["result"], default=str))
    spark.stop()


if __name__ == "__main__":
    main(sys.argv[1])
