// main() of every GoogleTest program: Arrow's compute functions have to be registered first.
#include <arrow/compute/initialize.h>
#include <gtest/gtest.h>

#include <iostream>

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (auto status = arrow::compute::Initialize(); !status.ok()) {
    std::cerr << status.ToString() << '\n';
    return 1;
  }
  return RUN_ALL_TESTS();
}
