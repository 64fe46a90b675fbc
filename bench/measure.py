"""One figure after the other: starts a proxy between an origin and clients, and counts. See docs/performance.md."""
import dataclasses
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import threading
import time

import peers

TICK = os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass
class Scenario:
    """What the clients do, and the figures that it gives, each with the text of its column."""
    name: str
    figures: dict
    kind: str
    path: str
    quick: tuple  # connections, seconds
    full: tuple
    tls: bool = False
    rate: int = 0
    extra: str = ""  # what is counted besides: calls, instructions, memory
    flags: tuple = ()  # sse-proxy's
    only: tuple = ()  # the proxies that can do it
    asks: str = ""  # of the admin listener, 20 times a second


STEADY = {"cpu": "CPU us/event", "p50": "p50 us", "p99": "p99 us", "p999": "p99.9 us"}
EVENTS, SILENT, STEPS = "/events?rate=10&size=200", "/events?first=1", "/events?first=1&step=1&size=200"
CALLS, INSTRUCTIONS = {"calls": "system calls/event"}, {"instructions": "user instructions/event"}
TWO = ("--workers", "2")
ADMIN = ("--admin", "unix:{dir}/admin")
ASKED = {"p50": "p50 us", "p99": "p99 us", "p999": "p99.9 us", "core": "CPU, % of a core"}
ANSWERS = {"answers": "answers/s", "answer_ms": "ms/answer"}
COSTS = ANSWERS | {"admin_us": "us of the admin thread/answer", "worker_us": "us of the worker/answer",
                   "worker_turns": "turns of the worker/answer"}
SCENARIOS = [
    Scenario("steady", STEADY, "streams", EVENTS, (500, 3), (1000, 15)),
    Scenario("split", {"cut": "chunks cut inside an event, %", "cpu": "CPU us/event"}, "streams", EVENTS + "&split=1",
             (500, 3), (1000, 10)),
    Scenario("plain", {"cpu": "CPU us/request", "p50": "p50 us", "p99": "p99 us"}, "plain", "/plain", (100, 3),
             (100, 10), rate=40),
    Scenario("idle", {"idle": "PSS bytes/idle stream", "empty": "empty PSS MiB"}, "streams", SILENT, (2000, 3),
             (9000, 3), extra="memory"),
    Scenario("storm", {"storm": "ms until each has its first event", "cpu_ms": "CPU ms"}, "storm", SILENT, (1000, 0),
             (2000, 0)),
    Scenario("keepalive", {"core": "CPU, % of a core", "late_p50": "p50 late ms", "late_p99": "p99 late ms",
                           "late_max": "latest ms"}, "keepalives", SILENT, (9000, 5), (9000, 15), rate=1,
             flags=("--keepalive", "1s"), only=("sse-proxy",)),
    Scenario("unasked", ASKED, "streams", "/events?rate=1&size=200", (4000, 3), (9000, 10), flags=ADMIN,
             only=("sse-proxy",)),
    Scenario("scraped", ASKED | ANSWERS, "streams", "/events?rate=1&size=200", (4000, 3), (9000, 10), flags=ADMIN,
             only=("sse-proxy",), asks="/metrics"),
    Scenario("listed", ASKED | ANSWERS, "streams", "/events?rate=1&size=200", (4000, 3), (9000, 10), flags=ADMIN,
             only=("sse-proxy",), asks="/streams"),
    Scenario("scrape-cost", COSTS, "streams", SILENT, (2000, 3), (9000, 5), flags=(*ADMIN, "--keepalive", "off"),
             only=("sse-proxy",), asks="/metrics"),
    Scenario("list-cost", COSTS, "streams", SILENT, (2000, 3), (9000, 5), flags=(*ADMIN, "--keepalive", "off"),
             only=("sse-proxy",), asks="/streams"),
    Scenario("tls-steady", STEADY, "streams", EVENTS, (500, 3), (1000, 15), tls=True),
    Scenario("tls-idle", {"idle": "PSS bytes/idle stream"}, "streams", SILENT, (1000, 3), (5000, 3), tls=True,
             extra="memory"),
    Scenario("tls-handshakes", {"per_cpu": "handshakes/s of CPU"}, "handshakes", "/plain", (16, 3), (16, 10), tls=True),
    Scenario("calls", CALLS, "lockstep", STEPS, (50, 0), (50, 0), rate=2000, extra="calls"),
    Scenario("tls-calls", CALLS, "lockstep", STEPS, (50, 0), (50, 0), rate=2000, tls=True, extra="calls"),
    Scenario("instructions", INSTRUCTIONS, "lockstep", STEPS, (50, 0), (50, 0), rate=2000, extra="instructions"),
    Scenario("tls-instructions", INSTRUCTIONS, "lockstep", STEPS, (50, 0), (50, 0), rate=2000, tls=True,
             extra="instructions"),
    Scenario("workers-calls", CALLS | {"share": "worker 0 has, % of the connections"}, "lockstep", STEPS, (500, 0),
             (500, 0), rate=2000, extra="calls", flags=TWO, only=("sse-proxy",)),
    Scenario("workers-instructions", INSTRUCTIONS, "lockstep", STEPS, (50, 0), (50, 0), rate=2000,
             extra="instructions", flags=TWO, only=("sse-proxy",)),
]


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def core_ticks():
    """All cores together: user, nice, system, idle, iowait, irq, softirq, steal, guest, guest_nice (proc(5))."""
    return [int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]


