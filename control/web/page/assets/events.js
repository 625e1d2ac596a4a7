// The view of what happened, newest first.

import { el } from "./dom.js";
import { role } from "./parts.js";
import { Table } from "./table.js";
import { clock } from "./words.js";

export class Events {
  #model;
  #table;
  #words = [];
  #search = el("input", { type: "search", placeholder: "Filter: router, kind, reason …", "aria-label": "Filter the events",
    spellcheck: "false", autocomplete: "off", input: () => this.#narrow() });

  constructor(model) {
    this.#model = model;
    const scroller = el("div", { class: "scroller", tabindex: "0", "aria-label": "Events" });
    this.#table = new Table([
      { id: "time", long: true, title: "Time", value: (e) => e.seq, text: (e, now) => clock(e.at, now) },
      { id: "kind", title: "Kind", text: (e) => e.kind },
      { id: "name", title: "Router", text: (e) => e.router ?? "", draw: (cell, e) => linked(cell, e, model) },
      { id: "became", title: "Became", text: (e) => e.to ?? "", draw: (cell, e) => (e.kind === "transition" ? role(cell, e.to) : (cell.textContent = e.to ?? "")) },
      { id: "why", long: true, title: "What", text: (e) => [e.why, e.detail].filter(Boolean).join(" — ") },
    ], { label: "Events", class: "events", scroller, sort: "time", down: true, key: (e) => `${e.time} ${e.seq}`, nothing: "Nothing has happened." });
    scroller.append(this.#table.element);
    this.element = el("div", { class: "view" }, el("div", { class: "bar-of-view" }, this.#search), scroller);
  }

  focusSearch() {
    this.#search.focus();
  }

  #narrow() {
    this.#words = this.#search.value.toLowerCase().split(/\s+/).filter(Boolean);
    this.draw();
  }

  draw() {
    const rows = this.#words.length === 0 ? this.#model.events : this.#model.events.filter((e) => {
      const text = [e.kind, e.router, e.from, e.to, e.why, e.detail].join("\n").toLowerCase();
      return this.#words.every((word) => text.includes(word));
    });
    this.#table.set(rows, this.#model.now());
  }
}

function linked(cell, e, model) {
  const known = e.router && model.router(e.router);
  cell.replaceChildren(known ? el("a", { href: `#/routers/${encodeURIComponent(e.router)}`, text: e.router }) : (e.router ?? ""));
}
