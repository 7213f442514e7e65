// At the end of a page: panels, predictions, the theme's button, and what scrolls sideways.
"use strict";
capg.live = [...document.querySelectorAll("[data-panel]")].map(figure => new capg.Panel(figure));

document.querySelectorAll("form.predict").forEach(form => {
    const key = form.dataset.key, said = capg.said[key], words = form.querySelector(".said");
    const reveals = document.querySelectorAll(`.reveal[data-key="${key}"]`);
    let recorded = null;
    const chosen = () => form.querySelector("input:checked");
    const say = () => { words.textContent = recorded === null ? "" : said[recorded][Number(chosen().value)]; };
    form.addEventListener("submit", event => {
        event.preventDefault();
        if (recorded === null && !chosen()) {
            words.textContent = "Choose one of the options first.";
            return;
        }
        recorded ??= Number(chosen().value); // the first guess counts: afterwards one knows
        say();
        reveals.forEach(reveal => { reveal.textContent = said[recorded][recorded]; });
    });
    form.addEventListener("change", say);
});

{
    const root = document.documentElement, button = document.querySelector(".theme");
    const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    const label = () => { button.textContent = dark() ? "Light" : "Dark"; };
    button.hidden = false;
    label();
    button.addEventListener("click", () => {
        root.dataset.theme = dark() ? "light" : "dark";
        capg.remember("theme", root.dataset.theme);
        label();
    });
}

if (innerWidth < 641) document.querySelectorAll("details.parts").forEach(parts => { parts.open = false; });

// What is wider than its place scrolls, and then the keyboard has to reach it.
capg.reach = () => document.querySelectorAll(".scroll").forEach(element => {
    if (element.scrollWidth > element.clientWidth + 1) element.tabIndex = 0;
    else element.removeAttribute("tabindex");
});
capg.reach();
addEventListener("resize", capg.reach);
document.addEventListener("toggle", capg.reach, true);
document.fonts.ready.then(capg.reach);

document.querySelectorAll("details.menu").forEach(menu => {
    document.addEventListener("click", event => { if (!menu.contains(event.target)) menu.open = false; });
    menu.addEventListener("keydown", event => {
        if (event.key === "Escape") {
            menu.open = false;
            menu.querySelector("summary").focus();
        }
    });
});
if (capg.present) capg.startPresenting();
