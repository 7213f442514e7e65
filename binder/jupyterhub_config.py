"""JupyterHub for a class: one link gives every student a copy of the course. INSTRUCTOR.md says how to use it."""

import os
import sys

c = get_config()  # noqa: F821

c.JupyterHub.bind_url = os.environ.get("CAPG_HUB", "http://:8000")
c.JupyterHub.authenticator_class = "shared-password"  # your own in its place: PAM, OAuth, LTI
c.SharedPasswordAuthenticator.user_password = os.environ["CAPG_CLASS_PASSWORD"]
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"  # a folder for each name; "systemd" or "docker" also keep students apart
c.SimpleLocalProcessSpawner.home_dir_template = os.environ.get("CAPG_HOMES", "/srv/capg/{username}")
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.default_url = "/lab"
c.Spawner.environment = {"NUMBA_NUM_THREADS": "1", "JUPYTER_PREFER_ENV_PATH": "1"}
c.Spawner.args = ["--allow-root"] if hasattr(os, "getuid") and os.getuid() == 0 else []
c.Spawner.http_timeout = c.Spawner.start_timeout = 120
