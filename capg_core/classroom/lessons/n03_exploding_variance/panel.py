"""The panel of notebook 03: a score is a sum of K surprises, and what its noise does to the signal."""

import ipywidgets as widgets
import numpy as np

from capg_core.classroom.lessons.n00_start_here.panel import show
from capg_core.classroom.lessons.n03_exploding_variance import numbers as numbers_of
from capg_core.classroom.lessons.n03_exploding_variance.numbers import (
    BASELINES,
    LADDER,
    MAX_BATCH,
    N_WALKS,
    NONE,
    Setting,
)
from capg_core.classroom.panel import Panel, control_rows
from capg_core.look import FONT, INK, PAPER, PETROFF, SOFT_INK, dress_axes, look_of, spread

WALK_BOX = (0.078, 0.145, 0.275, 0.70)
LENGTH_BOX = (0.425, 0.145, 0.165, 0.70)
RATIO_BOX = (0.755, 0.145, 0.125, 0.70)
LENGTHS = (5e-4, 50.0)  # the same at every setting, so that every control is seen to move the lines
RATIOS = (1e-4, 100.0)


class SignalNoisePanel(Panel):
    """Batch means as walks of K surprises; signal, noise and their ratio against K.

    Parameters
    ----------
    k : int
        Where the slider starts.

    Attributes
    ----------
    k, batch, baseline, gap, split, zoom : ipywidgets controls
        Set their ``.value`` to drive the panel.
    new_noise : ipywidgets.Button
    numbers : Numbers
        What is shown.

    Examples
    --------
    >>> panel = SignalNoisePanel(k=1)
    >>> panel.k.value = 20
    >>> panel.text.startswith("K = 20, a batch of 1 list")
    True
    """

    def __init__(self, k=20):
        self._first_k = k
        self._seed = 0
        self.numbers = None
        super().__init__()

    # Controls.

    def make_controls(self):
        """Make the controls, in the order the Tab key visits them."""
        wide = {"description_width": "105px"}
        n_items = numbers_of.load_problem(numbers_of.SYNTHETIC).n_items
        self.k = widgets.IntSlider(
            value=self._first_k,
            min=1,
            max=n_items - 1,
            description="Candidates K",
            style=wide,
            layout=widgets.Layout(width="520px"),
        )
        self.batch = widgets.SelectionSlider(
            options=[2**i for i in range(MAX_BATCH.bit_length())],
            value=1,
            description="Batch size N",
            style=wide,
            layout=widgets.Layout(width="440px"),
        )
        self.gap = widgets.FloatSlider(
            value=0.0,
            min=0.0,
            max=4.0,
            step=0.5,
            description="Half of the users rate higher by",
            readout_format=".1f",
            style={"description_width": "215px"},
            layout=widgets.Layout(width="520px"),
        )
        self.baseline = widgets.Dropdown(
            options=BASELINES,
            value=NONE,
            description="Baseline",
            style={"description_width": "70px"},
            layout=widgets.Layout(width="300px"),
        )
        narrow = widgets.Layout(width="auto", margin="0 16px 0 12px")
        self.split = widgets.Checkbox(
            value=False,
            description="Show the part of V-PG's noise that the shown item explains",
            indent=False,
            layout=narrow,
        )
        self.zoom = widgets.Checkbox(value=False, description="Zoom in on the walks", indent=False, layout=narrow)
        self.new_noise = widgets.Button(description="New noise", layout=widgets.Layout(width="120px"))
        self.watch(self.k, self.batch, self.gap, self.baseline, self.split, self.zoom)
        self.new_noise.on_click(self.guard(self._draw_new_noise))
        rows = [[self.k, self.batch, self.new_noise], [self.gap, self.baseline], [self.split, self.zoom]]
        return control_rows(rows)

    def _draw_new_noise(self, button):
        self._seed += 1
        self.refresh()

    def settings(self):
        """Read the controls."""
        return Setting(
            self.k.value,
            self.batch.value,
            self.baseline.value,
            round(self.gap.value, 6),
            self.split.value,
            self.zoom.value,
            self._seed,
        )

    def compute(self, settings):
        """Compute the numbers at these settings."""
        self.numbers = numbers_of.numbers_at(settings)
        return self.numbers

    # The picture.

    def background_key(self, numbers):
        """Everything but K and the noise of the walks: axes, labels and curves stay while K moves."""
        s = numbers.setting
        return (s.batch, s.baseline, s.gap, s.split, numbers.window, s.seed)

    def _make_artists(self):
        self._walk_axes = self.figure.add_axes(WALK_BOX)
        dress_axes(self._walk_axes, "", "along the true gradient", "across")
        self._walk_axes.yaxis.set_label_coords(-0.16, 0.5)  # clear of the longest tick label
        self._walk_axes.axhline(0, color=SOFT_INK, linewidth=0.8)
        self._walk_axes.axvline(0, color=SOFT_INK, linewidth=0.8)
        vanilla, credit = look_of("V-PG"), look_of("CA-PG")
        self._paths = [
            self._walk_axes.plot([], [], "-", color=vanilla.colour, linewidth=1.2, alpha=0.75)[0]
            for _ in range(N_WALKS)
        ]
        (self._ends,) = self._walk_axes.plot([], [], vanilla.marker, color=vanilla.colour, markersize=9)
        (self._credit,) = self._walk_axes.plot(
            [], [], credit.marker, color=credit.colour, markersize=8, markeredgecolor=PAPER
        )
        (self._truth,) = self._walk_axes.plot(
            [], [], "*", color=PETROFF["orange"], markeredgecolor=INK, markersize=13, zorder=6
        )
        self._length_axes = self.figure.add_axes(LENGTH_BOX)
        self._ratio_axes = self.figure.add_axes(RATIO_BOX)
        for axes, limits, title in (
            (self._length_axes, LENGTHS, "noise and signal"),
            (self._ratio_axes, RATIOS, "signal / noise"),
        ):
            dress_axes(axes, title, "candidates K")
            axes.set(xscale="log", yscale="log", xlim=(0.9, 110), ylim=limits)
            axes.set_xticks([1, 10, 100], ["1", "10", "100"])
            axes.minorticks_off()
        self._ratio_axes.axhline(1, color=INK, linewidth=1.2, linestyle=":")
        self._now = [axes.axvline(1, color=INK, linewidth=1.5) for axes in (self._length_axes, self._ratio_axes)]
        self._lines, self._points = {}, {}
        for estimator in LADDER:
            look = look_of(estimator)
            for kind, axes, line, width in (
                ("noise", self._length_axes, "-", 3),
                ("signal", self._length_axes, "--", 2.2),
                ("ratio", self._ratio_axes, "-", 3),
            ):
                self._lines[estimator, kind] = axes.plot([], [], line, color=look.colour, linewidth=width)[0]
                marker = {"color": look.colour, "markersize": 9, "markeredgecolor": PAPER, "zorder": 6}
                self._points[estimator, kind] = axes.plot([], [], look.marker, **marker)[0]
        self._labels = {}
        self._walk_title = self.figure.text(WALK_BOX[0], 0.868, "", fontsize=FONT["label"], color=INK)
        self._made = True

    def draw_background(self, numbers):
        """Update axes, curves and labels."""
        if not hasattr(self, "_made"):
            self._make_artists()
        setting, half = numbers.setting, numbers.window
        self._walk_axes.set(xlim=(-half, half), ylim=(-half, half))
        ticks = [-half, 0, half]
        self._walk_axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        self._walk_axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        lengths, ratios = [], []
        for estimator in LADDER:
            on = estimator in numbers.curves
            for kind in ("noise", "signal", "ratio"):
                # Outcome-PG has V-PG's mean: one dashed line for both.
                visible = on and not (estimator == "Outcome-PG" and kind == "signal")
                self._lines[estimator, kind].set_visible(visible)
                self._points[estimator, kind].set_visible(visible)
            if not on:
                continue
            look = look_of(estimator)
            ks, signal, noise = numbers.curves[estimator]
            noise = noise / np.sqrt(setting.batch)
            self._lines[estimator, "noise"].set_data(ks, noise)
            self._lines[estimator, "signal"].set_data(ks, signal)
            ratio = np.divide(signal, noise, out=np.full(len(ks), np.inf), where=noise > 0)
            self._lines[estimator, "ratio"].set_data(ks, ratio)
            explained = estimator == "Outcome-PG"
            lengths.append((noise[-1], "explained" if explained else f"{look.label} noise", look.colour))
            if not explained:
                lengths.append((signal[-1], f"{look.label} signal", look.colour))
            ratios.append((ratio[-1], look.label, look.colour))
        for text in self._labels.values():
            text.set_visible(False)
        self._label_ends("length", LENGTH_BOX, LENGTHS, lengths)
        self._label_ends("ratio", RATIO_BOX, RATIOS, ratios)

    def _label_ends(self, group, box, limits, ends):
        bottom, top = np.log10(limits)
        levels = [np.clip((np.log10(max(value, 1e-9)) - bottom) / (top - bottom), 0, 1) for value, *_ in ends]
        heights = [box[1] + box[3] * level for level in levels]
        placed = spread(heights, 0.055, box[1] + 0.02, box[1] + box[3] - 0.02)
        for height, (_, name, colour) in zip(placed, ends, strict=True):
            if (group, name) not in self._labels:
                self._labels[group, name] = self.figure.text(0, 0, "", fontsize=FONT["note"], va="center")
            weight = "normal" if name.endswith("signal") else "bold"
            self._labels[group, name].set(
                x=box[0] + box[2] + 0.006, y=height, text=name, color=colour, weight=weight, visible=True
            )

    def draw_moving(self, numbers):
        """Move the walks and the marks to the current K."""
        setting, moving = numbers.setting, [self._walk_title]
        draws = "1 draw" if setting.k == 1 else f"{setting.k} draws"
        self._walk_title.set_text(
            f"{N_WALKS} lists, {draws} each"
            if setting.batch == 1
            else f"{N_WALKS} means of {setting.batch} lists, {draws}"
        )
        for path, walk in zip(self._paths, numbers.walks, strict=True):
            path.set_data(walk[:, 0], walk[:, 1])
            moving.append(path)
        self._ends.set_data(numbers.walks[:, -1, 0], numbers.walks[:, -1, 1])
        self._credit.set_data(numbers.credit[:, 0], numbers.credit[:, 1])
        self._truth.set_data([numbers.gradient[0]], [numbers.gradient[1]])
        moving += [self._ends, self._credit, self._truth, *self._now]
        for line in self._now:
            line.set_xdata([setting.k, setting.k])
        for estimator, moments in numbers.moments.items():
            heights = {
                "noise": moments.noise / np.sqrt(setting.batch),
                "signal": moments.signal,
                "ratio": moments.snr(setting.batch),
            }
            for kind, height in heights.items():
                self._points[estimator, kind].set_data([setting.k], [height])
                if self._points[estimator, kind].get_visible():
                    moving.append(self._points[estimator, kind])
        return moving

    # The sentence.

    def describe(self, numbers):
        """Say in numbers what the picture shows."""
        setting = numbers.setting
        lists = "1 list" if setting.batch == 1 else f"{setting.batch} lists"
        baseline = "no baseline" if setting.baseline == NONE else f"baseline: {setting.baseline}"
        text = f"K = {setting.k}, a batch of {lists}, {baseline}."
        for estimator in ("V-PG", "CA-PG"):
            m = numbers.moments[estimator]
            text += (
                f" {estimator}: signal {show(m.signal)}, noise {show(m.noise / np.sqrt(setting.batch))}, "
                f"ratio {show(m.snr(setting.batch))}; a ratio of 1 takes {_count(m.needed)}."
            )
        if setting.split:
            vanilla, outcome = (numbers.moments[e].noise ** 2 for e in ("V-PG", "Outcome-PG"))
            share = min(outcome / vanilla, 1.0) if vanilla > 0 else 1.0
            text += f" The shown item explains {100 * share:.3g} % of V-PG's variance."
        if setting.k > 1:
            text += (
                f" CA-PG's signal is the length of its own mean, which is biased: "
                f"its cosine with the true gradient is {numbers.moments['CA-PG'].cosine:.3f}."
            )
        if setting.gap:
            text += f" Half of the users rate every item {setting.gap:g} higher."
        return text


def _count(needed):
    """Write a number of lists with two significant digits."""
    if not np.isfinite(needed):
        return "more lists than there are"
    if needed <= 1:
        return "1 list"
    digits = max(int(np.floor(np.log10(needed))) - 1, 0)
    return f"{int(np.ceil(needed / 10**digits)) * 10**digits:,} lists"
