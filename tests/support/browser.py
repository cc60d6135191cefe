"""A page in headless Chromium, driven by the DevTools protocol with real keys, text input and mouse clicks.

`open_page(Page)` yields a tab. The tab records requests, errors and Content-Security-Policy violations of the page.
"""

import asyncio
import base64
import contextlib
import itertools
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from websockets.asyncio.client import ClientConnection, connect

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --disable-dev-shm-usage --remote-debugging-port=0""".split()
ONLY_LOCALHOST = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
PAGE_SCRIPT = r"""
window.breaches = [];
document.addEventListener('securitypolicyviolation', e => breaches.push(`${e.violatedDirective}: ${e.blockedURI}`));
// The visible text of an element, with the editor's non-breaking spaces as plain spaces.
window.read = selector => document.querySelector(selector)?.innerText.replaceAll('\u00a0', ' ') ?? '';
"""
ENTER_KEY = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
CONTROL_MODIFIER = 2  # the bit of the Control key in the protocol


class Page:
    """One tab. `requests`, `frames`, `errors` and `csp_violations()` record its activity and that of its workers."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.command_ids = itertools.count(1)
        self.pending: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.session: str | None = None
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.frames: list[str] = []
        self.errors: list[str] = []
        self.workers: list[str] = []
        self.tasks: set[asyncio.Task[Any]] = set()

    async def command(self, method: str, *, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Send one command of the protocol and return its result. Times out after 30 seconds."""
        command_id = next(self.command_ids)
        message = {"id": command_id, "method": method, "params": params, "sessionId": session or self.session}
        self.pending[command_id] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps({name: value for name, value in message.items() if value is not None}))
        async with asyncio.timeout(30):
            return await self.pending[command_id]

    async def listen(self) -> None:
        """Dispatch incoming messages: results to the command that waits for them, events to the lists."""
        async for text in self.socket:
            message = json.loads(text)
            if "id" in message:
                future = self.pending.pop(message["id"])
                if "error" in message:
                    future.set_exception(RuntimeError(message["error"]["message"]))
                else:
                    future.set_result(message["result"])
            else:
                self.record_event(message["method"], message["params"])

    def record_event(self, event: str, params: dict[str, Any]) -> None:
        """Record an event of the protocol."""
        match event:
            case "Network.requestWillBeSent":
                self.requests.append((params["request"]["url"], params["request"]["headers"]))
            case "Network.webSocketCreated":
                self.requests.append((params["url"], {}))
            case "Network.webSocketFrameSent":
                self.frames.append(params["response"]["payloadData"])
            case "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                self.errors.append(details.get("exception", {}).get("description", details["text"]))
            case "Log.entryAdded" if params["entry"]["level"] == "error":
                self.errors.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
            case "Target.attachedToTarget":
                self.workers.append(params["targetInfo"]["url"])
                self.run_in_background(self.watch_worker(params["sessionId"]))

    def run_in_background(self, work: Any) -> None:
        """Run a coroutine in the background; `detach` cancels it."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def watch(self, session: str | None) -> None:
        """Enable the events of a target, from its first instruction on."""
        for domain in ("Network", "Runtime", "Log"):
            await self.command(f"{domain}.enable", session=session)
        await self.command("Runtime.runIfWaitingForDebugger", session=session)

    async def watch_worker(self, session: str) -> None:
        """Enable the events of a worker, unless it has ended already."""
        with contextlib.suppress(RuntimeError):  # the worker may have ended already
            await self.watch(session)

    async def attach(self) -> None:
        """Open the tab and start recording."""
        target = await self.command("Target.createTarget", url="about:blank")
        self.session = (await self.command("Target.attachToTarget", targetId=target["targetId"], flatten=True))[
            "sessionId"
        ]
        await self.watch(self.session)
        await self.command("Page.enable")
        await self.command("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=True, flatten=True)
        await self.command("Page.addScriptToEvaluateOnNewDocument", source=PAGE_SCRIPT)

    async def detach(self) -> None:
        """Cancel the background tasks."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def set_viewport(self, width: int, height: int) -> None:
        """Set the viewport, in CSS pixels."""
        await self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    async def set_color_scheme(self, scheme: str) -> None:
        """Set the preferred color scheme of the user: `dark` or `light`."""
        await self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    async def open(self, url: str) -> None:
        """Navigate to a URL."""
        await self.command("Page.navigate", url=url)

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page. Raises RuntimeError if the expression throws."""
        response = await self.command("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in response:
            raise RuntimeError(response["exceptionDetails"]["exception"]["description"])
        return response["result"].get("value")

    async def wait_for(self, expression: str, seconds: float = 15) -> Any:
        """Wait until an expression is truthy and return its value (`{}` for a DOM node). Raises TimeoutError."""
        expression = f"(value => value instanceof Node || value)({expression})"
        deadline = asyncio.get_running_loop().time() + seconds
        while (value := await self.evaluate(expression)) in (None, False, 0, ""):
            if asyncio.get_running_loop().time() > deadline:
                raise TimeoutError(f"{expression} did not become true. Errors: {self.errors}")
            await asyncio.sleep(0.05)
        return value

    async def text(self, selector: str) -> str:
        """The visible text of an element."""
        return str(await self.evaluate(f"read({json.dumps(selector)})"))

    async def wait_for_text(self, selector: str, part: str) -> str:
        """Wait until the visible text of an element contains `part`, then return the text."""
        quoted = json.dumps(selector)
        return str(await self.wait_for(f"read({quoted}).includes({json.dumps(part)}) && read({quoted})"))

    async def click(self, selector: str) -> None:
        """Wait for an element, then click in its center."""
        center = await self.wait_for(
            f"(() => {{ const box = document.querySelector({json.dumps(selector)})?.getBoundingClientRect();"
            " return box?.width && {x: box.x + box.width / 2, y: box.y + box.height / 2} })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.command("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **center)

    async def key(self, modifiers: int = 0, **key: Any) -> None:
        """Press and release a key."""
        for kind in ("rawKeyDown", "keyUp"):
            await self.command("Input.dispatchKeyEvent", type=kind, modifiers=modifiers, **key)

    async def write(self, editor: str, text: str) -> None:
        """Focus an editor, delete its content, and type the text letter by letter."""
        await self.click(f"{editor} .view-lines")
        await self.wait_for(f"document.querySelector({json.dumps(editor)}).contains(document.activeElement)")
        await self.key(CONTROL_MODIFIER, key="a", code="KeyA", windowsVirtualKeyCode=65)
        await self.key(key="Delete", code="Delete", windowsVirtualKeyCode=46)
        for letter in text:
            await self.command("Input.dispatchKeyEvent", type="char", text=letter)

    async def csp_violations(self) -> list[str]:
        """The violations of the page's Content-Security-Policy so far."""
        return list(await self.evaluate("breaches"))

    async def screenshot(self) -> bytes:
        """A screenshot as PNG."""
        return base64.b64decode((await self.command("Page.captureScreenshot", format="png"))["data"])


PageType = TypeVar("PageType", bound=Page)


@asynccontextmanager
async def open_page(page_type: type[PageType]) -> AsyncIterator[PageType]:
    """A page in a separate browser process with an empty profile. Only 127.0.0.1 resolves."""
    assert PROGRAM
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            PROGRAM, *OPTIONS, ONLY_LOCALHOST, f"--user-data-dir={profile}", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with connect(await devtools_url(Path(profile)), max_size=None) as socket:
                page = page_type(socket)
                page.run_in_background(page.listen())
                try:
                    await page.attach()
                    yield page
                finally:
                    await page.detach()
        finally:
            process.terminate()
            await process.wait()


async def devtools_url(profile: Path) -> str:
    """The WebSocket URL of Chromium's DevTools. Chromium writes its port and path to a file on start."""
    port_file = profile / "DevToolsActivePort"
    async with asyncio.timeout(60):
        while not (port_file.exists() and len(lines := port_file.read_text().split()) == 2):  # noqa: ASYNC110 no event
            await asyncio.sleep(0.05)
    return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
