# The front door. Everything is built under build/; CMakePresets.json has the configurations.
JOBS ?= $(shell nproc)
BUILD = cmake --build build/$(1) -j $(JOBS)

.PHONY: help demo test test-sanitize test-threads bench lint format fuzz clean

help:
	@echo "make demo           build the command, the library and the examples, and run 'sluice demo'"
	@echo "make test           install what the tests need, build, run all of them"
	@echo "make test-sanitize  unit tests and corpora with address and undefined behaviour sanitizers"
	@echo "make test-threads   the same with the thread sanitizer"
	@echo "make bench          benchmarks, beside real Spark where there is a counterpart"
	@echo "make lint           format, clang-tidy, includes between rooms, sizes of files"
	@echo "make format         format the sources as 'make lint' wants them"
	@echo "make fuzz           each fuzzer for FUZZ_SECONDS (300)"
	@echo "make clean          remove what was built; build/deps stays"

demo:
	tools/install_deps.sh build
	cmake --preset release > build/configure.log || { cat build/configure.log; exit 1; }
	$(call BUILD,release) --target products
	build/release/bin/sluice demo

# What the tests need is fetched while they are compiled.
test:
	tools/install_deps.sh build
	cmake --preset test > build/configure.log || { cat build/configure.log; exit 1; }
	tools/install_deps.sh test & $(call BUILD,test); built=$$?; wait $$! && exit $$built
	tools/run_tests.sh build/test -j $(JOBS)

# Real parts are not instrumented and slow the run down; `make test` has them.
test-sanitize:
	tools/install_deps.sh build
	cmake --preset debug
	$(call BUILD,debug)
	tools/run_tests.sh build/debug -j $(JOBS) -LE 'real|fault|install'

test-threads:
	tools/install_deps.sh build
	cmake --preset tsan
	$(call BUILD,tsan)
	tools/run_tests.sh build/tsan -j $(JOBS) -LE 'real|fault|install'

bench:
	tools/install_deps.sh build test
	cmake --preset release
	$(call BUILD,release) --target driver_ingest benches
	build/deps/venv/bin/python bench/run.py --build build/release

lint:
	tools/install_deps.sh build lint
	cmake --preset test -B build/tidy -DSLUICE_PCH=OFF > build/configure.log || { cat build/configure.log; exit 1; }
	tools/lint.sh

format:
	tools/install_deps.sh lint
	tools/lint.sh --fix

FUZZ_SECONDS ?= 300
fuzz:
	tools/install_deps.sh build fuzz
	cmake --preset fuzz
	$(call BUILD,fuzz) --target fuzzers
	tools/run_fuzzers.sh build/fuzz $(FUZZ_SECONDS)

clean:
	rm -rf build/dev build/test build/release build/debug build/tsan build/fuzz build/tidy
