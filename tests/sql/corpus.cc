#include "sql/corpus.h"

#include <fstream>
#include <sstream>

namespace sluice::corpus {

std::string Replace(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

std::vector<Block> ReadFile(const std::string& path) {
  std::ifstream in(path);
  std::vector<Block> blocks;
  std::vector<std::pair<int, std::string>> lines;
  int number = 0;
  auto flush = [&] {
    if (lines.empty()) return;
    Block block;
    size_t i = 0;
    for (; i < lines.size(); ++i) {
      const std::string& line = lines[i].second;
      block.line = lines[i].first;
      if (line[0] == '#') continue;
      if (line.rfind("set ", 0) == 0) {
        size_t equals = line.find('=');
        block.settings.emplace_back(line.substr(4, equals - 4), line.substr(equals + 1));
      } else if (line.rfind("reset ", 0) == 0) {
        block.settings.emplace_back(line.substr(6), std::nullopt);
      } else {
        break;
      }
    }
    if (i < lines.size()) {
      std::istringstream words(lines[i].second);
      std::string word;
      words >> word;
      if (word == "statement") block.kind = Block::Kind::kStatement;
      if (word == "query") {
        block.kind = Block::Kind::kQuery;
        words >> word;
        block.rowsort = word == "rowsort";
      }
      if (word == "error") {
        block.kind = Block::Kind::kError;
        words >> block.condition >> block.sql_state >> block.position;
      }
      for (++i; i < lines.size() && lines[i].second != "----" && lines[i].second.rfind("---- ", 0) != 0; ++i)
        block.sql += (block.sql.empty() ? "" : "\n") + lines[i].second;
      if (i < lines.size()) {
        block.schema = lines[i].second.size() > 5 ? lines[i].second.substr(5) : "";
        for (++i; i < lines.size(); ++i) block.rows.push_back(lines[i].second);
      }
    }
    blocks.push_back(std::move(block));
    lines.clear();
  };
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.empty()) {
      flush();
    } else {
      lines.emplace_back(number, line);
    }
  }
  flush();
  return blocks;
}

std::vector<Gap> ReadGaps(const std::string& path) {
  std::ifstream in(path);
  std::vector<Gap> gaps;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    size_t blank = line.find(' ');
    gaps.push_back({line.substr(0, blank), blank == std::string::npos ? "" : line.substr(blank + 1)});
  }
  return gaps;
}

}  // namespace sluice::corpus
