// A player's page: what its firm has and got, what it puts in, and whom it trusts.

import {$, Clock, Line, make, percent, phaseOf, Plot, rulesOf, shared, signed, speak, tell, whole} from "./room-parts.js";
import {number, t} from "./words.js";

await speak("Join");

const STANCES = [["nothing", t("None")], ["less", t("Less")], ["usual", t("Usual")], ["more", t("More")]];
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
    if (told.n === said) tell($("saved"), told.done ? t("Done") : t("Saved"));
  } else if (told.is === "refused") refused(told);
  else if (told.is === "wrong") tell($("saved"), told.why);
}

function refused(told) {
  const gone = told.code === 4005 || (told.code === 4001 && /gone/.test(told.why)); // the seat is no more
  if (gone) { remember(kept(code), null); enter.token = undefined; }
  $("game").hidden = true;
  $("lost").hidden = true;
  $("door").hidden = false;
  tell($("refused"), t(told.why));
  const button = $("door").querySelector("button");
  tell(button, told.code === 4002 ? t("Play here again") : t("Join"));
}

// What is shown

function show() {
  $("door").hidden = true;
  $("game").hidden = false;
  const {you, books} = view;
  tell($("firm"), you.firm ? t("Firm {name}", {name: you.firm}) : t("No firm yet"));
  tell($("who"), you.firm ? `${you.name} · ${t(you.role)}` : you.name);
  document.title = `${you.firm || t("Waiting")} – Rising Tide`;
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
  const lost = you.lost ? `${t("Your firm {name} is gone: it failed or was expelled.", {name: you.lost})} ` : "";
  if (you.waiting) tell($("seat"), `${lost}${t("All firms are taken. You are number {place} in line; until then you watch.", {place: you.waiting})}`);
  else if (you.missed && you.bot) tell($("seat"), t("You have been silent for {rounds}: a bot plays your firm until you choose.", {rounds: you.missed === 1 ? t("a round") : t("{count} rounds", {count: you.missed})}));
  else if (you.missed) tell($("seat"), t("You chose nothing last round: what stands below was played."));
  else tell($("seat"), lost && `${lost}${t("You run {name} now.", {name: you.firm})}`);
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
    [t("Points last round"), paid ? whole(history.at(-1)?.[0]) : "–"], [t("Reserves, months"), number(books.reserves, 1)], [t("Trust in you"), percent(books.trust)],
  ].map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, make("strong", {}, value)))));
  showShare();
  showWish();
  const fresh = JSON.stringify([partners, round]);
  if (fresh !== shown) {
    shown = fresh;
    $("partners").replaceChildren(...(partners.length ? partners.map(partnerRow) : [make("p", {}, t("You have no partners at the moment; the market may bring some."))]));
  }
  account(books, paid);
  plot ||= new Plot($("chart"), t("Your points a round"));
  const top = books.endowment * view.months;
  plot.draw(history.map(([points]) => points), Math.max(2, view.rounds), top);
}

function showShare() {
  const share = Math.round(100 * mine.contribution), {books, rules} = view;
  if (document.activeElement !== $("share") || Number($("share").value) !== share) $("share").value = share;
  tell($("share-now"), `${share} %`);
  tell($("share-means"), t("{part} of your {all} points a month. Each point costs you {cost}; what it earns depends on your partners.",
    {part: whole(books.endowment * share / 100), all: whole(books.endowment), cost: number(rules.cost, Number.isInteger(rules.cost) ? 0 : 2)}));
}

