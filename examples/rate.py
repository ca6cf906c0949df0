"""Rows by the clock, counted by windows of 5 seconds of event time: sluice submit examples/rate.py"""
from pyspark.sql import SparkSession
from pyspark.sql.functions import count, max, window

spark = SparkSession.builder.appName("rate").master("local[2]").getOrCreate()
rows = spark.readStream.format("rate").option("rowsPerSecond", 20).load()
windows = (rows.withWatermark("timestamp", "10 seconds").groupBy(window("timestamp", "5 seconds"))
           .agg(count("*").alias("rows"), max("value").alias("newest")))
query = (windows.writeStream.format("console").option("truncate", False).outputMode("update")
         .trigger(processingTime="2 seconds").start())
query.awaitTermination()
