// How values read. Durations read as they do in xvrrp status.

// age writes how long something has lasted, in seconds, in the two largest units that matter: 3d04h, 12m05s, 8s.
export function age(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s >= 86400) return `${Math.floor(s / 86400)}d${two(Math.floor(s / 3600) % 24)}h`;
  if (s >= 3600) return `${Math.floor(s / 3600)}h${two(Math.floor(s / 60) % 60)}m`;
  if (s >= 60) return `${Math.floor(s / 60)}m${two(s % 60)}s`;
  return `${s}s`;
}

// span writes a time of the protocol, in seconds: 3.609s, 100ms, 38µs.
export function span(seconds) {
  if (!seconds) return "0s";
  if (seconds >= 1) return `${trim(seconds, 3)}s`;
  if (seconds >= 1e-3) return `${trim(seconds * 1e3, 2)}ms`;
  return `${trim(seconds * 1e6, 1)}µs`;
}

function trim(value, digits) {
  return String(Number(value.toFixed(digits)));
}

// count writes a number with its thousands apart.
export function count(n) {
  return String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

// rate writes how often something happens in a second.
export function rate(perSecond) {
  if (!perSecond) return "";
  if (perSecond < 10) return `${perSecond.toFixed(1)}/s`;
  return `${count(Math.round(perSecond))}/s`;
}

// percent writes a share of one.
export function percent(share) {
  if (share > 0 && share < 0.01) return "<1%";
  return `${Math.round(share * 100)}%`;
}

// clock writes a time of day, with month and day unless those are today's.
export function clock(at, now = Date.now()) {
  const d = new Date(at);
  const day = d.toDateString() === new Date(now).toDateString() ? "" : `${two(d.getMonth() + 1)}-${two(d.getDate())} `;
  return day + [d.getHours(), d.getMinutes(), d.getSeconds()].map(two).join(":");
}

function two(n) {
  return String(n).padStart(2, "0");
}

// place is an interface with its VLAN.
export function place(of) {
  return of.vlan ? `${of.interface} vlan ${of.vlan}` : of.interface;
}

// several writes a number of things: 1 router, 2 routers.
export function several(n, thing) {
  return `${count(n)} ${thing}${n === 1 ? "" : "s"}`;
}

// happened is an event in words, without its time and router.
export function happened(e) {
  const what = e.from && e.to ? `${e.from} → ${e.to}: ${e.why}` : e.to ? `${e.why} is ${e.to}` : e.why;
  return e.detail ? `${what} — ${e.detail}` : what;
}
