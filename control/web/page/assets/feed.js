// Asks the daemon, and never more than it needs: the status as soon as an event says that something changed, otherwise
// slowly; while nobody looks, hardly at all. A daemon that takes long to answer is asked the less often.

const calm = 2000; // between two questions while nothing happens, in milliseconds
const brisk = 1000; // the least between two questions
const hidden = 30000; // between two questions while the page is not visible
const share = 20; // a question that takes so long is followed by a rest of so many times that
const patience = 5000; // for an answer
const again = 1000; // the least before a stream of events that broke is taken up again
const refused = 15000; // the same for a stream that the daemon has no place for

export class Feed {
  #to;
  #timer = 0;
  #due = Infinity; // when the next question is
  #asked = 0; // when the last question was put
  #took = 0; // what its answer took
  #asking = false;
  #stream = null; // AbortController of the stream of events
  #since = 0; // number of the last event
  #daemon = ""; // which process answered last

  // The receiver has status(snapshot), events(list), born(snapshot) when another process answers, and away().
  constructor(to) {
    this.#to = to;
  }

  start() {
    document.addEventListener("visibilitychange", () => this.#look());
    this.#ask();
  }

  // soon asks again as soon as that is decent.
  soon() {
    this.#at(this.#asked + Math.max(brisk, this.#took * share));
  }

  #look() {
    if (document.hidden) this.#stream?.abort();
    else this.soon();
  }

  // at puts the next question no later than then.
  #at(when) {
    if (when >= this.#due) return;
    this.#due = when;
    if (!this.#asking) this.#set();
  }

  #set() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), Math.max(0, this.#due - performance.now()));
  }

  async #ask() {
    this.#due = Infinity;
    this.#asking = true;
    this.#asked = performance.now();
    try {
      const answer = await fetch("v1/status", { cache: "no-store", signal: AbortSignal.timeout(patience) });
      const snapshot = await answer.json();
      if (!answer.ok) throw new Error(snapshot.error ?? answer.statusText);
      this.#took = performance.now() - this.#asked;
      this.#answered(snapshot);
    } catch {
      this.#stream?.abort();
      this.#to.away();
    }
    this.#at(this.#asked + Math.max(document.hidden ? hidden : calm, this.#took * share));
    this.#asking = false;
    this.#set();
  }

  #answered(snapshot) {
    const daemon = `${snapshot.pid} ${snapshot.started}`;
    if (daemon !== this.#daemon) {
      this.#stream?.abort();
      this.#stream = null;
      this.#since = 0;
      if (this.#daemon) this.#to.born(snapshot);
      this.#daemon = daemon;
    }
    this.#to.status(snapshot);
    if (!this.#stream && !document.hidden) this.#follow();
  }

  async #follow() {
    const stream = new AbortController();
    this.#stream = stream;
    let rest = again;
    try {
      const answer = await fetch(`v1/events?follow=1&since=${this.#since}`, { cache: "no-store", signal: stream.signal });
      if (answer.ok) await this.#read(answer.body.pipeThrough(new TextDecoderStream()).getReader(), stream);
      else rest = refused;
    } catch {
      // The daemon went, or we let go: a later answer takes the stream up again.
    }
    if (rest === again && !document.hidden) this.soon(); // to learn whether the daemon went, too
    await new Promise((done) => setTimeout(done, rest));
    if (this.#stream === stream) this.#stream = null;
  }

  // read takes events as they come: what comes at once is handed on at once.
  async #read(reader, stream) {
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done || stream.signal.aborted) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      const events = lines.map((line) => JSON.parse(line));
      if (events.length === 0) continue;
      this.#since = events.at(-1).seq;
      this.#to.events(events);
      this.soon();
    }
  }
}
