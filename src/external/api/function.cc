#include "external/api/function.h"

#include "external/api/group_state.h"
#include "external/api/processor.h"

namespace sluice::external {

Result<std::unique_ptr<GroupStateStream>> Function::OpenGroupState(GroupStateRequest) const {
  return UnsupportedFeature("the " + std::string(language()) + " function " + name() + " with state of groups");
}

Result<std::unique_ptr<Stream>> Function::OpenProcessor(ProcessorRequest) const {
  return UnsupportedFeature("the " + std::string(language()) + " function " + name() + " with state of its own");
}

}  // namespace sluice::external
