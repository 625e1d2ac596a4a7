// The view of what the routers stand on: links with the filter's place, timing, sync groups, trackers, the process.

import { ageOf, el } from "./dom.js";
import { Bars, Facts, role, section } from "./parts.js";
import { Table } from "./table.js";
import { age, count, several, span } from "./words.js";

export class System {
  #model;
  #links;
  #groups;
  #trackers;
  #lateness = new Bars();
  #timing = new Facts();
  #daemon = new Facts();
  #sections;
  #started = null;

  constructor(model) {
    this.#model = model;
    const scroller = el("div", { class: "scroller padded", tabindex: "0", "aria-label": "System" });
    this.#links = new Table([
      { id: "place", title: "Interface", text: (l) => l.name },
      { id: "up", title: "Link", text: (l) => (l.index === 0 ? "absent" : l.up ? "up" : "down") },
      { id: "mode", title: "Filter", text: (l) => (l.mode ? `${l.mode} (${l.hook})` : "none") },
      { id: "number", title: "Routers", value: (l) => l.routers, text: (l) => count(l.routers) },
      { id: "why", long: true, title: "Why there", text: (l) => l.error ?? l.reason },
    ], { label: "Links", class: "links", scroller, sort: "place", key: (l) => l.name, nothing: "No link.", tone: (l) => (l.error ? "bad" : l.up ? "" : "warn") });
    this.#groups = new Table([
      { id: "state", title: "State", text: (g) => g.role, draw: (cell, g) => role(cell, g.role) },
      { id: "name", title: "Sync group", text: (g) => g.name },
      { id: "since", title: "Since", value: (g) => -Date.parse(g.since), text: (g, now) => age((now - Date.parse(g.since)) / 1000) },
      { id: "why", long: true, title: "Members", text: (g) => g.members.join(", ") },
    ], { label: "Sync groups", class: "groups", scroller, sort: "name", key: (g) => g.name });
    this.#trackers = new Table([
      { id: "up", title: "State", text: (t) => t.state },
      { id: "kind", title: "Kind", text: (t) => t.kind },
      { id: "name", title: "Tracker", text: (t) => t.name },
      { id: "since", title: "Since", value: (t) => -Date.parse(t.since ?? 0), text: (t, now) => (t.since ? age((now - Date.parse(t.since)) / 1000) : "") },
      { id: "number", title: "Routers", value: (t) => t.routers.length, text: (t) => count(t.routers.length) },
      { id: "why", long: true, title: "Detail", text: (t) => t.detail ?? "" },
    ], { label: "Trackers", class: "trackers", scroller, sort: "name", key: (t) => `${t.kind} ${t.name}`, tone: (t) => (t.state === "down" ? "bad" : "") });
    this.#sections = {
      links: section("Links", this.#links.element),
      timing: section("How late adverts left", this.#timing.element, this.#lateness.element),
      groups: section("Sync groups", this.#groups.element),
      trackers: section("Trackers", this.#trackers.element),
      daemon: section("Daemon", this.#daemon.element),
    };
    scroller.append(...Object.values(this.#sections));
    this.element = el("div", { class: "view" }, scroller);
  }

  draw() {
    const status = this.#model.status;
    const now = this.#model.now();
    const on = new Map();
    for (const r of status.routers) on.set(r.interface, (on.get(r.interface) ?? 0) + 1);
    this.#links.set(status.links.map((l) => ({ ...l, routers: on.get(l.name) ?? 0 })), now);
    this.#drawTiming(status.timing);
    this.#sections.groups.hidden = status.groups.length === 0;
    this.#groups.set(status.groups, now);
    this.#sections.trackers.hidden = status.trackers.length === 0;
    this.#trackers.set(status.trackers, now);
    this.#drawDaemon(status, now);
  }

  #drawTiming(timing) {
    this.#timing.set(timing.expiries === 0 ? [["Adverts", "none was due at an instant yet"]] : [
      ["Adverts", `${several(timing.expiries, "advert")} that were due at an instant, until the kernel had them`],
      ["Worst", span(timing.worst_lateness_seconds)],
      ["Last", span(timing.last_lateness_seconds)],
    ]);
    const bounds = timing.lateness.map((c) => c.up_to_seconds);
    this.#lateness.element.hidden = timing.expiries === 0;
    this.#lateness.set(timing.lateness.map((c, i) => ({ label: c.up_to_seconds ? `up to ${span(c.up_to_seconds)}` : `over ${span(bounds[i - 1] ?? 0)}`, amount: c.adverts })));
  }

  #drawDaemon(status, now) {
    if (this.#started?.at !== Date.parse(status.started)) this.#started = ageOf(Date.parse(status.started), now);
    this.#daemon.set([
      ["Version", `xvrrp ${status.version}`],
      ["Process", status.pid],
      ["Running for", this.#started],
      ["Configuration", status.config || "none: flags alone, or observing"],
      ["Scheduling", status.scheduling],
      ["Missing", (status.missing ?? []).join(", "), "bad"],
    ]);
  }

  tick() {
    this.#links.draw(this.#model.now());
  }
}
