// The view of all routers: how many are in which state, and a row for each.

import { el, say } from "./dom.js";
import { role } from "./parts.js";
import { strip } from "./strip.js";
import { Table } from "./table.js";
import { age, count, percent, several, span } from "./words.js";
import { roles } from "./model.js";

const fresh = 10000; // milliseconds that a change is pointed out
const windows = [["10 minutes", 600], ["1 hour", 3600], ["6 hours", 21600], ["24 hours", 86400]];
const steps = 200; // parts of a strip that are worth drawing anew

export class Routers {
  #model;
  #table;
  #bar;
  #state = ""; // the state to be shown, "noted", or all
  #words = [];
  #window = windows[0][1] * 1000;
  #chips = new Map();
  #search = el("input", { type: "search", placeholder: "Filter: name, address, interface, VRID …", "aria-label": "Filter the routers",
    "aria-keyshortcuts": "/", spellcheck: "false", autocomplete: "off", input: () => this.#narrow() });
  #told = el("p", { class: "told", role: "status" });
  #none = el("p", { class: "quiet", hidden: true });

  // The view calls open(name) for the router that was chosen, and asks chosen(name) which one that is.
  constructor(model, { open, chosen }) {
    this.#model = model;
    const scroller = el("div", { class: "scroller" });
    this.#table = new Table(this.#columns(), { label: "Routers", class: "routers", scroller, sort: "name", key: (r) => r.name,
      open: (r) => open(r.name), chosen: (r) => chosen(r.name), nothing: "No router matches.",
      tone: (r, now) => `on-${r.role}${now - r.sinceAt < fresh ? " fresh" : ""}` });
    scroller.append(this.#none, this.#table.element);
    this.#bar = this.#makeBar();
    this.element = el("div", { class: "view" }, this.#bar, scroller);
  }

  focusSearch() {
    this.#search.focus();
    this.#search.select();
  }

  focusRow() {
    this.#table.focus();
  }

  #columns() {
    return [
      { id: "state", title: "State", value: (r) => ["fault", "init", "master", "backup"].indexOf(r.role), text: (r) => r.role, draw: (cell, r) => role(cell, r.role) },
      { id: "name", title: "Router", value: (r) => r.rank, text: (r) => [r.name, r.place, ...r.remarks].join("\n"), draw: named },
      { id: "place", title: "Interface", text: (r) => r.place },
      { id: "vrid", title: "VRID", value: (r) => r.vrid, text: (r) => String(r.vrid) },
      { id: "family", title: "IP", text: (r) => r.family.replace("ip", "") },
      { id: "priority", title: "Priority", hint: "now, and what is configured where that differs", value: (r) => r.priority,
        text: (r) => (r.priority === r.base_priority ? String(r.priority) : `${r.priority} of ${r.base_priority}`) },
      { id: "master", title: "Master", text: (r) => (r.role === "master" ? "this router" : r.master) },
      { id: "interval", title: "Interval", hint: "between two adverts", value: (r) => r.interval_seconds, text: (r) => span(r.interval_seconds) },
      { id: "margin", title: "Margin", hint: "the least part of the master-down interval that was left when an advert came",
        value: (r) => margin(r) ?? 2, text: (r) => (margin(r) === undefined ? "" : percent(margin(r))) },
      { id: "since", title: "Since", hint: "how long the router has had its state", value: (r) => -r.sinceAt,
        text: (r, now) => (r.sinceAt > 0 ? age((now - r.sinceAt) / 1000) : "") },
      { id: "held", title: "VIPs", hint: "virtual addresses that this host holds, of how many", value: (r) => r.held, text: (r) => `${r.held}/${r.vips.length}` },
      { id: "past", title: "Roles over time", sorts: false, hint: "tall: master; low: backup; striped: fault; nothing: not known",
        text: (r, now) => `${this.#window} ${this.#end(now)} ${this.#model.past(r.name).version}`,
        draw: (cell, r, now) => strip(cell, this.#model.past(r.name), this.#end(now) - this.#window, this.#end(now)) },
      { id: "notes", title: "Notes", value: (r) => -r.remarks.length, text: (r) => r.remarks.join("; ") },
    ];
  }

  // end is where the strips end: now, to a part of them.
  #end(now) {
    const step = this.#window / steps;
    return Math.ceil(now / step) * step;
  }

  #makeBar() {
    const chips = [["", "all"], ...roles.map((r) => [r, r]), ["noted", "with notes"]].map(([state, word]) => {
      const number = el("b");
      const chip = el("button", { type: "button", class: `chip is-${state}`, "aria-pressed": String(state === ""),
        click: () => this.#choose(state) }, number, el("span", { class: state && state !== "noted" ? `role is-${state}` : "", text: word }));
      this.#chips.set(state, { chip, number });
      return chip;
    });
    const period = el("select", { "aria-label": "Time that the roles over time show",
      change: (event) => { this.#window = Number(event.target.value) * 1000; this.#table.draw(); } },
      ...windows.map(([word, seconds]) => el("option", { value: seconds, text: word })));
    return el("div", { class: "bar-of-view" }, el("div", { class: "chips", role: "group", "aria-label": "States" }, ...chips),
      el("div", { class: "narrow" }, this.#search, el("label", { class: "period" }, el("span", { text: "over" }), period), this.#told));
  }

  #choose(state) {
    this.#state = this.#state === state ? "" : state;
    for (const [own, { chip }] of this.#chips) chip.setAttribute("aria-pressed", String(own === this.#state));
    this.draw();
  }

  #narrow() {
    this.#words = this.#search.value.toLowerCase().split(/\s+/).filter(Boolean);
    this.draw();
  }

  draw() {
    const model = this.#model;
    const all = model.routers;
    const numbers = { "": all.length, noted: 0, master: 0, backup: 0, fault: 0, init: 0 };
    for (const r of all) {
      numbers[r.role]++;
      if (r.remarks.length > 0) numbers.noted++;
    }
    for (const [state, { chip, number }] of this.#chips) {
      say(number, count(numbers[state]));
      chip.classList.toggle("zero", numbers[state] === 0);
    }
    const rows = all.filter((r) => this.#fits(r));
    this.#table.table.classList.toggle("no-margin", !all.some((r) => margin(r) !== undefined));
    this.#table.element.hidden = this.#bar.hidden = all.length === 0;
    this.#table.set(rows, model.now());
    say(this.#told, rows.length === all.length ? "" : `${count(rows.length)} of ${several(all.length, "router")}`);
    this.#none.hidden = all.length > 0;
    if (all.length === 0) this.#tellNone();
  }

  #fits(r) {
    if (this.#state === "noted" ? r.remarks.length === 0 : this.#state && r.role !== this.#state) return false;
    return this.#words.every((word) => r.text.includes(word));
  }

  #tellNone() {
    const links = this.#model.status.links.map((link) => link.name).join(", ") || "no link";
    this.#none.replaceChildren(`This daemon has no router. It observes ${links}: `, el("a", { href: "#/heard", text: "what it hears" }));
  }

  tick() {
    this.#table.draw(this.#model.now());
  }
}

// named draws a router's name and, where there is no room for columns, where it is.
function named(cell, r) {
  const link = el("a", { href: `#/routers/${encodeURIComponent(r.name)}`, tabindex: "-1", text: r.name });
  const mark = r.remarks.length > 0 ? el("span", { class: "mark", title: r.remarks.join("; "), text: "!" }) : null;
  cell.replaceChildren(el("span", { class: "title" }, mark, link),
    el("span", { class: "where", text: `${r.place}, VRID ${r.vrid} ${r.family.replace("ip", "")}` }));
  cell.title = r.name;
}

// margin is the least share of the master-down interval that was left when an advert came, if that is known.
export function margin(r) {
  const longest = r.margins?.longest_gap_seconds;
  return longest && r.master_down_seconds ? Math.max(0, 1 - longest / r.master_down_seconds) : undefined;
}
