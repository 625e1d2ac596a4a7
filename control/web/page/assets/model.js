// What is known of the daemon: its last status, its events, and what follows from both.

import { Past } from "./past.js";
import { place } from "./words.js";

const mostEvents = 4096; // as many as the daemon keeps
const ratesOver = 10000; // milliseconds that rates are taken over

export const roles = ["master", "backup", "fault", "init"];

const whoIs = (h) => [h.interface, h.vlan, h.family, h.vrid, h.source].join("\n");

export class Model {
  status = null; // the last snapshot
  routers = []; // of it, with what follows from it
  events = []; // oldest first
  conflicts = []; // as last told
  away = null; // {since} while the daemon does not answer
  #byName = new Map();
  #pasts = new Map();
  #ranks = new Map(); // place of each name in the order of names
  #ahead = 0; // the daemon's clock minus ours, in milliseconds
  #drops = []; // {at, frames: Map} of the last statuses
  #began = 0; // time of the oldest event that the daemon remembered when it was first asked

  // now is the time of day by the daemon's clock.
  now() {
    return Date.now() + this.#ahead;
  }

  router(name) {
    return this.#byName.get(name);
  }

  past(name) {
    let past = this.#pasts.get(name);
    if (!past) this.#pasts.set(name, (past = new Past()));
    return past;
  }

  takeStatus(snapshot) {
    const at = Date.parse(snapshot.now);
    this.#ahead = at - Date.now();
    this.away = null;
    this.status = snapshot;
    this.#rank(snapshot.routers);
    const links = new Map(snapshot.links.map((link) => [link.name, link]));
    this.routers = snapshot.routers.map((r) => this.#complete(r, links.get(r.interface), at));
    this.#byName = new Map(this.routers.map((r) => [r.name, r]));
    this.#countDrops(at, snapshot.drops);
  }

  // takeEvents takes events in, and what they say of routers is true from now on.
  takeEvents(events) {
    this.events.push(...events);
    if (this.events.length > mostEvents) this.events.splice(0, this.events.length - mostEvents);
    this.#began ||= Date.parse(events[0].time);
    for (const e of events) {
      e.at = Date.parse(e.time);
      if (e.kind !== "transition") continue;
      this.past(e.router).tell({ at: e.at, role: e.to, from: e.from, why: e.why, detail: e.detail }, this.#began);
      const r = this.#byName.get(e.router);
      if (r && e.at >= r.asOf) Object.assign(r, { role: e.to, why: e.why, sinceAt: e.at, asOf: e.at });
    }
  }

  // takeBirth notes that another process answers: what was between is not known.
  takeBirth(snapshot) {
    const lost = this.away?.since ?? Date.parse(snapshot.started);
    for (const past of this.#pasts.values()) past.add({ at: lost, role: "" });
    this.#drops = [];
  }

  takeAway() {
    this.away ??= { since: this.now() };
  }

  #rank(routers) {
    if (routers.length === this.#ranks.size && routers.every((r) => this.#ranks.has(r.name))) return;
    const order = new Intl.Collator("en", { numeric: true });
    const names = routers.map((r) => r.name).sort(order.compare);
    this.#ranks = new Map(names.map((name, i) => [name, i]));
    for (const name of this.#pasts.keys()) {
      if (!this.#ranks.has(name)) this.#pasts.delete(name);
    }
  }

  #complete(r, link, at) {
    const remarks = [...(r.faults ?? []), ...(r.notes ?? [])];
    if (link?.error && !remarks.includes(link.error)) remarks.push(link.error);
    const row = Object.assign(r, {
      asOf: at, sinceAt: Date.parse(r.since), rank: this.#ranks.get(r.name), place: place(r), remarks,
      held: r.vips.filter((vip) => vip.held).length,
      text: [r.name, place(r), `vrid ${r.vrid}`, r.family, r.role, r.master, r.group ?? "", ...r.vips.map((vip) => vip.address), ...remarks]
        .join("\n").toLowerCase(),
    });
    const past = this.past(r.name);
    const last = past.last();
    if (last && last.at > at && last.role) Object.assign(row, { role: last.role, why: last.why, sinceAt: last.at, asOf: last.at });
    else if (last?.role !== r.role) past.add({ at: row.sinceAt, role: r.role, why: r.why, guessed: true });
    return row;
  }

  #countDrops(at, drops) {
    const frames = new Map();
    for (const d of drops) frames.set(d.verdict, (frames.get(d.verdict) ?? 0) + d.frames);
    this.#drops.push({ at, frames });
    while (this.#drops.length > 2 && this.#drops[1].at <= at - ratesOver) this.#drops.shift();
  }

  // reasons are the verdicts that kept adverts from our routers, with their frames and how many come in a second.
  reasons() {
    const old = this.#drops[0];
    const seconds = (this.#drops.at(-1).at - old.at) / 1000;
    const found = new Map();
    for (const d of this.status.drops) {
      const known = found.get(d.verdict);
      if (known) known.frames += d.frames;
      else found.set(d.verdict, { verdict: d.verdict, action: d.action, meaning: d.meaning, frames: d.frames });
    }
    for (const reason of found.values()) {
      reason.rate = seconds > 0 ? Math.max(0, reason.frames - (old.frames.get(reason.verdict) ?? 0)) / seconds : 0;
    }
    return [...found.values()].sort((a, b) => a.action.localeCompare(b.action) || b.frames - a.frames);
  }

  // others are those who speak VRRP, without who troubles our routers.
  others() {
    const troublers = new Set(this.conflicts.map((c) => whoIs(c.sender)));
    return this.status.heard.filter((h) => !troublers.has(whoIs(h)));
  }
}
