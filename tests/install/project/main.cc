// A project of somebody else, built against an installed Sluice.
#include <sluice/sluice.h>

#include <iostream>

int main() {
  auto type = sluice::DataType::fromDDL("id BIGINT, tags ARRAY<STRING>");
  std::cout << type.simpleString() << std::endl;
}
