// Asks about the one router that is looked at: in full after each status, and why it changed after each change.

export class Inquiry {
  detail = null; // as the API gives it, null as long as it has not
  stories = [];
  #name = "";
  #told; // called when there is something new
  #asked = ""; // time of the status that was followed by a question
  #change = ""; // the change of role that was asked about

  constructor(told) {
    this.#told = told;
  }

  // about begins anew with the router of this name.
  about(name) {
    this.#name = name;
    this.detail = null;
    this.stories = [];
    this.#asked = this.#change = "";
  }

  // follow asks what a router of a new status gives reason to.
  follow(router, status) {
    if (this.#asked === status.now) return;
    this.#asked = status.now;
    this.#ask("", (detail) => { this.detail = detail; });
    const change = `${router.role} ${router.since}`;
    if (this.#change === change) return;
    this.#change = change;
    this.#ask("/story", (answer) => { this.stories = answer.stories ?? []; });
  }

  async #ask(what, take) {
    const name = this.#name;
    try {
      const answer = await fetch(`v1/routers/${encodeURIComponent(name)}${what}`, { cache: "no-store" });
      if (!answer.ok || name !== this.#name) return;
      take(await answer.json());
      this.#told();
    } catch {
      // The daemon went: what asks for the status tells so.
    }
  }
}
