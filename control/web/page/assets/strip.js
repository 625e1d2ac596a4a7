// Roles over time, drawn: as a strip in a row of the table, or with a lane for each role and an axis.
// A strip tells roles by height and texture as well as by colour.

import { el, svg, say } from "./dom.js";
import { clock } from "./words.js";
import { roles } from "./model.js";

const wide = 1000; // units across, whatever the width
const least = 3; // units of a span that would be too short to be seen
// Top and height of what stands for a role, of 12: master is tall, backup low, fault striped, init a line.
const bands = { master: [[0, 12]], backup: [[7, 5]], fault: [[0, 3], [4.5, 3], [9, 3]], init: [[10, 2]] };

// strip draws a past into a cell.
export function strip(cell, past, from, to) {
  const drawing = svg("svg", { class: "strip", viewBox: `0 0 ${wide} 12`, preserveAspectRatio: "none", "aria-hidden": "true" });
  for (const s of inOrder(past.spans(from, to))) {
    for (const [y, height] of bands[s.role]) drawing.append(box(s, from, to, y, height));
  }
  cell.replaceChildren(drawing);
}

// The short and the grave are drawn last, so that nothing hides them.
function inOrder(spans) {
  const weight = (s) => (s.role === "fault" ? 2 : s.role === "master" ? 1 : 0);
  return spans.sort((a, b) => weight(a) - weight(b));
}

function box(s, from, to, y, height) {
  const x = ((s.from - from) / (to - from)) * wide;
  const width = Math.max(least, ((s.to - s.from) / (to - from)) * wide);
  return svg("rect", { class: `is-${s.role}`, x: Math.min(x, wide - least).toFixed(1), y, width: width.toFixed(1), height });
}

const lane = 16; // pixels

// Lanes is a drawing with a lane for each role.
export class Lanes {
  #drawing = svg("svg", { class: "lanes", preserveAspectRatio: "none", "aria-hidden": "true", viewBox: `0 0 ${wide} ${roles.length * lane}` });
  #axis = el("div", { class: "axis", "aria-hidden": "true" });
  #caption = el("figcaption", { class: "sr" });
  #drawn = "";

  constructor() {
    const names = el("div", { class: "lane-names", "aria-hidden": "true" }, ...roles.map((role) => el("span", { text: role })));
    this.element = el("figure", { class: "history" }, this.#caption, names, this.#drawing, this.#axis);
  }

  draw(past, from, to) {
    const spans = past.spans(from, to);
    const state = JSON.stringify(spans);
    if (state === this.#drawn) return;
    this.#drawn = state;
    const shapes = ticks(from, to).map((at) => {
      const x = (((at - from) / (to - from)) * wide).toFixed(1);
      return svg("line", { class: "tick", x1: x, x2: x, y1: 0, y2: roles.length * lane });
    });
    roles.forEach((role, i) => shapes.push(svg("line", { class: "rail", x1: 0, x2: wide, y1: (i + 0.5) * lane, y2: (i + 0.5) * lane })));
    for (const s of inOrder(spans)) shapes.push(box(s, from, to, roles.indexOf(s.role) * lane + 3, lane - 6));
    this.#drawing.replaceChildren(...shapes);
    this.#axis.replaceChildren(...ticks(from, to).map((at) => {
      const label = el("span", { text: clock(at, to).slice(0, -3) });
      label.style.left = `${((at - from) / (to - from)) * 100}%`;
      return label;
    }));
    say(this.#caption, `Roles since ${clock(from, to)}: ` + spans.map((s) => `${s.role} from ${clock(s.from, to)}`).join(", "));
  }
}

// ticks are a few round instants between two.
function ticks(from, to) {
  const minute = 60000;
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 240, 360].map((n) => n * minute).find((s) => (to - from) / s <= 6) ?? 720 * minute;
  const zone = new Date(to).getTimezoneOffset() * minute;
  const out = [];
  for (let at = Math.ceil((from - zone) / step) * step + zone; at < to; at += step) out.push(at);
  return out;
}
