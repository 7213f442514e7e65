"""Helpers for the tests in a real browser: find one, serve the notebooks with JupyterLab, run all cells.

Nothing here imports Playwright before a browser is needed, so that the other tests run without it.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PLACES = (
    "/usr/bin/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
HOW_TO_GET_ONE = (
    "no Chromium or Chrome found, and Playwright could not fetch its own. Debian and Ubuntu: apt-get install "
    "chromium. Elsewhere: install Chrome, or run: python -m playwright install --with-deps chromium. "
    "Or name one: CAPG_BROWSER=/path/to/chrome"
)
# In a container there is no sandbox, no graphics card and little shared memory.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"
VIEW = {"width": 1280, "height": 900}


class NoBrowser(Exception):
    """There is no browser here; the text says how to get one."""


def installed_browser():
    """Return the path of a browser this machine has, or None."""
    named = os.environ.get("CAPG_BROWSER")
    if named:
        return named
    for name in NAMES:
        if path := shutil.which(name):
            return path
    return next((place for place in PLACES if Path(place).exists()), None)


def fetch_browser(playwright):
    """Return the path of Playwright's own Chromium, fetched if need be, or None."""
    path = Path(playwright.chromium.executable_path)
    if not path.exists():
        command = [sys.executable, "-m", "playwright", "install", "chromium"]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(command, capture_output=True, timeout=300, check=False)
    return str(path) if path.exists() else None


@contextlib.contextmanager
def chromium():
    """Give a running browser. Raises NoBrowser if there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise NoBrowser("playwright is not installed; run: pip install -e '.[test]'") from error

    with sync_playwright() as playwright:
        path = installed_browser() or fetch_browser(playwright)
        if path is None:
            raise NoBrowser(HOW_TO_GET_ONE)
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


# Settings of Lab: no pop-up about news, a fixed theme, and all cells in the page (Lab keeps only those in view).
def write_settings(folder, theme):
    texts = {
        "apputils-extension/notification": '{"fetchNews": "false", "checkForUpdates": false}',
        "apputils-extension/themes": f'{{"theme": "{theme}"}}',
        "notebook-extension/tracker": '{"windowingMode": "none", "recordTiming": false}',
    }
    for name, text in texts.items():
        path = Path(folder, "@jupyterlab", name + ".jupyterlab-settings")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def lab_environment(home, theme):
    """Settings of our own: a user's Lab settings must not change what the tests see."""
    write_settings(home / "settings", theme)
    own = {
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
    }
    return {**os.environ, **{name: str(home / folder) for name, folder in own.items()}}


