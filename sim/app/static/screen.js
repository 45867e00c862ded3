// The projector: who is there, how the ecosystem fares, and how to come in.

import {Network} from "./network.js";
import {$, Clock, filmOf, Line, make, percent, phaseOf, Plot, speak, tell} from "./room-parts.js";
import {number, t} from "./words.js";

await speak("The room");

const code = (location.pathname.split("/")[2] || "").toUpperCase();
const map = new Network($("map"), () => {}), clock = new Clock($("clock"));
const plots = {
  value: new Plot($("plots"), t("Value a month, points"), {colour: "#007a55"}),
  partner_contribution: new Plot($("plots"), t("What partners put in"), {share: true, colour: "#8a5a00"}),
  trust: new Plot($("plots"), t("Trust"), {share: true}),
};
let view = null, tick = null;

new Line(() => ({code, role: "screen"}), (told) => {
  if (told.is === "welcome") welcome(told);
  else if (told.is === "view") { view = told; show(); }
  else if (told.is === "tick") { tick = told; showTick(); }
  else if (told.is === "refused") { tell($("lost"), t(told.why)); $("lost").hidden = false; }
}, (live) => { $("lost").hidden = live; });

function welcome(told) {
  $("qr").src = `/api/room/${told.code}/qr.svg`;
  $("qr").alt = t("QR code of {address}", {address: `${told.address}/join/${told.code}`});
  $("where").replaceChildren(told.address.replace("http://", ""), make("wbr"), "/join");
  tell($("code"), told.code);
}

function show() {
  tell($("title"), view.title);
  map.month = view.month;
  map.show(filmOf(view.network));
  const months = view.series.value.length;
  for (const [name, plot] of Object.entries(plots)) plot.draw(view.series[name], Math.max(2, view.rounds * view.months));
  const now = (name) => (months ? view.series[name][months - 1] : null);
  $("standing").replaceChildren(...[
    [t("Members"), String(view.network.firms.length)], [t("Value a month"), now("value") === null ? "–" : t("{count} points", {count: number(Math.round(now("value")))})],
    [t("Trust"), percent(now("trust"))], [t("The orchestrator keeps"), percent(view.rules.take_rate)],
  ].map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
  tell($("news"), view.news.join(" "));
  $("ranked").hidden = !view.ranking;
  $("ranking").replaceChildren(...(view.ranking || []).map((each) => make("li", {}, make("span", {}, each.name), make("strong", {}, String(each.points)))));
  showTick();
}

function showTick() {
  if (!tick || !view) return;
  document.body.classList.toggle("lobby", tick.phase === "lobby");
  tell($("phase"), phaseOf(tick, view));
  clock.set(tick.phase, tick.left);
  const vote = tick.vote ? ` · ${t("vote: {count} cast", {count: tick.vote.cast})}` : "";
  tell($("count"), tick.phase === "lobby" ? t("{players} here, {seats} firms", {players: tick.players, seats: view.seats}) : `${t("{chosen} of {seated} have chosen", {chosen: tick.chosen, seated: tick.seated})}${vote}`);
}
