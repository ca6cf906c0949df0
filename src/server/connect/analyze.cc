// What clients ask about a plan without running it.
#include <functional>

#include "plan/transform.h"
#include "server/connect/commands.h"
#include "server/connect/handlers.h"
#include "server/connect/translate/types.h"
#include "session/input_files.h"
#include "types/ddl.h"

namespace sluice::connect {

namespace {

using Request = proto::AnalyzePlanRequest;

constexpr char kSparkVersion[] = "4.1.1";  // what the engine behaves as

Result<plan::PlanPtr> PlanOf(const proto::Plan& plan, TranslateContext& context) {
  if (plan.has_compressed_operation()) return UnsupportedFeature("compressed plans");
  if (!plan.has_root()) return InvalidPlan("A relation is expected.");
  return AnalyzedPlan(plan.root(), context);
}

plan::ExplainMode ModeOf(Request::Explain::ExplainMode mode) {
  switch (mode) {
    case Request::Explain::EXPLAIN_MODE_EXTENDED: return plan::ExplainMode::kExtended;
    case Request::Explain::EXPLAIN_MODE_CODEGEN: return plan::ExplainMode::kCodegen;
    case Request::Explain::EXPLAIN_MODE_COST: return plan::ExplainMode::kCost;
    case Request::Explain::EXPLAIN_MODE_FORMATTED: return plan::ExplainMode::kFormatted;
    default: return plan::ExplainMode::kSimple;
  }
}

/// The optimized plan as text in which columns are numbered by first appearance: plans that do the same read the same.
Result<std::string> Semantics(session::Session& engine, const plan::PlanPtr& plan) {
  ARROW_ASSIGN_OR_RAISE(plan::PlanPtr optimized, engine.Optimize(plan));
  const std::string text = plan::PlanTree(*optimized);
  std::map<std::string, size_t> numbers;
  std::string out;
  for (size_t at = 0; at < text.size();) {
    if (text[at] != '#') {
      out += text[at++];
      continue;
    }
    size_t end = at + 1;
    while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end]))) ++end;
    auto [it, _] = numbers.emplace(text.substr(at, end - at), numbers.size());
    out += '#' + std::to_string(it->second);
    at = end;
  }
  return out;
}

/// `tree` without the fields nested deeper than `level`.
std::string CutTree(const std::string& tree, int level) {
  if (level <= 0) return tree;
  std::string out;
  for (size_t start = 0; start < tree.size();) {
    const size_t end = std::min(tree.find('\n', start), tree.size());
    const std::string line = tree.substr(start, end - start);
    const size_t bar = line.find("|-- ");
    const int depth = bar == std::string::npos ? 0 : static_cast<int>(bar / 5) + 1;
    if (depth <= level) out += line + "\n";
    start = end + 1;
  }
  return out;
}

}  // namespace

