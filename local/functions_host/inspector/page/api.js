// Asks the host. Nothing leaves it: every address is below /_host, and no key is needed or sent.

const BASE = "/_host/api";
const known = new Map();  // the last answer of each address, with the stamp by which the host knows it

export class Refused extends Error {
  constructor(status, text) { super(text); this.status = status; }
}

// The answer, whether it is another one than last time, and when it came by this machine's clock.
export async function look(path) {
  const last = known.get(path);
  const reply = await fetch(BASE + path, { headers: last ? { "if-none-match": last.stamp } : {}, cache: "no-store" });
  if (reply.status === 304) return { ...last.content, isNew: false };
  const content = await reply.json();
  if (!reply.ok) throw new Refused(reply.status, content.error);
  content.received = Date.now();
  if (known.size > 4) known.clear();  // no more is shown at a time
  const stamp = reply.headers.get("etag");
  if (stamp) known.set(path, { stamp, content });
  return { ...content, isNew: true };
}

export async function change(id, operation, given = {}) {
  const headers = { "content-type": "application/json", "x-host-page": "1" };
  const address = `${BASE}/instances/${encodeURIComponent(id)}/${operation}`;
  const reply = await fetch(address, { method: "POST", headers, body: JSON.stringify(given) });
  const content = await reply.json();
  if (!reply.ok) throw new Refused(reply.status, content.error);
  return content;
}

// The host's clock now, told by an earlier answer.
export const hostNow = (answer) => answer.now_us + (Date.now() - answer.received) * 1000;
