"""Record tests/real/data/connect_calls.json from real Spark:

    PYTHONPATH=tests python -m support.record_connect_calls
"""
import os
import tempfile

from support import connect_calls


def main():
    from pyspark.sql import SparkSession
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ["TZ"] = "UTC"
    os.chdir(tempfile.mkdtemp(prefix="spark-"))
    spark = (SparkSession.builder.remote("local[2]").config("spark.ui.enabled", "false")
             .config("spark.sql.session.timeZone", "UTC").config("spark.checkpoint.dir", tempfile.mkdtemp()).getOrCreate())
    connect_calls.write(connect_calls.answers(spark))
    spark.stop()


if __name__ == "__main__":
    main()
