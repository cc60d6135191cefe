"""Take the screenshot docs/explorer.png from a running server: GraphiQL with an example and its response.

graphql-app serve            # with demonstration data
python tools/screenshot.py http://127.0.0.1:8000/graphql [--example LateShipments] [--dark] [--to docs/explorer.png]
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.support import browser  # noqa: E402 needs the path that the line above adds


async def take_screenshot(url: str, example: str, *, dark: bool) -> bytes:
    """Return a PNG of 1400 by 900 pixels with the example of this name and its response."""
    tab = f"[...document.querySelectorAll('.graphiql-tab button')].find(tab => tab.innerText === {json.dumps(example)})"
    async with browser.open_page(browser.Page) as page:
        await page.set_viewport(1400, 900)
        await page.set_color_scheme("dark" if dark else "light")
        await page.open(url)
        await page.wait_for("document.querySelector('.graphiql-query-editor .view-line')")
        await page.wait_for("document.querySelector('[aria-label^=\"Re-fetch\"]:not([disabled])')")
        await page.evaluate(f"{tab}.click()")
        await page.wait_for_text(".graphiql-query-editor", example)
        await asyncio.sleep(0.3)  # GraphiQL needs this long to recognize the operation
        await page.click(".graphiql-execute-button")
        await page.wait_for_text(".graphiql-response", '"data"')
        await page.command("Input.dispatchMouseEvent", type="mouseMoved", x=700, y=4)
        await asyncio.sleep(3)  # until scroll bars and the button's tooltip have faded
        return await page.screenshot()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8000/graphql")
    parser.add_argument("--example", default="LateShipments")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "explorer.png")
    arguments = parser.parse_args()
    png = asyncio.run(take_screenshot(arguments.url, arguments.example, dark=arguments.dark))
    arguments.to.parent.mkdir(exist_ok=True)
    arguments.to.write_bytes(png)


if __name__ == "__main__":
    main()
