// Puts the page together: what the feed brings goes into the model, what the address says is shown.

import { Troubles } from "./conflicts.js";
import { el, say, tick } from "./dom.js";
import { Drops } from "./drops.js";
import { Events } from "./events.js";
import { Feed } from "./feed.js";
import { Heard } from "./heard.js";
import { Model } from "./model.js";
import { Router } from "./router.js";
import { Routers } from "./routers.js";
import { System } from "./system.js";
import { age, clock, count, happened, several } from "./words.js";

const at = (id) => document.getElementById(id);
const recent = 5000; // milliseconds; what is older is told one by one
const model = new Model();
const troubles = new Troubles((conflicts) => { model.conflicts = conflicts; later(); });
const detail = new Router(model, at("detail"), close);
const views = {
  routers: new Routers(model, { open: go, chosen: (name) => name === shown.name }),
  events: new Events(model),
  drops: new Drops(model),
  heard: new Heard(model),
  system: new System(model),
};
let shown = { view: "", name: "" };
let waiting = false; // for the next frame, to draw

// go shows a router beside the list, or the list alone.
function go(name) {
  location.hash = name ? `#/routers/${encodeURIComponent(name)}` : "#/routers";
}

// close puts the router's detail away, and the keyboard back to its row.
function close() {
  go("");
  views.routers.focusRow();
}

// route shows what the address says.
function route() {
  const [, view, name = ""] = location.hash.split("/");
  const next = { view: view in views ? view : "routers", name: decode(name) };
  const moved = next.view !== shown.view;
  const opened = next.name !== shown.name;
  shown = next;
  for (const link of at("views").querySelectorAll("a")) {
    if (link.hash === `#/${shown.view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.body.classList.toggle("has-detail", Boolean(shown.name));
  detail.show(shown.name);
  if (moved && model.status) at("main").replaceChildren(views[shown.view].element);
  draw();
  if (opened && shown.name) at("detail").focus({ preventScroll: true });
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // somebody typed it
  }
}

// later draws with the next frame, however much comes until then.
function later() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    draw();
  });
}

function draw() {
  drawPulse();
  if (!model.status) return;
  if (!at("main").contains(views[shown.view].element)) at("main").replaceChildren(views[shown.view].element);
  views[shown.view].draw();
  detail.draw();
  const conflicts = model.conflicts.length;
  at("conflicts").hidden = conflicts === 0;
  say(at("conflicts"), conflicts ? several(conflicts, "conflict") : "");
  const faults = model.routers.filter((r) => r.role === "fault").length;
  document.title = `${faults ? `${several(faults, "fault")} · ` : ""}xvrrp ${location.host}`;
}

// drawPulse says whether what is shown is true now.
function drawPulse() {
  const { away, status } = model;
  document.body.classList.toggle("away", Boolean(away));
  at("alarm").hidden = !away;
  if (away) {
    const told = status ? `What is shown is of ${clock(Date.parse(status.now))}.` : "";
    say(at("alarm"), `The daemon has not answered for ${age((model.now() - away.since) / 1000)}. ${told} It is asked again until it does.`);
  }
  at("pulse").className = `pulse ${away ? "bad" : status ? "good" : ""}`;
  say(at("pulse"), away ? "no answer" : status ? "live" : "asking");
}

// announce tells what happened last, also to those who do not see the table.
function announce(events) {
  const e = events.at(-1);
  const now = model.now();
  const changes = events.filter((other) => other.kind === "transition" && now - other.at < recent).length;
  const crowd = changes > 3 ? `${count(changes)} changes, the last: ` : "";
  at("newest").replaceChildren(el("time", { text: clock(e.at, now) }), ` ${crowd}${e.router ?? ""} ${happened(e)}`);
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && shown.name) close();
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select")) return;
  if (!views[shown.view].focusSearch) return;
  event.preventDefault();
  views[shown.view].focusSearch();
});

say(at("place"), location.host);
addEventListener("hashchange", route);
setInterval(() => {
  if (document.hidden) return;
  tick(model.now());
  drawPulse();
  if (model.status) views[shown.view].tick?.();
}, 1000);

new Feed({
  status: (snapshot) => { model.takeStatus(snapshot); later(); troubles.follow(); },
  events: (events) => { model.takeEvents(events); announce(events); later(); },
  born: (snapshot) => model.takeBirth(snapshot),
  away: () => { model.takeAway(); later(); },
}).start();
route();
