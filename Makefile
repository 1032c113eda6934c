# To try it: `make demo` or `make test`; both install the missing Debian packages. To contribute: run `make setup` once,
# and `make check` before each commit.

SWIFT ?= swift
CLANG_FORMAT ?= clang-format
PROGRAMS := .build/programs
# Benchmark programs, and the test programs that they use. Not in PROGRAMS: the tests run all programs there.
BENCHMARKS := .build/benchmarks
# Recordings that scripts/vm-test and scripts/vm-test-ublk make in guests.
VM_RESULTS := .build/vm-test
UBLK_RESULTS := .build/vm-test-ublk

SWIFT_SOURCES := Package.swift Plugins Sources Tests bpf Benchmarks Fuzzing
C_SOURCES = $(shell find Sources Tests bpf Benchmarks Fuzzing -name '*.[ch]')

.PHONY: all setup setup-guests setup-bench build release programs demo check test golden vm-test network-test bench bench-programs describe lint format \
  build-fuzz fuzz fuzz-short fuzz-coverage sanitize-address sanitize-thread faults clean

all: build

# Packages

setup:
	scripts/install-packages build test lint
	scripts/install-python

setup-guests: setup
	scripts/install-packages vm

setup-bench: setup
	scripts/install-packages bench

# Building

build:
	$(SWIFT) build

# One static file, .build/uringtop, that runs on other machines without any library. Omits .eh_frame_hdr, 0.4 MB of
# tables for C++ exceptions, which nothing here throws. The map lists what is linked, for scripts/licenses.
release:
	$(SWIFT) build -c release --product uringtop -Xswiftc -static-executable -Xswiftc -use-ld=lld -Xlinker --icf=all \
	  -Xlinker --no-eh-frame-hdr -Xlinker -O2 -Xlinker -Map=.build/static/link.map --scratch-path .build/static
	strip -o .build/uringtop .build/static/release/uringtop

# Small liburing programs: subjects of the tests, and the workload of the demonstration.
programs:
	$(MAKE) -s -C Tests/Programs OUT=$(abspath $(PROGRAMS))

# The demonstration: a ublk target, or its stand-in where there is no driver, and a mixed load beside it.
demo: setup build
	.build/debug/uringtop demo

# Testing

# SwiftPM sometimes crashes in its first run on a machine; a second run succeeds.
build-tests = $(SWIFT) build --build-tests || $(SWIFT) build --build-tests

# Lint, a build, and every test that needs neither root nor virtual machines. Takes minutes.
check: lint programs
	$(build-tests)
	URINGTOP_LIVE=0 $(SWIFT) test --skip-build --no-parallel

# All tests, including the live tests, guests with the oldest and the newest kernel, and a short run of the fuzzers.
# Needs root. `make vm-test` tests the other kernels.
test: setup-guests release programs
	$(MAKE) -s check-stage
	scripts/vm-test --record-only 6.1 newest
	scripts/vm-test-ublk --record-only newest:modes,queues,compare,mixed
	$(build-tests)
	scripts/fuzz --short
	URINGTOP_VM_RESULTS=$(abspath $(VM_RESULTS)) URINGTOP_UBLK_RESULTS=$(abspath $(UBLK_RESULTS)) \
	  $(SWIFT) test --skip-build --no-parallel

# Captures the expected output for every recording again, and prints the differences from the last capture.
golden:
	$(SWIFT) build --build-tests
	URINGTOP_GOLDEN=capture $(SWIFT) test --skip-build --filter GoldenTests

# Runs every fuzzer for SECONDS seconds: make fuzz SECONDS=600. See Fuzzing/README.md.
SECONDS ?= 60
fuzz: build-fuzz
	scripts/fuzz $(SECONDS)

# Runs every fuzzer of the debug build with a fixed set of inputs, the same in each run. Takes a minute.
fuzz-short:
	$(SWIFT) build --product Fuzz
	scripts/fuzz --short

# Optimised like the shipped binary, with all traps, and instrumented for libFuzzer.
build-fuzz:
	URINGTOP_FUZZ=$$(clang -print-file-name=libclang_rt.fuzzer_no_main-$$(uname -m).a) \
	  $(SWIFT) build -c release --product Fuzz --scratch-path .build/fuzz

# Code coverage, by folder, of the inputs that `make fuzz` has kept.
fuzz-coverage:
	URINGTOP_FUZZ=$$(clang -print-file-name=libclang_rt.fuzzer_no_main-$$(uname -m).a) URINGTOP_COVERAGE=1 \
	  $(SWIFT) build -c release --product Fuzz --scratch-path .build/fuzz-coverage
	scripts/fuzz-coverage

# Runs the tests that need no guest with AddressSanitizer, and the C code also with UBSan. Leak detection is off because
# the build tools, which are instrumented too, do not free their memory.
sanitize-address: programs
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) build --build-tests --sanitize=address -Xcc -fsanitize=undefined -Xcc -fno-sanitize-recover=undefined \
	  --scratch-path .build/address
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test --skip-build --no-parallel --sanitize=address \
	  -Xcc -fsanitize=undefined -Xcc -fno-sanitize-recover=undefined --scratch-path .build/address $(TESTS)

# The same with ThreadSanitizer.
sanitize-thread: programs
	$(SWIFT) build --build-tests --sanitize=thread --scratch-path .build/thread
	TSAN_OPTIONS=halt_on_error=0 $(SWIFT) test --skip-build --no-parallel --sanitize=thread --scratch-path .build/thread $(TESTS)

# Helpers that make the kernel refuse BPF calls, for scripts/fault-injection and scripts/verifier-margin.
faults:
	$(MAKE) -s -C Tests/Faults OUT=$(abspath .build/faults)

# Only the tests in guests, with all kernels.
vm-test: setup-guests release programs
	scripts/vm-test
	scripts/vm-test-ublk
	scripts/vm-test-inventory

# Debian's Prometheus scrapes `uringtop serve` throughout a flood of FLOOD seconds, and OpenSSH shows a recording of this
# machine. Installs both; Debian then starts them as services. Needs root.
FLOOD ?= 30
network-test: setup programs
	scripts/install-packages network-test
	$(build-tests)
	URINGTOP_FLOOD=$(FLOOD) $(SWIFT) test --skip-build --no-parallel --filter 'PrometheusTests|SSHTests'

# The workloads of `make bench` and scripts/compare-trials.
bench-programs:
	$(MAKE) -s -C Tests/Programs OUT=$(abspath $(BENCHMARKS))
	$(MAKE) -s -C Benchmarks/Programs OUT=$(abspath $(BENCHMARKS))

# Measures the cost of observation and compares it with bpftrace and perf. Prints a table and writes .build/bench.json.
# Takes 15 minutes and needs root.
bench: setup-bench release bench-programs
	$(SWIFT) build -c release --product ReplayBench
	scripts/bench $(BENCH)

# Writes the documents that are generated from bpf/include/records.
describe:
	$(SWIFT) run DescribeRecords bpf/include schema docs/schema/trace.schema.json table docs/records.md

# Checks the formatting of Swift and C, and the length of files.
lint:
	$(SWIFT) format lint --strict --parallel --recursive $(SWIFT_SOURCES)
	@$(CLANG_FORMAT) --dry-run --Werror $(C_SOURCES)
	@scripts/check-sizes

format:
	$(SWIFT) format --in-place --parallel --recursive $(SWIFT_SOURCES)
	@$(CLANG_FORMAT) -i $(C_SOURCES)

clean:
	rm -rf .build

include scripts/package.mk
