// The teacher's desk: opens a room, runs its rounds, changes its rules, and takes the data home.

import {ask} from "./asking.js";
import {Network} from "./network.js";
import {$, Clock, filmOf, Line, make, percent, phaseOf, Plot, tell} from "./room-parts.js";

const NUMBERS = ["seats", "rounds", "months", "seconds", "seed"];
const RULES = [
  {key: "sharing.take_rate", of: "take_rate", label: "The orchestrator keeps", share: true},
  {key: "sharing.mix", of: "mix", label: "The rest is shared", choices: {shapley: "by what each created", equal: "equally", contribution: "by effort", power: "by power", need: "by need"}},
  {key: "governance.transparency", of: "transparency", label: "Openness of the books", share: true},
  {key: "governance.monitoring", of: "monitoring", label: "Shortfalls that are seen", share: true},
  {key: "voice.decider", of: "decider", label: "Who moves the take rate", choices: {fixed: "nobody", vote: "members, a vote each", weighted: "members, by what they put in", orchestrator: "the orchestrator"}},
  {key: "voice.feedback", of: "feedback", label: "Feedback channel", share: true},
];
const GAME = [
  {key: "seconds", label: "Seconds for a round (0: none)", kind: "number", max: 3600}, {key: "seats", label: "Firms to be played", kind: "number", max: 300, early: true},
  {key: "rounds", label: "Rounds", kind: "number", max: 240, early: true}, {key: "early", label: "Go on when all are done", kind: "checkbox"},
  {key: "ranking", label: "Ranking on the projector", kind: "checkbox"}, {key: "names", label: "Players see each other's names", kind: "checkbox"},
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
    const {scenarios} = await ask("/api/room");
    $("scenario").replaceChildren(...Object.entries(scenarios).map(([name, title]) => make("option", {value: name, selected: name === "rising_tide"}, title)));
  } catch (error) { complain(error.message); }
}

$("opening").addEventListener("submit", async (event) => {
  event.preventDefault();
  complain("");
  const settings = {scenario: $("scenario").value, ...Object.fromEntries(NUMBERS.map((name) => [name, Number($(name).value)]))};
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
    value: new Plot($("plots"), "Value a month, points", {colour: "#007a55"}), partner_contribution: new Plot($("plots"), "What partners put in", {share: true, colour: "#8a5a00"}),
    trust: new Plot($("plots"), "Trust", {share: true}), grievance: new Plot($("plots"), "Grievance", {colour: "#9c3d78"}),
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
  $("qr").alt = `QR code of ${told.address}/join/${told.code}`;
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
  tell($("folder"), `All is kept in ${view.folder} as it happens.`);
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
  tell($("phase"), phaseOf(tick, view).replace("Waiting for the teacher to begin", "Players are coming in"));
  clock.set(tick.phase, tick.left);
  tell($("go"), {lobby: "Begin", choosing: "Pause", paused: "Go on", playing: "Pause", over: "Over"}[tick.phase]);
  $("go").disabled = ["playing", "over"].includes(tick.phase);
  $("next").disabled = !["choosing", "paused"].includes(tick.phase);
  tell($("count"), `${tick.players} ${tick.players === 1 ? "player" : "players"}, ${tick.here} here now, ${tick.seated} of ${view.seats} firms played; ${tick.chosen} have chosen, ${tick.done} are done.`);
  tell($("vote"), tick.vote ? "Close the vote and count" : "Open a vote");
  const votes = presence.votes || [];
  tell($("votes"), tick.vote ? `${tick.vote.cast} votes so far${votes.length ? `: from ${percent(votes[0])} to ${percent(votes.at(-1))}` : ""}.` : "The middle vote becomes the rule.");
  for (const setting of GAME) if (setting.early) $(`set-${setting.key}`).disabled = tick.phase !== "lobby";
}

function showPlayers() {
  if (!view) return;
  const points = Object.fromEntries(view.ranking.map((each) => [each.firm, each.points]));
  const rows = view.players.map((player) => {
    const [here, chosen, done] = presence.players?.[player.number] || [false, false, false];
    const state = !here ? "away" : done ? "done" : chosen ? "choosing" : "here";
    return {player, state: player.firm ? (player.bot && !chosen ? `${state}, bot plays` : state) : `${state}, waits`, points: points[player.firm] ?? ""};
  });
  const table = $("players");
  while (table.children.length > rows.length) table.lastChild.remove();
  rows.forEach(({player, state, points: earned}, k) => {
    const row = table.children[k] || table.appendChild(playerRow());
    row.dataset.number = player.number;
    [player.name, player.firm || "–", state, String(earned)].forEach((text, cell) => tell(row.children[cell], text));
    row.lastChild.firstChild.setAttribute("aria-label", `Send ${player.name} out`);
  });
}

function playerRow() {
  const out = make("button", {type: "button", title: "Send out: the firm is free for somebody else"}, "×");
  const row = make("tr", {}, make("td"), make("td"), make("td"), make("td"), make("td", {}, out));
  out.addEventListener("click", () => {
    if (out.dataset.sure) { line.send({do: "kick", player: Number(row.dataset.number)}); delete out.dataset.sure; tell(out, "×"); return; }
    out.dataset.sure = "yes";
    tell(out, "Sure?");
    setTimeout(() => { delete out.dataset.sure; tell(out, "×"); }, 3000);
  });
  return row;
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
$("saved").addEventListener("click", async () => {
  try {
    const data = await ask("/api/room/saved", {code, token}, {bytes: true});
    const link = make("a", {href: URL.createObjectURL(new Blob([data], {type: "application/zip"})), download: `room-${code}.zip`});
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  } catch (error) { complain(error.message); }
});

begin();
