"""A page as a browser shows it: Chromium without a window, driven by Selenium."""
import base64
import io
import json
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

QUESTIONS = Path(__file__).with_name("browser.js")

# WCAG 2.2, level AA, for words of usual size.
LEAST_CONTRAST = 4.5
# How far a channel may be from a curve's colour, for a stroke of two pixels is blended at its edges.
CLOSE = 40


def browse(options):
    """What the browser says of a page in each view: errors, requests, words on each other, what is drawn."""
    page = options.page.resolve().as_uri()
    with chromium() as driver:
        return {
            "browser": driver.capabilities["browserVersion"],
            "views": [look(driver, page, *view, options.out) for view in options.views],
        }


@contextmanager
def chromium():
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as profile:
        for argument in (
            "--headless=new",
            "--no-sandbox",  # which root in a container cannot have
            "--disable-gpu",
            "--hide-scrollbars",  # a picture of the whole page has none
            "--disable-dev-shm-usage",
            "--force-color-profile=srgb",
            "--host-resolver-rules=MAP * ~NOTFOUND",  # nothing outside is ever reached
            f"--user-data-dir={profile}",
        ):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
        driver = webdriver.Chrome(options=options, service=service)
        try:
            driver.set_script_timeout(120)
            yield driver
        finally:
            driver.quit()


def look(driver, page, width, height, is_dark, folder):
    driver.get("about:blank")
    driver.get_log("browser"), driver.get_log("performance")
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
    scheme = "dark" if is_dark else "light"
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    driver.get(page)
    driver.execute_script(QUESTIONS.read_text())
    driver.execute_async_script("ask.laidOut().then(arguments[0])")
    images = driver.execute_async_script("ask.images().then(arguments[0])")
    size = driver.execute_script("return ask.size()")
    inks = driver.execute_script("return ask.inks()")
    picture = screenshot(driver, width, size["height"])
    view = {
        "name": f"{width}x{height}{'-dark' if is_dark else ''}",
        "size": size,
        "stray_words": driver.execute_script("return ask.strayWords()"),
        "wide_elements": driver.execute_script("return ask.wideElements()"),
        "faint_words": driver.execute_script("return ask.faintWords(arguments[0])", LEAST_CONTRAST),
        "figures": [drawn(figure, picture) for figure in inks],
        "images": [{"name": image["name"], "is_equal": is_equal(image)} for image in images],
        "read_out": read_out(driver),
    }
    # After everything that could cause one.
    view["console"] = [entry["message"] for entry in driver.get_log("browser")]
    view["requests"] = requests(driver, page)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        picture.save(folder / f"{view['name']}.png")
    return view


def screenshot(driver, width, height):
    """The whole page, in parts that a graphics card could hold."""
    whole = Image.new("RGB", (width, height))
    for top in range(0, height, 4000):
        clip = {"x": 0, "y": top, "width": width, "height": min(4000, height - top), "scale": 1}
        answer = driver.execute_cdp_cmd(
            "Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True, "clip": clip})
        whole.paste(Image.open(io.BytesIO(base64.b64decode(answer["data"]))).convert("RGB"), (0, top))
    return whole


def drawn(figure, picture):
    """How many colours a figure has, and at how many of the places that must have a colour it is seen."""
    box = figure["box"]
    left, top = round(box["left"]), round(box["top"])
    part = picture.crop((left, top, left + round(box["width"]), top + round(box["height"])))
    return {
        "id": figure["id"],
        "colors": len(part.getcolors(part.width * part.height)),
        "places": len(figure["places"]),
        "seen": sum(is_seen(place, picture) for place in figure["places"]),
        "images": figure["images"],
    }


def is_seen(place, picture):
    x, y = int(place["x"]), int(place["y"])
    near = ((x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1))
    return any(
        0 <= px < picture.width and 0 <= py < picture.height
        and all(abs(a - b) <= CLOSE for a, b in zip(picture.getpixel((px, py)), place["color"]))
        for px, py in near)


def is_equal(image):
    """Whether the browser's pixels are those of the file, as another library reads it."""
    file = Image.open(io.BytesIO(base64.b64decode(image["source"].split(",")[1]))).convert("RGBA")
    return file.size == (image["width"], image["height"]) and file.tobytes() == base64.b64decode(image["pixels"])


def read_out(driver):
    """What a pointer over the middle of the first chart reads."""
    plots = driver.find_elements(By.CSS_SELECTOR, ".plot[data-x]")
    if not plots:
        return None
    driver.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", plots[0])
    ActionChains(driver).move_to_element(plots[0]).perform()
    words = lambda driver: driver.execute_script("return document.querySelector('.tip')?.innerText ?? null")
    return WebDriverWait(driver, 30).until(words)


def requests(driver, page):
    """Requests for anything but the page, and whatever failed."""
    found = []
    for entry in driver.get_log("performance"):
        event = json.loads(entry["message"])["message"]
        if event["method"] == "Network.requestWillBeSent":
            url = event["params"]["request"]["url"]
            if url.split("#")[0] != page and not url.startswith(("data:", "about:")):
                found.append(url)
        elif event["method"] == "Network.loadingFailed":
            found.append("failed: " + event["params"].get("errorText", ""))
    return found
