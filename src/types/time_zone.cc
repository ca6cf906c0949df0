#include "types/time_zone.h"

#include <absl/time/time.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "types/datetime.h"

namespace sluice {
namespace {

class FixedZone final : public TimeZone {
 public:
  FixedZone(std::string name, int64_t offset_us) : name_(std::move(name)), offset_us_(offset_us) {}
  const std::string& name() const override { return name_; }
  bool is_utc() const override { return offset_us_ == 0; }
  int64_t ToLocal(int64_t utc_us) const override {
    // Wraps, as Java does, for instants at the very end of the range.
    return static_cast<int64_t>(static_cast<uint64_t>(utc_us) + static_cast<uint64_t>(offset_us_));
  }
  int64_t ToUtc(int64_t local_us) const override {
    return static_cast<int64_t>(static_cast<uint64_t>(local_us) - static_cast<uint64_t>(offset_us_));
  }

 private:
  std::string name_;
  int64_t offset_us_;
};

/// A region's transitions as sorted arrays, so that a lookup is a compare or a binary search; instants beyond them,
/// where rules repeat for ever, ask abseil.
class RegionZone final : public TimeZone {
 public:
  RegionZone(std::string name, absl::TimeZone zone) : name_(std::move(name)), zone_(zone) {
    absl::Time end = absl::FromCivil(absl::CivilDay(2200, 1, 1), absl::UTCTimeZone());
    end_us_ = absl::ToUnixMicros(end);
    starts_.push_back(std::numeric_limits<int64_t>::min());
    local_starts_.push_back(std::numeric_limits<int64_t>::min());
    // Abseil knows no offset at its infinite past.
    offsets_.push_back(OffsetUs(absl::FromUnixSeconds(-(int64_t{1} << 40))));
    absl::TimeZone::CivilTransition transition;
    for (absl::Time at = absl::InfinitePast(); zone_.NextTransition(at, &transition);) {
      absl::Time instant = Instant(transition);
      if (instant >= end) break;
      int64_t before = offsets_.back(), after = OffsetUs(instant);
      int64_t start = absl::ToUnixMicros(instant);
      if (after != before) {
        starts_.push_back(start);
        offsets_.push_back(after);
        // In a gap and in an overlap java.time keeps the offset before.
        local_starts_.push_back(start + std::max(before, after));
      }
      at = instant;
    }
  }

  const std::string& name() const override { return name_; }
  bool is_utc() const override { return false; }

  int64_t ToLocal(int64_t utc_us) const override {
    if (utc_us >= end_us_) return utc_us + OffsetUs(absl::FromUnixMicros(utc_us));
    return utc_us + offsets_[Find(starts_, utc_us, &utc_hint_)];
  }

  int64_t ToUtc(int64_t local_us) const override {
    if (local_us >= end_us_ - kUsPerDay) {
      absl::CivilSecond second = absl::ToCivilSecond(absl::FromUnixMicros(local_us), absl::UTCTimeZone());
      auto info = zone_.At(second);
      int64_t offset_before = OffsetUs(info.pre);
      if (info.kind != absl::TimeZone::TimeInfo::UNIQUE) offset_before = OffsetUs(info.trans - absl::Nanoseconds(1));
      return local_us - offset_before;
    }
    return local_us - offsets_[Find(local_starts_, local_us, &local_hint_)];
  }

 private:
  int64_t OffsetUs(absl::Time instant) const { return int64_t{zone_.At(instant).offset} * kUsPerSecond; }

  /// In a gap the time jumped from does not exist, in an overlap the time jumped to comes twice: only such a local time
  /// names the transition.
  absl::Time Instant(const absl::TimeZone::CivilTransition& transition) const {
    auto from = zone_.At(transition.from);
    if (from.kind != absl::TimeZone::TimeInfo::UNIQUE) return from.trans;
    auto to = zone_.At(transition.to);
    return to.kind != absl::TimeZone::TimeInfo::UNIQUE ? to.trans : from.pre;
  }

