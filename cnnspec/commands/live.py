"""A page that reloads itself when it is drawn again: served on loopback, under a secret address."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

LOOPBACK: Final = "127.0.0.1"
#: So often a page that waits is told that nothing is new, in seconds.
ALIVE: Final = 10.0
_POLICY: Final = b"content=\"default-src 'none';"
_ALLOWED: Final = _POLICY + b" connect-src 'self';"
#: What a served page has besides: it waits for a word, and loads itself again.
_RELOAD: Final = b"""<script>
new EventSource("changes").onmessage = () => location.reload();
</script>
</body>"""


class Live(ThreadingHTTPServer):
    """Serves one page to who knows its address, and tells it when there is another."""

    daemon_threads = True

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(18)
        self.page = b""
        self.version = 0
        self.changed = threading.Condition()
        super().__init__((LOOPBACK, 0), _Answer)

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{LOOPBACK}:{self.server_port}/{self.token}/"

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names by which a browser may ask: no other page's, whatever it resolves to."""
        return (f"{LOOPBACK}:{self.server_port}", f"localhost:{self.server_port}")

    def show(self, page: bytes) -> None:
        """Take another page, and tell those that show the last."""
        with self.changed:
            self.page = page.replace(_POLICY, _ALLOWED, 1).replace(b"</body>", _RELOAD, 1)
            self.version += 1
            self.changed.notify_all()

    def words(self) -> Iterator[bytes]:
        """Give a word for each page from the next on, and comments meanwhile."""
        seen = self.version
        yield b": here\n\n"
        while True:
            with self.changed:
                if self.version == seen:
                    self.changed.wait(ALIVE)
                new, seen = self.version != seen, self.version
            yield b"data: new\n\n" if new else b": still here\n\n"


class _Answer(BaseHTTPRequestHandler):
    """Answers one request; it speaks of nothing on a terminal."""

    server: Live
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        """Give the page, or the words that tell of the next."""
        live = self.server
        given, _, rest = self.path.removeprefix("/").partition("/")
        known = self.headers.get("Host") in live.hosts
        if not known or not secrets.compare_digest(given.encode(), live.token.encode()):
            self.send_error(HTTPStatus.NOT_FOUND)
        elif rest == "":
            self._begin("text/html; charset=utf-8", len(live.page))
            self.wfile.write(live.page)
        elif rest == "changes":
            self._begin("text/event-stream", None)
            self.close_connection = True
            try:
                for word in live.words():
                    self.wfile.write(word)
                    self.wfile.flush()
            except OSError:
                return  # the page was closed
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def _begin(self, kind: str, length: int | None) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[Live]:
    """Serve a page until the end of the block."""
    live = Live()
    thread = threading.Thread(target=live.serve_forever, daemon=True)
    thread.start()
    try:
        yield live
    finally:
        live.shutdown()
        live.server_close()
