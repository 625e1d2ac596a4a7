// Who troubles our routers, in the words of xvrrp conflict.

import { el } from "./dom.js";
import { Facts, section } from "./parts.js";
import { age, place } from "./words.js";

const seldom = 5000; // milliseconds between two questions, at least
const share = 20; // a question that takes so long is followed by a rest of so many times that
const most = 20; // shown at once

const macs = { virtual: " (a virtual MAC: it does not tell which host)", local: " (locally administered)" };

// Troubles asks for conflicts.
export class Troubles {
  #take;
  #next = 0; // when to ask again
  #asking = false;

  constructor(take) {
    this.#take = take;
  }

  // follow asks again, if that is decent.
  async follow() {
    const asked = performance.now();
    if (this.#asking || asked < this.#next) return;
    this.#asking = true;
    try {
      const answer = await fetch("v1/conflicts", { cache: "no-store" });
      if (answer.ok) this.#take((await answer.json()).conflicts);
    } catch {
      // The daemon went: what asks for the status tells so.
    }
    const now = performance.now();
    this.#next = now + Math.max(seldom, (now - asked) * share);
    this.#asking = false;
  }
}

// Conflicts shows them, each with what it differs in and what to do.
export class Conflicts {
  element = el("div", { class: "conflicts" });
  #known = null; // the conflicts that are shown
  #shown = []; // {conflict, facts}

  draw(conflicts, now) {
    if (conflicts !== this.#known) {
      this.#known = conflicts;
      this.#shown = conflicts.slice(0, most).map((conflict) => ({ conflict, facts: new Facts() }));
      this.element.replaceChildren(...this.#shown.map(({ conflict, facts }) =>
        section(`${conflict.router}: VRID ${conflict.sender.vrid} on ${place(conflict.sender)} ${conflict.sender.family}`,
          el("p", { class: "advice", text: conflict.summary }), facts.element)));
      if (conflicts.length > most) this.element.append(el("p", { class: "quiet", text: `And ${conflicts.length - most} more: xvrrp conflict lists all.` }));
    }
    this.tick(now);
  }

  tick(now) {
    for (const { conflict, facts } of this.#shown) facts.set(told(conflict, now));
  }
}

function told(conflict, now) {
  const { sender, change } = conflict;
  const ago = (time) => age((now - Date.parse(time)) / 1000);
  return [
    ["Who", `${sender.source}, MAC ${sender.mac}${macs[conflict.mac_kind] ?? ""}`],
    ["Heard", `first ${ago(sender.first)} ago, last ${ago(sender.last)} ago`],
    ["Differs in", conflict.differences.map((d) => `${d.keyword}: theirs ${d.theirs || "-"}, ours ${d.ours || "-"}`).join("; ")],
    ["Verdict", conflict.why ? `${sender.verdict}: ${conflict.why}` : ""],
    ["Effect", conflict.effect],
    ["Free", conflict.free_vrid ? `VRID ${conflict.free_vrid}: not configured here, and not heard in ${age(conflict.listening_seconds)} of listening` : ""],
    ["Change", change ? `${change.file}${change.line ? `:${change.line}` : ""}: ${change.text}` : ""],
    ["To do", conflict.advice.join("; ")],
  ];
}
