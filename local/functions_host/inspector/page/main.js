// Chooses the view by the address behind #, and keeps it up to date while somebody looks.

import { look, Refused } from "./api.js";
import { arrange, byId } from "./dom.js";
import { FunctionsView } from "./functions.js";
import { InstancesView } from "./instances.js";
import { InstanceView } from "./instance.js";

const EVERY_MS = 1000;
const wide = matchMedia("(min-width: 1080px)");
let views = [];  // what is shown: one view, or on a wide screen the list with the instance beside it
let timer = null;
let round = 0;

function parts() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [place = "instances", ...rest] = (path || "instances").split("/");
  return { place, id: rest.length ? decodeURIComponent(rest.join("/")) : null, query: new URLSearchParams(query) };
}

function show() {
  const { place, id, query } = parts();
  const main = byId("main");
  const list = views.find((view) => view instanceof InstancesView);
  if (place === "functions") views = [new FunctionsView()];
  else {
    const showList = wide.matches || id === null;
    views = showList ? [list ?? new InstancesView()] : [];
    if (showList) views[0].choose(query, id);
    if (id !== null) views.push(new InstanceView(id, query));
  }
  main.className = views.length > 1 ? "two" : "one";
  arrange(main, views.map((view) => view.node));
  for (const name of ["instances", "functions"]) {
    const link = byId(`to-${name}`);
    if (name === place) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  refresh();
}

function said(state, text) {
  const live = byId("live");
  if (live.textContent !== text) live.textContent = text;
  live.className = state;
}

async function refresh() {
  const mine = ++round;
  clearTimeout(timer);
  try {
    await Promise.all(views.map((view) => view.refresh()));
    if (mine === round) said("on", "live");
  } catch (error) {
    if (error instanceof Refused) said("off", error.message);
    else if (mine === round) said("off", "the host does not answer; trying again");
    if (!(error instanceof Refused || error instanceof TypeError)) console.error(error);
  }
  if (mine === round && !document.hidden) timer = setTimeout(refresh, EVERY_MS);
}

addEventListener("hashchange", () => {
  show();
  scrollTo(0, 0);
});
addEventListener("host-changed", refresh);  // a button of ours did something
wide.addEventListener("change", show);
document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden) refresh();
  else said("off", "paused");
});

look("/about").then((about) => {
  byId("about").textContent = `${about.app} · hub ${about.hub}`;
  document.title = `${about.app} · Functions host`;
}).catch(() => { /* refresh says it */ });
show();
