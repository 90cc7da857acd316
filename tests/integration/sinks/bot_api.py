"""A local HTTP server that speaks as much of Telegram's Bot API as the sink uses."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

TOKEN = "1234567:secret-token"

Answer = tuple[int, dict[str, Any]]


def flood(seconds: int) -> Answer:
    description = f"Too Many Requests: retry after {seconds}"
    parameters = {"retry_after": seconds}
    return 429, {"error_code": 429, "description": description, "parameters": parameters}


def error(code: int, description: str) -> Answer:
    return code, {"error_code": code, "description": description}


@dataclass
class BotApi:
    """What the chat has received, and how the next requests will be answered."""

    url: str = ""
    received: list[str] = field(default_factory=list)
    chats: set[str] = field(default_factory=set)
    answers: list[Answer] = field(default_factory=list)
    requests: int = 0
    open: threading.Event = field(default_factory=threading.Event)

    def answer(self, path: str, fields: dict[str, list[str]]) -> Answer:
        self.requests += 1
        self.open.wait(30)
        if not path.startswith(f"/bot{TOKEN}/"):
            return error(401, "Unauthorized")
        if path.endswith("/getMe"):
            return 200, {"id": 1234567, "is_bot": True, "first_name": "Operations"}
        if self.answers:
            return self.answers.pop(0)
        return 200, self._message(fields["chat_id"][0], fields["text"][0])

    def _message(self, chat: str, text: str) -> dict[str, Any]:
        self.chats.add(chat)
        self.received.append(text)
        place = {"id": int(chat), "type": "private"}
        return {"message_id": len(self.received), "date": 1, "chat": place, "text": text}


@contextmanager
def bot_api() -> Iterator[BotApi]:
    api = BotApi()
    api.open.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            code, body = api.answer(self.path, parse_qs(self.rfile.read(length).decode()))
            good = {"ok": True, "result": body}
            payload = json.dumps(good if code == 200 else {"ok": False, **body}).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield api
    finally:
        api.open.set()
        server.shutdown()
        server.server_close()
        thread.join()
