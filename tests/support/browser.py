"""A page in headless Chromium, driven by the DevTools protocol as a person would: keys, text, clicks, looks.

In: an address. Out: what the page shows, and what it did meanwhile: requests, errors, breaches of its security policy.
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
NO_OTHER_HOST = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
IN_THE_PAGE = r"""
window.breaches = [];
document.addEventListener('securitypolicyviolation', e => breaches.push(`${e.violatedDirective}: ${e.blockedURI}`));
// What is to be read in an element, with the editor's hard spaces as plain ones.
window.read = selector => document.querySelector(selector)?.innerText.replaceAll('\u00a0', ' ') ?? '';
"""
RETURN = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
CONTROL = 2  # the protocol's number for the key


class Page:
    """One tab. `requests`, `frames`, `errors` and `breaches()` tell what it did; its workers' doings are among them."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.numbers = itertools.count(1)
        self.waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.session: str | None = None
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.frames: list[str] = []
        self.errors: list[str] = []
        self.workers: list[str] = []
        self.tasks: set[asyncio.Task[Any]] = set()

    async def command(self, method: str, *, session: str | None = None, **params: Any) -> dict[str, Any]:
        """One command of the protocol, and its result."""
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params, "sessionId": session or self.session}
        self.waiting[number] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps({name: value for name, value in message.items() if value is not None}))
        async with asyncio.timeout(30):
            return await self.waiting[number]

    async def listen(self) -> None:
        """Sort what comes in: results to whom they belong, events into the lists."""
        async for text in self.socket:
            message = json.loads(text)
            if "id" in message:
                waiting = self.waiting.pop(message["id"])
                if "error" in message:
                    waiting.set_exception(RuntimeError(message["error"]["message"]))
                else:
                    waiting.set_result(message["result"])
            else:
                self.note(message["method"], message["params"])

    def note(self, event: str, params: dict[str, Any]) -> None:
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
                self.soon(self.watch_worker(params["sessionId"]))

    def soon(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def watch(self, session: str | None) -> None:
        """Hear all that a target does, from its first instruction on."""
        for domain in ("Network", "Runtime", "Log"):
            await self.command(f"{domain}.enable", session=session)
        await self.command("Runtime.runIfWaitingForDebugger", session=session)

    async def watch_worker(self, session: str) -> None:
        with contextlib.suppress(RuntimeError):  # it may be gone already
            await self.watch(session)

    async def attach(self) -> None:
        target = await self.command("Target.createTarget", url="about:blank")
        self.session = (await self.command("Target.attachToTarget", targetId=target["targetId"], flatten=True))[
            "sessionId"
        ]
        await self.watch(self.session)
        await self.command("Page.enable")
        await self.command("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=True, flatten=True)
        await self.command("Page.addScriptToEvaluateOnNewDocument", source=IN_THE_PAGE)

    async def detach(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def size(self, width: int, height: int) -> None:
        await self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    async def colours(self, scheme: str) -> None:
        """What the system says that its user prefers: dark or light."""
        await self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    async def open(self, url: str) -> None:
        await self.command("Page.navigate", url=url)

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        answer = await self.command("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    async def until(self, expression: str, seconds: float = 15) -> Any:
        """Wait until an expression is true, and give its value; of an element, only that it is there."""
        expression = f"(found => found instanceof Node || found)({expression})"
        end = asyncio.get_running_loop().time() + seconds
        while (value := await self.evaluate(expression)) in (None, False, 0, ""):
            if asyncio.get_running_loop().time() > end:
                raise TimeoutError(f"{expression} did not become true. Errors: {self.errors}")
            await asyncio.sleep(0.05)
        return value

    async def text(self, selector: str) -> str:
        """What is to be read there."""
        return str(await self.evaluate(f"read({json.dumps(selector)})"))

    async def reads(self, selector: str, part: str) -> str:
        """What is to be read there, once this is part of it."""
        shown = json.dumps(selector)
        return str(await self.until(f"read({shown}).includes({json.dumps(part)}) && read({shown})"))

    async def click(self, selector: str) -> None:
        """A click of the mouse in an element's middle, once it is there."""
        place = await self.until(
            f"(() => {{ const box = document.querySelector({json.dumps(selector)})?.getBoundingClientRect();"
            " return box?.width && {x: box.x + box.width / 2, y: box.y + box.height / 2} })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.command("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)

    async def key(self, modifiers: int = 0, **key: Any) -> None:
        for kind in ("rawKeyDown", "keyUp"):
            await self.command("Input.dispatchKeyEvent", type=kind, modifiers=modifiers, **key)

    async def write(self, editor: str, text: str) -> None:
        """Put the cursor into an editor, delete what is in it, and type letter by letter."""
        await self.click(f"{editor} .view-lines")
        await self.until(f"document.querySelector({json.dumps(editor)}).contains(document.activeElement)")
        await self.key(CONTROL, key="a", code="KeyA", windowsVirtualKeyCode=65)
        await self.key(key="Delete", code="Delete", windowsVirtualKeyCode=46)
        for letter in text:
            await self.command("Input.dispatchKeyEvent", type="char", text=letter)

    async def breaches(self) -> list[str]:
        """What the page tried against its Content-Security-Policy."""
        return list(await self.evaluate("breaches"))

    async def picture(self) -> bytes:
        """What is to be seen, as PNG."""
        return base64.b64decode((await self.command("Page.captureScreenshot", format="png"))["data"])


Kind = TypeVar("Kind", bound=Page)


@asynccontextmanager
async def opened(kind: type[Kind]) -> AsyncIterator[Kind]:
    """A page in a browser of its own, with an empty profile, for which no host but this one exists."""
    assert PROGRAM
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            PROGRAM, *OPTIONS, NO_OTHER_HOST, f"--user-data-dir={profile}", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with connect(await door(Path(profile)), max_size=None) as socket:
                page = kind(socket)
                page.soon(page.listen())
                try:
                    await page.attach()
                    yield page
                finally:
                    await page.detach()
        finally:
            process.terminate()
            await process.wait()


async def door(profile: Path) -> str:
    """Where Chromium listens: it writes port and path down when it does."""
    written = profile / "DevToolsActivePort"
    async with asyncio.timeout(60):
        while not (written.exists() and len(lines := written.read_text().split()) == 2):  # noqa: ASYNC110 no event
            await asyncio.sleep(0.05)
    return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
