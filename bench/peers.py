"""The proxies that the bench measures: how each is started as one worker in front of the same origin, un-buffered for
event streams, without an access log, its upstream connections kept alive."""
import dataclasses
import pathlib
import shutil
import signal
import socket
import subprocess
import time

NGINX = """
daemon off; master_process off; worker_processes 1; worker_rlimit_nofile 20000;
pid {dir}/nginx.pid; error_log {dir}/nginx.log crit;
events {{ worker_connections 20000; multi_accept on; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 1h;
  client_body_temp_path {dir}/1; proxy_temp_path {dir}/2; fastcgi_temp_path {dir}/3; uwsgi_temp_path {dir}/4;
  scgi_temp_path {dir}/5;
  upstream origin {{ server 127.0.0.1:{origin}; keepalive 1024; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} {tls_listen} backlog=4096;
    {tls_lines}
    location / {{
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 1h;
    }}
  }}
}}
"""

NGINX_TLS = "ssl_certificate {cert}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3;"

HAPROXY = """
global
  nbthread 1
  maxconn 9900
defaults
  mode http
  option http-no-delay
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  http-reuse always
  backlog 4096
frontend clients
  bind 127.0.0.1:{port} {tls_bind}
  default_backend origin
backend origin
  server one 127.0.0.1:{origin}
"""

H2O = """
num-threads: 1
max-connections: 20000
http1-request-timeout: 3600
hosts:
  default:
    listen: {{ host: 127.0.0.1, port: {port} }}
    paths:
      "/":
        proxy.reverse.url: "http://127.0.0.1:{origin}/"
        proxy.timeout.io: 3600000
        proxy.timeout.keepalive: 60000
        proxy.preserve-host: ON
"""

CADDY = """
{{
  admin off
  auto_https off
  log {{
    output discard
  }}
}}
http://:{port} {{
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:{origin} {{
    flush_interval -1
  }}
}}
"""


@dataclasses.dataclass
class Peer:
    name: str
    program: str  # looked for on PATH, or a path
    package: str  # Debian's, that has it
    arguments: tuple
    config: str = ""
    tls: bool = False  # the TLS scenarios run with it too
    environment: tuple = ()

    def missing(self):
        if shutil.which(self.program):
            return None
        return f"{self.name} is left out: there is no {self.program}; apt-get install {self.package} brings it"


def all_peers(build):
    """Ours first, the floor last."""
    return [
        Peer("sse-proxy", f"{build}/sse-proxy", "(./dev build)",
             ("--listen", "{scheme}://127.0.0.1:{port}", "--upstream", "http://127.0.0.1:{origin}",
              "--access-log", "off", "--log-level", "error", "{flags}"), tls=True),
        Peer("nginx", "nginx", "nginx-light", ("-c", "{config}", "-p", "{dir}", "-e", "{dir}/start.log"), NGINX,
             tls=True),
        Peer("HAProxy", "haproxy", "haproxy", ("-q", "-f", "{config}"), HAPROXY, tls=True),
        Peer("h2o", "h2o", "h2o", ("-c", "{config}"), H2O),
        Peer("nghttpx", "nghttpx", "nghttp2-proxy",
             ("--conf=/dev/null", "-f127.0.0.1,{port};no-tls", "-b127.0.0.1,{origin}", "-n1", "--single-process",
              "--accesslog-file=/dev/null", "--errorlog-file=/dev/null", "--backend-read-timeout=1h",
              "--frontend-read-timeout=1h", "--backend-keep-alive-timeout=1h", "--backlog=4096")),
        Peer("Caddy", "caddy", "caddy", ("run", "--config", "{config}", "--adapter", "caddyfile"), CADDY,
             environment=(("GOMAXPROCS", "1"),)),
        Peer("relay", f"{build}/bench/bench_relay", "(./dev build)", ("{port}", "{origin}")),
    ]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process, seconds=10):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.001)
    raise RuntimeError(f"{process.args[0]} does not listen")


def certificate(folder):
    """An ECDSA P-256 certificate, as two files and, for HAProxy, as one."""
    cert, key = pathlib.Path(folder, "cert.pem"), pathlib.Path(folder, "key.pem")
    if not cert.exists():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-subj", "/CN=bench", "-days", "30", "-keyout", key, "-out", cert], check=True,
                       capture_output=True)
        pathlib.Path(folder, "both.pem").write_text(cert.read_text() + key.read_text())
    return cert, key, pathlib.Path(folder, "both.pem")


class Proxy:
    """A running peer. Used with `with`: it is ended where the block ends."""

    def __init__(self, peer, folder, origin, tls=False, pin=(), under=(), flags=()):
        self.port = free_port()
        fill = {"dir": folder, "port": self.port, "origin": origin, "scheme": "https" if tls else "http",
                "config": f"{folder}/{peer.name}.conf", "tls_listen": "", "tls_lines": "", "tls_bind": ""}
        flags = list(flags)
        if tls:
            cert, key, both = certificate(folder)
            fill |= {"tls_listen": "ssl", "tls_lines": NGINX_TLS.format(cert=cert, key=key),
                     "tls_bind": f"ssl crt {both}"}
            flags += ["--tls-cert", str(cert), "--tls-key", str(key)]
        pathlib.Path(fill["config"]).write_text(peer.config.format(**fill))
        arguments = [part.format(**fill) for part in peer.arguments if part != "{flags}"]
        if "{flags}" in peer.arguments:
            arguments += [flag.format(**fill) for flag in flags]
        program = shutil.which(peer.program)
        self.process = subprocess.Popen([*pin, "env", *(f"{k}={v}" for k, v in peer.environment), *under, program,
                                         *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(self.port, self.process, 60 if under else 10)
        except RuntimeError:
            self.end()
            raise

    @property
    def pid(self):
        return self.process.pid  # taskset and env become what they start

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