def stop(process):
    """End the server by its process id, kernels included. An orphan on a port is silently measured next time."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def stopped_by_sigterm():
    """Let SIGTERM run the `finally` blocks. Python's default ends the process at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number, frame):
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def wait_until_up(process, address, log, seconds=90):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(address + "/api", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise RuntimeError(f"JupyterLab did not start. Its log ends:\n{log.read_text()[-3000:]}")


@contextlib.contextmanager
def lab(notebooks=NOTEBOOKS, theme=LIGHT):
    """Serve a copy of a folder of notebooks with JupyterLab; give the address."""
    with tempfile.TemporaryDirectory(prefix="capg-lab-", ignore_cleanup_errors=True) as home, stopped_by_sigterm():
        home = Path(home)
        shutil.copytree(notebooks, home / "root", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
        port = free_port()
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1"]
        command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={home / 'root'}"]
        command += ["--IdentityProvider.token=", "--PasswordIdentityProvider.hashed_password="]
        command += ["--PasswordIdentityProvider.password_required=False", "--LabApp.expose_app_in_browser=True"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--allow-root")
        log = home / "log.txt"
        with log.open("w") as out:
            process = subprocess.Popen(
                command, stdout=out, stderr=subprocess.STDOUT, env=lab_environment(home, theme), cwd=home
            )
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until_up(process, address, log)
            yield address
        finally:
            stop(process)


CODE_PROMPTS = ".jp-Notebook .jp-CodeCell .jp-InputArea-prompt"


def prompts(page):
    """Return the prompt of each code cell with something in it, such as '[3]:' or '[*]:'."""
    return page.evaluate(
        """selector => [...document.querySelectorAll(selector)]
            .filter(p => p.closest('.jp-CodeCell').querySelector('.cm-content')?.textContent.trim())
            .map(p => p.textContent.trim())""",
        CODE_PROMPTS,
    )


def menu(page, *labels):
    page.keyboard.press("Escape")  # a menu left open by a dropped click would be closed by the next one
    for i, label in enumerate(labels):
        where = ".lm-MenuBar-itemLabel" if i == 0 else ".lm-Menu-itemLabel"
        page.locator(where, has_text=label).first.click()


# What File > Close and Shut Down Notebook does, without its question about what is not saved; then a double click.
NEXT_NOTEBOOK = """async name => {
    const app = window.jupyterapp;
    for (const panel of [...app.shell.widgets('main')]) {
        await panel.sessionContext?.shutdown();
        panel.dispose();
    }
    await app.commands.execute('docmanager:open', { path: name });
}"""


def answer_dialogs(page):
    """From now on say yes to a dialog that is in the way: a busy Lab asks now and then which kernel to start."""

    def say_yes(button):
        print("Lab asked:", " ".join(page.locator(".jp-Dialog").first.inner_text().split()))
        for _ in range(20):  # a busy Lab drops clicks, and may ask twice
            if not button.count():
                return
            button.evaluate("button => button.click()")
            page.wait_for_timeout(250)

    page.add_locator_handler(page.locator(".jp-Dialog button.jp-mod-accept").first, say_yes)


def open_notebook(page, address, name):
    """Open a notebook in Lab (instead of the one that is open), clear its stored outputs, wait for an idle kernel."""
    # Loading Lab again takes longer than most notebooks run. A test that failed may have left a dialog open.
    if page.url.startswith(f"{address}/lab/") and not page.locator(".jp-Dialog").count():
        page.evaluate(NEXT_NOTEBOOK, name)
    else:
        if page.url == "about:blank":
            answer_dialogs(page)
        page.goto(f"{address}/lab/tree/{name}?reset")
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=60_000)
    dialog = page.locator(".jp-Dialog button.jp-mod-accept")
    if dialog.count():  # a busy Lab asks now and then which kernel to start
        dialog.first.click()
    page.locator(".jp-NotebookPanel-toolbar [data-status='idle']").first.wait_for(timeout=60_000, state="attached")
    # Stored prompts look like a run that is over. Lab sometimes drops the click, as it does with Run All.
    for _ in range(10):
        menu(page, "Edit", "Clear Outputs of All Cells")
        deadline = time.monotonic() + 4
        while time.monotonic() < deadline:
            seen = prompts(page)  # none at all while a slow page is still being filled
            if seen and not any(character.isdigit() for prompt in seen for character in prompt):
                return
            page.wait_for_timeout(100)
    raise RuntimeError(f"Clear Outputs was dropped ten times; prompts {prompts(page)}")


def run_all(page, seconds=180):
    """Run all cells; again if Lab showed the panels' stored pictures because its widgets were not loaded yet."""
    for _ in range(3):
        _run_once(page, seconds)
        if page.locator(".jupyter-widgets").count() or error_outputs(page):
            return
        page.wait_for_timeout(5000)
    raise RuntimeError("no widget came to life in three runs")


def _run_once(page, seconds):
    """Click Run All until Lab takes it (sometimes it is dropped), then wait for every cell."""
    before = prompts(page)
    for _ in range(10):
        menu(page, "Run", "Run All Cells")
        deadline = time.monotonic() + 4
        while time.monotonic() < deadline and prompts(page) == before:
            page.wait_for_timeout(100)
        if prompts(page) != before:
            break
    else:
        raise RuntimeError(f"Run All was dropped ten times; prompts {prompts(page)}")
    deadline = time.monotonic() + seconds
    while not all(p[1:2].isdigit() for p in prompts(page)):
        if time.monotonic() > deadline or error_outputs(page):
            break
        page.wait_for_timeout(200)
    if not error_outputs(page) and not all(p[1:2].isdigit() for p in prompts(page)):
        raise RuntimeError(f"the cells were not done after {seconds} s; prompts {prompts(page)}")


def error_outputs(page):
    """Return the text of every output that is an error, and of every panel's error message."""
    selector = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error'], .capg-message [role=alert]"
    return page.locator(selector).all_inner_texts()


class PanelInPage:
    """A panel of the open notebook, the first or a later one: its picture, its sentence and its slider K."""

    def __init__(self, page, place=0):
        self.page = page
        self.picture = page.locator("img.capg-picture").nth(place)
        self.sentence = page.locator(".capg-sentence").nth(place)
        self.box = page.locator(".widget-vbox:has(> img.capg-picture)").nth(place)
        self.slider = self.box.locator(".widget-slider").filter(has=page.locator(".widget-label", has_text="K")).first
        self.handle = self.slider.locator(".noUi-handle")
        self.picture.wait_for(timeout=30_000)
        self.picture.scroll_into_view_if_needed()

    def state(self):
        """Return what the picture and the sentence are now."""
        return self.picture.get_attribute("src"), self.sentence.inner_text()

    def wait_for_change(self, before, seconds=30):
        """Wait until both the picture and the sentence differ, and return the new state."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            now = self.state()
            if now[0] != before[0] and now[1] != before[1]:
                return now
            self.page.wait_for_timeout(50)
        raise AssertionError(f"picture and sentence did not both change in {seconds} s; sentence {before[1]!r}")

    def press(self, key="ArrowRight"):
        """Press a key on the slider; return the milliseconds until the picture's source has changed."""
        self.handle.focus()
        self.picture.evaluate(
            """img => { window.capgLatency = new Promise(done => {
                addEventListener('keydown', () => {
                    const start = performance.now(), before = img.src;
                    const look = () => {
                        const passed = performance.now() - start;
                        if (img.src !== before || passed > 5000) done(passed); else requestAnimationFrame(look);
                    };
                    requestAnimationFrame(look);
                }, { capture: true, once: true });
            }); }"""
        )
        self.page.keyboard.press(key)
        return self.page.evaluate("() => window.capgLatency")

    def drag(self, pixels):
        """Drag the slider's handle sideways with the mouse."""
        self.handle.scroll_into_view_if_needed()
        box = self.handle.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + pixels, y, steps=8)
        self.page.mouse.up()

    def sweep(self):
        """Drag the handle from end to end, about as fast as it can be followed; return pictures a second."""
        low, high = (float(self.handle.get_attribute(f"aria-value{end}")) for end in ("min", "max"))
        moves = round(min(max(2 * (high - low), 20), 150))
        self.handle.scroll_into_view_if_needed()
        track, handle = self.slider.locator(".noUi-base").bounding_box(), self.handle.bounding_box()
        y = handle["y"] + handle["height"] / 2
        self.page.mouse.move(handle["x"] + handle["width"] / 2, y)
        self.page.mouse.down()
        self.page.mouse.move(track["x"], y)
        self.page.wait_for_timeout(500)
        self.picture.evaluate(
            """img => {
                window.capgSeen = 0;
                window.capgEye?.disconnect();
                window.capgEye = new MutationObserver(all => window.capgSeen += all.length);
                window.capgEye.observe(img, { attributeFilter: ['src'] });
            }"""
        )
        start = time.monotonic()
        for i in range(moves):
            self.page.mouse.move(track["x"] + track["width"] * (i + 1) / moves, y)
        seen, passed = self.page.evaluate("() => window.capgSeen"), time.monotonic() - start
        self.page.mouse.up()
        return seen / passed
