// A player's page: what its firm has and got, what it puts in, and whom it trusts.

import {$, Clock, Line, make, percent, phaseOf, Plot, rulesOf, SHARED, signed, tell, whole} from "./room-parts.js";

const STANCES = [["nothing", "None"], ["less", "Less"], ["usual", "Usual"], ["more", "More"]];
const place = location.pathname.split("/")[2] || "";
const kept = (code) => `rising-tide room ${code}`;
const clock = new Clock($("clock"));

let line = null, code = "", view = null, tick = null, mine = {}, round = -1, shown = "", done = false, voting = false, plot = null, said = 0;

// Memory of the seat: where the browser forbids it, the seat is lost with the page

const remembered = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
const remember = (key, value) => { try { value === null ? localStorage.removeItem(key) : localStorage.setItem(key, value); } catch { /* private window */ } };

function begin() {
  code = place.toUpperCase().slice(0, 5);
  $("code").value = code;
  $("name").value = remembered("rising-tide name") || "";
  if (code && remembered(kept(code))) return enter();
  $("door").hidden = false;
  $(code ? "name" : "code").focus();
}

$("door").addEventListener("submit", (event) => {
  event.preventDefault();
  code = $("code").value.trim().toUpperCase();
  remember("rising-tide name", $("name").value.trim());
  tell($("refused"), "");
  enter();
});

function enter() {
  line = new Line(() => {
    const token = remembered(kept(code)) || enter.token;
    return {code, role: "player", ...(token ? {token} : {}), name: $("name").value.trim() || undefined};
  }, heard, (live) => { $("lost").hidden = live; });
}

function heard(told) {
  if (told.is === "seat") {
    enter.token = told.token;
    remember(kept(code), told.token);
    history.replaceState(null, "", `/join/${code}`);
  } else if (told.is === "view") {
    view = told;
    show();
  } else if (told.is === "tick") {
    tick = told;
    showTick();
  } else if (told.is === "noted") {
    if (told.n === said) tell($("saved"), told.done ? "Done" : "Saved");
  } else if (told.is === "refused") refused(told);
  else if (told.is === "wrong") tell($("saved"), told.why);
}

function refused(told) {
  if (told.code === 4001 && /gone/.test(told.why)) { remember(kept(code), null); enter.token = undefined; }
  $("game").hidden = true;
  $("lost").hidden = true;
  $("door").hidden = false;
  tell($("refused"), told.why);
  const button = $("door").querySelector("button");
  tell(button, told.code === 4002 ? "Play here again" : "Join");
}

// What is shown

function show() {
  $("door").hidden = true;
  $("game").hidden = false;
  const {you, books} = view;
  tell($("firm"), you.firm ? `Firm ${you.firm}` : "No firm yet");
  tell($("who"), you.firm ? `${you.name} · ${you.role}` : you.name);
  document.title = `${you.firm || "Waiting"} – Rising Tide`;
  tell($("news"), view.news.join(" "));
  $("rulebook").replaceChildren(...rulesOf(view.rules).map((text) => make("li", {}, text)));
  for (const section of document.querySelectorAll("main > section, main > .bar, #standing")) section.hidden = !books || (section.id === "ballot" && !voting);
  if (books) showFirm();
  else tell($("short"), "");
  showSeat();
  showTick();
}

function showSeat() {
  const {you} = view;
  const lost = you.lost ? `Your firm ${you.lost} is gone: it failed or was expelled. ` : "";
  if (you.waiting) tell($("seat"), `${lost}All firms are taken. You are number ${you.waiting} in line; until then you watch.`);
  else if (you.missed && you.bot) tell($("seat"), `You have been silent for ${you.missed === 1 ? "a round" : `${you.missed} rounds`}: a bot plays your firm until you choose.`);
  else if (you.missed) tell($("seat"), "You chose nothing last round: what stands below was played.");
  else tell($("seat"), lost && `${lost}You run ${you.firm} now.`);
}

function showFirm() {
  const {books, partners, history, choice} = view;
  if (round !== view.round || mine.firm !== view.you.firm) {
    round = view.round;
    done = false;
    mine = {firm: view.you.firm, contribution: choice.contribution, stances: {...choice.stances}, part: null, wish: choice.wish ?? 0};
    tell($("saved"), "");
  }
  const paid = view.round > 0;
  $("standing").replaceChildren(...[
    ["Points last round", paid ? whole(history.at(-1)?.[0]) : "–"], ["Reserves, months", books.reserves.toFixed(1)], ["Trust in you", percent(books.trust)],
  ].map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, make("strong", {}, value)))));
  showShare();
  showWish();
  const fresh = JSON.stringify([partners, round]);
  if (fresh !== shown) {
    shown = fresh;
    $("partners").replaceChildren(...(partners.length ? partners.map(partnerRow) : [make("p", {}, "You have no partners at the moment; the market may bring some.")]));
  }
  account(books, paid);
  plot ||= new Plot($("chart"), "Your points a round");
  const top = books.endowment * view.months;
  plot.draw(history.map(([points]) => points), Math.max(2, view.rounds), top);
}

function showShare() {
  const share = Math.round(100 * mine.contribution), {books, rules} = view;
  if (document.activeElement !== $("share") || Number($("share").value) !== share) $("share").value = share;
  tell($("share-now"), `${share} %`);
  tell($("share-means"), `${whole(books.endowment * share / 100)} of your ${whole(books.endowment)} points a month. Each point costs you ${+rules.cost.toFixed(2)}; what it earns depends on your partners.`);
}

