// What role a router had when, put together from events and from what the status says.

const most = 300; // changes kept of a router
const close = 1000; // an event and a status that tell of one change agree to so many milliseconds

export class Past {
  #changes = []; // oldest first: {at, role, from, why, detail, guessed}

  #told = false; // whether there was an event

  // version grows with everything that is learnt.
  version = 0;

  // tell takes note of an event. Before the first one nothing happened, as far back as the daemon remembers.
  tell(change, began) {
    if (!this.#told && change.from) this.add({ at: began, role: change.from, guessed: true });
    this.#told = true;
    this.add(change);
  }

  // add takes note of a change. One that the status told of (guessed) gives way to the event about it.
  add(change) {
    this.version++;
    const list = this.#changes;
    let i = list.length;
    while (i > 0 && list[i - 1].at > change.at) i--;
    for (const j of [i, i - 1]) {
      const other = list[j];
      if (!other || other.role !== change.role || Math.abs(other.at - change.at) > close) continue;
      if (change.guessed) return;
      if (other.guessed) {
        list[j] = change;
        return;
      }
    }
    list.splice(i, 0, change);
    if (list.length > most) list.shift();
  }

  last() {
    return this.#changes.at(-1);
  }

  // changes are the latest, newest first.
  changes(n) {
    return this.#changes.slice(-n).reverse();
  }

  // spans are the times between two instants in which the router had one role. What is not known is left out.
  spans(from, to) {
    const out = [];
    const list = this.#changes;
    for (let i = 0; i < list.length; i++) {
      const begin = Math.max(list[i].at, from);
      const end = Math.min(list[i + 1]?.at ?? to, to);
      const before = out.at(-1);
      if (end <= from || begin >= to || !list[i].role) continue;
      if (before?.role === list[i].role && before.to === begin) before.to = end;
      else out.push({ from: begin, to: end, role: list[i].role });
    }
    return out;
  }
}
