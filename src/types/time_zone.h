#pragma once
// Session time zones over the system's tzdata.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sluice {

/// An IANA region ("America/Los_Angeles"), "UTC", "Z", "+05:30", "GMT+8", "UTC-3" ... Immutable, thread-safe, cached.
class TimeZone {
 public:
  virtual ~TimeZone() = default;
  /// Error INVALID_TIMEZONE.
  static Result<std::shared_ptr<const TimeZone>> Find(std::string_view name);
  static const TimeZone& Utc();
  /// The machine's zone ($TZ, /etc/localtime), the default of spark.sql.session.timeZone.
  static std::string LocalName();

  virtual const std::string& name() const = 0;
  virtual bool is_utc() const = 0;
  /// UTC microseconds -> local wall-clock microseconds.
  virtual int64_t ToLocal(int64_t utc_us) const = 0;
  /// Local wall clock -> UTC, as java.time: in a gap the later offset's shift applies, in an overlap the earlier
  /// offset.
  virtual int64_t ToUtc(int64_t local_us) const = 0;
};

}  // namespace sluice
