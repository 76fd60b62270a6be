"""A language server as a process, and enough of an editor to speak with it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


class Editor:
    """Speaks with one server; keeps what passed in `traffic`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.traffic: list[tuple[str, dict[str, Any]]] = []
        self.diagnostics: dict[str, list[dict[str, Any]]] = {}
        self._next = 0
        self._settled = False
        self._server = subprocess.Popen(
            [sys.executable, "-m", "cnnspec", "lsp", "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.capabilities = self.ask(
            "initialize",
            processId=None,
            rootUri=folder.as_uri(),
            capabilities={"general": {"positionEncodings": ["utf-16"]}},
            workspaceFolders=[{"uri": folder.as_uri(), "name": "folder"}],
        )["capabilities"]
        self.tell("initialized")

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def tell(self, method: str, **params: Any) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, method: str, **params: Any) -> Any:
        answer = self.asked(method, **params)
        assert "error" not in answer, answer
        return answer["result"]

    def ask_while(self, method: str, **params: Any) -> bool:
        """Ask, and say whether the text was settled by when the answer came."""
        self._settled = False
        self.ask(method, **params)
        return self._settled

    def processor(self) -> float:
        """Give the seconds of processor time that the server took (Linux)."""
        spent = Path(f"/proc/{self._server.pid}/schedstat").read_text().split()[0]
        return int(spent) / 1e9

    def resident(self) -> float:
        """Give the memory that the server has resident, in MB (Linux)."""
        status = Path(f"/proc/{self._server.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1000

    def asked(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask, and give the whole answer, an error perhaps."""
        self._next += 1
        number = self._next
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == number and "method" not in message:
                return message

    def open(self, name: str, text: str) -> list[dict[str, Any]]:
        uri = self.uri(name)
        document = {"uri": uri, "languageId": "cnn", "version": 1, "text": text}
        self.tell("textDocument/didOpen", textDocument=document)
        return self.told(uri)

    def change(self, name: str, text: str, version: int) -> list[dict[str, Any]]:
        uri = self.uri(name)
        self.tell(
            "textDocument/didChange",
            textDocument={"uri": uri, "version": version},
            contentChanges=[{"text": text}],
        )
        return self.told(uri)

    def told(self, uri: str) -> list[dict[str, Any]]:
        """Wait for the diagnostics of a document that is worked out."""
        while True:
            message = self._receive()
            params = message.get("params", {})
            if message.get("method") == "textDocument/publishDiagnostics":
                self.diagnostics[params["uri"]] = params["diagnostics"]
            if message.get("method") == "$/cnnspec/settled":
                assert params["uri"] == uri
                return self.diagnostics[uri]

    def shut(self, name: str) -> None:
        """Close a document; what was told of it is gone."""
        uri = self.uri(name)
        self.tell("textDocument/didClose", textDocument={"uri": uri})
        while True:
            message = self._receive()
            if message.get("method") == "textDocument/publishDiagnostics":
                assert message["params"] == {"uri": uri, "diagnostics": []}
                return

    def at(self, method: str, name: str, line: int, character: int, **more: Any) -> Any:
        where = {"line": line, "character": character}
        return self.ask(method, textDocument={"uri": self.uri(name)}, position=where, **more)

    def close(self) -> str:
        """End the server; give what it said on standard error."""
        self.ask("shutdown")
        self.tell("exit")
        _, said = self._server.communicate(timeout=30)
        assert self._server.returncode == 0, said.decode()
        return said.decode()

    def _send(self, message: dict[str, Any]) -> None:
        self.traffic.append(("editor", message))
        body = json.dumps(message).encode()
        assert self._server.stdin is not None
        self._server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._server.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._server.stdout is not None
        length = 0
        while line := self._server.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, self._server.stderr.read().decode() if self._server.stderr else ""
        message: dict[str, Any] = json.loads(self._server.stdout.read(length))
        self.traffic.append(("server", message))
        if message.get("method") == "$/cnnspec/settled":
            self._settled = True
        return message
