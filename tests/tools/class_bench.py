"""A class on one machine: many kernels open notebook 00 at once and move K, ``make bench ARGS="--class 30"``.

Each kernel gets what a browser would send it: the cells with the imports and the panel, then the slider's new values as
comm messages. A move ends when the new picture is here, so the browser's own work is not in it. Seconds depend on what
else the machine does; CPU time and memory hardly do.
"""

import asyncio
import json
import os
import time
from pathlib import Path

import numpy as np
from jupyter_client.manager import AsyncKernelManager

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "00_start_here.ipynb"
CELLS = ("imports", "panel")
FIRST_K = 20  # where the panel of the notebook begins
LIMIT = 300  # seconds for all of it
ONE_THREAD = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")  # set by the bench, and by no student


def sources():
    """Return the cells to run, by their ids in the notebook."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    found = {cell["id"]: "".join(cell["source"]) for cell in cells}
    return [found[name] for name in CELLS]


def cpu_seconds(pid):
    """Return the CPU time of a process until now; NaN where the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(pid):
    """Return memory in MB: resident, and with what processes share divided among them; NaN where nobody says."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return float("nan"), float("nan")
    sizes = {name: int(rest.split()[0]) * 1024 / 1e6 for name, _, rest in (line.partition(":") for line in lines[1:])}
    return sizes["Rss"], sizes["Pss"]


class Student:
    """One kernel, and what its browser would do.

    Attributes
    ----------
    opened : float
        When the panel was there, by ``time.perf_counter``.
    start_cpu, move_cpu : float
        CPU seconds until then, and for one move.
    moves : list of float
        Seconds from the slider's message to the picture.
    memory : tuple of float
        After the moves, as of `megabytes`.
    """

    def __init__(self):
        self._manager = AsyncKernelManager(kernel_name="python3")
        self._client = None
        self._comms = {}
        self.moves = []

    async def open(self):
        """Start the kernel and run the cells."""
        env = {name: value for name, value in os.environ.items() if name not in ONE_THREAD}
        quiet = ["--IPKernelApp.log_level=ERROR"]
        await self._manager.start_kernel(cwd=str(NOTEBOOK.parent), env=env, extra_arguments=quiet)
        self._client = self._manager.client()
        self._client.start_channels()
        await self._client.wait_for_ready(timeout=LIMIT)
        for code in sources():
            reply = await self._client.execute_interactive(code, output_hook=self._look, timeout=LIMIT)
            if reply["content"]["status"] != "ok":
                raise RuntimeError(f"a cell failed: {reply['content'].get('evalue')}")
        self.opened, self.start_cpu = time.perf_counter(), cpu_seconds(self._pid)

    @property
    def _pid(self):
        return self._manager.provisioner.pid

    def _look(self, message):
        """Remember the comms of the slider and the picture."""
        if message["msg_type"] == "comm_open":
            state = message["content"]["data"]["state"]
            kind = state.get("_model_name")
            if kind == "ImageModel" or state.get("description") == "Candidates K":
                self._comms[kind] = message["content"]["comm_id"]

    async def move(self, count, pause):
        """Move K up one by one, with a pause before each."""
        before = cpu_seconds(self._pid)
        for k in range(FIRST_K + 1, FIRST_K + 1 + count):
            await asyncio.sleep(pause)
            self.moves.append(await self._move_to(k))
        self.move_cpu = (cpu_seconds(self._pid) - before) / count
        self.memory = megabytes(self._pid)

    async def _move_to(self, k):
        """Set the slider as the widget in the page does, and return the seconds until the picture has come."""
        session, took = self._client.session, None
        data = {"method": "update", "state": {"value": k}, "buffer_paths": []}
        message = session.msg("comm_msg", {"comm_id": self._comms["IntSliderModel"], "data": data})
        start = time.perf_counter()
        self._client.shell_channel.send(message)
        while True:
            found = await self._client.get_iopub_msg(timeout=LIMIT)
            content = found["content"]
            if found["buffers"] and content.get("comm_id") == self._comms["ImageModel"]:
                took = time.perf_counter() - start
            ours = found["parent_header"].get("msg_id") == message["header"]["msg_id"]
            if ours and content.get("execution_state") == "idle":
                if took is None:
                    raise RuntimeError(f"K = {k}: no new picture came")
                return took

    async def close(self):
        """Stop the kernel, whatever happened to it."""
        if self._client is not None:
            self._client.stop_channels()
        if self._manager.has_kernel:
            await self._manager.shutdown_kernel(now=True)


async def all_of(tasks):
    """Wait for all; where one fails, the others are stopped first, so that none starts a kernel afterwards."""
    async with asyncio.TaskGroup() as group:
        for task in tasks:
            group.create_task(task)


async def attend(students, count, pause):
    """Let all open the panel, then all move K; return the seconds until each had its panel."""
    start = time.perf_counter()
    try:
        async with asyncio.timeout(LIMIT):
            await all_of(student.open() for student in students)
            # Nobody presses in step with the others.
            shifts = np.random.default_rng(0).uniform(0.8, 1.2, len(students))
            await all_of(s.move(count, pause * shift) for s, shift in zip(students, shifts, strict=True))
    finally:
        await asyncio.gather(*(student.close() for student in students), return_exceptions=True)
    return [student.opened - start for student in students]


def class_times(n_students, count=20, pause=1.0):
    """Report how long a class waits for the panel and for a move of K, and what one kernel costs.

    Parameters
    ----------
    n_students : int
        Kernels, all at the same time.
    count : int
        Moves of K in each.
    pause : float
        Seconds before each move, about.
    """
    busy = f"load {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else "load unknown"
    students = [Student() for _ in range(n_students)]
    ready = asyncio.run(attend(students, count, pause))
    moves = 1e3 * np.concatenate([student.moves for student in students])
    start_cpu, move_cpu = np.mean([(student.start_cpu, student.move_cpu) for student in students], axis=0)
    resident, shared = np.mean([student.memory for student in students], axis=0)
    print(f"class: {n_students} kernels open notebook 00 on {os.cpu_count()} cores ({busy})")
    print(f"  panel: all have it after {max(ready):.1f} s, the first after {min(ready):.1f} s")
    print(f"  panel: {start_cpu:.2f} s of CPU a kernel, from its start")
    middle, late = np.percentile(moves, (50, 95))
    print(f"  one move of K, {count} in each kernel and {pause:g} s apart: median {middle:.0f} ms, 95 % {late:.0f} ms")
    print(f"  one move of K: {1e3 * move_cpu:.0f} ms of CPU")
    print(f"  memory of a kernel: {resident:.0f} MB resident, {shared:.0f} MB with shared pages divided")
