"""Record tests/real/data/pyspark_api.json from real Spark, with its Iceberg jar:

    PYTHONPATH=tests python -m support.record_pyspark_api
"""
import json
import os
import sys
import tempfile

from support import parts, pyspark_api, spark as real_spark


def main():
    from pyspark.sql import SparkSession
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ["TZ"] = "UTC"
    os.environ["PYSPARK_PYTHON"] = sys.executable
    folder = tempfile.mkdtemp(prefix="spark-")
    os.chdir(folder)
    settings = {
        "spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC", "spark.sql.shuffle.partitions": "2",
        "spark.checkpoint.dir": f"{folder}/checkpoints", "spark.sql.artifact.copyFromLocalToFs.allowDestLocal": "true",
        "spark.driver.extraClassPath": os.pathsep.join(parts.jars(f"spark-{parts.SPARK}")),
        # Its cache of plans forgets which DataFrame a plan is of.
        "spark.connect.session.planCache.enabled": "false",
        **real_spark.iceberg_catalog("ice", type="hadoop", warehouse=f"{folder}/ice")}
    builder = SparkSession.builder.remote("local[2]")
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    answers = pyspark_api.answers(spark)
    lines = [f"{json.dumps(method)}: {json.dumps(answer)}" for method, answer in answers.items()]
    pyspark_api.ANSWERS.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    spark.stop()


if __name__ == "__main__":
    main()
