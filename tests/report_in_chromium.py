"""Opens a page of `tati report` in headless Chromium, and looks at it as a reader would.

    python3 tests/report_in_chromium.py PAGE.html [--screenshots FOLDER] [--dark]

Checks that nothing is asked of a network, that the console stays empty, that every section is there, and that the surface changes with its
buttons, by dragging and by the wheel. Needs the programs `chromium` and `chromedriver`, and nothing beside Python's own library.
"""

import argparse
import base64
import json
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.request

SECTIONS = ["run", "convergence", "energies", "spectrum", "diffusion-map", "free-energy", "surface", "digits"]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
    """A session of WebDriver."""

    def __init__(self, port, dark):
        self.root = f"http://127.0.0.1:{port}"
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1000,1400", "--hide-scrollbars"]
        if dark:
            arguments.append("--force-dark-mode")
        options = {"args": arguments}
        logs = {"browser": "ALL", "performance": "ALL"}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": logs}
        session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.root += f"/session/{session['sessionId']}"

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.root + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{path}: {error.read().decode()}") from error

    def run(self, script, *arguments):
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def log(self, kind):
        return self.call("POST", "/se/log", {"type": kind})

    def find(self, selector):
        return self.call("POST", "/elements", {"using": "css selector", "value": selector})

    def click(self, element):
        self.call("POST", f"/element/{element[ELEMENT]}/click", {})

    def act(self, *sources):
        self.call("POST", "/actions", {"actions": list(sources)})

    def screenshot(self, element, path):
        picture = self.call("GET", f"/element/{element[ELEMENT]}/screenshot")
        path.write_bytes(base64.b64decode(picture))


def drag(element, dx, dy, pause=50):
    origin = {"origin": element, "duration": pause, "type": "pointerMove"}
    actions = [
        {**origin, "x": 0, "y": 0},
        {"type": "pointerDown", "button": 0},
        {**origin, "x": dx, "y": dy},
        {"type": "pointerUp", "button": 0},
    ]
    return {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": actions}


def wheel(element, dy):
    turn = {"type": "scroll", "origin": element, "x": 0, "y": 0, "deltaX": 0, "deltaY": dy, "duration": 50}
    return {"type": "wheel", "id": "wheel", "actions": [turn]}


def look_at(browser, page, screenshots):
    """The names of what was checked."""
    passed = []

    def check(name, holds, told=""):
        if not holds:
            raise SystemExit(f"{page}: {name} does not hold {told}")
        passed.append(name)

    browser.call("POST", "/url", {"url": page.resolve().as_uri()})
    for section in SECTIONS:
        height = browser.run("const found = document.getElementById(arguments[0]); return found ? found.offsetHeight : 0", section)
        check(f"section {section}", height > 40, height)
    over = browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    check("no sideways scrolling", over <= 0, over)

    canvases = browser.find(".surface canvas")
    if canvases:
        canvas = canvases[0]
        browser.run("arguments[0].scrollIntoView({block: 'center'})", canvas)

        def picture():
            time.sleep(0.25)
            return browser.run("return arguments[0].toDataURL()", canvas)

        first = picture()
        empty = browser.run(
            "const c = document.createElement('canvas'); c.width = arguments[0].width; c.height = arguments[0].height; return c.toDataURL()",
            canvas,
        )
        check("the surface is drawn", first != empty)
        seen = {first}
        buttons = browser.find(".surface button[data-level]")
        for number, button in enumerate(buttons[1:], start=1):
            browser.click(button)
            now = picture()
            pressed = browser.run("return arguments[0].getAttribute('aria-pressed')", button)
            check(f"zoom level {number}", now not in seen and pressed == "true")
            seen.add(now)
            if screenshots:
                browser.screenshot(canvas, screenshots / f"surface-level-{number}.png")
        browser.click(buttons[0])
        check("back to the first level", picture() == first)
        browser.act(drag(canvas, 120, 40))
        turned = picture()
        check("dragging turns it", turned != first)
        if screenshots:
            browser.screenshot(canvas, screenshots / "surface-turned.png")
        browser.act(wheel(canvas, -300))
        check("the wheel zooms", picture() != turned)
        browser.run("arguments[0].dispatchEvent(new MouseEvent('dblclick'))", canvas)
        check("a double click puts it back", picture() == first)
        logarithmic = browser.find(".surface [data-logarithmic]")[0]
        if not browser.run("return arguments[0].disabled", logarithmic):
            browser.click(logarithmic)
            check("logarithmic height", picture() != first)
            if screenshots:
                browser.screenshot(canvas, screenshots / "surface-logarithmic.png")
            browser.click(logarithmic)

    if screenshots:
        # A section is shown whole only where it fits the window.
        browser.call("POST", "/window/rect", {"width": 1000, "height": 3000})
        for section in SECTIONS:
            element = browser.find(f"#{section}")[0]
            browser.screenshot(element, screenshots / f"{section}.png")
    console = [entry["message"] for entry in browser.log("browser")]
    check("the console is empty", not console, console)
    asked = []
    for entry in browser.log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            asked.append(message["params"]["request"]["url"])
    foreign = [url for url in asked if not url.startswith(("file:", "data:", "about:", "chrome:"))]
    files = [url for url in asked if url.startswith("file:")]
    check("no request leaves the page", not foreign and len(files) <= 1, foreign + files)
    return passed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("--screenshots", type=pathlib.Path)
    parser.add_argument("--dark", action="store_true")
    arguments = parser.parse_args()
    if arguments.screenshots:
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    driver = subprocess.Popen(["chromedriver", f"--port={port}", "--log-level=SEVERE"], stdout=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        browser = Browser(port, arguments.dark)
        try:
            passed = look_at(browser, arguments.page, arguments.screenshots)
        finally:
            browser.call("DELETE", "")
    finally:
        driver.terminate()
        driver.wait()
    print(f"{arguments.page}: {len(passed)} passed, 0 failed")


if __name__ == "__main__":
    main()