def busy_seconds():
    """All cores together, whatever they ran."""
    fields = core_ticks()
    return (sum(fields) - fields[3] - fields[4]) / TICK


def threads(pid):
    """Of each thread: nanoseconds on a core, and how often it got one."""
    return {int(task.name): [int(field) for field in (task / "schedstat").read_text().split()][::2]
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir()}


def rollup(pid, *fields):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(re.search(rf"^{field}: +(\d+)", text, re.M)[1]) for field in fields) * 1024


def pss(pid):
    return rollup(pid, "Pss")


def own_memory(pid):
    """Without files: the share of a library's pages depends on who else uses it at the moment."""
    return rollup(pid, "Pss_Anon", "Pss_Shmem")


def first_loops_share(pid):
    """What the first event loop watches, of all that is watched: only sockets are, but for a few descriptors each."""
    watched = []
    for entry in sorted(pathlib.Path(f"/proc/{pid}/fd").iterdir(), key=lambda path: int(path.name)):
        if os.readlink(entry) == "anon_inode:[eventpoll]":
            watched.append(pathlib.Path(f"/proc/{pid}/fdinfo/{entry.name}").read_text().count("tfd:"))
    loops = [count for count in watched if count > 20]
    return 100 * loops[0] / max(sum(loops), 1) if loops else 0


class Calls:
    """System calls of a process while it is watched: perf counts them at little cost, strace where there is no perf."""

    def __init__(self, pid, folder):
        self.file = pathlib.Path(folder, "calls")
        if PERF:
            control, self.control = os.pipe()
            self.answers, answer = os.pipe()
            self.process = subprocess.Popen(
                ["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "-D", "-1", "-p", str(pid), "-o", self.file,
                 "--control", f"fd:{control},{answer}"], pass_fds=(control, answer), stderr=subprocess.DEVNULL)
            os.close(control)
            os.close(answer)
            self.order(b"enable\n")
        else:
            self.process = subprocess.Popen(["strace", "-c", "-f", "-q", "-p", str(pid), "-o", self.file])
            while "TracerPid:\t0" in pathlib.Path(f"/proc/{pid}/status").read_text():
                time.sleep(0.01)

    def order(self, word):
        os.write(self.control, word)
        os.read(self.answers, 16)

    def count(self):
        if PERF:
            self.order(b"disable\n")
            os.close(self.control)
            os.close(self.answers)
        self.process.send_signal(signal.SIGINT)
        self.process.wait()
        if PERF:
            return int(re.search(r"^(\d+),", self.file.read_text(), re.M)[1])
        return int(re.search(r"^100\.00 +\S+ +(?:\S+ +)?(\d+) .*total$", self.file.read_text(), re.M)[1])