  static size_t Find(const std::vector<int64_t>& starts, int64_t value, std::atomic<size_t>* hint) {
    // Neighbouring rows mostly fall between the same transitions.
    size_t i = hint->load(std::memory_order_relaxed);
    if (value >= starts[i] && (i + 1 == starts.size() || value < starts[i + 1])) return i;
    i = static_cast<size_t>(std::upper_bound(starts.begin(), starts.end(), value) - starts.begin()) - 1;
    hint->store(i, std::memory_order_relaxed);
    return i;
  }

  std::string name_;
  absl::TimeZone zone_;
  int64_t end_us_;
  std::vector<int64_t> starts_, local_starts_, offsets_;
  mutable std::atomic<size_t> utc_hint_{0}, local_hint_{0};
};

bool Digit(char c) { return c >= '0' && c <= '9'; }

/// java.time.ZoneOffset.of: +h, +hh, +hh:mm, +hhmm, +hh:mm:ss, +hhmmss within 18 hours; and Spark's +h:mm, +hh:m.
bool ParseOffset(std::string_view text, int* seconds) {
  if (text.size() < 2 || (text[0] != '+' && text[0] != '-')) return false;
  int sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  int parts[3] = {0, 0, 0};
  auto two = [&](size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); };
  if (text.find(':') == std::string_view::npos) {
    if (text.size() > 6 || !std::all_of(text.begin(), text.end(), Digit)) return false;
    if (text.size() == 1) {
      parts[0] = text[0] - '0';
    } else if (text.size() % 2 == 0) {
      for (size_t i = 0; i < text.size(); i += 2) parts[i / 2] = two(i);
    } else {
      return false;
    }
  } else {
    int count = 0;
    while (!text.empty()) {
      size_t colon = text.find(':');
      std::string_view part = text.substr(0, colon);
      bool short_allowed = count < 2 && (count == 0 || colon == std::string_view::npos);
      if (count == 3 || part.empty() || part.size() > 2 || (part.size() == 1 && !short_allowed) ||
          !std::all_of(part.begin(), part.end(), Digit)) {
        return false;
      }
      for (char c : part) parts[count] = parts[count] * 10 + (c - '0');
      ++count;
      if (colon == std::string_view::npos) break;
      text.remove_prefix(colon + 1);
      if (text.empty()) return false;
    }
  }
  if (parts[1] > 59 || parts[2] > 59) return false;
  int total = parts[0] * 3600 + parts[1] * 60 + parts[2];
  if (total > 18 * 3600) return false;
  *seconds = sign * total;
  return true;
}

struct ShortId {
  std::string_view id, region;
};
// java.time.ZoneId.SHORT_IDS, which Spark consults.
constexpr ShortId kShortIds[] = {{"ACT", "Australia/Darwin"},
                                 {"AET", "Australia/Sydney"},
                                 {"AGT", "America/Argentina/Buenos_Aires"},
                                 {"ART", "Africa/Cairo"},
                                 {"AST", "America/Anchorage"},
                                 {"BET", "America/Sao_Paulo"},
                                 {"BST", "Asia/Dhaka"},
                                 {"CAT", "Africa/Harare"},
                                 {"CNT", "America/St_Johns"},
                                 {"CST", "America/Chicago"},
                                 {"CTT", "Asia/Shanghai"},
                                 {"EAT", "Africa/Addis_Ababa"},
                                 {"ECT", "Europe/Paris"},
                                 {"IET", "America/Indiana/Indianapolis"},
                                 {"IST", "Asia/Kolkata"},
                                 {"JST", "Asia/Tokyo"},
                                 {"MIT", "Pacific/Apia"},
                                 {"NET", "Asia/Yerevan"},
                                 {"NST", "Pacific/Auckland"},
                                 {"PLT", "Asia/Karachi"},
                                 {"PNT", "America/Phoenix"},
                                 {"PRT", "America/Puerto_Rico"},
                                 {"PST", "America/Los_Angeles"},
                                 {"SST", "Pacific/Guadalcanal"},
                                 {"VST", "Asia/Ho_Chi_Minh"},
                                 {"EST", "-05:00"},
                                 {"MST", "-07:00"},
                                 {"HST", "-10:00"}};

bool ValidRegionName(std::string_view name) {
  if (name.size() < 2 || !std::isalpha(static_cast<unsigned char>(name[0]))) return false;
  for (unsigned char c : name) {
    if (!std::isalnum(c) && c != '/' && c != '_' && c != '-' && c != '+' && c != '.' && c != '~') return false;
  }
  if (name.find("..") != std::string_view::npos) return false;
  // Files of the tz database that are no regions, and names with a meaning of abseil's own.
  static constexpr std::string_view kNotRegions[] = {"posix/",    "right/",     "Fixed/",
                                                     "localtime", "posixrules", "Factory"};
  for (std::string_view prefix : kNotRegions) {
    if (name.substr(0, prefix.size()) == prefix) return false;
  }
  return true;
}

std::shared_ptr<const TimeZone> Make(const std::string& name) {
  std::string_view id = name;
  for (const ShortId& entry : kShortIds) {
    if (entry.id == id) id = entry.region;
  }
  int seconds = 0;
  if (id == "Z" || id == "UTC" || id == "GMT" || id == "UT") return std::make_shared<FixedZone>(name, 0);
  if (ParseOffset(id, &seconds)) return std::make_shared<FixedZone>(name, seconds * kUsPerSecond);
  for (std::string_view prefix : {"UTC", "GMT", "UT"}) {
    if (id.size() > prefix.size() && id.substr(0, prefix.size()) == prefix &&
        ParseOffset(id.substr(prefix.size()), &seconds)) {
      return std::make_shared<FixedZone>(name, seconds * kUsPerSecond);
    }
  }
  absl::TimeZone zone;
  if (!ValidRegionName(id) || !absl::LoadTimeZone(std::string(id), &zone)) return nullptr;
  absl::TimeZone::CivilTransition transition;
  if (!zone.NextTransition(absl::InfinitePast(), &transition)) {
    return std::make_shared<FixedZone>(name, int64_t{zone.At(absl::UnixEpoch()).offset} * kUsPerSecond);
  }
  return std::make_shared<RegionZone>(name, zone);
}

}  // namespace

