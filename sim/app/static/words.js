// What the pages of lessons say themselves, in the languages they speak; a lesson in another language is framed in English.

const WORDS = {
  en: {
    lessons: "Lessons", language: "Language", minutes: "minutes", begin: "Begin", next: "Next", back: "Back", goals: "Afterwards you can",
    before: "Before we begin", beforeText: "A few questions, which come again at the end. A guess is fine.", done: "Answer them all to go on.",
    bet: "Your bet", reveal: "Show what happened", yours: "your bet", truth: "what happened", right: "happened", correct: "right", read: "Read", choose: "Bet",
    draw: "Draw", drawText: "Draw with mouse or finger; by keyboard ← → choose a point, ↑ ↓ move it.", off: "On average your line is off by",
    lever: "One lever", sandbox: "Sandbox", open: "Open it in the cockpit", worth: "Levers worth moving:", again: "And now?",
    againText: "The same questions once more.", result: "You", of: "of", beforeScore: "before", afterScore: "after", bets: "bets won",
    debrief: "To talk about", idea: "What should stay", finish: "Finish", without: "dashed: without the change", restart: "From the beginning",
    sent: "Answers without names help the class to see what it has learnt.", klass: "The class", people: "people", gain: "Mean gain in the quiz",
    effect: "effect size (Hedges' g)", few: "Fewer than five have finished: nothing is reckoned yet.", betsOf: "Bets", same: "all the same",
  },
  de: {
    lessons: "Lektionen", language: "Sprache", minutes: "Minuten", begin: "Beginnen", next: "Weiter", back: "Zurück", goals: "Danach kannst du",
    before: "Bevor wir beginnen", beforeText: "Ein paar Fragen, die am Ende wiederkommen. Raten ist erlaubt.", done: "Beantworte alle, um weiterzugehen.",
    bet: "Deine Wette", reveal: "Zeigen, was geschah", yours: "deine Wette", truth: "was geschah", right: "so kam es", correct: "richtig", read: "Lesen", choose: "Wetten",
    draw: "Zeichnen", drawText: "Zeichne mit Maus oder Finger; auf der Tastatur wählen ← → einen Punkt, ↑ ↓ bewegen ihn.", off: "Im Mittel liegt deine Linie daneben um",
    lever: "Ein Hebel", sandbox: "Sandkasten", open: "Im Cockpit öffnen", worth: "Hebel, die sich lohnen:", again: "Und jetzt?",
    againText: "Dieselben Fragen noch einmal.", result: "Du", of: "von", beforeScore: "vorher", afterScore: "nachher", bets: "Wetten gewonnen",
    debrief: "Zum Besprechen", idea: "Was bleiben soll", finish: "Fertig", without: "gestrichelt: ohne die Änderung", restart: "Von vorn",
    sent: "Antworten ohne Namen helfen der Klasse zu sehen, was sie gelernt hat.", klass: "Die Klasse", people: "Personen", gain: "Mittlerer Zugewinn im Quiz",
    effect: "Effektstärke (Hedges' g)", few: "Weniger als fünf sind fertig: noch wird nichts berechnet.", betsOf: "Wetten", same: "alle gleich",
  },
};

export const speak = (language) => ({...WORDS.en, ...WORDS[language.split("-")[0]]});
