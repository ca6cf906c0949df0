"""`sluice submit` and `sluice pyspark`: PySpark programs as they are, beside an engine of their own."""
import os
import runpy
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from support import connect


def environment(**more):
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("SPARK_", "PYSPARK_"))}
    return {**inherited, "PYSPARK_PYTHON": sys.executable, "TZ": "UTC", **more}


def submit(sluice, folder, code, *arguments, options=(), seconds=120, command="submit", **more):
    script = Path(folder, "script.py")
    script.write_text(code)
    return subprocess.run([str(sluice.resolve()), command, *options, str(script), *arguments], capture_output=True, text=True, timeout=seconds, cwd=folder,
                          env=environment(**more))


def test_builder_calls_of_programs_for_clusters(sluice, tmp_path):
    code = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.appName("My app").master("local[3]").config("spark.sql.shuffle.partitions", 5).getOrCreate()
spark.sparkContext.setLogLevel("ERROR")
print(spark.conf.get("spark.app.name"), spark.conf.get("spark.master"), spark.conf.get("spark.sql.shuffle.partitions"), spark.conf.get("my.key"),
      spark.sparkContext.appName, sys.argv[1:], spark.range(5).count(), __name__)
spark.stop()
"""
    run = submit(sluice, tmp_path, code, "a", "--flag", "b c", options=["--master", "local[2]", "--driver-memory", "4g", "--conf", "my.key=1"])
    assert run.stdout == "My app local[3] 5 1 My app ['a', '--flag', 'b c'] 5 __main__\n"
    assert run.returncode == 0, run.stderr
    assert run.stderr == "sluice: the engine is one process, --driver-memory has no effect\n"


def test_settings_from_a_file_and_name(sluice, tmp_path):
    (tmp_path / "my.conf").write_text("my.key from file\nmy.other 2\n")
    code = "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\n" \
           "print(*[spark.conf.get(k) for k in ('my.key', 'my.other', 'spark.app.name')])\n"
    run = submit(sluice, tmp_path, code, options=["--properties-file", str(tmp_path / "my.conf"), "--conf", "my.other=3", "--name", "N"])
    assert (run.stdout, run.returncode) == ("from file 3 N\n", 0), run.stderr


def test_exit_codes(sluice, tmp_path):
    assert submit(sluice, tmp_path, "import sys; sys.exit(7)").returncode == 7
    failed = submit(sluice, tmp_path, "raise ValueError('oops')")
    assert failed.returncode == 1 and "ValueError: oops" in failed.stderr
    assert subprocess.run([str(sluice.resolve()), "submit"], capture_output=True, env=environment()).returncode == 2
    assert subprocess.run([str(sluice.resolve()), "submit", "--nosuch", "x.py"], capture_output=True, env=environment()).returncode == 2
    missing = subprocess.run([str(sluice.resolve()), "submit", "x.py"], capture_output=True, text=True, env=environment(PYSPARK_PYTHON="/nosuch/python"))
    assert missing.returncode == 1 and "/nosuch/python" in missing.stderr


def test_a_killed_engine_takes_its_program_along(sluice, tmp_path):
    script, started = tmp_path / "script.py", tmp_path / "started"
    script.write_text("import os, sys, time\nfrom pathlib import Path\nPath(sys.argv[1] + '.new').write_text(str(os.getpid()))\n"
                      "os.rename(sys.argv[1] + '.new', sys.argv[1])\ntime.sleep(300)\n")
    engine = subprocess.Popen([str(sluice.resolve()), "submit", str(script), str(started)], cwd=tmp_path, env=environment())
    assert connect.eventually(started.exists, 60)
    engine.kill()
    engine.wait()
    assert connect.eventually(lambda: not connect.alive(started.read_text()), 20)


def test_packages(sluice, tmp_path):
    known = ("org.apache.spark:spark-sql-kafka-0-10_2.12:3.3.1,org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.11.0,"
             "org.apache.iceberg:iceberg-aws-bundle:1.11.0")
    run = submit(sluice, tmp_path, "print('ran')", options=["--packages", known])
    assert (run.returncode, run.stdout) == (0, "ran\n")
    assert run.stderr.count("is built in") == 3
    for unknown in ("io.delta:delta-spark_2.13:4.0.0", "org.apache.iceberg:iceberg-spark-runtimes:1", "nonsense"):
        run = submit(sluice, tmp_path, "print('ran')", options=["--packages", unknown])
        assert (run.returncode, run.stdout) == (1, "")
        assert unknown in run.stderr


def test_the_users_sitecustomize_and_path_stay(sluice, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("import builtins\nbuiltins.mine = 'mine'\n")
    (own / "helping.py").write_text("answer = 42\n")
    run = submit(sluice, tmp_path, "import helping\nprint(mine, helping.answer)\n", PYTHONPATH=str(own))
    assert run.stdout == "mine 42\n", run.stderr


def test_a_shell(sluice, tmp_path):
    run = subprocess.run([str(sluice.resolve()), "pyspark"], input="print('sum', spark.range(5).selectExpr('sum(id)').collect()[0][0])\n",
                         capture_output=True, text=True, timeout=60, cwd=tmp_path, env=environment())
    assert "sum 10" in run.stdout, run.stderr
    assert "The session is there as `spark`." in run.stdout


def test_a_running_server_instead(sluice, tmp_path):
    with connect.Server(sluice, {"my.key": "of the server"}) as server:
        code = "from pyspark.sql import SparkSession\n" \
               "spark = SparkSession.builder.master('local[2]').getOrCreate()\nprint(spark.conf.get('my.key'))\n"
        assert submit(sluice, tmp_path, code, options=["--remote", server.url]).stdout == "of the server\n"


def test_demos_of_the_readme(sluice):
    pictures = runpy.run_path(str(Path(__file__).parents[2] / "tools/terminal_pictures.py"))
    (_, typed), (_, shown) = pictures["word_count"](sluice.resolve())
    counts = {}
    for row in shown[shown.index("Batch: 2"):]:
        if row.startswith("|") and not row.startswith("|word|"):
            word, count = (cell.strip() for cell in row.strip("|").split("|"))
            counts[word] = int(count)
    assert counts == Counter(" ".join(typed).split())
    [(_, shown)] = pictures["rate"](sluice.resolve())
    assert any(row.startswith("|{20") for row in shown)


STREAM = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
query = spark.readStream.format("kafka").option("kafka.bootstrap.servers", sys.argv[1]).option("subscribe", sys.argv[2]) \\
    .option("startingOffsets", "earliest").load().selectExpr("cast(value AS STRING) AS value") \\
    .writeStream.format("console").option("checkpointLocation", sys.argv[3]).start()
print("Listening", flush=True)
query.awaitTermination()
"""


@pytest.mark.parametrize("stop, whole_group", [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_signals_let_the_batch_finish(sluice, kafka, tmp_path, stop, whole_group):
    topic = f"signals-{stop.name}"
    kafka.create_topic(topic, 1)
    kafka.produce(topic, [{"value": b"one"}])
    script = tmp_path / "script.py"
    script.write_text(STREAM)
    process = subprocess.Popen([str(sluice.resolve()), "submit", str(script), kafka.bootstrap, topic, str(tmp_path / "checkpoint")], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment(), start_new_session=True)
    assert connect.eventually(lambda: (tmp_path / "checkpoint/commits/0").exists(), 30)
    began = time.monotonic()
    if whole_group:
        os.killpg(process.pid, stop)  # as a terminal's Ctrl-C
    else:
        process.send_signal(stop)
    output, _ = process.communicate(timeout=30)
    assert time.monotonic() - began < 10
    assert process.returncode != 0
    assert output.startswith("Listening\n-------------------------------------------\nBatch: 0\n")
    assert "|  one|" in output
    offsets, commits = ({p.name for p in (tmp_path / "checkpoint" / kind).iterdir()} for kind in ("offsets", "commits"))
    assert offsets == commits
