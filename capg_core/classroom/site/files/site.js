// What a page needs before its content is there: the theme, and where its panels and predictions put their tables.
"use strict";
const capg = {
    tables: {},
    said: {},
    states(name, table) { capg.tables[name] = table; },
    prediction(key, said) { capg.said[key] = said; },
    // A browser may forbid a page of a folder to keep anything.
    remember(key, value) { try { localStorage.setItem("capg-" + key, value); } catch { /* then it is forgotten */ } },
    recall(key) { try { return localStorage.getItem("capg-" + key); } catch { return null; } },
    present: new URLSearchParams(location.search).has("present"),
};
document.documentElement.classList.add("scripts");
if (capg.present) document.documentElement.classList.add("presenting");
if (capg.recall("theme")) document.documentElement.dataset.theme = capg.recall("theme");
