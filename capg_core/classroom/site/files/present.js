// The projector's mode: one part at a time, a panel fills the screen, keys go on, back, and along the main slider.
"use strict";
capg.startPresenting = () => {
    const slides = [];
    // a panel is a slide of its own, between what stands before it in its part and what stands after
    document.querySelectorAll("main > section:not(.answers)").forEach(section => {
        let slide = null;
        [...section.children].forEach(child => {
            const alone = child.matches("figure.panel");
            if (!slide || alone || slide.alone) {
                slide = document.createElement("div");
                slide.className = alone ? "slide stage" : "slide";
                slide.alone = alone;
                child.before(slide);
                slides.push(slide);
            }
            slide.append(child);
        });
    });
    slides.filter(slide => !slide.textContent.trim()).forEach(slide => slides.splice(slides.indexOf(slide), 1));
    const where = document.createElement("p");
    where.className = "where";
    where.setAttribute("role", "status");
    document.querySelector("main").append(where);
    const number = () => Number(/^#(\d+)$/.exec(location.hash)?.[1] ?? 1);
    let now = Math.min(Math.max(number(), 1), slides.length) - 1;
    // what the controls, the sentence and the line of keys leave of the screen's height is the picture's
    const fit = () => {
        const figure = slides[now].querySelector("figure.panel");
        if (!figure) return;
        const taken = [...figure.children].filter(child => !child.matches(".sheet, script")).map(child => child.offsetHeight);
        const room = innerHeight - where.offsetHeight - 60 - taken.reduce((a, b) => a + b, 0);
        figure.style.setProperty("--room", `${Math.max(room, 240)}px`);
    };
    const show = index => {
        now = Math.min(Math.max(index, 0), slides.length - 1);
        slides.forEach((slide, i) => { slide.hidden = i !== now; });
        document.querySelectorAll("main > section").forEach(section => { section.hidden = !section.contains(slides[now]); });
        where.textContent = `${now + 1} of ${slides.length} · Space, Page Down: next · Page Up: back · ↑ ↓: the slider · Esc: leave`;
        history.replaceState(null, "", `#${now + 1}`);
        scrollTo(0, 0);
        fit();
        capg.reach();
    };
    const panel = () => capg.live.find(one => slides[now].contains(one.figure));
    const leave = () => { location.href = location.href.replace(/\?present.*$/, ""); };
    const keys = {
        PageDown: () => show(now + 1), ArrowRight: () => show(now + 1), " ": () => show(now + 1),
        PageUp: () => show(now - 1), ArrowLeft: () => show(now - 1),
        Home: () => show(0), End: () => show(slides.length - 1), Escape: leave,
    };
    addEventListener("keydown", event => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const inside = event.target.closest("input, select, button, summary, a");
        const own = inside && !["PageDown", "PageUp", "Escape"].includes(event.key);
        const along = { ArrowUp: 1, ArrowDown: -1 }[event.key];
        if (along && panel() && !(own && !event.target.matches("button, a, summary"))) {
            event.preventDefault();
            panel().step(along);
        } else if (keys[event.key] && !own) {
            event.preventDefault();
            keys[event.key]();
        }
    });
    addEventListener("resize", fit);
    document.fonts.ready.then(fit);
    show(now);
};
