// SET and RESET.
#include "session/commands/commands.h"
#include "session/settings.h"

namespace sluice::session {

Result<plan::PlanPtr> RunSet(Session& session, const plan::Set& command) {
  const Config config = session.config();
  if (command.key && command.value) {
    std::string value = *command.value;
    if (*command.key == kTimeZone.key && value == "LOCAL") value = TimeZone::LocalName();
    ARROW_RETURN_NOT_OK(session.SetConf(*command.key, value));
    ResultRows rows({"key", "value"});
    rows.Add({*command.key, value});
    return rows.Finish();
  }
  if (command.key) {
    ResultRows rows({"key", "value"});
    rows.Add({*command.key, GetSetting(config, *command.key).value_or("<undefined>")});
    return rows.Finish();
  }
  if (command.verbose) {
    ResultRows rows({"key", "value", "meaning", "Since version"});
    for (const auto& [key, entry] : KnownConfigs())
      rows.Add({key, GetSetting(config, key).value_or("<undefined>"), entry->doc, ""});
    return rows.Finish();
  }
  ResultRows rows({"key", "value"});
  for (const auto& [key, value] : config.values()) rows.Add({key, value});
  return rows.Finish();
}

Result<plan::PlanPtr> RunReset(Session& session, const plan::Reset& command) {
  if (command.key) {
    ARROW_RETURN_NOT_OK(session.UnsetConf(*command.key));
  } else {
    ARROW_RETURN_NOT_OK(session.ResetConf());
  }
  return EmptyResult();
}

}  // namespace sluice::session
