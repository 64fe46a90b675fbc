# An app as FastAPI and Starlette make them, for uvicorn.
import asyncio
import hashlib


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    path = scope["path"]

    async def start(*headers):
        headers = [(name.encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def write(body, more):
        await send({"type": "http.response.body", "body": body, "more_body": more})

    if path == "/echo":
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        await start(("content-type", "application/octet-stream"), ("x-length", str(len(body))))
        await write(body, False)
    elif path == "/download":
        await start(("content-type", "application/zip"), ("content-length", str(64 * 65536)))
        for i in range(64):
            await write(hashlib.sha256(b"%d" % i).digest() * 2048, i < 63)
    elif path == "/events":
        await start(("content-type", "text/event-stream"), ("cache-control", "no-cache"))
        for i in range(5):
            await write(b"id: %d\ndata: tick\n\n" % i, True)
            await asyncio.sleep(0.1)
        await write(b"", False)
    else:
        await start(("content-type", "text/html"), ("set-cookie", "a=1"), ("set-cookie", "b=2"))
        await write("<p>쪽</p>".encode(), False)
