// The view of the adverts that no router of this host took: how many for which reason, and who sent the last.

import { el } from "./dom.js";
import { Bars, section } from "./parts.js";
import { Table } from "./table.js";
import { age, count, rate } from "./words.js";

export class Drops {
  #model;
  #table;
  #dropped = new Bars();
  #passed = new Bars();
  #sections;
  #calm = el("p", { class: "quiet", text: "Every advert that reached this host was taken." });

  constructor(model) {
    this.#model = model;
    const scroller = el("div", { class: "scroller padded", tabindex: "0", "aria-label": "Adverts that were not taken" });
    this.#table = new Table([
      { id: "reason", title: "Reason", text: (d) => d.verdict },
      { id: "frames", title: "Frames", value: (d) => d.frames, text: (d) => count(d.frames) },
      { id: "action", title: "Fate", text: (d) => (d.action === "drop" ? "dropped" : "passed on") },
      { id: "place", title: "Interface", text: (d) => d.interface },
      { id: "name", title: "Router", text: (d) => d.router ?? "" },
      { id: "source", title: "Last source", text: (d) => d.source ?? "" },
      { id: "mac", title: "MAC", text: (d) => d.mac ?? "" },
      { id: "last", title: "Last", value: (d) => Date.parse(d.last ?? 0), text: (d, now) => (d.last ? age((now - Date.parse(d.last)) / 1000) : "") },
      { id: "why", long: true, title: "What was wrong with it", text: (d) => d.detail ?? "" },
    ], { label: "Adverts that were not taken, by reason and router", class: "drops", scroller, sort: "frames", down: true,
      key: (d) => `${d.interface}\n${d.router ?? ""}\n${d.verdict}`, tone: (d) => (d.action === "drop" ? "" : "soft") });
    this.#sections = {
      drop: section("Dropped in the kernel", this.#dropped.element),
      pass: section("Passed on to the host's own stack", this.#passed.element),
      each: section("By interface, router and reason", this.#table.element),
    };
    scroller.append(this.#calm, ...Object.values(this.#sections));
    this.element = el("div", { class: "view" }, scroller);
  }

  draw() {
    const reasons = this.#model.reasons();
    for (const [action, bars] of [["drop", this.#dropped], ["pass", this.#passed]]) {
      const those = reasons.filter((r) => r.action === action);
      this.#sections[action].hidden = those.length === 0;
      bars.set(those.map((r) => ({ label: r.verdict, amount: r.frames, note: [rate(r.rate), r.meaning].filter(Boolean).join(" · "),
        tone: action === "drop" ? "warn" : "soft" })));
    }
    this.#sections.each.hidden = reasons.length === 0;
    this.#calm.hidden = reasons.length > 0;
    this.#table.set(this.#model.status.drops, this.#model.now());
  }

  tick() {
    this.#table.draw(this.#model.now());
  }
}
