# An app as Flask or Django make them, for gunicorn's sync worker: it closes each connection after its answer.
import hashlib
import time


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/echo":
        body = environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Type", "application/octet-stream"), ("X-Length", str(len(body)))])
        return [body]
    if path == "/download":
        start_response("200 OK", [("Content-Type", "application/zip"), ("Content-Length", str(64 * 65536))])
        return (hashlib.sha256(b"%d" % i).digest() * 2048 for i in range(64))
    if path == "/events":
        start_response("200 OK", [("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache")])
        return events()
    start_response("200 OK", [("Content-Type", "text/html"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    return [b"<p>", "쪽".encode(), b"</p>"]


def events():
    for i in range(5):
        yield b"id: %d\ndata: tick\n\n" % i
        time.sleep(0.1)
