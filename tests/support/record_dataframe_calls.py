"""Record tests/real/data/dataframe_calls.json from real Spark:

    PYTHONPATH=tests python -m support.record_dataframe_calls
"""
import json
import os
import tempfile

from support import dataframe_calls


def main():
    from pyspark.sql import SparkSession
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ["TZ"] = "UTC"
    os.chdir(tempfile.mkdtemp(prefix="spark-"))
    spark = (SparkSession.builder.remote("local[2]").config("spark.ui.enabled", "false")
             .config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "2")
             # Its cache of plans forgets which DataFrame a plan is of.
             .config("spark.connect.session.planCache.enabled", "false")
             .config("spark.checkpoint.dir", tempfile.mkdtemp()).getOrCreate())
    answers = dataframe_calls.answers(spark)
    lines = [f"{json.dumps(call)}: {json.dumps(answer)}" for call, answer in answers.items()]
    dataframe_calls.ANSWERS.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    spark.stop()


if __name__ == "__main__":
    main()