def perf_counts_calls():
    if not shutil.which("perf"):
        return False
    command = ["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "true"]
    probe = subprocess.run(command, capture_output=True, text=True)
    return re.search(r"^\d+,", probe.stderr, re.M) is not None


PERF = perf_counts_calls()


class Instructions:
    """User instructions of a process that runs under callgrind, while they are counted."""

    def __init__(self, pid, out):
        self.pid, self.out = pid, out
        self.control("-i", "on")

    def control(self, *order):
        subprocess.run(["callgrind_control", *order, str(self.pid)], check=True, capture_output=True)

    def count(self):
        self.control("-d")
        dump = pathlib.Path(f"{self.out}.1")
        return int(re.search(r"^(?:totals|summary): (\d+)", dump.read_text(), re.M)[1])


class QuietCpu(threading.Thread):
    """The cores that a process takes, by the windows of time in which the host of a virtual machine took none away:
    a host that does makes an event dearer by half, whoever carries it."""
    WINDOW, LEAST = 0.05, 5  # seconds; windows

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.windows, self.over = pid, [], threading.Event()
        self.start()

    def look(self):
        return time.monotonic(), sum(used for used, _ in threads(self.pid).values()) / 1e9, core_ticks()[7]

    def run(self):
        last = self.look()
        while not self.over.wait(self.WINDOW):
            now = self.look()
            self.windows.append(((now[1] - last[1]) / (now[0] - last[0]), now[2] - last[2]))
            last = now

    def cores(self):
        """The median. Not counted: a window in which time was taken away, and the next, which carries what was late."""
        self.over.set()
        self.join()
        quiet = [cores for (_, before), (cores, taken) in zip(self.windows, self.windows[1:]) if before + taken == 0]
        if len(quiet) < self.LEAST:
            raise RuntimeError(f"the host left {len(quiet)} of {len(self.windows)} windows of time alone: too noisy to judge")
        return statistics.median(quiet)


class Asker(threading.Thread):
    """Asks the admin listener for one thing again and again, and takes the time of each answer."""

    def __init__(self, path, folder, pid):
        super().__init__(daemon=True)
        self.path, self.socket_path, self.pid = path, f"{folder}/admin", pid
        self.seconds, self.over = [], threading.Event()
        self.began, self.before = time.monotonic(), threads(pid)
        self.start()

    def run(self):
        while not self.over.is_set():
            began = time.monotonic()
            with socket.socket(socket.AF_UNIX) as asked:
                asked.connect(self.socket_path)
                asked.sendall(f"GET {self.path} HTTP/1.0\r\n\r\n".encode())
                while asked.recv(1 << 20):
                    pass
            self.seconds.append(time.monotonic() - began)
            self.over.wait(max(0, 0.05 - self.seconds[-1]))

    def figures(self):
        self.over.set()
        wall = time.monotonic() - self.began
        self.join()
        used = {thread: [now - then for now, then in zip(after, self.before[thread])]
                for thread, after in threads(self.pid).items()}
        admin, answers = used.pop(self.pid), len(self.seconds)
        worker = max(used.values())
        return {"answers": answers / wall, "answer_ms": 1e3 * statistics.median(self.seconds),
                "admin_us": admin[0] / answers / 1e3, "worker_us": worker[0] / answers / 1e3,
                "worker_turns": worker[1] / answers}


class Bench:
    """An origin, and proxies and clients as they are asked for. Used with `with`."""

    def __init__(self, build, folder, full=False, tls="1.3"):
        self.build, self.full, self.folder, self.tls = build, full, folder, tls
        cores = sorted(os.sched_getaffinity(0)) if shutil.which("taskset") else [0]
        self.cores = cores if len(cores) > 1 else []
        self.load_pin = ["taskset", "-c", ",".join(map(str, cores[1:]))] if self.cores else []
        self.origin_port = peers.free_port()
        self.origin = subprocess.Popen([*self.load_pin, f"{build}/bench/bench_origin", str(self.origin_port)])
        peers.wait_for(self.origin_port, self.origin)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.origin.terminate()
        self.origin.wait()

    def proxy(self, peer, scenario, under=()):
        pin = ["taskset", "-c", str(self.cores[0])] if self.cores and scenario.flags != TWO else []
        return peers.Proxy(peer, self.folder, self.origin_port, scenario.tls, pin, under, scenario.flags)

    def clients(self, scenario, port):
        connections, seconds = scenario.full if self.full else scenario.quick
        command = [*self.load_pin, f"{self.build}/bench/bench_clients", f"kind={scenario.kind}", f"port={port}",
                   f"path={scenario.path}", f"connections={connections}", f"seconds={seconds}",
                   f"rate={scenario.rate}", f"origin={self.origin_port}"]
        return subprocess.Popen(command + ([f"tls={self.tls}"] if scenario.tls else []), stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def measure(self, scenario, peer):
        """One sample: figure by figure. Raises RuntimeError when anything went wrong: such a run is not compared."""
        under, out = (), pathlib.Path(self.folder, f"callgrind.{peer.name}.{time.monotonic_ns()}")
        if scenario.extra == "instructions":
            under = ("valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}", "-q")
        with self.proxy(peer, scenario, under) as proxy:
            if scenario.extra == "memory":  # what the first few connections allocate is no stream's
                warm = Scenario("", {}, "streams", SILENT, (50, 0.2), (50, 0.2), tls=scenario.tls)
                self.collect(self.clients(warm, proxy.port), warm)
                time.sleep(0.5)
            empty = (pss(proxy.pid), own_memory(proxy.pid))
            return self.collect(self.clients(scenario, proxy.port), scenario, proxy, empty, out)

    def collect(self, clients, scenario, proxy=None, empty=(0, 0), out=None):
        connections = (scenario.full if self.full else scenario.quick)[0]
        pid = proxy.pid if proxy else clients.pid
        counter, asker, quiet, marks, figures = None, None, None, {}, {}
        patience = threading.Timer(120, clients.kill)  # a proxy that answers nobody
        patience.start()
        for line in clients.stdout:
            word = line.strip()
            if word not in ("begin", "end"):
                figures |= json.loads(word)
                continue
            ours = sum(cpu_seconds(p) for p in {pid, self.origin.pid, clients.pid})
            marks[word] = (time.monotonic(), cpu_seconds(pid), busy_seconds(), ours)
            if word == "begin" and scenario.extra == "calls":
                counter = Calls(pid, self.folder)
            if word == "begin" and scenario.extra == "instructions":
                counter = Instructions(pid, out)
            if word == "begin" and proxy and "cpu" in scenario.figures:
                quiet = QuietCpu(pid)
            if word == "begin" and scenario.asks:
                asker = Asker(scenario.asks, self.folder, pid)
            if word == "end" and asker:
                figures |= asker.figures()
            if word == "end" and counter:
                figures[scenario.extra] = counter.count()
            if word == "end" and scenario.flags == TWO:
                figures["share"] = first_loops_share(pid)
            if word == "end" and scenario.extra == "memory":
                figures |= {"idle": (own_memory(pid) - empty[1]) / connections, "empty": empty[0] / 2**20}
            if scenario.kind == "lockstep":
                clients.stdin.write("\n")
                clients.stdin.flush()
        patience.cancel()
        clients.stdin.close()
        if clients.wait() or "end" not in marks or figures["errors"]:
            seen = f"{figures['errors']} errors" if "errors" in figures else "no end"
            raise RuntimeError(clients.stderr.read().strip() or f"the clients saw {seen}")
        figures = self.derive(figures, scenario, connections, marks)
        return figures | {"cpu": quiet.cores() * 1e6 / figures["per_second"]} if quiet else figures

    @staticmethod
    def derive(figures, scenario, connections, marks):
        wall, cpu, busy, ours = (after - before for before, after in zip(marks["begin"], marks["end"]))
        done = figures["events"] or figures["responses"]
        if scenario.kind in ("streams", "plain") and wall > 1:
            rate = int((re.search(r"rate=(\d+)", scenario.path) or [0, scenario.rate])[1])
            if done < 0.95 * connections * rate * wall:
                raise RuntimeError(f"only {done} of {connections * rate * wall:.0f} were carried")
        if scenario.extra in figures:
            figures[scenario.extra] /= max(done, 1)
        return figures | {
            "per_second": done / wall if wall else 0, "cpu": cpu * 1e6 / max(done, 1), "cpu_ms": cpu * 1e3,
            "storm": figures["seconds"] * 1e3,
            "core": 100 * cpu / wall if wall else 0, "late_p50": figures["p50"] / 1e3, "late_p99": figures["p99"] / 1e3,
            "late_max": figures["max"] / 1e3, "cut": 100 * figures["cut_chunks"] / max(figures["chunks"], 1),
            "per_cpu": figures["handshakes"] / cpu if cpu else 0, "noise": (busy - ours) / wall if wall else 0}
