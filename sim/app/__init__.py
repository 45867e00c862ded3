"""The app: a cockpit in the browser in which rules are changed while an ecosystem lives; pages of our own, nothing from elsewhere."""
