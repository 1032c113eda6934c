"""Workloads. Each returns nanoseconds per request (`ns`); fio and echo also return percentiles of their own latency in
nanoseconds (`p99`, `p999`)."""
import json

from base import WORKLOAD_CPU, last_json, output_of, pinned


def nop(batch):
    def run(bench):
        truth = last_json(output_of(
            [bench.program("nop_flood"), str(bench.arguments.seconds), str(batch), "--cpu", str(WORKLOAD_CPU)]))
        return {"ns": truth["ns_per_request"]}
    return run


def fio(bench, rate=None):
    path = bench.path("fio.data")
    command = pinned(WORKLOAD_CPU, [
        "fio", "--name=bench", "--ioengine=io_uring", "--rw=randread", "--bs=4k", "--size=64m", "--iodepth=16",
        "--time_based", f"--runtime={bench.arguments.seconds}", f"--filename={path}", "--output-format=json"]
        + ([f"--rate_iops={rate}"] if rate else []))
    read = json.loads(output_of(command))["jobs"][0]["read"]
    percentiles = read["clat_ns"]["percentile"]
    return {
        "ns": 1e9 / read["iops"], "p99": percentiles["99.000000"], "p999": percentiles["99.900000"],
        "iops": read["iops"]}


def echo(bench):
    truth = last_json(output_of([bench.program("echo"), str(bench.arguments.seconds), "--cpu", str(WORKLOAD_CPU)]))
    return {"ns": truth["ns_per_request"], "p99": truth["p99_ns"], "p999": truth["p999_ns"]}


WORKLOADS = {"nop 1": nop(1), "nop 8": nop(8), "nop 32": nop(32), "nop 128": nop(128), "fio": fio, "echo": echo}
