# A newcomer needs `make demo` or `make test`; both install the Debian packages that are missing. A contributor
# runs `make setup` once and `make check` before each commit.

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

.PHONY: all setup setup-guests setup-bench build release programs demo check test golden vm-test bench describe lint format \
  build-fuzz fuzz fuzz-short fuzz-coverage sanitize-address sanitize-thread faults clean

all: build

# Packages

setup:
	scripts/install-packages build test lint

setup-guests: setup
	scripts/install-packages vm

setup-bench: setup
	scripts/install-packages bench

# Building

build:
	$(SWIFT) build

# One static file, .build/uringtop, that runs on other machines without any library.
# Without .eh_frame_hdr, a table of 0.4 MB for C++ exceptions, which nothing here throws.
release:
	$(SWIFT) build -c release --product uringtop -Xswiftc -static-executable -Xswiftc -use-ld=lld -Xlinker --icf=all \
	  -Xlinker --no-eh-frame-hdr -Xlinker -O2 --scratch-path .build/static
	strip -o .build/uringtop .build/static/release/uringtop

# Small liburing programs: subjects of the tests, and the workload of the demonstration.
programs:
	$(MAKE) -s -C Tests/Programs OUT=$(abspath $(PROGRAMS))

# The live UI over a small io_uring workload.
demo: setup build programs
	.build/debug/uringtop -- $(PROGRAMS)/workload

# Testing

# SwiftPM sometimes crashes in its very first run on a machine, and succeeds in the second.
build-tests = $(SWIFT) build --build-tests || $(SWIFT) build --build-tests

# Layout, a build without warnings, and every test that needs neither root nor guests. Minutes.
check: lint programs
	$(build-tests)
	URINGTOP_LIVE=0 $(SWIFT) test --skip-build --no-parallel

# All tests, live ones and those in guests with the oldest and the newest kernel included, and a short run
# of the fuzzers. Root. vm-test has the others.
test: setup-guests release programs
	scripts/vm-test --record-only 6.1 newest
	scripts/vm-test-ublk --record-only newest:modes,queues,compare,mixed
	$(build-tests)
	scripts/fuzz --short
	URINGTOP_VM_RESULTS=$(abspath $(VM_RESULTS)) URINGTOP_UBLK_RESULTS=$(abspath $(UBLK_RESULTS)) \
	  $(SWIFT) test --skip-build --no-parallel

# Captures the output for every recording again, and prints the differences from the last capture.
golden:
	$(SWIFT) build --build-tests
	URINGTOP_GOLDEN=capture $(SWIFT) test --skip-build --filter GoldenTests

# Every fuzzer for so many seconds: make fuzz SECONDS=600. Fuzzing/README.md.
SECONDS ?= 60
fuzz: build-fuzz
	scripts/fuzz $(SECONDS)

# A fixed number of inputs, the same at each run, with the debug build: a minute.
fuzz-short:
	$(SWIFT) build --product Fuzz
	scripts/fuzz --short

# Optimised as the shipped binary is, with all traps in place, and instrumented for libFuzzer.
build-fuzz:
	URINGTOP_FUZZ=$$(clang -print-file-name=libclang_rt.fuzzer_no_main-$$(uname -m).a) \
	  $(SWIFT) build -c release --product Fuzz --scratch-path .build/fuzz

# The code that the inputs kept by `make fuzz` reach, by folder.
fuzz-coverage:
	URINGTOP_FUZZ=$$(clang -print-file-name=libclang_rt.fuzzer_no_main-$$(uname -m).a) URINGTOP_COVERAGE=1 \
	  $(SWIFT) build -c release --product Fuzz --scratch-path .build/fuzz-coverage
	scripts/fuzz-coverage

# Runs the tests that need no guest with the C parts under the address and the undefined-behaviour sanitizer. Build
# tools, which run under it as well, leave memory to the end of the process.
sanitize-address: programs
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) build --build-tests --sanitize=address -Xcc -fsanitize=undefined -Xcc -fno-sanitize-recover=undefined \
	  --scratch-path .build/address
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test --skip-build --no-parallel --sanitize=address \
	  -Xcc -fsanitize=undefined -Xcc -fno-sanitize-recover=undefined --scratch-path .build/address $(TESTS)

# The same for the threads of a session.
sanitize-thread: programs
	$(SWIFT) build --build-tests --sanitize=thread --scratch-path .build/thread
	TSAN_OPTIONS=halt_on_error=0 $(SWIFT) test --skip-build --no-parallel --sanitize=thread --scratch-path .build/thread $(TESTS)

# What has the kernel refuse BPF calls: scripts/fault-injection and scripts/verifier-margin.
faults:
	$(MAKE) -s -C Tests/Faults OUT=$(abspath .build/faults)

# Only the tests in guests with other kernels.
vm-test: setup-guests release programs
	scripts/vm-test
	scripts/vm-test-ublk
	scripts/vm-test-inventory

# The cost of observing, beside that of bpftrace and perf: a table, and .build/bench.json. 15 minutes, root.
bench: setup-bench release
	$(SWIFT) build -c release --product ReplayBench
	$(MAKE) -s -C Tests/Programs OUT=$(abspath $(BENCHMARKS))
	$(MAKE) -s -C Benchmarks/Programs OUT=$(abspath $(BENCHMARKS))
	scripts/bench $(BENCH)

# Writes the documents that are generated from bpf/include/records.
describe:
	$(SWIFT) run DescribeRecords bpf/include schema docs/schema/trace.schema.json table docs/records.md

# Checks the layout of Swift and C, and the length of files.
lint:
	$(SWIFT) format lint --strict --parallel --recursive $(SWIFT_SOURCES)
	@$(CLANG_FORMAT) --dry-run --Werror $(C_SOURCES)
	@scripts/check-sizes

format:
	$(SWIFT) format --in-place --parallel --recursive $(SWIFT_SOURCES)
	@$(CLANG_FORMAT) -i $(C_SOURCES)

clean:
	rm -rf .build
