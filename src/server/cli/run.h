#pragma once

namespace sluice::cli {

/// The command line of `sluice`; returns the exit code.
int Run(int argc, char** argv);

}  // namespace sluice::cli
