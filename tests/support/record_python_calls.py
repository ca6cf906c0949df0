"""Record tests/real/data/python_calls.json from real Spark:

    PYTHONPATH=tests python -m support.record_python_calls [case ...]
"""
import json
import os
import sys
import tempfile

from support import python_calls


def main():
    from pyspark.sql import SparkSession
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ["TZ"] = "UTC"
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["SPARK_TESTING"] = "1"  # a free port
    os.chdir(tempfile.mkdtemp(prefix="spark-"))
    spark = (SparkSession.builder.remote("local[2]").config("spark.ui.enabled", "false")
             .config("spark.sql.shuffle.partitions", "4").config("spark.sql.session.timeZone", "UTC").getOrCreate())
    only = sys.argv[1:] or None
    known = json.loads(python_calls.ANSWERS.read_text()) if only else {}
    python_calls.write({**known, **python_calls.answers(spark, only)})
    spark.stop()


if __name__ == "__main__":
    main()
