#pragma once
// How deep a request may nest: protobuf's own 100 is less than what programs send that add columns in a loop, Spark's
// is 1024. The build includes this ahead of the generated service too, for its handlers have to see it.
#include <grpcpp/impl/codegen/proto_utils.h>
#include <spark/connect/base.pb.h>

namespace sluice::connect {

template <typename Message>
struct DeepMessages {
  static grpc::Status Serialize(const grpc::protobuf::MessageLite& message, grpc::ByteBuffer* out, bool* own) {
    return grpc::GenericSerialize<grpc::ProtoBufferWriter, Message>(message, out, own);
  }
  static grpc::Status Deserialize(grpc::ByteBuffer* buffer, grpc::protobuf::MessageLite* message) {
    constexpr int kMostLevels = 1024;
    if (buffer == nullptr) return {grpc::StatusCode::INTERNAL, "No payload"};
    bool parsed;
    {
      grpc::ProtoBufferReader reader(buffer);
      google::protobuf::io::CodedInputStream input(&reader);
      input.SetRecursionLimit(kMostLevels);
      parsed = reader.status().ok() && message->ParseFromCodedStream(&input) && input.ConsumedEntireMessage();
    }
    buffer->Clear();
    return parsed ? grpc::Status::OK
                  : grpc::Status(grpc::StatusCode::INTERNAL,
                                 "The request is no valid message, or nested more than 1024 levels deep.");
  }
};

}  // namespace sluice::connect

namespace grpc {
template <>
class SerializationTraits<spark::connect::ExecutePlanRequest, void>
    : public sluice::connect::DeepMessages<spark::connect::ExecutePlanRequest> {};
template <>
class SerializationTraits<spark::connect::AnalyzePlanRequest, void>
    : public sluice::connect::DeepMessages<spark::connect::AnalyzePlanRequest> {};
}  // namespace grpc
