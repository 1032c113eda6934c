# To try uringtop, run `make demo` or `make test`. Both install the missing Debian packages. To
# contribute, run `make setup` once, and `make check` before each commit.

SWIFT ?= swift
CLANG_FORMAT ?= clang-format
PROGRAMS := .build/programs
# The benchmark programs, and the test programs that they use. They have a separate folder, because
# the tests run all programs in PROGRAMS.
BENCHMARKS := .build/benchmarks
# Recordings that scripts/vm-test and scripts/vm-test-ublk make in guests (virtual machines).
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

# SwiftPM sometimes crashes. A second run succeeds.
twice = $(1) || $(1)

build:
	$(SWIFT) build

# Builds one static file, .build/uringtop, that runs on other machines without any library. The file
# lacks .eh_frame_hdr, 0.4 MB of tables for C++ exceptions, because nothing in it throws. The linker
# map lists the linked files, for scripts/licenses.
build-release = $(SWIFT) build -c release --product uringtop -Xswiftc -static-executable -Xswiftc -use-ld=lld \
  -Xlinker --icf=all -Xlinker --no-eh-frame-hdr -Xlinker -O2 -Xlinker -Map=.build/static/link.map \
  --scratch-path .build/static
release:
	$(call twice,$(build-release))
	strip -o .build/uringtop .build/static/release/uringtop

# Builds small liburing programs. uringtop observes them in the tests and in the demonstration.
programs:
	$(MAKE) -s -C Tests/Programs OUT=$(abspath $(PROGRAMS))

# Runs the demonstration: a ublk target (or its fallback where there is no ublk driver), and a mixed
# load beside it.
demo: setup build
	.build/debug/uringtop demo

# Testing

build-tests = $(call twice,$(SWIFT) build --build-tests)

# Runs lint, a build, and every test that needs neither root nor virtual machines. Takes minutes.
check: lint programs
	$(build-tests)
	URINGTOP_LIVE=0 SWIFT=$(SWIFT) scripts/run-tests --skip-build --no-parallel

# Runs all tests: also the live tests, the tests in guests with the oldest and the newest kernel,
# and a short run of the fuzzers. Needs root. `make vm-test` tests the other kernels.
test: setup-guests release programs
	$(MAKE) -s check-stage
	scripts/vm-test --record-only 6.1 newest
	scripts/vm-test-ublk --record-only newest:modes,queues,compare,mixed
	$(build-tests)
	scripts/fuzz --short
	URINGTOP_VM_RESULTS=$(abspath $(VM_RESULTS)) URINGTOP_UBLK_RESULTS=$(abspath $(UBLK_RESULTS)) \
	  SWIFT=$(SWIFT) scripts/run-tests --skip-build --no-parallel

# Captures the expected output for every recording again, and prints its differences from the
# previous capture.
golden:
	$(SWIFT) build --build-tests
	URINGTOP_GOLDEN=capture $(SWIFT) test --skip-build --filter GoldenTests

# Runs every fuzzer for SECONDS seconds: make fuzz SECONDS=600. See Fuzzing/README.md.
SECONDS ?= 60
fuzz: build-fuzz
	scripts/fuzz $(SECONDS)

# Runs every fuzzer of the debug build with the same fixed set of inputs each time. Takes a minute.
fuzz-short:
	$(SWIFT) build --product Fuzz
	scripts/fuzz --short

# Builds the fuzzers: optimised like the shipped binary, with all runtime traps, and instrumented
# for libFuzzer.
build-fuzz:
	URINGTOP_FUZZ=$$(clang -print-file-name=libclang_rt.fuzzer_no_main-$$(uname -m).a) \
	  $(SWIFT) build -c release --product Fuzz --scratch-path .build/fuzz

# Prints the code coverage of the inputs that `make fuzz` has kept, by folder.
fuzz-coverage:
	URINGTOP_FUZZ=$$(clang -print-file-name=libclang_rt.fuzzer_no_main-$$(uname -m).a) URINGTOP_COVERAGE=1 \
	  $(SWIFT) build -c release --product Fuzz --scratch-path .build/fuzz-coverage
	scripts/fuzz-coverage

# Runs the tests that need no guest with AddressSanitizer, and their C code also with UBSan. Leak
# detection is off, because the instrumented build tools do not free their memory.
sanitize-address: programs
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) build --build-tests --sanitize=address -Xcc -fsanitize=undefined -Xcc -fno-sanitize-recover=undefined \
	  --scratch-path .build/address
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test --skip-build --no-parallel --sanitize=address \
	  -Xcc -fsanitize=undefined -Xcc -fno-sanitize-recover=undefined --scratch-path .build/address $(TESTS)

# Runs the tests that need no guest with ThreadSanitizer.
sanitize-thread: programs
	$(SWIFT) build --build-tests --sanitize=thread --scratch-path .build/thread
	TSAN_OPTIONS=halt_on_error=0 $(SWIFT) test --skip-build --no-parallel --sanitize=thread --scratch-path .build/thread $(TESTS)

# Builds helpers that make the kernel refuse BPF calls, for scripts/fault-injection and
# scripts/verifier-margin.
faults:
	$(MAKE) -s -C Tests/Faults OUT=$(abspath .build/faults)

# Runs only the tests in guests, with all kernels.
vm-test: setup-guests release programs
	scripts/vm-test
	scripts/vm-test-ublk
	scripts/vm-test-inventory

# Tests the network features. Debian's Prometheus scrapes `uringtop serve` during a flood of
# requests that lasts FLOOD seconds, and uringtop shows a recording of this machine over OpenSSH.
# Installs Prometheus and OpenSSH, which Debian then starts as services. Needs root.
FLOOD ?= 30
network-test: setup programs
	scripts/install-packages network-test
	$(build-tests)
	URINGTOP_FLOOD=$(FLOOD) $(SWIFT) test --skip-build --no-parallel --filter 'PrometheusTests|SSHTests'

# Builds the workloads of `make bench` and scripts/compare-trials.
bench-programs:
	$(MAKE) -s -C Tests/Programs OUT=$(abspath $(BENCHMARKS))
	$(MAKE) -s -C Benchmarks/Programs OUT=$(abspath $(BENCHMARKS))

# Measures what observation costs, and compares it with the cost of bpftrace and perf. Prints a
# table and writes .build/bench.json. Takes 15 minutes and needs root.
bench: setup-bench release bench-programs
	$(SWIFT) build -c release --product ReplayBench
	scripts/bench $(BENCH)

# Generates the documents that describe bpf/include/records.
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
