"""A headless Chromium, driven over its debugging protocol, for tests of the built pages."""

import asyncio
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
    # no other host has an address, so that a request for one fails and stands among those asked for
    *("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--remote-debugging-port=0"),
)
PATIENCE = 60  # seconds for one answer; a chapter with 200 formulas takes 5


def find():
    """Return the browser that MLM_BROWSER names, else a Chromium on the path, else None."""
    named = os.environ.get("MLM_BROWSER")
    if named and shutil.which(named) is None:
        raise FileNotFoundError(f"MLM_BROWSER names {named!r}, and there is no such program.")
    return shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)


class Chromium:
    """One window of a browser that keeps nothing.

    Attributes
    ----------
    asked : list of str
        The addresses that the page in it has asked for since it was opened.
    errors : list of str
        What the page has written to the console as an error, and the exceptions that nothing caught.
    """

    def __init__(self, program, folder):
        self.asked, self.errors, self._events, self._last = [], [], [], 0
        self._runner = asyncio.Runner()
        command = [program, *OPTIONS, f"--user-data-dir={folder}", "about:blank"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._socket = self._runner.run(self._connect(Path(folder) / "DevToolsActivePort"))
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    async def _connect(self, place):
        end = time.monotonic() + PATIENCE
        while not (place.exists() and place.read_text("utf-8").count("\n")):
            if time.monotonic() > end or self._process.poll() is not None:
                raise RuntimeError(f"the browser has not started: {self._process.args}")
            await asyncio.sleep(0.05)
        address = f"http://127.0.0.1:{place.read_text('utf-8').splitlines()[0]}/json"
        windows = json.loads((await AsyncHTTPClient().fetch(HTTPRequest(address))).body)
        page = next(window for window in windows if window["type"] == "page")
        return await websocket_connect(page["webSocketDebuggerUrl"], max_message_size=10**9)

    def call(self, method, **parameters):
        """Call a method of the protocol and return its result."""
        return self._runner.run(asyncio.wait_for(self._call(method, parameters), PATIENCE))

    async def _call(self, method, parameters):
        self._last += 1
        number = self._last
        await self._socket.write_message(json.dumps({"id": number, "method": method, "params": parameters}))
        while (message := await self._read()).get("id") != number:
            pass
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']['message']}")
        return message["result"]

    async def _read(self):
        message = json.loads(await self._socket.read_message())
        method, about = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.asked.append(about["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.errors.append(about["exceptionDetails"].get("exception", {}).get("description", "an exception"))
        elif method == "Runtime.consoleAPICalled" and about["type"] in ("error", "assert"):
            self.errors.append(" ".join(str(part.get("value", part)) for part in about["args"]))
        elif method == "Log.entryAdded" and about["entry"]["level"] == "error":
            self.errors.append(about["entry"]["text"] + " " + about["entry"].get("url", ""))
        elif method == "Page.loadEventFired":
            self._events.append(method)
        return message

    def look(self, width, scheme):
        """Set the width of the window in pixels, and whether the reader prefers "light" or "dark" pages."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
        )
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.call("Emulation.setEmulatedMedia", features=features)

    def open(self, address):
        """Open a page and wait until it is loaded and its formulas are drawn."""
        self.asked.clear(), self.errors.clear(), self._events.clear()
        self.call("Page.navigate", url=address)
        self._runner.run(asyncio.wait_for(self._loaded(), PATIENCE))
        self.js("(async () => { await window.MathJax?.startup?.promise; await document.fonts.ready })()")

    async def _loaded(self):
        while not self._events:
            await self._read()

    def js(self, expression):
        """Return the value of an expression, awaited where it is a promise."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in done:
            raise RuntimeError(done["exceptionDetails"].get("exception", {}).get("description", expression))
        return done["result"].get("value")

    def wait(self, expression):
        """Return the value of an expression as soon as it is true."""
        end = time.monotonic() + PATIENCE
        while not (value := self.js(expression)):
            if time.monotonic() > end:
                raise TimeoutError(expression)
            time.sleep(0.1)
        return value

    async def _disconnect(self):
        self._socket.close()
        while await self._socket.read_message() is not None:
            pass

    def close(self):
        """End the browser."""
        self._runner.run(self._disconnect())
        self._process.terminate()
        self._process.wait(PATIENCE)
        self._runner.close()
