"""An app that streams as apps do which were written without a proxy in mind: HTTP/1.0, an event in two writes."""
import http.server
import os
import time


class App(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        stream = self.path.startswith("/events")
        self.send_header("Content-Type", "text/event-stream" if stream else "text/plain")
        self.end_headers()
        if not stream:
            self.wfile.write(b"streams are at /events\n")
            return
        for number in range(5):
            self.wfile.write(b"id: %d\ndata: ti" % number)
            self.wfile.write(b"ck %d\n\n" % number)
            time.sleep(float(os.environ.get("APP_INTERVAL", "1")))


server = http.server.ThreadingHTTPServer(("", int(os.environ.get("APP_PORT", "3000"))), App)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
