// The teacher's desk: opens a room, runs its rounds, changes its rules, and takes the data home.

import {ask} from "./asking.js";
import {Network} from "./network.js";
import {$, Clock, filmOf, Line, make, percent, phaseOf, Plot, speak, tell} from "./room-parts.js";
import {language, sharingRules, t} from "./words.js";

await speak("The room");

const NUMBERS = ["seats", "rounds", "months", "seconds", "seed"];
const RULES = [
  {key: "sharing.take_rate", of: "take_rate", label: t("The orchestrator keeps"), share: true},
  {key: "sharing.mix", of: "mix", label: t("The rest is shared"), choices: Object.fromEntries(Object.entries(sharingRules()).map(([rule, {name}]) => [rule, name]))},
  {key: "governance.transparency", of: "transparency", label: t("Openness of the books"), share: true},
  {key: "governance.monitoring", of: "monitoring", label: t("Shortfalls that are seen"), share: true},
  {key: "voice.decider", of: "decider", label: t("Who moves the take rate"), choices: {fixed: t("nobody"), vote: t("members, a vote each"), weighted: t("members, by what they put in"), orchestrator: t("the orchestrator")}},
  {key: "voice.feedback", of: "feedback", label: t("Feedback channel"), share: true},
];
const GAME = [
  {key: "seconds", label: t("Seconds for a round (0: none)"), kind: "number", max: 3600}, {key: "seats", label: t("Firms to be played"), kind: "number", max: 300, early: true},
  {key: "rounds", label: t("Rounds"), kind: "number", max: 240, early: true}, {key: "early", label: t("Go on when all are done"), kind: "checkbox"},
  {key: "locked", label: t("Room locked: nobody else comes in"), kind: "checkbox"}, {key: "per_address", label: t("Players from one device (0: any number)"), kind: "number", max: 400},
  {key: "ranking", label: t("Ranking on the projector"), kind: "checkbox"}, {key: "names", label: t("Players see each other's names"), kind: "checkbox"},
];
let draft = {}, line = null, view = null, tick = null, presence = {}, map = null, plots = null, clock = null, code = "", token = "";

function complain(text) {
  tell($("mistakes"), text);
  $("mistakes").hidden = !text;
}

// Opening

async function begin() {
  [code, token] = location.hash.slice(1).split(".");
  if (token) return conduct();
  $("opening").hidden = false;
  try {
    const {scenarios} = await ask(`/api/room?language=${language()}`);
    $("scenario").replaceChildren(...Object.entries(scenarios).map(([name, title]) => make("option", {value: name, selected: name === "rising_tide"}, title)));
  } catch (error) { complain(error.message); }
}

$("opening").addEventListener("submit", async (event) => {
  event.preventDefault();
  complain("");
  const settings = {scenario: $("scenario").value, language: language(), ...Object.fromEntries(NUMBERS.map((name) => [name, Number($(name).value)]))};
  const button = $("opening").querySelector("button");
  button.disabled = true;
  try {
    const opened = await ask("/api/room", settings);
    location.hash = `${opened.code}.${opened.token}`;
  } catch (error) { complain(error.message); }
  button.disabled = false;
});

addEventListener("hashchange", () => location.reload());

// Conducting

function conduct() {
  $("desk").hidden = false;
  map = new Network($("map"), () => {});
  clock = new Clock($("clock"));
  plots = {
    value: new Plot($("plots"), t("Value a month, points"), {colour: "#007a55"}), partner_contribution: new Plot($("plots"), t("What partners put in"), {share: true, colour: "#8a5a00"}),
    trust: new Plot($("plots"), t("Trust"), {share: true}), grievance: new Plot($("plots"), t("Grievance"), {colour: "#9c3d78"}),
  };
  $("rulebook").prepend(...RULES.map(ruleOf));
  for (const setting of GAME) $("settings").append(settingOf(setting));
  line = new Line(() => ({code, role: "teacher", token}), (told) => {
    if (told.is === "welcome") welcome(told);
    else if (told.is === "view") { view = told; complain(""); show(); }
    else if (told.is === "tick") { tick = told; showTick(); }
    else if (told.is === "presence") { presence = told; showPlayers(); showTick(); }
    else if (told.is === "wrong" || told.is === "refused") complain(told.why);
  }, (live) => { $("lost").hidden = live; });
}

function welcome(told) {
  $("qr").src = `/api/room/${told.code}/qr.svg`;
  $("qr").alt = t("QR code of {address}", {address: `${told.address}/join/${told.code}`});
  tell($("code"), told.code);
  $("where").replaceChildren(told.address.replace("http://", ""), make("wbr"), "/join");
  $("wall").href = `/screen/${told.code}`;
  $("near").hidden = told.reached;
}

function ruleOf(rule) {
  const id = `rule-${rule.of}`, now = make("output", {htmlFor: id});
  const change = (value) => { draft[rule.key] = value; showDraft(); };
  if (rule.choices) {
    const input = make("select", {id}, ...Object.entries(rule.choices).map(([value, label]) => make("option", {value}, label)));
    input.addEventListener("change", () => change(input.value));
    return make("div", {className: "rule"}, make("label", {htmlFor: id}, rule.label), input);
  }
  const input = make("input", {id, type: "range", min: 0, max: 100, step: 1});
  input.addEventListener("input", () => { tell(now, `${input.value} %`); change(Number(input.value) / 100); });
  return make("div", {className: "rule"}, make("label", {htmlFor: id}, rule.label), now, input);
}

function settingOf(setting) {
  const id = `set-${setting.key}`, input = make("input", {id, type: setting.kind, min: 0, max: setting.max ?? ""});
  input.addEventListener("change", () => line.send({do: "settings", set: {[setting.key]: setting.kind === "number" ? Number(input.value) : input.checked}}));
  return make("label", {className: setting.kind}, ...(setting.kind === "number" ? [setting.label, input] : [input, setting.label]));
}

