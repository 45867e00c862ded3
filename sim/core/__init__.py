"""Arrays, compiled code, random numbers, files and errors: what the model is made of. No economics, no scenario."""