function showWish() {
  const votes = ["vote", "weighted"].includes(view.rules.decider);
  $("wish").hidden = !votes;
  if (votes && $("wish").children.length === 1) {
    $("wish").append(segmented("wish", [["-1", "Lower"], ["0", "As it is"], ["1", "Higher"]], String(mine.wish), (value) => { mine.wish = Number(value); chosen(); }));
  }
}

function segmented(name, options, now, onChange) {
  return make("span", {className: "segments"}, ...options.map(([value, label]) => {
    const input = make("input", {type: "radio", name, value, checked: value === now});
    input.addEventListener("change", () => onChange(value));
    return make("label", {}, input, make("span", {}, label));
  }));
}

function partnerRow(partner) {
  const open = partner.contribution !== undefined;
  const passed = view.round > 0 ? [
    `Promised ${whole(partner.promised)}, gave you ${whole(partner.received)}; you gave ${whole(partner.given)}.`,
    open ? `Puts in ${percent(partner.contribution)}, earned ${whole(partner.payoff)}.` : "",
  ].filter(Boolean).join(" ") : "";
  const part = make("button", {type: "button", className: "part", "aria-pressed": "false"}, "Part");
  part.title = `Part from ${partner.name} at the end of this month`;
  part.addEventListener("click", () => {
    mine.part = mine.part === partner.id ? null : partner.id;
    for (const other of document.querySelectorAll("#partners .part")) other.setAttribute("aria-pressed", "false");
    part.setAttribute("aria-pressed", String(mine.part === partner.id));
    chosen();
  });
  const less = partner.promised > 1 && partner.received < 0.8 * partner.promised;
  return make("fieldset", {className: "choices"},
    make("legend", {}, partner.name, make("small", {}, partner.person ? "" : " · bot"), make("small", {}, partner.role === "orchestrator" ? " · orchestrator" : "")),
    make("p", {}, passed, less ? make("strong", {className: "bad"}, " Less than promised.") : ""),
    make("p", {className: "trusts"}, meter("You trust it", partner.trust), meter("It trusts you", partner.back)),
    make("div", {className: "row"},
      segmented(`stance-${partner.id}`, STANCES, mine.stances[partner.id] || "usual", (value) => {
        if (value === "usual") delete mine.stances[partner.id];
        else mine.stances[partner.id] = value;
        chosen();
      }), part));
}

function meter(name, share) {
  return make("span", {}, `${name} `, make("meter", {min: 0, max: 1, value: share ?? 0, "aria-label": name}), ` ${percent(share)}`);
}

function account(books, paid) {
  if (!paid) {
    tell($("why"), "Nothing has been played yet.");
    tell($("short"), "");
    $("account").replaceChildren();
    return;
  }
  const {rules} = view, kept = percent(books.kept);
  tell($("why"), `Your effort and your ties created ${whole(books.created)} points. The orchestrator kept ${kept} of all value; the rest was shared ${SHARED[books.shared]}. You got ${books.account[1]}.`);
  const claim = {shapley: "each 100 points that they created", equity: "each 100 points of effort", equality: "each 100 points that they have"}[rules.claim];
  tell($("short"), books.short ? `You are shortchanged: for ${claim.replace("they", "you")} you got ${whole(100 * books.deal)}; others got ${whole(100 * books.others)}.` : "");
  const names = ["You have, a month", "Your share of the value", "Cost of your effort", "Keeping up partnerships", "Fine", "Other"];
  $("account").replaceChildren(...books.account.map((value, k) => [names[k], value, k]).filter(([, value, k]) => k < 3 || value).map(([name, value, k]) =>
    make("tr", {}, make("th", {scope: "row"}, name), make("td", {}, k ? signed(value) : whole(value)))),
    make("tr", {className: "sum"}, make("th", {scope: "row"}, view.months > 1 ? "Points, last month" : "Points"), make("td", {}, whole(books.account.reduce((sum, value) => sum + value, 0)))));
}

function showTick() {
  if (!tick || !view) return;
  tell($("phase"), phaseOf(tick, view));
  clock.set(tick.phase, tick.left);
  const open = tick.phase === "choosing" && Boolean(view.books);
  for (const input of document.querySelectorAll("#decide input, #partners input, #partners button, #done")) input.disabled = !open;
  $("done").setAttribute("aria-pressed", String(done));
  tell($("done"), done ? "Done – change my mind" : "Done for this round");
  if (Boolean(tick.vote) !== voting) {
    voting = Boolean(tick.vote);
    $("ballot").hidden = !voting || !view.books;
    $("take").value = Math.round(100 * view.rules.take_rate);
    tell($("take-now"), `${$("take").value} %`);
    tell($("cast"), "Cast my vote");
  }
}

// What is chosen

function chosen() {
  tell($("saved"), "…");
  const {contribution, stances, part, wish} = mine;
  const voted = ["vote", "weighted"].includes(view.rules.decider) ? {wish} : {};
  line.post("choose", {do: "choose", round, done, n: ++said, choice: {contribution, stances, ...(part === null ? {} : {part}), ...voted}});
}

$("share").addEventListener("input", () => { mine.contribution = Number($("share").value) / 100; showShare(); chosen(); });
$("done").addEventListener("click", () => { done = !done; chosen(); showTick(); });
$("take").addEventListener("input", () => { tell($("take-now"), `${$("take").value} %`); tell($("cast"), "Cast my vote"); });
$("cast").addEventListener("click", () => { line.post("vote", {do: "vote", take: Number($("take").value) / 100}); tell($("cast"), "Voted – vote again"); });

begin();
