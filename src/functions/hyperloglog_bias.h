#pragma once
namespace sluice::functions {

/// How much HyperLogLog++'s raw estimate exceeds the truth on average, the mean of the six nearest measured points.
/// `precision`: 4 to 18 bits; `estimate`: 1.4 to 5 times the registers.
double HyperLogLogBias(int precision, double estimate);

}  // namespace sluice::functions
