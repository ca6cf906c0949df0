#include "external/python/channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "external/python/wire.h"

namespace sluice::python {
namespace {

class Channel : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_), 0);
    const int small = 4096;
    ::setsockopt(ends_[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  }
  void TearDown() override {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  int ends_[2] = {-1, -1};
};

TEST_F(Channel, SendsPiecesInOrderHoweverLittleTheSocketTakes) {
  const std::string large(300'000, 'x');
  Outbox out;
  out.Add(Message().Int(7).Text("ab").Take());
  ASSERT_TRUE(out.Write(arrow::Buffer::FromString(large)).ok());
  ASSERT_TRUE(out.Write("cd", 2).ok());
  EXPECT_EQ(*out.Tell(), 4 + 4 + 2 + 300'000 + 2);
  std::string got;
  for (int round = 0; round < 10'000 && got.size() < 300'012; ++round) {
    ASSERT_TRUE(out.SendSome(ends_[0]).ok());
    char buffer[1000];
    const ssize_t read = ::recv(ends_[1], buffer, sizeof buffer, MSG_DONTWAIT);
    if (read > 0) got.append(buffer, static_cast<size_t>(read));
  }
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(got, std::string("\0\0\0\7\0\0\0\2ab", 10) + large + "cd");
}

TEST_F(Channel, ReceivesBlocksThatArriveInPieces) {
  Inbox in;
  bool closed = false;
  ASSERT_TRUE(in.Expect(5).ok());
  ASSERT_EQ(::send(ends_[1], "abc", 3, 0), 3);
  EXPECT_FALSE(*in.ReceiveSome(ends_[0], &closed));
  ASSERT_EQ(::send(ends_[1], "defg", 4, 0), 4);
  EXPECT_TRUE(*in.ReceiveSome(ends_[0], &closed));
  EXPECT_EQ(in.Take()->ToString(), "abcde");
  ASSERT_TRUE(in.Expect(3).ok());
  ::shutdown(ends_[1], SHUT_RDWR);
  EXPECT_FALSE(*in.ReceiveSome(ends_[0], &closed));
  EXPECT_TRUE(closed);
}

TEST_F(Channel, SaysWhenTheOtherSideIsGone) {
  ::close(std::exchange(ends_[1], -1));
  Outbox out;
  out.Add("x");
  EXPECT_FALSE(out.SendSome(ends_[0]).ok());
}

TEST(Wire, NumbersAreBigEndian) {
  EXPECT_EQ(Message().Int(-2).Long(258).Bool(true).Take(), std::string("\xff\xff\xff\xfe\0\0\0\0\0\0\1\2\1", 13));
  const uint8_t bytes[] = {0xff, 0xff, 0xff, 0xfa};
  EXPECT_EQ(ReadInt(bytes), kStartArrowStream);
}

}  // namespace
}  // namespace sluice::python
