// One router in full, beside the list.

import { ageOf, el, say } from "./dom.js";
import { Inquiry } from "./inquiry.js";
import { Bars, Facts, role, section } from "./parts.js";
import { margin } from "./routers.js";
import { Lanes } from "./strip.js";
import { age, clock, count, percent, several, span } from "./words.js";

const changesShown = 12;
const leastWindow = 120000; // milliseconds of history that are shown at least
const mostWindow = 24 * 3600000;

export class Router {
  #model;
  #root;
  #name = "";
  #parts = null;
  #inquiry = new Inquiry(() => this.draw());

  constructor(model, root, close) {
    this.#model = model;
    this.#root = root;
    this.close = close;
  }

  // show shows the router of this name, or none.
  show(name) {
    this.#root.hidden = !name;
    if (name === this.#name) return;
    this.#name = name;
    this.#inquiry.about(name);
    this.#parts = null;
    this.#root.replaceChildren();
    this.#root.scrollTop = 0;
    this.draw();
  }

  draw() {
    if (!this.#name || !this.#model.status) return;
    const r = this.#model.router(this.#name);
    this.#parts ??= this.#build();
    const p = this.#parts;
    say(p.name, this.#name);
    p.gone.hidden = Boolean(r);
    p.rest.hidden = !r;
    if (!r) return;
    this.#inquiry.follow(r, this.#model.status);
    const { detail, stories } = this.#inquiry;
    const now = this.#model.now();
    say(p.where, `${r.place} · VRID ${r.vrid} · ${r.family === "ipv6" ? "IPv6" : "IPv4"} · VRRP version ${r.version}`);
    this.#drawState(p, r, now);
    this.#drawRemarks(p, r);
    this.#drawStory(p, stories.at(-1), now);
    this.#drawPast(p, r, now);
    p.election.set(election(r, this.#model.status));
    p.addresses.set([...r.vips.map(address), ...(r.virtual_routes ?? []).map((t) => ["Route", t]), ...(r.virtual_rules ?? []).map((t) => ["Rule", t])]);
    p.tracked.set((r.tracks ?? []).map((t) => tracked(t, this.#model.status)));
    p.trackedSection.hidden = !r.tracks?.length;
    const peers = detail?.peers_heard ?? [];
    p.peers.set(peers.map((peer) => heard(peer, now)));
    p.peersSection.hidden = peers.length === 0;
    p.margins.set(margins(r));
    p.marginsSection.hidden = !r.margins?.adverts;
    p.counters.set(counters(r, detail));
    p.drops.set(this.#model.status.drops.filter((d) => d.router === r.name).map((d) => refused(d)));
    p.dropsSection.hidden = !this.#model.status.drops.some((d) => d.router === r.name);
  }

  #build() {
    const p = {
      name: el("h2", { id: "detail-name" }), where: el("p", { class: "where" }), state: el("p", { class: "state" }),
      gone: el("p", { class: "quiet", text: "The daemon has no router of this name any more." }), remarks: el("ul", { class: "remarks" }),
      story: el("div", { class: "why-told" }), lanes: new Lanes(), changes: el("ol", { class: "changes", reversed: true }),
      election: new Facts(), addresses: new Facts(), peers: new Facts(), margins: new Bars(), tracked: new Facts(), counters: new Facts(), drops: new Facts(),
    };
    p.storySection = section("Why", p.story);
    p.peersSection = section("Peers heard", p.peers.element);
    p.marginsSection = section("Left of the master-down interval when adverts came", p.margins.element);
    p.trackedSection = section("Tracked", p.tracked.element);
    p.dropsSection = section("Not taken", p.drops.element);
    p.rest = el("div", {}, p.state, p.remarks, p.storySection, section("Roles over time", p.lanes.element, p.changes),
      section("Election", p.election.element), p.peersSection, p.marginsSection, section("Addresses", p.addresses.element),
      p.trackedSection, p.dropsSection, section("Counted", p.counters.element));
    this.#root.append(el("header", {}, p.name, el("button", { type: "button", class: "close", "aria-label": "Close the router's detail", text: "×", click: this.close }), p.where),
      p.gone, p.rest);
    return p;
  }

  #drawState(p, r, now) {
    const key = `${r.role} ${r.sinceAt} ${r.why}`;
    if (p.stateKey === key) return;
    p.stateKey = key;
    const word = el("strong");
    role(word, r.role);
    p.state.replaceChildren(word, r.sinceAt > 0 ? el("span", {}, "for ", ageOf(r.sinceAt, now), r.why ? `, reason: ${r.why}` : "") : "");
  }

  #drawRemarks(p, r) {
    const key = r.remarks.join("\n");
    if (p.remarksKey === key) return;
    p.remarksKey = key;
    const faults = r.faults ?? [];
    p.remarks.replaceChildren(...r.remarks.map((text) => el("li", { class: faults.includes(text) ? "bad" : "warn", text })));
  }

  // drawStory tells what led to the state that the router has.
  #drawStory(p, story, now) {
    p.storySection.hidden = !story;
    const key = story?.time ?? "";
    if (p.storyKey === key) return;
    p.storyKey = key;
    if (!story) return;
    p.story.replaceChildren(el("p", { text: story.summary }),
      el("ol", {}, ...story.lines.map((line) => el("li", {}, el("time", { datetime: line.time, text: clock(Date.parse(line.time), now) + millis(line.time) }), el("span", { text: line.text })))),
      el("p", { class: "soft", text: `Rule: ${story.rule}.` }));
  }

  #drawPast(p, r, now) {
    const past = this.#model.past(r.name);
    const shown = past.changes(Infinity).filter((c) => c.from || c.why).slice(0, changesShown);
    const oldest = shown.at(-1)?.at ?? now;
    const window = Math.min(mostWindow, Math.max(leastWindow, (now - oldest) * 1.15));
    const step = window / 400;
    const end = Math.ceil(now / step) * step;
    p.lanes.draw(past, end - window, end);
    const key = shown.map((c) => c.at).join();
    if (p.changesKey === key) return;
    p.changesKey = key;
    p.changes.replaceChildren(...shown.map((c) => change(c, now)));
  }
}

// millis is the thousandths of a time of day.
function millis(time) {
  return `.${String(Date.parse(time) % 1000).padStart(3, "0")}`;
}

function change(c, now) {
  const to = el("span");
  role(to, c.role);
  return el("li", {}, el("time", { datetime: new Date(c.at).toISOString(), title: new Date(c.at).toLocaleString(), text: clock(c.at, now) }),
    to, el("span", { class: "why", text: [c.why, c.detail].filter(Boolean).join(" — ") }));
}

function election(r, status) {
  const group = status.groups.find((g) => g.name === r.group);
  const share = margin(r);
  return [
    ["Priority", r.priority === r.base_priority ? r.priority : `${r.priority}, configured ${r.base_priority}`],
    ["Master", masterOf(r)],
    ["Advert interval", r.role === "backup" && r.master_interval_seconds !== r.interval_seconds
      ? `${span(r.interval_seconds)}, the master's ${span(r.master_interval_seconds)}` : span(r.interval_seconds)],
    ["Master-down interval", `${span(r.master_down_seconds)}, of which skew ${span(r.skew_seconds)}`],
    ["Least margin", share === undefined ? "" : `${percent(share)}: the longest gap was ${span(r.margins.longest_gap_seconds)}`, share < 1 / 3 ? "warn" : ""],
    ["Near failovers", r.margins?.near_failovers ? count(r.margins.near_failovers) : "", "warn"],
    ["Preemption", r.preempt ? "on" : "off"],
    ["Accept mode", r.accept ? "on" : "off: packets to the addresses are dropped"],
    ["Source", r.source],
    ["Unicast peers", (r.unicast_peers ?? []).join(", ")],
    ["Virtual MAC", r.vmac ? `on ${r.vmac}` : ""],
    ["Sync group", group ? `${group.name}, ${group.role}, of ${group.members.join(", ")}` : r.group],
  ];
}

function masterOf(r) {
  if (r.role === "master") return "this router";
  if (!r.master) return "unknown";
  const heard = r.last_heard_seconds === undefined ? "" : `, heard ${span(Number(r.last_heard_seconds.toPrecision(2)))} ago`;
  return `${r.master}, priority ${r.master_priority}${heard}`;
}

// margins are the adverts by the share of the master-down interval that they left, least first.
function margins(r) {
  const classes = r.margins?.classes ?? [];
  return classes.map((c, i) => ({ label: c.up_to ? `up to ${percent(c.up_to)}` : `over ${percent(classes[i - 1]?.up_to ?? 0)}`,
    amount: c.adverts, tone: c.up_to < 0.5 ? "warn" : "" }));
}

function heard(peer, now) {
  const left = peer.followed ? `followed${peer.margin_seconds === undefined ? "" : `, ${span(Number(peer.margin_seconds.toPrecision(3)))} of silence left`}` : "";
  const last = peer.followed ? "" : `last ${age((now - Date.parse(peer.last)) / 1000)} ago`;
  return [peer.address, [`priority ${peer.priority}`, left, last, `every ${span(peer.interval_seconds)}`, `version ${peer.version}`, peer.mac,
    `${percent(peer.share)} of the adverts heard`].filter(Boolean).join(", ")];
}

function address(vip) {
  const text = `on ${vip.device}, ${vip.held ? "held" : "not held"}${vip.excluded ? ", not advertised" : ""}`;
  return [vip.address, text, vip.held ? "good" : "soft"];
}

function tracked(t, status) {
  const detail = status.trackers.find((k) => k.kind === t.kind && k.name === t.name)?.detail;
  const effect = t.weight ? `weight ${t.weight > 0 ? "+" : ""}${t.weight}` : "a fault when down";
  return [`${t.kind} ${t.name}`, `${t.state}, ${effect}${t.reverse ? ", reversed" : ""}${detail ? ` (${detail})` : ""}`, t.state === "down" ? "bad" : ""];
}

function counters(r, detail) {
  const s = r.stats;
  const told = detail?.announcements;
  return [
    ["Adverts", `${count(s.adverts_received)} received, ${count(s.adverts_sent)} sent`],
    ["Resignations", `${count(s.priority_zero_received)} received, ${count(s.priority_zero_sent)} sent`],
    ["Became master", `${count(s.became_master)} times, released ${count(s.released_master)} times`],
    ["Announcements", told?.rounds ? `${several(told.rounds, "round")} over all addresses` : ""],
    ["Takeovers cancelled", s.takeovers_cancelled ? `${count(s.takeovers_cancelled)}: the master was heard in time after all` : 0],
  ];
}

function refused(d) {
  const last = [d.source && `last from ${d.source}`, d.mac && `(${d.mac})`, d.detail && `: ${d.detail}`].filter(Boolean).join(" ").replace(" :", ":");
  return [`${count(d.frames)} ${d.verdict}`, `${d.meaning}${last ? `; ${last}` : ""}`, d.action === "drop" ? "warn" : ""];
}
