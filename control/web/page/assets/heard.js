// The view of strangers: who troubles our routers on their VRIDs, and who else speaks VRRP.

import { Conflicts } from "./conflicts.js";
import { el } from "./dom.js";
import { section } from "./parts.js";
import { Table } from "./table.js";
import { age, place, span } from "./words.js";

export class Heard {
  #model;
  #conflicts = new Conflicts();
  #others;
  #calm = el("p", { class: "quiet", text: "No conflict: nobody troubles our routers on their VRIDs." });

  constructor(model) {
    this.#model = model;
    const scroller = el("div", { class: "scroller padded", tabindex: "0", "aria-label": "Adverts heard from strangers" });
    this.#others = table("Other adverts heard", scroller);
    scroller.append(section("Conflicts", this.#calm, this.#conflicts.element),
      section("Others who speak VRRP on these links", this.#others.element));
    this.element = el("div", { class: "view" }, scroller);
  }

  draw() {
    this.#calm.hidden = this.#model.conflicts.length > 0;
    this.#conflicts.draw(this.#model.conflicts, this.#model.now());
    this.#others.set(this.#model.others(), this.#model.now());
  }

  tick() {
    this.#conflicts.tick(this.#model.now());
    this.#others.draw(this.#model.now());
  }
}

function table(label, scroller) {
  return new Table([
    { id: "place", title: "Interface", text: place },
    { id: "vrid", title: "VRID", value: (h) => h.vrid, text: (h) => String(h.vrid) },
    { id: "source", title: "Source", text: (h) => h.source },
    { id: "mac", title: "MAC", text: (h) => h.mac },
    { id: "version", title: "Version", value: (h) => h.version, text: (h) => String(h.version) },
    { id: "priority", title: "Priority", value: (h) => h.priority, text: (h) => String(h.priority) },
    { id: "interval", title: "Interval", value: (h) => h.interval_seconds, text: (h) => span(h.interval_seconds) },
    { id: "reason", title: "Verdict", text: (h) => h.verdict },
    { id: "first", title: "First", value: (h) => -Date.parse(h.first), text: (h, now) => age((now - Date.parse(h.first)) / 1000) },
    { id: "last", title: "Last", value: (h) => -Date.parse(h.last), text: (h, now) => age((now - Date.parse(h.last)) / 1000) },
    { id: "addresses", long: true, title: "Its addresses", text: (h) => h.addresses.join(", ") },
  ], { label, class: "heard", scroller, sort: "vrid", key: (h) => [h.interface, h.vlan, h.family, h.vrid, h.source, h.verdict].join("\n"),
    nothing: "None heard." });
}
