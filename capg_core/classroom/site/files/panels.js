// Panels: a control moves to a stored state, and the picture and the sentence are those of the state.
"use strict";
capg.Panel = class {
    constructor(figure) {
        this.figure = figure;
        this.name = figure.dataset.panel;
        const table = capg.tables[this.name];
        Object.assign(this, table);
        this.n = this.controls.length;
        this.at = this.controls.map(control => control.at);
        this.byKey = new Map(this.states.map(state => [state.slice(0, this.n).join(), state]));
        this.pictures = new Map();
        this.images = [...figure.querySelectorAll(".picture img")];
        this.sentence = figure.querySelector(".sentence");
        this.moved = figure.querySelector(".moved");
        this.controls.forEach((control, place) => this.listen(control, place));
        this.preload();
    }

    field(control, more = "") { return document.getElementById(`${this.name}-${control.name}${more}`); }

    listen(control, place) {
        const field = this.field(control);
        if (control.kind === "check") field.addEventListener("change", () => this.ask(place, Number(field.checked)));
        else if (control.kind === "select") field.addEventListener("change", () => this.ask(place, field.selectedIndex));
        else if (control.kind === "draws")
            field.addEventListener("click", () => this.ask(place, (this.at[place] + 1) % control.words.length));
        else if (control.kind === "checks") field.addEventListener("change", event => this.tick(control, place, event.target));
        else {
            field.addEventListener("input", () => { this.stop(); this.ask(place, Number(field.value)); });
            if (control.kind === "play") this.field(control, "-play").addEventListener("click", () => this.play(place));
        }
    }

    // Of several boxes: the stored set that has what was ticked or unticked now, and is nearest in the rest.
    tick(control, place, box) {
        const wanted = new Set(control.parts.filter((part, i) => this.field(control, `-${i}`).checked));
        const off = set => control.parts.filter(part => wanted.has(part) !== set.includes(part)).length;
        const able = control.ticked.map((set, i) => [off(set), i, set]).filter(([, , set]) => set.includes(box.value) === box.checked);
        if (able.length) this.ask(place, able.sort((a, b) => a[0] - b[0])[0][1]);
        else this.show(this.at, [`Not stored without ${box.value}.`]);
    }

    // Move one control, as far as states are stored; the others stay if they can.
    ask(place, index) {
        const now = this.at, same = (state, i) => state[i] === now[i];
        const others = [...now.keys()].filter(i => i !== place);
        const control = this.controls[place], slides = control.kind === "range" || control.kind === "play";
        let able = this.states.filter(state => others.every(i => same(state, i)));
        if (slides && able.length > 1) {
            const way = Math.sign(index - now[place]);
            const ahead = able.filter(state => Math.sign(state[place] - now[place]) === way && state[place] * way >= index * way);
            able = ahead.length ? ahead : able.filter(state => Math.sign(state[place] - now[place]) !== -way);
            able.sort((a, b) => Math.abs(a[place] - index) - Math.abs(b[place] - index));
            return this.show(able[0].slice(0, this.n), []);
        }
        // A slider gives way first, then new noise, then what was chosen or ticked
        const cost = state => others.reduce((sum, i) => {
            const { kind, words } = this.controls[i];
            if (same(state, i)) return sum;
            if (kind === "range" || kind === "play") return sum + 1 + 10 * Math.abs(state[i] - now[i]) / words.length;
            return sum + (kind === "draws" ? 100 : 1000);
        }, 0);
        const found = this.states.filter(state => state[place] === index).map(state => [cost(state), state]);
        const next = found.reduce((best, one) => one[0] < best[0] ? one : best)[1].slice(0, this.n);
        const gaveWay = others.filter(i => next[i] !== now[i]).map(i => `${this.controls[i].label}: ${this.controls[i].words[next[i]]}`);
        this.show(next, gaveWay.length ? [`Stored with this: ${gaveWay.join("; ")}.`] : []);
    }

    show(at, remarks) {
        this.at = at;
        const state = this.byKey.get(at.join());
        const file = `panels/${this.name}/${this.files[state[this.n]]}`, said = this.says[state[this.n + 1]];
        this.controls.forEach((control, place) => this.reflect(control, at[place]));
        if (this.sentence.textContent !== said) this.sentence.textContent = said;
        this.moved.textContent = remarks.join(" ");
        this.wanted = file;
        this.load(file).decode().catch(() => {}).then(() => {
            if (this.wanted !== file) return;
            this.images[0].alt = this.sentence.textContent; // two settings may share a picture, and not the words
            if (this.images[0].getAttribute("src") === file) return;
            this.images.forEach(image => image.setAttribute("src", file));
            this.figure.dispatchEvent(new CustomEvent("capg:shown"));
            this.preload();
        });
    }

    reflect(control, index) {
        const field = this.field(control), word = control.words[index];
        if (control.kind === "check") field.checked = index === 1;
        else if (control.kind === "select") field.selectedIndex = index;
        else if (control.kind === "checks")
            control.parts.forEach((part, i) => { this.field(control, `-${i}`).checked = control.ticked[index].includes(part); });
        else if (control.kind === "draws") field.nextElementSibling.textContent = `${word} of ${control.words.length}`;
        else {
            if (Number(field.value) !== index) field.value = index;
            field.setAttribute("aria-valuetext", word);
            field.nextElementSibling.textContent = word;
        }
    }

    load(file) {
        let image = this.pictures.get(file);
        if (!image) {
            image = new Image();
            image.src = file;
        }
        this.pictures.delete(file);
        this.pictures.set(file, image); // the last used is last
        if (this.pictures.size > 60) this.pictures.delete(this.pictures.keys().next().value);
        return image;
    }

    get mainPlace() { return this.controls.findIndex(control => control.name === this.main); }

    // The pictures that one key press can ask for next.
    preload() {
        clearTimeout(this.later);
        this.later = setTimeout(() => {
            const place = this.mainPlace;
            for (let step = -3; step <= 3; step++) {
                const at = [...this.at];
                at[place] += step;
                const state = this.byKey.get(at.join());
                if (state) this.load(`panels/${this.name}/${this.files[state[this.n]]}`);
            }
        }, 60);
    }

    // Move the main control by one: the keys of the projector's mode.
    step(by) {
        const place = this.mainPlace, last = this.controls[place].words.length - 1;
        this.stop();
        this.ask(place, Math.min(Math.max(this.at[place] + by, 0), last));
    }

    play(place) {
        if (this.timer) return this.stop();
        const control = this.controls[place], button = this.field(control, "-play"), last = control.words.length - 1;
        if (this.at[place] === last) this.ask(place, 0);
        button.textContent = "■ Stop";
        button.setAttribute("aria-pressed", "true");
        this.playing = button;
        // a screen reader hears the last sentence, not each
        this.sentence.setAttribute("aria-live", "off");
        this.timer = setInterval(() => {
            if (this.at[place] + 1 >= last) this.stop();
            this.ask(place, Math.min(this.at[place] + 1, last));
        }, Math.min(320, Math.max(90, 15000 / last)));
    }

    stop() {
        if (!this.timer) return;
        clearInterval(this.timer);
        this.timer = null;
        this.sentence.setAttribute("aria-live", "polite");
        this.playing.textContent = "▶ Play";
        this.playing.setAttribute("aria-pressed", "false");
    }
};
