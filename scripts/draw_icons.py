"""Draws the icons of a phone's home screen from `icon.svg`, by Playwright's Chromium or Debian's.

python scripts/draw_icons.py
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

STATIC = Path(__file__).parents[1] / "src/barkive/web/static"
# Android cuts its own shape out of a maskable icon, and iOS out of its own: both fill the square.
ICONS = {
    "icon-192.png": (192, False),
    "icon-512.png": (512, False),
    "icon-maskable.png": (512, True),
    "apple-touch-icon.png": (180, True),
}


def drawing(*, fills: bool) -> str:
    """The icon; where it fills the square, the dog is a tenth smaller, far from the corners."""
    svg = (STATIC / "icon.svg").read_text()
    if not fills:
        return svg
    ground, dog = re.fullmatch(r"(<svg[^>]*><rect[^>]*/>)(.*)</svg>\s*", svg, re.S).groups()
    smaller = f'<g transform="translate(16 16) scale(.9) translate(-16 -16)">{dog}</g>'
    return re.sub(r' rx="\d+"', "", ground) + smaller + "</svg>"


def main() -> None:
    """Writes each icon into the folder of static files."""
    with sync_playwright() as driver:
        found = shutil.which("chromium")
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        for name, (side, fills) in ICONS.items():
            page = browser.new_page(viewport={"width": side, "height": side})
            page.set_content(
                f"<style>*{{margin:0}}svg{{display:block;width:{side}px;height:{side}px}}</style>"
                + drawing(fills=fills)
            )
            page.screenshot(path=STATIC / name, omit_background=True)
        browser.close()


if __name__ == "__main__":
    main()
