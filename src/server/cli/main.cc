#include "server/cli/run.h"

int main(int argc, char** argv) { return sluice::cli::Run(argc, argv); }