Result<std::shared_ptr<const TimeZone>> TimeZone::Find(std::string_view text) {
  static std::shared_mutex mutex;
  static auto* cache = new std::map<std::string, std::shared_ptr<const TimeZone>, std::less<>>;
  {
    std::shared_lock lock(mutex);
    if (auto it = cache->find(text); it != cache->end()) return it->second;
  }
  std::string name(text);
  auto zone = Make(name);
  if (zone == nullptr) return MakeError("INVALID_TIMEZONE", {{"timeZone", "'" + name + "'"}});
  std::unique_lock lock(mutex);
  // Data may hold any number of offsets; regions are few.
  if (cache->size() < 4096) zone = cache->emplace(name, zone).first->second;
  return zone;
}

const TimeZone& TimeZone::Utc() {
  static const auto* utc = new FixedZone("UTC", 0);
  return *utc;
}

std::string TimeZone::LocalName() {
  if (const char* tz = std::getenv("TZ"); tz != nullptr && *tz != 0) {
    std::string name = *tz == ':' ? tz + 1 : tz;
    if (Find(name).ok()) return name;
  }
  std::error_code error;
  std::string target = std::filesystem::read_symlink("/etc/localtime", error).string();
  if (size_t at = target.find("zoneinfo/"); !error && at != std::string::npos) {
    std::string name = target.substr(at + 9);
    if (Find(name).ok()) return name;
  }
  return "UTC";
}

}  // namespace sluice
