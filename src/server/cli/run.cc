#include "server/cli/run.h"

#include <CLI/CLI.hpp>

#include <iostream>

#include "server/cli/commands.h"
#include "sluice/sluice.h"

namespace sluice::cli {

namespace {

void AddSettings(CLI::App* app, SettingsRequest* settings) {
  app->add_option("--conf", settings->conf, "A setting, key=value; may be given several times")->take_all();
  app->add_option("--master", settings->master, "local, local[n] or local[*]");
  app->add_option("--properties-file", settings->properties_file, "Settings as in spark-defaults.conf (else ./conf or $SLUICE_CONF_DIR)");
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
  sql_app->add_option("--output", output, "table, csv or json")->check(CLI::IsMember({"table", "csv", "json"}));

  DemoRequest demo;
  auto* demo_app = app.add_subcommand("demo", "Embedded broker -> stream -> Iceberg table, checked");
  AddSettings(demo_app, &demo.settings);
  demo_app->add_option("--events", demo.events, "Events to produce")->check(CLI::PositiveNumber);
  demo_app->add_option("--folder", demo.folder, "Where to keep table and checkpoint (else a temporary folder)");

  BrokerRequest broker;
  auto* broker_app = app.add_subcommand("broker", "A small Kafka endpoint for trying things");
  broker_app->add_option("--port", broker.port, "Port; 0 takes a free one");
  broker_app->add_option("--partitions", broker.partitions, "Partitions of new topics");
  broker_app->add_option("--topic", broker.topics, "A topic to create; may be given several times")->take_all();

  auto* version_app = app.add_subcommand("version", "Print the version");
  CLI11_PARSE(app, argc, argv);

  if (version_app->parsed()) {
    std::cout << "sluice 0.1.0 (behaves like Spark 4.1.1)\n";
    return 0;
  }
  if (demo_app->parsed()) return RunDemo(demo);
  if (broker_app->parsed()) return RunBroker(broker);
  sql.output = output == "csv" ? OutputFormat::kCsv : output == "json" ? OutputFormat::kJson : OutputFormat::kTable;
  return RunSql(sql);
}

}  // namespace sluice::cli
