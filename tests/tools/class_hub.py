"""Try the class server: ``python tests/tools/class_hub.py [STUDENTS]``.

Starts JupyterHub with binder/jupyterhub_config.py, lets so many students (5) open notebook 00 from one nbgitpuller link
and run all its cells, and reports seconds and memory for each. Beside the course's packages this Python needs
jupyterhub, nbgitpuller, playwright and psutil; and configurable-http-proxy, from npm, must be on the PATH.
"""

import os
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil
from browser import chromium, error_outputs, free_port, run_all, stop, wait_until_up

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = "capg/notebooks/00_start_here.ipynb"
PASSWORD = "one idea, five students"  # of a server that lives for a minute


def link_of(hub, repository):
    """Return the link that is given to a class."""
    where = {"repo": repository, "branch": "main", "targetPath": "capg", "urlpath": f"lab/tree/{NOTEBOOK}"}
    return f"{hub}/hub/user-redirect/git-pull?{urllib.parse.urlencode(where)}"


def open_as(page, link, name):
    """Log in and wait until the notebook is there; once more where a busy Lab asks which kernel to start."""
    page.goto(link)
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    wait_for_notebook(page)
    page.wait_for_timeout(1500)
    if page.locator(".jp-Dialog").count():
        print(f"{name}: Lab asked for a kernel, opened once more")
        page.goto(link)
        wait_for_notebook(page)


def wait_for_notebook(page):
    """Wait until the notebook is there, with an idle kernel."""
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=240_000)
    page.locator(".jp-NotebookPanel-toolbar [data-status='idle']").first.wait_for(timeout=120_000, state="attached")


def megabytes_of(name):
    """Return the memory of a student's server with its kernels."""
    total = 0
    for process in psutil.process_iter():
        try:
            environment = process.environ()
            if environment.get("JUPYTERHUB_USER") == name:
                total += process.memory_info().rss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            pass
    return total / 2**20


def visit(hub, repository, names):
    """Let all open the link, then run all cells; print what was measured, and return how many saw an error."""
    link, failed = link_of(hub, repository), 0
    with chromium() as browser:
        pages = {name: browser.new_context(viewport={"width": 1280, "height": 900}).new_page() for name in names}
        for name, page in pages.items():
            start = time.monotonic()
            open_as(page, link, name)
            opened = time.monotonic() - start
            run_all(page)
            errors = error_outputs(page)
            failed += bool(errors)
            ran = time.monotonic() - start - opened
            print(f"{name}: opened in {opened:.0f} s, ran in {ran:.0f} s, {len(errors)} errors", flush=True)
        print("MB per student, server and kernel:", ", ".join(f"{megabytes_of(name):.0f}" for name in names))
    return failed


def main(n_students=5):
    """Start the server, visit it, stop it; return how many students saw an error."""
    with tempfile.TemporaryDirectory(prefix="capg-hub-", ignore_cleanup_errors=True) as place:
        work = Path(place)
        subprocess.run(["git", "clone", "--quiet", "--bare", ROOT, work / "capg.git"], check=True)
        hub = f"http://127.0.0.1:{free_port()}"
        (work / "homes").mkdir()
        settings = {"CAPG_HUB": hub, "CAPG_CLASS_PASSWORD": PASSWORD, "CAPG_HOMES": f"{work}/homes/{{username}}"}
        environment = {**os.environ, **settings, "CONFIGPROXY_AUTH_TOKEN": os.urandom(16).hex()}
        command = [sys.executable, "-m", "jupyterhub", "--config", ROOT / "binder" / "jupyterhub_config.py"]
        command += [f"--JupyterHub.hub_bind_url=http://127.0.0.1:{free_port()}"]
        command += [f"--ConfigurableHTTPProxy.api_url=http://127.0.0.1:{free_port()}"]
        log = work / "log.txt"
        with log.open("w") as out:
            process = subprocess.Popen(command, cwd=work, env=environment, stdout=out, stderr=subprocess.STDOUT)
        try:
            wait_until_up(process, f"{hub}/hub", log)
            return visit(hub, work.as_uri() + "/capg.git", [f"student-{i}" for i in range(1, n_students + 1)])
        finally:
            stop(process)
            print(*log.read_text().splitlines()[-3:], sep="\n")


if __name__ == "__main__":
    sys.exit(min(1, main(*map(int, sys.argv[1:2]))))
