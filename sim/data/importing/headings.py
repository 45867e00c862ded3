"""The words that people use: headings of columns and names of roles, and what each means to a scenario."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from sim.data.files import CHOICES, TIE_TRAITS, TRAITS

FIRMS = {
    "name": "partner name, firm name, company name, organisation name, organization name, account name, member name, partner, firm, "
    "company, organisation, organization, account, member, vendor, label, actor, node, id, firma, unternehmen, organisation name",
    "role": "partner role, partner type, category, function, partner category, rolle, kategorie, partnertyp",
    "type": "contribution type, behaviour, behavior",
    "size": "revenue, annual revenue, turnover, sales, employees, headcount, staff, wealth, assets, budget, größe, umsatz, mitarbeiter",
    "endowment": "resources, capacity",
    "power": "bargaining power, influence, macht",
    "reliability": "delivery, delivery rate, on time delivery, kept promises, zuverlässigkeit",
    "contribution": "contribution rate, commitment, beitrag",
    "reserves": "runway, months of reserves, reserven",
}
"""What a file may say of a firm, and what else its column may be called; the first that is there is taken."""
TIES = {
    "source": "from, source name, from name, source partner, from partner, partner a, firm a, company a, partner 1, firm 1, von, quelle",
    "target": "to, target name, to name, target partner, to partner, partner b, firm b, company b, partner 2, firm 2, nach, an, ziel",
    "weight": "strength, tie strength, importance, volume, deal volume, value, revenue, gewicht, stärke, umsatz, volumen",
    "operational": "operational trust, trust operational, trust in delivery, operatives vertrauen",
    "relational": "relational trust, trust relational, relationales vertrauen",
    "strategic": "strategic trust, trust strategic, strategisches vertrauen",
    "trust": "trust level, overall trust, vertrauen",
    "start": "since, start date, contract start, begin, valid from, from date, beginn, seit, vertragsbeginn",
    "end": "until, end date, contract end, expiry, valid until, valid to, to date, ende, bis, vertragsende",
}
"""What a file may say of a tie, and what else its column may be called."""
ROLES = {
    "orchestrator": "hub, keystone, leader, platform owner, owner, sponsor, host, orchestrierer",
    "strategic": "strategic partner, core partner, strategischer partner",
    "technology": "technology partner, isv, software, software vendor, developer, vendor, technologie",
    "channel": "channel partner, reseller, distributor, var, dealer, retailer, sales partner, vertrieb, händler",
    "service": "service partner, integrator, system integrator, si, msp, consultant, consulting, implementation partner, dienstleister",
    "supplier": "supply, manufacturer, oem, component supplier, lieferant, hersteller",
    "training": "training partner, trainer, academy, education, schulung",
    "alliance": "alliance partner, ally, association, complementor, allianz",
}
"""The partner roles, and what else they may be called."""
MEASURED = {"size", *TRAITS}
"""The columns of firms that hold numbers."""
WEIGHED = set(TIE_TRAITS)
"""The columns of ties that hold numbers."""


def plain(words: str) -> str:
    """A heading or a word as it is compared: small letters and digits, single blanks."""
    text = unicodedata.normalize("NFKC", words).casefold()
    return " ".join(re.sub(r"[\W_]+", " ", text).split())


def spellings(table: Mapping[str, str], known: Iterable[str] = ()) -> dict[str, list[str]]:
    """Each name with all that it may be called, itself first."""
    names = dict.fromkeys([*table, *known])
    return {name: [plain(word) for word in [name, *filter(None, table.get(name, "").split(", "))]] for name in names}


OF_FIRMS = spellings(FIRMS, TRAITS)
OF_TIES = spellings(TIES)
ROLE_OF = {word: role for role, words in spellings(ROLES).items() for word in words}
"""The role that a word means."""
TYPE_OF = {plain(word): word for word in CHOICES["type"]}
"""The type of contribution that a word means."""


def both(heading: str) -> tuple[str, str]:
    """A heading as it is compared: whole, and without what stands in brackets, its unit."""
    return plain(heading), plain(re.sub(r"[(\[].*?[)\]]", " ", heading))


def recognised(header: Iterable[str], known: Mapping[str, list[str]]) -> dict[str, int]:
    """Which column of a header says what: name → place; of several that mean the same, the one called most plainly."""
    whole, short = ([both(heading)[part] for heading in header] for part in (0, 1))
    found: dict[str, int] = {}
    for name, words in known.items():
        places = (headings.index(word) for headings in (whole, short) for word in words if word in headings)
        place = next((place for place in places if place not in found.values()), None)
        if place is not None:
            found[name] = place
    return found
