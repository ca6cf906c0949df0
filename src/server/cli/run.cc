#include "server/cli/run.h"

#include <CLI/CLI.hpp>

#include <iostream>

#include "server/cli/commands.h"
#include "sluice/sluice.h"

namespace sluice::cli {

namespace {

void AddSettings(CLI::App* app, SettingsRequest* settings) {
  app->add_option("--conf", settings->conf, "A setting, key=value; may be given several times")
      ->take_all()
      ->allow_extra_args(false);  // what follows the pair is the script
  app->add_option("--master", settings->master, "local, local[n] or local[*]");
  app->add_option("--properties-file", settings->properties_file,
                  "Settings as in spark-defaults.conf (else ./conf or $SLUICE_CONF_DIR)");
}

/// Options of spark-submit that size a cluster.
void AddClusterOptions(CLI::App* app, std::string* given) {
  for (const char* name : {"--driver-memory", "--driver-cores", "--executor-memory", "--executor-cores",
                           "--num-executors", "--total-executor-cores", "--deploy-mode", "--queue"})
    app->add_option_function<std::string>(
           name, [name, given](const std::string&) { *given += (given->empty() ? "" : ", ") + std::string(name); })
        ->group("");
}

void AddSubmit(CLI::App* app, SubmitRequest* request) {
  AddSettings(app, &request->settings);
  app->add_option("--packages", request->packages,
                  "Maven coordinates; those of the connectors that are built in are accepted");
  app->add_option("--name", request->name, "Name of the application");
  app->add_option("--py-files", request->py_files, "Python files and archives to import from, separated by commas");
  app->add_option("--remote", request->remote, "A Spark Connect server to run on, instead of an engine of its own");
  AddClusterOptions(app, &request->without_effect);
  app->prefix_command();
}

}  // namespace

int Run(int argc, char** argv) {
  CLI::App app{"Sluice: streams from Kafka into Iceberg, with Spark's SQL and checkpoints"};
  app.require_subcommand(1);

  SqlRequest sql;
  std::string output = "table";
  auto* sql_app = app.add_subcommand("sql", "Run SQL: interactive, from standard input, -e or -f");
  AddSettings(sql_app, &sql.settings);
  sql_app->add_option("-e,--execute", sql.statements, "Statements to run")->take_all();
  sql_app->add_option("-f,--file", sql.file, "A file of statements to run");
  sql_app->add_option("--remote", sql.remote, "A Spark Connect server to run on, instead of an engine of its own");
  sql_app->add_option("--output", output, "table, csv or json")->check(CLI::IsMember({"table", "csv", "json"}));

  DemoRequest demo;
  auto* demo_app = app.add_subcommand("demo", "Embedded broker -> stream -> Iceberg table, checked");
  AddSettings(demo_app, &demo.settings);
  demo_app->add_option("--events", demo.events, "Events to produce")->check(CLI::PositiveNumber);
  demo_app->add_option("--folder", demo.folder,
                       "A folder without an earlier run, to keep table and checkpoint (else a temporary one)");

  BrokerRequest broker;
  auto* broker_app = app.add_subcommand("broker", "A small Kafka endpoint for trying things");
  broker_app->add_option("--port", broker.port, "Port; 0 takes a free one");
  broker_app->add_option("--partitions", broker.partitions, "Partitions of new topics");
  broker_app->add_option("--topic", broker.topics, "A topic to create; may be given several times")->take_all();
  broker_app->add_option("--lines", broker.lines, "A file whose lines go into the topic; - is standard input");

  ServerRequest server;
  auto* server_app = app.add_subcommand("server", "Serve PySpark and other Spark Connect clients");
  AddSettings(server_app, &server.settings);
  server_app->add_option("--port", server.port, "Port (15002); 0 takes a free one");
  server_app->add_option("--address", server.address, "Address to listen on (127.0.0.1)");

  SubmitRequest submit, pyspark;
  auto* submit_app =
      app.add_subcommand("submit", "Run a PySpark script: sluice submit [options] script.py [arguments]");
  AddSubmit(submit_app, &submit);
  auto* pyspark_app = app.add_subcommand("pyspark", "A Python shell with a session named spark");
  AddSubmit(pyspark_app, &pyspark);

  auto* version_app = app.add_subcommand("version", "Print the version");
  CLI11_PARSE(app, argc, argv);

  if (version_app->parsed()) {
    std::cout << "sluice 0.1.0 (behaves like Spark 4.1.1)\n";
    return 0;
  }
  if (demo_app->parsed()) return RunDemo(demo);
  if (broker_app->parsed()) return RunBroker(broker);
  if (server_app->parsed()) return RunServer(server);
  if (submit_app->parsed()) {
    submit.program = submit_app->remaining();
    return RunSubmit(submit);
  }
  if (pyspark_app->parsed()) {
    pyspark.program = pyspark_app->remaining();
    return RunPyspark(pyspark);
  }
  sql.output = output == "csv" ? OutputFormat::kCsv : output == "json" ? OutputFormat::kJson : OutputFormat::kTable;
  return RunSql(sql);
}

}  // namespace sluice::cli