function show() {
  tell($("title"), view.title);
  map.month = view.month;
  map.show(filmOf(view.network));
  for (const [name, plot] of Object.entries(plots)) plot.draw(view.series[name], Math.max(2, view.rounds * view.months));
  for (const rule of RULES) {
    if (rule.key in draft) continue; // it is being changed
    const input = $(`rule-${rule.of}`), value = view.rules[rule.of];
    input.value = rule.share ? Math.round(100 * value) : value;
    if (rule.share) tell(input.previousElementSibling, percent(value));
  }
  for (const setting of GAME) {
    const input = $(`set-${setting.key}`);
    if (setting.kind === "checkbox") input.checked = view.settings[setting.key];
    else if (document.activeElement !== input) input.value = view.settings[setting.key];
  }
  tell($("news"), [...view.news, ...view.remarks].join(" "));
  tell($("folder"), t("All is kept in {folder} as it happens.", {folder: view.folder}));
  showPlayers();
  showDraft();
  showTick();
}

/** Rules that are about to be changed: nobody knows of them until they are announced. */
function showDraft() {
  for (const rule of RULES) {
    const now = rule.share ? Math.round(100 * view.rules[rule.of]) / 100 : view.rules[rule.of];
    if (draft[rule.key] === now) delete draft[rule.key];
    $(`rule-${rule.of}`).parentElement.classList.toggle("changed", rule.key in draft);
  }
  $("announce").disabled = $("back").disabled = !Object.keys(draft).length;
}

function showTick() {
  if (!tick || !view) return;
  tell($("phase"), phaseOf(tick, view).replace(t("Waiting for the teacher to begin"), t("Players are coming in")));
  clock.set(tick.phase, tick.left);
  tell($("go"), {lobby: t("Begin"), choosing: t("Pause"), paused: t("Go on"), playing: t("Pause"), over: t("Over")}[tick.phase]);
  $("go").disabled = ["playing", "over"].includes(tick.phase);
  $("next").disabled = !["choosing", "paused"].includes(tick.phase);
  tell($("count"), t("{players}, {here} here now, {seated} of {seats} firms played; {chosen} have chosen, {done} are done.",
    {...tick, seats: view.seats, players: tick.players === 1 ? t("1 player") : t("{count} players", {count: tick.players})}));
  tell($("vote"), tick.vote ? t("Close the vote and count") : t("Open a vote"));
  const votes = presence.votes || [];
  tell($("votes"), tick.vote ? `${t("{count} votes so far", {count: tick.vote.cast})}${votes.length ? t(": from {low} to {high}", {low: percent(votes[0]), high: percent(votes.at(-1))}) : ""}.` : t("The middle vote becomes the rule."));
  for (const setting of GAME) if (setting.early) $(`set-${setting.key}`).disabled = tick.phase !== "lobby";
}

function showPlayers() {
  if (!view) return;
  const points = Object.fromEntries(view.ranking.map((each) => [each.firm, each.points]));
  const rows = view.players.map((player) => {
    const [here, chosen, done] = presence.players?.[player.number] || [false, false, false];
    const state = !here ? t("away") : done ? t("done") : chosen ? t("choosing") : t("here");
    return {player, state: player.firm ? (player.bot && !chosen ? `${state}, ${t("bot plays")}` : state) : `${state}, ${t("waits")}`, points: points[player.firm] ?? ""};
  });
  const table = $("players");
  while (table.children.length > rows.length) table.lastChild.remove();
  rows.forEach(({player, state, points: earned}, k) => {
    const row = table.children[k] || table.appendChild(playerRow());
    row.dataset.number = player.number;
    [player.name, player.firm || "–", state, String(earned)].forEach((text, cell) => tell(row.children[cell], text));
    row.lastChild.firstChild.setAttribute("aria-label", t("Send {name} out", {name: player.name}));
  });
}

function playerRow() {
  const out = make("button", {type: "button", title: t("Send out: the firm is free for somebody else")}, "×");
  const row = make("tr", {}, make("td"), make("td"), make("td"), make("td"), make("td", {}, out));
  out.addEventListener("click", () => sure(out, "×", () => line.send({do: "kick", player: Number(row.dataset.number)})));
  return row;
}

/** What cannot be taken back is done when its button is pressed a second time. */
function sure(button, text, act) {
  const back = () => { delete button.dataset.sure; tell(button, text); };
  if (button.dataset.sure) { back(); act(); return; }
  button.dataset.sure = "yes";
  tell(button, t("Sure?"));
  setTimeout(back, 3000);
}

$("go").addEventListener("click", () => line.send({do: tick?.phase === "choosing" ? "pause" : "go"}));
$("next").addEventListener("click", () => line.send({do: "next", round: view?.round}));
$("vote").addEventListener("click", () => line.send({do: "vote", open: !tick?.vote}));
$("rulebook").addEventListener("submit", (event) => {
  event.preventDefault();
  line.send({do: "rules", set: draft});
  draft = {};
});
$("back").addEventListener("click", () => { draft = {}; show(); });
$("settings").addEventListener("submit", (event) => event.preventDefault());
$("empty").addEventListener("click", () => sure($("empty"), t("Send everybody out"), () => line.send({do: "empty"})));
$("saved").addEventListener("click", async () => {
  try {
    const data = await ask("/api/room/saved", {code, token}, {bytes: true});
    const link = make("a", {href: URL.createObjectURL(new Blob([data], {type: "application/zip"})), download: `room-${code}.zip`});
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  } catch (error) { complain(error.message); }
});

begin();
