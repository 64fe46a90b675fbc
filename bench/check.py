"""The regression gate: what repeats, compared with bench/baseline.json. `./dev bench --check` runs it."""
import dataclasses
import json
import pathlib
import re
import socket
import statistics
import subprocess
import tempfile
import time

import measure
import peers

BASELINE = pathlib.Path(__file__).with_name("baseline.json")
TOLERANCE = 0.05
GATED = ["calls", "tls-calls", "instructions", "tls-instructions", "idle", "tls-idle"]
TARGETS = {"start to first byte, ms": 20, "stripped binary, MiB": 4, "empty process, PSS MiB": 4}


def libraries(program):
    """The libraries whose code is counted too: their figures are no others'."""
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    paths = sorted(re.findall(r"(/\S*/lib(?:ssl|crypto|uv|llhttp|c)\.so\S*)", linked))
    return {pathlib.Path(path).name: pathlib.Path(path).stat().st_size for path in paths}


def first_byte_ms(bench, peer):
    scenario = measure.Scenario("", {}, "", "", (), ())
    began = time.monotonic()
    with bench.proxy(peer, scenario) as proxy, socket.create_connection(("127.0.0.1", proxy.port)) as client:
        client.sendall(b"GET /plain HTTP/1.1\r\nHost: bench\r\n\r\n")
        client.recv(1)
        return 1000 * (time.monotonic() - began)


def stripped_mib(build, folder):
    stripped = pathlib.Path(folder, "stripped")
    subprocess.run(["strip", "-o", stripped, build / "sse-proxy"], check=True)
    return stripped.stat().st_size / 2**20


def figures(build):
    """Those that are gated, and those that are printed only."""
    with tempfile.TemporaryDirectory() as folder, measure.Bench(build, folder) as bench:
        ours = peers.all_peers(build)[0]
        gated, empty = {}, []
        for scenario in measure.SCENARIOS:
            if scenario.name not in GATED:
                continue
            quick = (scenario.quick[0], min(scenario.quick[1], 0.2))
            rounds = 3 if scenario.extra == "memory" else 1
            samples = [bench.measure(dataclasses.replace(scenario, quick=quick), ours) for _ in range(rounds)]
            gated[scenario.name] = round(statistics.median(sample[next(iter(scenario.figures))] for sample in samples), 2)
            if not scenario.tls:
                empty += [sample["empty"] for sample in samples if "empty" in sample]
        first = min(first_byte_ms(bench, ours) for _ in range(5))
        return gated, dict(zip(TARGETS, (first, stripped_mib(build, folder), min(empty))))


def judge(name, value, baseline, same_libraries):
    """A verdict, and whether it fails the gate."""
    if name not in baseline:
        return "no baseline", True
    if not same_libraries and "calls" not in name:
        return "other libraries than the baseline's: not judged", False
    change = value / baseline[name] - 1
    if change > TOLERANCE:
        return f"WORSE by {change:.1%}", True
    if change < -TOLERANCE:
        return f"better by {-change:.1%}: --update makes it the baseline", False
    return f"{change:+.1%}", False


def check(build, update):
    """Prints a line a figure; true when none is worse."""
    gated, printed = figures(build)
    known = json.loads(BASELINE.read_text()) if BASELINE.exists() else {"figures": {}, "libraries": {}}
    libs = libraries(build / "sse-proxy")
    failed = False
    for name, value in gated.items():
        verdict, bad = judge(name, value, known["figures"], known["libraries"] == libs)
        failed |= bad
        print(f"{name:26} {value:10,.2f}  baseline {known['figures'].get(name, 0):10,.2f}  {verdict}")
    for name, value in printed.items():
        print(f"{name:26} {value:10,.2f}  target   {TARGETS[name]:10,.2f}")
    if update:
        BASELINE.write_text(json.dumps({"libraries": libs, "figures": gated}, indent=1) + "\n")
    return update or not failed
