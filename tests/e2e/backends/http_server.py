# Python's own http.server: HTTP/1.0, and a body without a length ends with the connection.
import hashlib
import http.server
import time


class Handler(http.server.BaseHTTPRequestHandler):
    def head(self, *fields):
        self.send_response(200)
        for name, value in fields:
            self.send_header(name, value)
        self.end_headers()

    def do_GET(self):
        if self.path == "/download":
            self.head(("Content-Type", "application/zip"), ("Content-Length", str(64 * 65536)))
            for i in range(64):
                self.wfile.write(hashlib.sha256(b"%d" % i).digest() * 2048)
        elif self.path == "/events":
            self.head(("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache"))
            for i in range(5):
                self.wfile.write(b"id: %d\ndata: tick\n\n" % i)
                time.sleep(0.1)
        else:
            self.head(("Content-Type", "text/html"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))
            self.wfile.write("<p>쪽</p>".encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.head(("Content-Type", "application/octet-stream"), ("X-Length", str(len(body))))
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