Status HandleAnalyze(const Request& request, ConnectSession& session, proto::AnalyzePlanResponse* response) {
  session::Session& engine = session.engine();
  TranslateContext context = TranslateContextOf(session, {});
  switch (request.analyze_case()) {
    case Request::kSchema: {
      ARROW_ASSIGN_OR_RAISE(auto plan, PlanOf(request.schema().plan(), context));
      ToProto(analyzer::SchemaOf(*plan), response->mutable_schema()->mutable_schema());
      break;
    }
    case Request::kExplain: {
      ARROW_ASSIGN_OR_RAISE(auto plan, ToPlan(request.explain().plan().root(), context));
      ARROW_ASSIGN_OR_RAISE(*response->mutable_explain()->mutable_explain_string(),
                            engine.Explain(plan, ModeOf(request.explain().explain_mode())));
      break;
    }
    case Request::kTreeString: {
      ARROW_ASSIGN_OR_RAISE(auto plan, PlanOf(request.tree_string().plan(), context));
      response->mutable_tree_string()->set_tree_string(
          CutTree(analyzer::SchemaOf(*plan).treeString(), request.tree_string().level()));
      break;
    }
    case Request::kIsLocal: {
      ARROW_ASSIGN_OR_RAISE(auto plan, PlanOf(request.is_local().plan(), context));
      response->mutable_is_local()->set_is_local(plan->kind == plan::PlanKind::kLocalRelation);
      break;
    }
    case Request::kIsStreaming: {
      ARROW_ASSIGN_OR_RAISE(auto plan, PlanOf(request.is_streaming().plan(), context));
      response->mutable_is_streaming()->set_is_streaming(plan::IsStreaming(*plan));
      break;
    }
    case Request::kInputFiles: {
      ARROW_ASSIGN_OR_RAISE(auto plan, PlanOf(request.input_files().plan(), context));
      ARROW_ASSIGN_OR_RAISE(const auto files, session::InputFiles(plan));
      response->mutable_input_files();
      for (const auto& file : files) response->mutable_input_files()->add_files(file);
      break;
    }
    case Request::kSparkVersion: response->mutable_spark_version()->set_version(kSparkVersion); break;
    case Request::kDdlParse: {
      const std::string& ddl = request.ddl_parse().ddl_string();
      auto schema = ParseSchema(ddl);
      if (!schema.ok()) {
        auto type = ParseDataType(ddl);
        if (!type.ok()) type = ParseDataType("struct<" + ddl + ">");  // "a: INT, b: STRING"
        if (type.ok()) schema = std::move(type);
      }
      ARROW_RETURN_NOT_OK(schema.status());
      ToProto(*schema, response->mutable_ddl_parse()->mutable_parsed());
      break;
    }
    case Request::kSameSemantics: {
      ARROW_ASSIGN_OR_RAISE(auto target, PlanOf(request.same_semantics().target_plan(), context));
      TranslateContext other_context = TranslateContextOf(session, {});
      ARROW_ASSIGN_OR_RAISE(auto other, PlanOf(request.same_semantics().other_plan(), other_context));
      ARROW_ASSIGN_OR_RAISE(auto a, Semantics(engine, target));
      ARROW_ASSIGN_OR_RAISE(auto b, Semantics(engine, other));
      response->mutable_same_semantics()->set_result(a == b);
      break;
    }
    case Request::kSemanticHash: {
      ARROW_ASSIGN_OR_RAISE(auto plan, PlanOf(request.semantic_hash().plan(), context));
      ARROW_ASSIGN_OR_RAISE(auto text, Semantics(engine, plan));
      response->mutable_semantic_hash()->set_result(static_cast<int32_t>(std::hash<std::string>()(text)));
      break;
    }
    case Request::kPersist: {
      ARROW_ASSIGN_OR_RAISE(auto plan, AnalyzedPlan(request.persist().relation(), context));
      ARROW_ASSIGN_OR_RAISE(auto text, Semantics(engine, plan));
      proto::StorageLevel level = request.persist().storage_level();
      if (!request.persist().has_storage_level()) {  // MEMORY_AND_DISK
        level.set_use_disk(true);
        level.set_use_memory(true);
        level.set_deserialized(true);
        level.set_replication(1);
      }
      session.SetStorageLevel(text, &level);
      response->mutable_persist();
      break;
    }
    case Request::kUnpersist: {
      ARROW_ASSIGN_OR_RAISE(auto plan, AnalyzedPlan(request.unpersist().relation(), context));
      ARROW_ASSIGN_OR_RAISE(auto text, Semantics(engine, plan));
      session.SetStorageLevel(text, nullptr);
      response->mutable_unpersist();
      break;
    }
    case Request::kGetStorageLevel: {
      ARROW_ASSIGN_OR_RAISE(auto plan, AnalyzedPlan(request.get_storage_level().relation(), context));
      ARROW_ASSIGN_OR_RAISE(auto text, Semantics(engine, plan));
      auto* out = response->mutable_get_storage_level()->mutable_storage_level();
      if (auto level = session.StorageLevelOf(text)) {
        *out = *level;
      } else {
        out->set_replication(1);
      }
      break;
    }
    case Request::kJsonToDdl: {
      ARROW_ASSIGN_OR_RAISE(auto schema, ParseSchemaJson(request.json_to_ddl().json_string()));
      response->mutable_json_to_ddl()->set_ddl_string(schema.toDDL());
      break;
    }
    case Request::ANALYZE_NOT_SET: return InvalidPlan("Unknown Analyze Method ANALYZE_NOT_SET!");
  }
  return Status::OK();
}

}  // namespace sluice::connect
