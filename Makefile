# What a newcomer needs: `make demo`, `make test`. Each target installs the Debian packages it lacks.

SWIFT ?= swift
PROGRAMS := .build/programs
# The benchmarks' programs, and the test programs that they use; apart, for the tests run all of PROGRAMS.
BENCHMARKS := .build/benchmarks
# Where scripts/vm-test puts what it records.
VM_RESULTS := .build/vm-test
UBLK_RESULTS := .build/vm-test-ublk

.PHONY: bench all build release programs demo test vm-test describe lint format clean

all: build

build:
	scripts/install-packages build
	$(SWIFT) build

# One static file, .build/uringtop, that runs on another machine without any library.
release:
	scripts/install-packages build
	$(SWIFT) build -c release --product uringtop -Xswiftc -static-executable -Xswiftc -use-ld=lld -Xlinker --icf=all \
	  --scratch-path .build/static
	strip -o .build/uringtop .build/static/release/uringtop

# Small liburing programs: what the tests observe, and the demonstration's workload.
programs:
	scripts/install-packages build test
	$(MAKE) -s -C Tests/Programs OUT=$(abspath $(PROGRAMS))

# The live UI over a small io_uring workload.
demo: build programs
	.build/debug/uringtop -- $(PROGRAMS)/workload

# SwiftPM once in a while crashes in its very first run on a machine; a second build is enough.
test: release programs
	scripts/install-packages vm
	scripts/vm-test --record-only
	scripts/vm-test-ublk --record-only newest:modes,queues,compare,mixed 6.12:modes
	$(SWIFT) build --build-tests || $(SWIFT) build --build-tests
	URINGTOP_VM_RESULTS=$(abspath $(VM_RESULTS)) URINGTOP_UBLK_RESULTS=$(abspath $(UBLK_RESULTS)) \
	  $(SWIFT) test --skip-build --no-parallel

# The test programs under observation on other kernels, in guests; alone, without the other tests.
vm-test: release programs
	scripts/install-packages vm
	scripts/vm-test
	scripts/vm-test-ublk
	scripts/vm-test-inventory

# What uringtop costs, beside bpftrace and perf: a table, and .build/bench.json. About 15 minutes, root.
bench: release
	scripts/install-packages bench
	$(SWIFT) build -c release --product ReplayBench
	$(MAKE) -s -C Tests/Programs OUT=$(abspath $(BENCHMARKS))
	$(MAKE) -s -C Benchmarks/Programs OUT=$(abspath $(BENCHMARKS))
	scripts/bench $(BENCH)

# What is written from the description of the records, bpf/include/records, for people to read.
describe:
	$(SWIFT) run DescribeRecords bpf/include schema docs/schema/trace.schema.json table docs/records.md

lint:
	$(SWIFT) format lint --strict --recursive Package.swift Plugins Sources Tests bpf Benchmarks

format:
	$(SWIFT) format --in-place --recursive Package.swift Plugins Sources Tests bpf Benchmarks

clean:
	rm -rf .build
