#include "connectors/socket/socket.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "connectors/socket/lines.h"

namespace sluice::connectors {
namespace {

using socket::LineCutter;

/// A server of one client on a free port.
class Server {
 public:
  Server() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(listener_, 4), 0);
    socklen_t size = sizeof(address);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~Server() {
    Close();
    ::close(listener_);
  }
  std::string port() const { return std::to_string(port_); }
  void Accept() { client_ = ::accept(listener_, nullptr, nullptr); }
  void Send(std::string_view text) {
    EXPECT_EQ(::send(client_, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  void Close() {
    if (client_ >= 0) ::close(client_);
    client_ = -1;
  }

 private:
  int listener_, client_ = -1;
  uint16_t port_ = 0;
};

std::vector<std::string> Cut(std::vector<std::string> pieces) {
  std::vector<std::string> out;
  LineCutter cutter;
  const auto keep = [&](std::string line) { out.push_back(std::move(line)); };
  for (const auto& piece : pieces) cutter.Add(piece, keep);
  cutter.Finish(keep);
  return out;
}

TEST(SocketLines, EndAsInJava) {
  EXPECT_EQ(Cut({"one\ntwo\r\nthree\rfour\n\nhal", "f\n"}),
            (std::vector<std::string>{"one", "two", "three", "four", "", "half"}));
  EXPECT_EQ(Cut({"a\r", "\nb"}), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(Cut({"\xff\xfe\n"}), (std::vector<std::string>{"\xEF\xBF\xBD\xEF\xBF\xBD"}));
  EXPECT_EQ(Cut({"\xC3", "\xA9\n"}), (std::vector<std::string>{"\xC3\xA9"}));
}

std::vector<std::string> Read(StreamSource& source, const Offset& start, const Offset& end, const DataType& schema) {
  ScanRequest request;
  request.schema = schema;
  request.parallelism = 2;
  std::vector<std::string> out;
  const auto splits = source.Plan(start, end, request).ValueOrDie();
  for (const auto& split : splits) {
    auto reader = source.Open(split, request).ValueOrDie();
    while (auto batch = reader->Next().ValueOrDie()) {
      const auto& values = static_cast<const arrow::StringArray&>(*batch->column(0));
      for (int64_t i = 0; i < values.length(); ++i) out.push_back(values.GetString(i));
    }
  }
  return out;
}

/// Waits until the source has `count` lines beyond `start`.
Offset WaitFor(StreamSource& source, const Offset& start, const std::string& end) {
  Offset latest = start;
  for (int i = 0; i < 200 && latest.json != end; ++i) {
    source.WaitForData(latest, std::chrono::milliseconds(50));
    latest = source.LatestOffset(start, ReadLimit::kDefault).ValueOrDie();
  }
  return latest;
}

TEST(SocketLines, ThoseThatComeTogetherAreSeenTogether) {
  Server server;
  auto reader = socket::LineReader::Connect("127.0.0.1", std::stoi(server.port()));
  ASSERT_TRUE(reader.ok()) << reader.status();
  server.Accept();
  for (int64_t seen = 0; seen < 3000; seen += 6) {
    server.Send("a\nb\nc\nd\ne\nf\n");
    (*reader)->Wait(seen, std::chrono::seconds(10));
    ASSERT_EQ((*reader)->count(), seen + 6);
  }
}

TEST(Socket, LinesAsTheyCome) {
  Server server;
  FormatRequest request;
  request.options = {{"host", "127.0.0.1"}, {"port", server.port()}, {"includeTimestamp", "TRUE"}};
  request.is_streaming = true;
  auto table = kSocketConnector.load(request).ValueOrDie();
  EXPECT_EQ(table->schema().simpleString(), "struct<value:string,timestamp:timestamp>");
  auto source = table->NewStreamSource({"", {}, nullptr}).ValueOrDie();
  EXPECT_EQ(source->description(), "TextSocketV2[host: 127.0.0.1, port: " + server.port() + "]");
  const Offset initial = source->InitialOffset().ValueOrDie();
  EXPECT_EQ(initial.json, "-1");
  EXPECT_EQ(source->LatestOffset(initial, ReadLimit::kDefault).ValueOrDie(), initial);  // connects
  server.Accept();
  server.Send("one\ntwo\nthree\n");
  const Offset first = WaitFor(*source, initial, "2");
  ASSERT_EQ(first.json, "2");
  EXPECT_EQ(Read(*source, initial, first, table->schema()), (std::vector<std::string>{"one", "three", "two"}));
  ASSERT_TRUE(source->Commit(first).ok());
  server.Send("four\nend");
  server.Close();
  const Offset second = WaitFor(*source, first, "4");
  EXPECT_EQ(Read(*source, first, second, table->schema()), (std::vector<std::string>{"four", "end"}));
}

TEST(Socket, GoesOnAfterARestart) {
  Server server;
  FormatRequest request;
  request.options = {{"host", "127.0.0.1"}, {"port", server.port()}};
  request.is_streaming = true;
  auto table = kSocketConnector.load(request).ValueOrDie();
  auto source = table->NewStreamSource({"", {}, nullptr}).ValueOrDie();
  const Offset before{"6"};
  EXPECT_TRUE(Read(*source, {"4"}, before, table->schema()).empty());  // lines of an interrupted batch are gone
  EXPECT_EQ(source->LatestOffset(before, ReadLimit::kDefault).ValueOrDie(), before);
  server.Accept();
  server.Send("again\n");
  const Offset after = WaitFor(*source, before, "7");
  EXPECT_EQ(Read(*source, before, after, table->schema()), (std::vector<std::string>{"again"}));
}

TEST(Socket, RefusesWhatSparkRefuses) {
  const auto condition = [](OptionMap options, bool streaming = true, bool schema = false) {
    FormatRequest request;
    request.options = std::move(options);
    request.is_streaming = streaming;
    if (schema) request.schema = DataType::Struct({});
    return ConditionOf(kSocketConnector.load(request).status());
  };
  EXPECT_EQ(condition({}), "_LEGACY_ERROR_TEMP_1295");
  EXPECT_EQ(condition({{"host", "h"}}), "_LEGACY_ERROR_TEMP_1296");
  EXPECT_EQ(condition({{"host", "h"}, {"port", "1"}, {"includeTimestamp", "x"}}), "_LEGACY_ERROR_TEMP_1297");
  EXPECT_EQ(condition({{"host", "h"}, {"port", "1"}}, /*streaming=*/false), "_LEGACY_ERROR_TEMP_1135");
  EXPECT_EQ(condition({{"host", "h"}, {"port", "1"}}, true, /*schema=*/true), "_LEGACY_ERROR_TEMP_2242");
  FormatRequest request;
  request.options = {{"host", "127.0.0.1"}, {"port", "1"}};
  request.is_streaming = true;
  auto source = (*kSocketConnector.load(request))->NewStreamSource({"", {}, nullptr}).ValueOrDie();
  EXPECT_EQ(ConditionOf(source->LatestOffset({"-1"}, ReadLimit::kDefault).status()), "SOCKET_UNREACHABLE");
}

}  // namespace
}  // namespace sluice::connectors
