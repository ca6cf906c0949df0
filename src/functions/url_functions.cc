// url_encode url_decode parse_url.
#include "functions/families.h"
#include "functions/kernel.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

using S = arrow::StringType;
using View = std::string_view;
constexpr std::string_view kGroup = "url_funcs";

void UrlEncode(View s, std::string* out) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  for (char c : s) {
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
        c == '*' || c == '_') {
      out->push_back(c);
    } else if (c == ' ') {
      out->push_back('+');
    } else {
      out->push_back('%');
      out->push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
      out->push_back(kDigits[c & 15]);
    }
  }
}

int Nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
bool Decode(View s, std::string* out) {
  const size_t at = out->size();
  for (size_t i = 0; i < s.size(); ++i) {
    if (s[i] == '+') {
      out->push_back(' ');
    } else if (s[i] == '%') {
      if (i + 2 >= s.size() || Nibble(s[i + 1]) < 0 || Nibble(s[i + 2]) < 0) return out->resize(at), false;
      out->push_back(static_cast<char>(Nibble(s[i + 1]) << 4 | Nibble(s[i + 2])));
      i += 2;
    } else {
      out->push_back(s[i]);
    }
  }
  return true;
}
Status UrlDecode(const KernelCall& call, View s, std::string* out) {
  if (Decode(s, out)) return Status::OK();
  return MakeError("CANNOT_DECODE_URL", {{"url", std::string(s)}}, call.origin);
}

/// The parts java.net.URI gives; npos-like nullopt where a part is missing.
struct Url {
  std::optional<View> scheme, authority, host, userinfo, path, query, fragment;
};
std::optional<Url> Parse(View s) {
  for (char c : s) {
    if (static_cast<unsigned char>(c) <= ' ' || std::strchr("\"<>\\^`{|}", c) != nullptr) return std::nullopt;
  }
  Url url;
  if (const size_t hash = s.find('#'); hash != View::npos) {
    url.fragment = s.substr(hash + 1);
    s = s.substr(0, hash);
  }
  const size_t colon = s.find(':');
  if (colon != View::npos && s.find_first_of("/?") > colon) {
    if (colon == 0) return std::nullopt;
    url.scheme = s.substr(0, colon);
    s = s.substr(colon + 1);
    if (!s.starts_with('/')) return s.empty() ? std::nullopt : std::optional(url);  // opaque
  }
  if (const size_t question = s.find('?'); question != View::npos) {
    url.query = s.substr(question + 1);
    s = s.substr(0, question);
  }
  if (s.starts_with("//")) {
    s.remove_prefix(2);
    const size_t slash = s.find('/');
    const View authority = s.substr(0, slash);
    s = slash == View::npos ? View() : s.substr(slash);
    if (!authority.empty()) {
      url.authority = authority;
      View host = authority;
      if (const size_t at = host.rfind('@'); at != View::npos) {
        url.userinfo = host.substr(0, at);
        host = host.substr(at + 1);
      }
      const size_t port = host.starts_with('[') ? host.find(':', host.find(']')) : host.find(':');
      url.host = host.substr(0, port);
    }
  }
  url.path = s;
  return url;
}

Result<std::optional<std::string>> PartOf(const KernelCall& call, bool fail, View text, View part, const View* key) {
  using Out = std::optional<std::string>;
  auto url = Parse(text);
  if (!url) {
    if (fail)
      return MakeError("INVALID_URL", {{"url", std::string(text)}, {"ansiConfig", "\"spark.sql.ansi.enabled\""}},
                       call.origin);
    return Out();
  }
  std::optional<View> v;
  if (part == "HOST")
    v = url->host;
  else if (part == "PATH")
    v = url->path;
  else if (part == "QUERY")
    v = url->query;
  else if (part == "REF")
    v = url->fragment;
  else if (part == "PROTOCOL")
    v = url->scheme;
  else if (part == "AUTHORITY")
    v = url->authority;
  else if (part == "USERINFO")
    v = url->userinfo;
  else if (part == "FILE") {
    if (!url->path) return Out();
    return Out(std::string(*url->path) + (url->query ? "?" + std::string(*url->query) : ""));
  }
  if (key != nullptr) {
    if (part != "QUERY" || !v) return Out();
    View query = *v;
    while (true) {
      const size_t amp = query.find('&');
      const View pair = query.substr(0, amp);
      if (pair.size() > key->size() && pair.starts_with(*key) && pair[key->size()] == '=')
        return Out(std::string(pair.substr(key->size() + 1)));
      if (amp == View::npos) return Out();
      query = query.substr(amp + 1);
    }
  }
  return v ? Out(std::string(*v)) : Out();
}

template <bool kTry>
Result<ArrayPtr> ParseUrl(const KernelCall& call, std::span<const Vector> args) {
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args, call.length));
  const Reader<S> url(args[0]), part(args[1]);
  Writer<S> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) {
    if (mask.valid(i)) {
      const View key = args.size() == 3 ? Reader<S>(args[2])(i) : View();
      ARROW_ASSIGN_OR_RAISE(auto v,
                            PartOf(call, !kTry && call.bound.ansi, url(i), part(i), args.size() == 3 ? &key : nullptr));
      if (v)
        out.out().append(*v);
      else
        mask.SetNull(i);
    }
    out.Close(i);
  }
  return out.Finish(call.bound.result_type, mask);
}

}  // namespace

std::span<const FunctionDef> UrlFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "url_encode",
       .signature = "(string) -> string",
       .yields_null = true,
       .group = kGroup,
       .doc = "Text as application/x-www-form-urlencoded.",
       .example = {"url_encode('https://spark.apache.org')", "https%3A%2F%2Fspark.apache.org"},
       .kernel = Unary<S, S, &UrlEncode>},
      {.name = "url_decode",
       .signature = "(string) -> string",
       .yields_null = true,
       .group = kGroup,
       .doc = "The reverse of url_encode.",
       .example = {"url_decode('https%3A%2F%2Fspark.apache.org')", "https://spark.apache.org"},
       .kernel = Unary<S, S, &UrlDecode>},
      {.name = "try_url_decode",
       .signature = "(string) -> string",
       .yields_null = true,
       .group = kGroup,
       .doc = "As url_decode; null when malformed.",
       .example = {"try_url_decode('https%3A%2F%2Fspark.apache.org')", "https://spark.apache.org"},
       .kernel = Unary<S, S, &Decode>},
      {.name = "parse_url",
       .signature = "(string, string [, string]) -> string",
       .yields_null = true,
       .group = kGroup,
       .doc = "Part of a URL: HOST, PATH, QUERY, REF, PROTOCOL, FILE, AUTHORITY, USERINFO.",
       .example = {"parse_url('http://spark.apache.org/path?query=1', 'HOST')", "spark.apache.org"},
       .kernel = &ParseUrl<false>},
      {.name = "try_parse_url",
       .signature = "(string, string [, string]) -> string",
       .yields_null = true,
       .group = kGroup,
       .doc = "As parse_url; null for a malformed URL.",
       .example = {"try_parse_url('http://spark.apache.org/path?query=1', 'HOST')", "spark.apache.org"},
       .kernel = &ParseUrl<true>},
  };
  return kTable;
}

}  // namespace sluice::functions
