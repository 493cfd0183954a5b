"""Headless Chromium, driven by its DevTools protocol (chromedevtools.github.io/devtools-protocol)."""
from __future__ import annotations

import base64
import contextlib
import json
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import websocket

_PATIENCE = 60.0  # seconds for a page; the first one makes Odoo build its assets


class BrowserError(Exception):
    """A page did not come to the state that was waited for; the text says which."""


class Browser:
    """One tab.

    :param address: WebSocket address of its DevTools
    """

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, timeout=_PATIENCE, suppress_origin=True)
        self._number = 0

    def call(self, method: str, **parameters: Any) -> dict:
        """Call a method of the protocol and return its result.

        :raise BrowserError: Chromium refused
        """
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def evaluate(self, script: str) -> Any:
        """Return what a JavaScript expression comes to on the page."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        return result["result"].get("value")

    def wait_for(self, condition: str) -> None:
        """Wait until a JavaScript expression holds.

        :raise BrowserError: it does not
        """
        deadline = time.monotonic() + _PATIENCE
        while not self.evaluate(f"Boolean({condition})"):
            if time.monotonic() > deadline:
                raise BrowserError(f"the page never came to: {condition}")
            time.sleep(0.1)

    def open(self, url: str) -> None:
        """Open a page and wait until the document is there."""
        self.call("Page.navigate", url=url)
        self.wait_for(f"document.readyState === 'complete' && location.href.startsWith({json.dumps(url.partition('?')[0])})")

    def size(self, width: int, height: int) -> None:
        """Set the size of the window, in CSS pixels."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def picture(self, target: Path) -> None:
        """Write what the window shows as PNG."""
        time.sleep(0.5)  # let animations end
        target.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium with a profile of its own, and end it."""
    with tempfile.TemporaryDirectory() as profile:
        command = ["chromium", "--headless", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-port=0",
                   f"--user-data-dir={profile}", "about:blank"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                yield Browser(_address(Path(profile, "DevToolsActivePort")))
            finally:
                process.terminate()


def _address(port_file: Path) -> str:
    deadline = time.monotonic() + _PATIENCE
    while not (port_file.exists() and port_file.read_text(encoding="ascii").count("\n")):
        if time.monotonic() > deadline:
            raise BrowserError("Chromium does not start")
        time.sleep(0.05)
    port = port_file.read_text(encoding="ascii").split()[0]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=10) as answer:
        return next(tab["webSocketDebuggerUrl"] for tab in json.load(answer) if tab["type"] == "page")