function showWish() {
  const votes = ["vote", "weighted"].includes(view.rules.decider);
  $("wish").hidden = !votes;
  if (votes && $("wish").children.length === 1) {
    $("wish").append(segmented("wish", [["-1", t("Lower")], ["0", t("As it is")], ["1", t("Higher")]], String(mine.wish), (value) => { mine.wish = Number(value); chosen(); }));
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
    t("Promised {promised}, gave you {received}; you gave {given}.", {promised: whole(partner.promised), received: whole(partner.received), given: whole(partner.given)}),
    open ? t("Puts in {share}, earned {points}.", {share: percent(partner.contribution), points: whole(partner.payoff)}) : "",
  ].filter(Boolean).join(" ") : "";
  const part = make("button", {type: "button", className: "part", "aria-pressed": "false"}, t("Part"));
  part.title = t("Part from {name} at the end of this month", {name: partner.name});
  part.addEventListener("click", () => {
    mine.part = mine.part === partner.id ? null : partner.id;
    for (const other of document.querySelectorAll("#partners .part")) other.setAttribute("aria-pressed", "false");
    part.setAttribute("aria-pressed", String(mine.part === partner.id));
    chosen();
  });
  const less = partner.promised > 1 && partner.received < 0.8 * partner.promised;
  return make("fieldset", {className: "choices"},
    make("legend", {}, partner.name, make("small", {}, partner.person ? "" : ` · ${t("bot")}`), make("small", {}, partner.role === "orchestrator" ? ` · ${t("orchestrator")}` : "")),
    make("p", {}, passed, less ? make("strong", {className: "bad"}, ` ${t("Less than promised.")}`) : ""),
    make("p", {className: "trusts"}, meter(t("You trust it"), partner.trust), meter(t("It trusts you"), partner.back)),
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
    tell($("why"), t("Nothing has been played yet."));
    tell($("short"), "");
    $("account").replaceChildren();
    return;
  }
  const {rules} = view, kept = percent(books.kept);
  tell($("why"), t("Your effort and your ties created {created} points. The orchestrator kept {kept} of all value; the rest was shared {how}. You got {got}.",
    {created: whole(books.created), kept, how: shared(books.shared), got: books.account[1]}));
  const claim = {shapley: t("each 100 points that you created"), equity: t("each 100 points of effort"), equality: t("each 100 points that you have")}[rules.claim];
  tell($("short"), books.short ? t("You are shortchanged: for {claim} you got {deal}; others got {others}.", {claim, deal: whole(100 * books.deal), others: whole(100 * books.others)}) : "");
  const names = [t("You have, a month"), t("Your share of the value"), t("Cost of your effort"), t("Keeping up partnerships"), books.wronged ? t("Fine, by mistake: you kept to the norm") : t("Fine"), t("Other")];
  $("account").replaceChildren(...books.account.map((value, k) => [names[k], value, k]).filter(([, value, k]) => k < 3 || value).map(([name, value, k]) =>
    make("tr", {}, make("th", {scope: "row"}, name), make("td", {}, k ? signed(value) : whole(value)))),
    make("tr", {className: "sum"}, make("th", {scope: "row"}, view.months > 1 ? t("Points, last month") : t("Points")), make("td", {}, whole(books.account.reduce((sum, value) => sum + value, 0)))));
}

function showTick() {
  if (!tick || !view) return;
  tell($("phase"), phaseOf(tick, view));
  clock.set(tick.phase, tick.left);
  const open = tick.phase === "choosing" && Boolean(view.books);
  for (const input of document.querySelectorAll("#decide input, #partners input, #partners button, #done")) input.disabled = !open;
  $("done").setAttribute("aria-pressed", String(done));
  tell($("done"), done ? t("Done – change my mind") : t("Done for this round"));
  if (Boolean(tick.vote) !== voting) {
    voting = Boolean(tick.vote);
    $("ballot").hidden = !voting || !view.books;
    $("take").value = Math.round(100 * view.rules.take_rate);
    tell($("take-now"), `${$("take").value} %`);
    tell($("cast"), t("Cast my vote"));
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
$("take").addEventListener("input", () => { tell($("take-now"), `${$("take").value} %`); tell($("cast"), t("Cast my vote")); });
$("cast").addEventListener("click", () => { line.post("vote", {do: "vote", take: Number($("take").value) / 100}); tell($("cast"), t("Voted – vote again")); });

begin();
