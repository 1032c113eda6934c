"""Measures `serve` while a client requests the metrics every second."""
import contextlib
import subprocess
import threading
import time
import urllib.request

from base import OBSERVER_CPU, WORKLOAD_CPU, last_json, output_of, pinned, resident_megabytes
from own import share_beside_paced


class Client(threading.Thread):
    """Requests the metrics every second. Keeps all response times in seconds, and the last response."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.request = urllib.request.Request(url, headers={"Accept": "application/openmetrics-text"})
        self.times, self.text, self.ends = [], "", threading.Event()

    def ask(self):
        start = time.monotonic()
        with urllib.request.urlopen(self.request, timeout=10) as response:
            self.text = response.read().decode()
        self.times.append(time.monotonic() - start)

    def run(self):
        while not self.ends.wait(1):
            self.ask()

    def value(self, sample):
        """Returns the value of the first line of the last response that begins with `sample`; 0 if there is none."""
        return next((int(line.split()[-1]) for line in self.text.splitlines() if line.startswith(sample)), 0)


@contextlib.contextmanager
def serving(bench, comm):
    command = [bench.uringtop, "serve", "--listen", "0", "--comm", comm]
    child = subprocess.Popen(pinned(OBSERVER_CPU, command), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    client = Client(next(line for line in child.stderr if "serving " in line).split()[-1])
    client.start()
    try:
        time.sleep(1)
        yield child.pid, client
    finally:
        client.ends.set()
        client.join()
        child.terminate()
        child.wait()


def serve(bench):
    results = {"share": {}}
    for rate in (0, 1000, 100_000):
        with serving(bench, "paced") as (pid, _):
            share = share_beside_paced(bench, pid, rate)
        results["share"][rate] = share
        bench.row(f"serve, processor at {rate:,} requests/s", f"{share:.2%}")
    with serving(bench, "nop_flood") as (pid, client):
        flood = [bench.program("nop_flood"), "10", "32", "--cpu", str(WORKLOAD_CPU)]
        truth = last_json(output_of(flood))["submitted"]
        time.sleep(2)
        client.ask()
        counted = client.value('uringtop_requests_total{comm="nop_flood"')
        results.update(memory_mb=resident_megabytes(pid), slowest_answer=max(client.times), submitted=truth, counted=counted)
    bench.row("serve, requests counted in a flood of 10 s", f"{counted:,} of {truth:,}", "all", counted == truth)
    bench.row("serve, slowest response during the flood", f"{results['slowest_answer'] * 1e3:.0f} ms")
    bench.row("serve, resident after the flood", f"{results['memory_mb']:.1f} MB")
    bench.results["serve"] = results
